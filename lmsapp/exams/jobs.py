"""What the worker does for exams."""

from lmsapp.core.jobs import Registry, Run
from lmsapp.exams import marking
from lmsapp.exams.models import Attempt

MARK = "exams.mark"


def register(registry: Registry) -> None:
    """Connects the marking job."""
    registry.add(MARK, _mark)


def _mark(run: Run) -> None:
    with run.session() as session:
        attempt = session.get(Attempt, run.arguments["attempt"])
        if attempt is not None:
            marking.mark(session, attempt)
