"""`lmsapp content check | load`: course files, messages, banks, materials and engagements into the database."""

from collections import Counter
from pathlib import Path

import click
from sqlalchemy.orm import Session

from lmsapp import installation
from lmsapp.catalogue import publishing
from lmsapp.catalogue.sources import GROUPS, CourseFile, Sources
from lmsapp.core import paths
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Invalid
from lmsapp.core.sessions import transaction
from lmsapp.engagements import recording
from lmsapp.engagements import sources as engagements
from lmsapp.exams import exchanging
from lmsapp.letters import telling as letters
from lmsapp.materials import adapting, printing
from lmsapp.materials import sources as materials
from lmsapp.translation import wording


@click.group()
def content() -> None:
    """Courses, messages, questions and materials as files."""


def folder_option(function: click.decorators.FC) -> click.decorators.FC:
    """`--from FOLDER`: another content folder than the one that came with the program."""
    return click.option(
        "--from",
        "folder",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Another content folder.",
    )(function)


@content.command()
@folder_option
def check(folder: Path | None) -> None:
    """Say `file:line: message` for everything that can't stay so; exit 1 when there is something."""
    sources = Sources(folder or paths.shipped("content"))
    counts = read_all(sources)
    for problem in sorted(sources.problems):
        click.echo(problem)
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) + f": {len(sources.problems)} problems")
    if sources.problems:
        raise SystemExit(1)


@content.command()
@folder_option
def load(folder: Path | None) -> None:
    """Bring the files into the database; doing it again changes nothing."""
    opened = installation.opened()
    letters.listen(opened.settings)  # who took an edition hears of a newer one
    with transaction(opened.sessions) as session:
        for name, outcome in load_all(session, folder or paths.shipped("content")).items():
            click.echo(f"{name}: {', '.join(f'{n} {what}' for what, n in sorted(outcome.items()))}")
        for question in exchanging.conflicts(session, Sources(folder or paths.shipped("content"))):
            click.echo(f"kept as it is here, though its file says something else: question {question}")
        jobs = printing.ask(session, KEEPER, drafts_allowed=opened.settings.allow_drafts)
    if jobs:
        click.echo(f"{len(jobs)} materials wait to be printed; the worker does it")


def read_all(sources: Sources) -> Counter[str]:
    """Reads every file once, collecting problems; returns how many of each kind there are."""
    counts: Counter[str] = Counter()
    counts["courses"] = len(sources.courses())
    counts["messages"] = len(wording.read(sources))
    counts["banks"] = len(exchanging.read(sources))
    counts["materials"] = len(materials.read(sources))
    found = engagements.read(sources)
    counts["engagements"] = len(found.facts["engagements"]) if found else 0
    return counts


def load_all(session: Session, root: Path) -> dict[str, Counter[str]]:
    """Loads everything, or, when something is wrong, nothing: raises Invalid naming the first problems."""
    sources = Sources(root)
    read_all(sources)
    if sources.problems:
        first = "\n".join(str(problem) for problem in sorted(sources.problems)[:20])
        raise Invalid(
            "The content has %(count)s problems; nothing was loaded.\n%(first)s",
            count=len(sources.problems),
            first=first,
        )
    outcome = {"messages": Counter({"loaded": wording.load(session, KEEPER, sources)})}
    outcome["courses"] = Counter(
        publishing.load(session, KEEPER, course, place) for place, course in enumerate(in_order(sources))
    )
    outcome["questions"] = Counter(exchanging.load(session, KEEPER, sources))
    outcome["materials"] = Counter(adapting.load(session, KEEPER, material) for material in materials.read(sources))
    found = engagements.read(sources)
    if found is not None:
        outcome["engagements"] = Counter([recording.load(session, KEEPER, found)])
    return outcome


def in_order(sources: Sources) -> list[CourseFile]:
    """Courses by group, then by the number in their code, which rises as one builds on another: the catalogue's order."""
    return sorted(sources.courses(), key=lambda c: (GROUPS.index(c.facts["group"]), c.code.partition("-")[2], c.code))
