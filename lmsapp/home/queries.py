"""What the first pages show: reads from every capability, in a handful of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from lmsapp.catalogue import queries as catalogue
from lmsapp.certificates import issuing
from lmsapp.certificates import queries as certificates
from lmsapp.certificates.models import Award
from lmsapp.cohorts import queries as cohorts
from lmsapp.cohorts.models import Cohort
from lmsapp.cohorts.queries import Path
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.exams import queries as exams
from lmsapp.exams.models import Attempt, Sitting
from lmsapp.exams.policy import may_watch
from lmsapp.translation import queries as texts
from lmsapp.translation.queries import Texts


@dataclass(frozen=True)
class TraineeDay:
    """A trainee's first page: her way, what is due, what was decided."""

    way: Path | None
    words: Texts
    lesson_title: str
    others: Sequence[Cohort]
    sittings: Sequence[Sitting]
    attempts: Sequence[Attempt]
    awards: Sequence[Award]
    states: dict[int, str]


def trainee_day(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> TraineeDay:
    """Everything the trainee's first page shows."""
    enrolments = cohorts.own_enrolments(session, actor)
    way = cohorts.path(session, enrolments[0]) if enrolments else None
    words: Texts = {}
    title = ""
    if way is not None:
        course, lesson = way.cohort.edition.document_id, way.next_lesson.document_id if way.next_lesson else 0
        found = texts.texts(session, [course, lesson], language, drafts_allowed=drafts_allowed)
        words, title = found[course], found[lesson]["title"].text if lesson else ""
    awards = certificates.own(session, actor)
    sittings, attempts = exams.own_sittings(session, actor)
    return TraineeDay(
        way,
        words,
        title,
        [e.cohort for e in enrolments[1:]],
        sittings,
        attempts[:5],
        awards,
        {a.id: certificates.state_of(a) for a in awards},
    )


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a member of staff: what, where, how urgent."""

    kind: str
    cohort: Cohort
    count: int = 0
    at: datetime | None = None
    sitting_id: int | None = None


@dataclass(frozen=True)
class StaffDay:
    """A staff member's first page: her cohorts, and what waits."""

    cohorts: Sequence[Cohort]
    sizes: dict[int, int]
    titles: dict[int, str]
    waiting: Sequence[Waiting]
    awards: int


def staff_day(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> StaffDay:
    """Everything a staff member's first page shows."""
    found = cohorts.cohorts(session, actor)
    live = [c for c in found if c.state in ("running", "planned")]
    words = texts.texts_of_kind(session, "course", language, drafts_allowed=drafts_allowed, keys=["title"])
    return StaffDay(
        live,
        dict(cohorts.sizes(session, [c.id for c in live])),
        {c.id: words[c.edition.document_id]["title"].text for c in found},
        [item for cohort in live for item in _waiting(session, actor, cohort)],
        sum(len(a) for c in found for a in certificates.of_cohort(session, c.id).values()) if len(found) < 20 else 0,
    )


def _waiting(session: Session, actor: Actor, cohort: Cohort) -> list[Waiting]:
    now = clock.now()
    found = []
    for sitting in filter(partial(may_watch, actor), exams.sittings_of(session, cohort.id)):
        if sitting.released_at is None and sitting.closes_at < now:
            found.append(Waiting("release", cohort, at=sitting.closes_at, sitting_id=sitting.id))
        elif sitting.opens_at <= now < sitting.closes_at:
            found.append(Waiting("room", cohort, at=sitting.closes_at, sitting_id=sitting.id))
    if cohort.ends_on < now.date():
        count = sum(issuing.summary(issuing.cases(session, cohort)).values())
        found.append(Waiting("close", cohort, count))
    return found


def front(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> list[catalogue.Listed]:
    """The catalogue for the public first page."""
    return catalogue.courses(session, actor, language, drafts_allowed=drafts_allowed)
