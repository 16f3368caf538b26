"""Settings: `LMSAPP_…` variables, else `settings.toml` in the data folder, else what suits one machine.

The secret is made at first start, readable by its owner only, and is not part of a backup.
"""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lmsapp.core.errors import Invalid


@dataclass(frozen=True)
class Settings:
    """What an installation may choose. Names here are the names in `settings.toml`; the variable is `LMSAPP_` + name."""

    data: Path
    database_url: str = ""
    base_url: str = "http://127.0.0.1:8000"
    secret: str = ""
    demonstration: bool = False
    allow_drafts: bool = False
    time_zone: str = "Asia/Baku"
    stale_list_days: int = 7
    serial_prefix: str = "NMC"
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = ""
    mail_from: str = "training@localhost"
    queue: str = "sqlite"
    redis_url: str = ""
    session_idle_hours: int = 12
    session_days: int = 14
    trusted_proxies: int = 0
    log_level: str = "INFO"

    @property
    def files(self) -> Path:
        """Where stored files lie, named by their content."""
        return self.data / "files"

    @property
    def keys(self) -> Path:
        """Where signing keys lie, apart from backups."""
        return self.data / "keys"

    @property
    def audit_heads(self) -> Path:
        """Where the signed head of the log of acts is kept, one file a day."""
        return self.data / "audit-heads"

    @property
    def backups(self) -> Path:
        """Where backups go unless another place is named, and what the database was before an upgrade."""
        return self.data / "backups"

    @property
    def last_backup(self) -> Path:
        """What `lmsapp backup` did last: where, when, how large."""
        return self.data / "last-backup.json"

    @property
    def outbox(self) -> Path:
        """Where mail waits for a person when no mail server is set."""
        return self.data / "outbox"

    @property
    def secure(self) -> bool:
        """Whether the site is reached over HTTPS; otherwise cookies say so and the status page warns."""
        return self.base_url.startswith("https://")


def _zone_is_known(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # none of that name, or no name at all
        return False
    return True


def _like(pattern: str) -> Callable[[Any], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


# What a setting must look like, and what to write; the others may be anything of their type.
WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "database_url": (
        _like(r"|sqlite:///.+|postgresql(\+psycopg)?://.+"),
        "sqlite:///FILE, postgresql+psycopg://…, or nothing",
    ),
    "base_url": (_like(r"https?://[^\s/?#]+/?"), "an address like https://training.example.org"),
    "time_zone": (_zone_is_known, "the name of a time zone, like Asia/Baku"),
    "stale_list_days": (lambda days: days >= 1, "1 or more"),
    "serial_prefix": (_like("[A-Z]{2,6}"), "two to six capital letters"),
    "smtp_port": (lambda port: 0 < port < 65536, "a number from 1 to 65535"),
    "mail_from": (_like(r"[^\r\n]*[^\s@]@[^\s@]+"), "an address like training@example.org"),
    "queue": (_like("sqlite|memory|postgres|redis"), "sqlite, memory, postgres or redis"),
    "session_idle_hours": (lambda hours: hours >= 1, "1 or more"),
    "session_days": (lambda days: days >= 1, "1 or more"),
    "trusted_proxies": (lambda number: number >= 0, "0 or more"),
    "log_level": (_like("(?i:debug|info|warning|error|critical)"), "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
}


def strange_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """`LMSAPP_…` variables that set nothing: mostly a slip of the pen."""
    known = {f"LMSAPP_{field.name.upper()}" for field in fields(Settings)} | {"LMSAPP_PYTHON", "LMSAPP_TEST_POSTGRES"}
    return sorted(name for name in environment if name.startswith("LMSAPP_") and name not in known)


def load(data: Path | None = None, environment: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """Reads the settings of the installation whose data folder is `data`, `LMSAPP_DATA` or `./var`.

    Raises `Invalid` naming the setting, the value and where it stands.
    """
    folder = (data or Path(environment.get("LMSAPP_DATA") or "var")).absolute()
    chosen: dict[str, Any] = _from_file(folder / "settings.toml")
    places = dict.fromkeys(chosen, str(folder / "settings.toml"))
    for field in fields(Settings):
        variable = f"LMSAPP_{field.name.upper()}"
        if field.name != "data" and variable in environment:
            chosen[field.name] = _typed(field.name, environment[variable], field.type, variable)
            places[field.name] = variable
    chosen.update(overrides)
    _check(chosen, places)
    chosen["data"] = folder
    _make_folder(folder)
    chosen.setdefault("secret", "")
    if not chosen["secret"]:
        chosen["secret"] = _secret(folder / "secret")
    if not chosen.get("database_url"):
        chosen["database_url"] = f"sqlite:///{folder / 'lmsapp.sqlite'}"
    return Settings(**chosen)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    import tomllib  # noqa: PLC0415 - most installations are set by their environment

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as problem:
        raise Invalid("%(path)s can't be read: %(problem)s", path=str(path), problem=str(problem)) from problem
    known = {field.name: field.type for field in fields(Settings) if field.name != "data"}
    for name, value in content.items():
        if name not in known:
            raise Invalid("%(path)s: there is no setting called “%(name)s”.", path=str(path), name=name)
        content[name] = _typed(name, value, known[name], str(path))
    return content


def _typed(name: str, value: Any, kind: Any, place: str) -> Any:
    kind_name = kind if isinstance(kind, str) else kind.__name__
    try:
        if kind_name == "bool":
            return (
                value
                if isinstance(value, bool)
                else {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[
                    str(value).strip()
                ]
            )
        if kind_name == "int":
            return int(value)
        return _text(value)
    except (KeyError, ValueError, TypeError) as problem:
        raise Invalid(
            "%(place)s: %(name)s is “%(value)s”; write %(kind)s.",
            place=place,
            name=name,
            value=str(value),
            kind={"bool": "true or false", "int": "a whole number"}.get(kind_name, "text in quotes"),
        ) from problem


def _check(chosen: Mapping[str, Any], places: Mapping[str, str]) -> None:
    for name, value in chosen.items():
        fits, wanted = WANTED.get(name, (None, ""))
        if fits is not None and not fits(value):
            shown = value.partition("://")[0] if name == "database_url" else value  # what follows may hold a password
            raise Invalid(
                "%(place)s: %(name)s is “%(value)s”; write %(kind)s.",
                place=places.get(name, "The program"),
                name=name,
                value=str(shown),
                kind=wanted,
            )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Invalid(
            "The data folder %(folder)s can't be made: %(problem)s. Choose another with LMSAPP_DATA.",
            folder=str(folder),
            problem=problem.strerror or str(problem),
        ) from problem


def _secret(path: Path) -> str:
    """The secret, made whole or not at all: a full disk must not leave an empty one, and two first starts agree on one."""
    if not path.exists() or not path.stat().st_size:
        part = path.with_name(f"secret.{os.getpid()}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
            if path.exists() and not path.stat().st_size:
                path.unlink()
            with suppress(FileExistsError):
                path.hardlink_to(part)
        except OSError as problem:
            raise Invalid(
                "%(path)s can't be written: %(problem)s. The data folder must be writable.",
                path=str(path),
                problem=problem.strerror or str(problem),
            ) from problem
        finally:
            part.unlink(missing_ok=True)
    return path.read_text(encoding="ascii").strip()
