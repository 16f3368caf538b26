"""What the worker does for materials: the files of one edition, language by language."""

from lmsapp.core.jobs import Registry, Run
from lmsapp.core.settings import Settings
from lmsapp.materials import printing


def register(registry: Registry, settings: Settings) -> None:
    """Connects the printing job."""

    def render(run: Run) -> None:
        def tell(done: int, total: int, language: str) -> None:
            run.step(done, total, note=language, kept=True)

        printing.build(run.sessions, settings, run.arguments["edition"], tell)

    registry.add(printing.RENDER, render)
