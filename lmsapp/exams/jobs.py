"""What the worker does for exams."""

from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core.access import KEEPER
from lmsapp.core.jobs import Registry, Run
from lmsapp.core.sessions import transaction
from lmsapp.exams import marking, sitting
from lmsapp.exams.models import Attempt

MARK = "exams.mark"


def register(registry: Registry) -> None:
    """Connects the marking job and the sweep that closes what has expired."""
    registry.add(MARK, _mark)
    registry.add_sweep(close_expired)


def _mark(run: Run) -> None:
    with run.session() as session:
        attempt = session.get(Attempt, run.arguments["attempt"])
        if attempt is not None:
            marking.mark(session, attempt)


def close_expired(sessions: sessionmaker[Session]) -> None:
    """Writes the expiry of attempts whose time is over, each in its own transaction; late or twice, the outcome is the same."""
    with sessions() as session:
        numbers = sitting.due(session)
    for number in numbers:
        with transaction(sessions) as session:
            sitting.close(session, KEEPER, number)
