"""An installation: its settings, database and sessions, for commands and jobs; opened in one line, checked first."""

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import sessions, settings, troubles
from lmsapp.core.errors import Invalid
from lmsapp.core.settings import Settings
from lmsapp.migrations import HEAD, bring_up_to_date, revision_of


@dataclass(frozen=True)
class Installation:
    """What a command works on."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]


def opened(chosen: Settings | None = None) -> Installation:
    """Opens the installation and brings its database up to date; says plainly what stands in the way."""
    chosen = chosen or settings.load()
    try:
        engine = sessions.make_engine(chosen.database_url)
    except ModuleNotFoundError as problem:
        raise Invalid("PostgreSQL needs a driver. Run: pip install 'lmsapp[postgres]'") from problem
    try:
        found = revision_of(engine)
        if found is not None and found not in HEAD.known:
            raise Invalid(
                "The database was made by a newer lmsapp (%(found)s); this one knows up to %(known)s. Install the newer "
                "program, or restore a backup made by this one.",
                found=found,
                known=HEAD.name,
            )
        if found != HEAD.name:
            bring_up_to_date(engine, chosen.backups)
    except DBAPIError as problem:
        raise Invalid(
            "%(sentence)s (%(url)s)",
            sentence=troubles.sentence(problem),
            url=engine.url.render_as_string(hide_password=True),
        ) from problem
    return Installation(chosen, engine, sessions.make_sessions(engine))
