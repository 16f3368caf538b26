"""What the worker does for exams."""

from lmsapp.core.jobs import Registry, Run
from lmsapp.core.settings import Settings
from lmsapp.exams import marking, printing
from lmsapp.exams.models import Attempt

MARK = "exams.mark"


def register(registry: Registry, settings: Settings) -> None:
    """Connects marking and the printing of papers."""
    registry.add(MARK, _mark)

    def print_papers(run: Run) -> None:
        def tell(done: int, total: int, code: str) -> None:
            run.step(done, total, note=code)

        printing.build(run.sessions, settings, run.arguments["sitting"], run.arguments["size"], tell)

    registry.add(printing.PRINT, print_papers)


def _mark(run: Run) -> None:
    with run.session() as session:
        attempt = session.get(Attempt, run.arguments["attempt"])
        if attempt is not None:
            marking.mark(session, attempt)
