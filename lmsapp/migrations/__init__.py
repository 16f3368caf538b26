"""Steps from one shape of the database to the next. The program brings its database up to date when it starts.

Alembic is loaded only when there is something to do: asking for the revision is one plain statement.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, inspect, text

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
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def bring_up_to_date(engine: Engine) -> None:
    """Runs the missing steps, each in one transaction; an interrupted step leaves the database as it was."""
    from alembic import command  # noqa: PLC0415 - a quarter of a second that most starts do not need
    from alembic.config import Config  # noqa: PLC0415

    from lmsapp.core.sessions import writing  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with writing(), engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
