"""Steps from one shape of the database to the next. The program brings its database up to date when it starts.

Alembic is loaded only when there is something to do: asking for the revision is one plain statement.
"""

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from lmsapp.core import snapshots

log = logging.getLogger(__name__)
LOCK = 7106114  # any number, the same for all of us
VERSIONS = Path(__file__).parent / "versions"
_REVISION = re.compile(r'^revision = "([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Steps:
    """The names of all steps, oldest first; files are numbered, so their order is the steps' order."""

    known: tuple[str, ...]

    @property
    def name(self) -> str:
        """The newest step."""
        return self.known[-1]


def _steps() -> Steps:
    files = sorted(VERSIONS.glob("[0-9]*.py"))
    return Steps(tuple(found[1] for f in files if (found := _REVISION.search(f.read_text(encoding="utf-8")))))


HEAD = _steps()


def revision_of(engine: Engine) -> str | None:
    """The step a database stands at; None when it is empty."""
    with engine.connect() as connection:
        return _revision(connection)


def bring_up_to_date(engine: Engine, copies: Path) -> None:
    """Runs the missing steps in one transaction: whatever interrupts it, the database is as it was.

    Of several programs that start at once one does it and the others wait. A SQLite database is first copied as it is
    into the folder `copies`; other databases have tools of their own for that.
    """
    from lmsapp.core.sessions import writing  # noqa: PLC0415

    sqlite = engine.dialect.name == "sqlite"
    with writing(), engine.connect() as connection:
        connection.detach()
        if sqlite:  # or remaking a table would take along what refers to its rows; can't be set within a transaction
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": LOCK})
            found = _revision(connection)
            if found is not None and found != HEAD.name and sqlite:
                _copy(engine, copies / f"before-{HEAD.name}.sqlite")
            _run_steps(connection)
            if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise RuntimeError("after the upgrade some rows refer to none")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _copy(engine: Engine, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    snapshots.take(Path(str(engine.url.database)), part)
    part.replace(target)
    log.info("before the upgrade the database was copied to %s", target)


def _run_steps(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a quarter of a second that most starts do not need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(VERSIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
