"""`lmsapp backup` and `lmsapp restore`: database and files in one archive with a manifest, verified both ways.

The database is taken in one step while the site runs (SQLite's online backup); files are named by their content and are
written before any row speaks of them, so that a snapshot followed by the files is whole. Secrets and private keys are left
out (keep a copy of the `keys` folder and of `secret` elsewhere); public keys are in, so that old certificates go on verifying.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import click
from sqlalchemy import Engine, create_engine, func, inspect, select
from sqlalchemy.orm import Session

from lmsapp import models
from lmsapp.core import audit, clock, settings, snapshots
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder, put_whole
from lmsapp.migrations import HEAD, revision_of

MANIFEST, DATABASE, CHUNK = "manifest.json", "lmsapp.sqlite", 1 << 20
LARGEST_MANIFEST = 256 << 20
KEY = re.compile(r"[0-9a-f]{8}")
Manifest = dict[str, Any]


@click.command()
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), required=False)
def backup(target: Path | None) -> None:
    """Write database and files to one archive (TARGET, or a dated one in the data folder's `backups`); verify it."""
    chosen = settings.load()
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = target or chosen.backups / f"lmsapp-{stamp}.tar"
    manifest = write(chosen, path)
    done = {"path": str(path.absolute()), "at": datetime.now(UTC).isoformat(), "octets": path.stat().st_size}
    put_whole(chosen.last_backup, json.dumps(done).encode())
    _tell(manifest, f"Backup written and verified: {path}")
    for digest in manifest["damaged"]:
        click.echo(
            f"damaged: the stored file {digest} does not have the content its name says; it is not in the backup",
            err=True,
        )
    click.echo(f"Not in it: {chosen.keys} and {chosen.data / 'secret'}. Keep a copy of them apart.")
    if manifest["damaged"]:
        raise SystemExit(1)


@click.command()
@click.argument("archive", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Move what is here aside instead of refusing.")
def restore(archive: Path, *, replace: bool) -> None:
    """Bring database and files back from ARCHIVE; nothing is touched before all of it was verified."""
    chosen = settings.load()
    begun = time.monotonic()
    manifest = read(chosen, archive, replace=replace)
    _tell(manifest, f"Restored and verified in {time.monotonic() - begun:.1f} s: {chosen.data}")


def write(chosen: Settings, path: Path) -> Manifest:
    """Makes the archive under a temporary name, verifies it, and only then gives it its name. Returns the manifest."""
    source = _sqlite_file(chosen)
    if path.exists():
        raise Conflict("%(path)s is there already; name another file.", path=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part-{secrets.token_hex(6)}")
    copy = part.with_suffix(".sqlite")
    try:
        _snapshot(source, copy)
        manifest = _describe(copy, chosen)
        with part.open("xb") as file:
            _pack(file, manifest, copy, Folder(chosen.files))
            file.flush()
            os.fsync(file.fileno())
        with part.open("rb") as file:
            for _name in _checked(file, manifest):
                pass
        part.replace(path)
    except OSError as problem:
        raise Invalid(
            "The backup %(path)s can't be written: %(problem)s",
            path=str(path),
            problem=problem.strerror or str(problem),
        ) from problem
    finally:
        part.unlink(missing_ok=True)
        _remove_database(copy)
    return manifest


def read(chosen: Settings, archive: Path, *, replace: bool = False) -> Manifest:
    """Unpacks beside the data, verifies everything, then puts it in place. Raises Invalid naming what is damaged."""
    target = _sqlite_file(chosen)
    if target.exists() and not replace:
        raise Conflict("%(path)s is there already; --replace moves it aside.", path=str(target))
    folder = chosen.data / f".restore-{secrets.token_hex(6)}"
    folder.mkdir(parents=True)
    try:
        manifest = _unpack(archive, folder)
        _check_database(folder / DATABASE, manifest)
        _bring_keys(chosen, manifest)
        _put_in_place(chosen, folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest


def _sqlite_file(chosen: Settings) -> Path:
    prefix = "sqlite:///"
    if not chosen.database_url.startswith(prefix):
        raise Invalid(
            "This installation's database is not SQLite. Use your database's own tools (pg_dump, pg_restore) and copy the "
            "folder %(files)s.",
            files=str(chosen.files),
        )
    return Path(chosen.database_url.removeprefix(prefix))


def _snapshot(source: Path, copy: Path) -> None:
    """The database as it stands at one moment; writers go on meanwhile."""
    if not source.exists():
        raise Invalid("There is no database %(path)s yet.", path=str(source))
    snapshots.take(source, copy)


def _describe(copy: Path, chosen: Settings) -> Manifest:
    storage = Folder(chosen.files)
    sizes, damaged = {}, []
    for digest in storage.all():
        path = storage.path(digest)
        if _digest(path) == digest:
            sizes[digest] = path.stat().st_size
        else:
            damaged.append(digest)
    return {
        "made_at": clock.now().isoformat(),
        "program": version("lmsapp"),
        "database": {"sha256": _digest(copy), "size": copy.stat().st_size},
        **_inside(copy),
        "files": sizes,
        "damaged": damaged,
        "public_keys": {path.stem: path.read_text(encoding="ascii") for path in chosen.keys.glob("*.json")},
    }


def _inside(database: Path) -> Manifest:
    """What must come back: the step of the database, the rows of every table, the head of the log of acts."""
    engine = _untouched(database)
    try:
        with Session(engine) as session:
            found = set(inspect(engine).get_table_names())
            rows = {
                name: session.scalar(select(func.count()).select_from(table))
                for name, table in models.Base.metadata.tables.items()
                if name in found
            }
            head = list(audit.head(session))
        return {"step": revision_of(engine), "rows": rows, "audit_head": head}
    finally:
        engine.dispose()


def _untouched(database: Path) -> Engine:
    """Opens a database without changing an octet of its file."""
    return create_engine(f"sqlite:///file:{database}?mode=ro&immutable=1&uri=true")


def _pack(file: IO[bytes], manifest: Manifest, copy: Path, storage: Folder) -> None:
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        content = json.dumps(manifest, indent=1).encode()
        about = tarfile.TarInfo(MANIFEST)
        about.size = len(content)
        tar.addfile(about, io.BytesIO(content))
        for name, path in ((DATABASE, copy), *((f"files/{d}", storage.path(d)) for d in manifest["files"])):
            about = tarfile.TarInfo(name)
            about.size = path.stat().st_size
            with path.open("rb") as source:
                tar.addfile(about, source)


def _unpack(archive: Path, folder: Path) -> Manifest:
    """Writes the members under names of our own making; no path of the archive is ever followed."""
    try:
        with archive.open("rb") as file:
            manifest = _manifest_of(file)
            if manifest["step"] not in HEAD.known:
                raise Invalid(
                    "The backup was made by a newer lmsapp (%(found)s); this one knows up to %(known)s.",
                    found=str(manifest["step"]),
                    known=HEAD.name,
                )
            for _name in _checked(file, manifest, into=folder):
                pass
    except tarfile.TarError as problem:
        raise Invalid(
            "%(path)s is not a backup, or it is cut short: %(problem)s", path=str(archive), problem=str(problem)
        ) from problem
    return manifest


def _manifest_of(file: IO[bytes]) -> Manifest:
    with tarfile.open(fileobj=file, mode="r:") as tar:
        first = tar.next()
        content = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
        if first is None or content is None or first.size > LARGEST_MANIFEST:
            raise Invalid("This is not a backup of lmsapp: it does not begin with its manifest.")
        try:
            manifest: Manifest = json.loads(content.read())
            (
                manifest["database"]["sha256"],
                manifest["step"],
                manifest["rows"],
                manifest["audit_head"],
                manifest["files"].items(),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise Invalid("The manifest of the backup is damaged.") from problem
    file.seek(0)
    return manifest


def _checked(file: IO[bytes], manifest: Manifest, into: Path | None = None) -> Iterator[str]:
    """Goes through the archive, checking every octet against the manifest; writes the members when `into` is given."""
    wanted = {DATABASE: manifest["database"]["sha256"]} | {f"files/{digest}": digest for digest in manifest["files"]}
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            if member.name == MANIFEST:
                continue
            expected = wanted.pop(member.name, None)
            content = tar.extractfile(member) if member.isreg() else None
            if expected is None or content is None:
                raise Invalid("The backup holds “%(name)s”, which its manifest does not name.", name=member.name[:120])
            target = None if into is None else into / (DATABASE if member.name == DATABASE else expected)
            if _copied(content, target) != expected:
                raise Invalid("“%(name)s” in the backup is damaged.", name=member.name)
            yield member.name
    if wanted:
        raise Invalid(
            "The backup lacks %(count)s of its parts, among them “%(name)s”.", count=len(wanted), name=min(wanted)
        )


def _copied(content: IO[bytes], target: Path | None) -> str:
    hasher = hashlib.sha256()
    with open(os.devnull, "wb") if target is None else target.open("xb") as file:  # noqa: PTH123 - one of two files
        while piece := content.read(CHUNK):
            hasher.update(piece)
            file.write(piece)
        if target is not None:
            file.flush()
            os.fsync(file.fileno())
    return hasher.hexdigest()


def _check_database(database: Path, manifest: Manifest) -> None:
    with contextlib.closing(sqlite3.connect(database)) as opened:
        said = opened.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise Invalid("The database in the backup is damaged: %(said)s", said=str(said))
    found = _inside(database)
    for name in ("step", "rows", "audit_head"):
        if found[name] != manifest[name]:
            raise Invalid("The database in the backup does not hold what its manifest says (%(name)s).", name=name)
    engine = _untouched(database)
    with Session(engine) as session:
        report = audit.verify(session)
    engine.dispose()
    if not report.whole:
        raise Invalid(
            "The log of acts in the backup is broken at line %(line)s: %(why)s", line=report.fault_at, why=report.reason
        )


def _bring_keys(chosen: Settings, manifest: Manifest) -> None:
    """Public keys that are not here; what stands here stays."""
    chosen.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in manifest["public_keys"].items():
        path = chosen.keys / f"{name}.json"
        if KEY.fullmatch(name) and not path.exists():
            path.write_text(text, encoding="ascii")
    KeyRing(chosen.keys)  # refuses a damaged one


def _put_in_place(chosen: Settings, folder: Path, target: Path) -> None:
    """Files first, the database last: rows never speak of a file that is not there yet."""
    storage = Folder(chosen.files)
    for part in folder.iterdir():
        if not part.name.startswith(DATABASE):
            place = storage.path(part.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            part.replace(place)
    if target.exists():
        aside = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        for ending in ("", "-wal", "-shm"):
            old = target.with_name(target.name + ending)
            if old.exists():
                old.replace(aside.with_name(aside.name + ending))
        if chosen.audit_heads.exists():  # they reach further than what comes back
            chosen.audit_heads.replace(aside.with_name(f"audit-heads{aside.suffix}"))
    (folder / DATABASE).replace(target)


def _remove_database(path: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tell(manifest: Manifest, headline: str) -> None:
    rows = manifest["rows"]
    click.echo(headline)
    click.echo(
        f"  {sum(rows.values())} rows in {len(rows)} tables, {rows.get('person', 0)} people, {rows.get('award', 0)} awards, "
        f"{len(manifest['files'])} files ({sum(manifest['files'].values()) / 1e6:.1f} MB), "
        f"log of acts whole up to line {manifest['audit_head'][0]}"
    )
