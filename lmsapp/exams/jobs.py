"""What the worker does for exams."""

from lmsapp.core.jobs import Registry, Run
from lmsapp.exams import analysing, marking
from lmsapp.exams.models import Attempt

MARK = "exams.mark"


def register(registry: Registry) -> None:
    """Connects the jobs of exams."""
    registry.add(MARK, _mark)
    registry.add(analysing.ANEW, _count_anew)


def _mark(run: Run) -> None:
    with run.session() as session:
        attempt = session.get(Attempt, run.arguments["attempt"])
        if attempt is not None:
            marking.mark(session, attempt)


def _count_anew(run: Run) -> None:
    with run.session() as session:
        analysing.count_anew(session, run.arguments["exams"])
