"""What the worker does for exams."""

from sqlalchemy.orm import Session, joinedload, sessionmaker

from lmsapp.core.access import KEEPER
from lmsapp.core.jobs import Registry, Run
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.exams import analysing, marking, printing, sitting
from lmsapp.exams.models import Attempt, Paper, Sitting

MARK = "exams.mark"


def register(registry: Registry, settings: Settings) -> None:
    """Connects marking, item analysis, the printing of papers, and the sweep that closes what has expired."""
    registry.add(MARK, _mark)
    registry.add(analysing.ANEW, _count_anew)
    registry.add_sweep(close_expired)

    def print_papers(run: Run) -> None:
        def tell(done: int, total: int, code: str) -> None:
            run.step(done, total, note=code, kept=True)

        printing.build(run.sessions, settings, run.arguments["sitting"], run.arguments["size"], tell)

    registry.add(printing.PRINT, print_papers)


def _mark(run: Run) -> None:
    with run.session() as session:
        read = joinedload(Attempt.paper).undefer(Paper.key), joinedload(Attempt.sitting).joinedload(Sitting.exam)
        attempt = session.get(Attempt, run.arguments["attempt"], options=read)
        if attempt is not None:
            marking.mark(session, attempt)


def _count_anew(run: Run) -> None:
    with run.session() as session:
        analysing.count_anew(session, run.arguments["exams"])


def close_expired(sessions: sessionmaker[Session]) -> None:
    """Writes the expiry of attempts whose time is over, each in its own transaction; late or twice, the outcome is the same."""
    with sessions() as session:
        numbers = sitting.due(session)
    for number in numbers:
        with transaction(sessions) as session:
            sitting.close(session, KEEPER, number)
