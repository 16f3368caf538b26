"""Reading cohorts: rosters, hours, progress, in a fixed number of statements whatever the number of trainees."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, join, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from lmsapp.accounts.models import Membership, Organisation, Person
from lmsapp.accounts.policy import running
from lmsapp.catalogue.models import Edition, Lesson, Module
from lmsapp.cohorts import policy, roster
from lmsapp.cohorts.models import Cohort, CohortStaff, Enrolment, HoursEntry, LessonProgress
from lmsapp.core.access import Actor
from lmsapp.core.errors import NotFound

PARTS = ("instructor", "assessor")


@dataclass(frozen=True, eq=False)
class Standing:
    """One trainee in a cohort as the roster shows her; `modules` are her cells by the module's place."""

    enrolment_id: int
    language: str
    number: str
    name: str
    name_language: str
    latin_name: str | None
    hours: Decimal | None
    modules: Mapping[int, roster.Shade]
    lessons_done: int


@dataclass(frozen=True)
class Path:
    """A trainee's way through her edition: what is done, where to go on, the hours that count."""

    enrolment: Enrolment
    cohort: Cohort
    lessons: Sequence[Lesson]
    done: frozenset[int]
    latest: LessonProgress | None
    hours: Decimal | None

    @property
    def next_lesson(self) -> Lesson | None:
        """The lesson she was reading, else the first that is not done; None when all are done."""
        if self.latest is not None and self.latest.done_at is None:
            return next((lesson for lesson in self.lessons if lesson.id == self.latest.lesson_id), None)
        after = False
        for lesson in self.lessons:
            if (after or self.latest is None) and lesson.id not in self.done:
                return lesson
            after = after or (self.latest is not None and lesson.id == self.latest.lesson_id)
        return next((lesson for lesson in self.lessons if lesson.id not in self.done), None)


LIVE = ("running", "planned")
_ORDER = {"running": 0, "planned": 1, "closed": 2, "cancelled": 3}


def cohorts(actor: Actor) -> Select[Cohort]:
    """Cohorts the actor may see, those that are not closed first, then by their first day, the latest first."""
    live_first = (Cohort.state.desc(), Cohort.starts_on.desc(), Cohort.id.desc())  # an index holds them so
    return (
        policy.visible_cohorts(actor)
        .options(joinedload(Cohort.edition).joinedload(Edition.course), joinedload(Cohort.partner))
        .order_by(*live_first)
    )


def live(session: Session, actor: Actor) -> Sequence[Cohort]:
    """Cohorts the actor may see that run or are planned, the running ones first."""
    return by_phase(session.scalars(cohorts(actor).where(Cohort.state.in_(LIVE))))


def by_phase(rows: Iterable[Cohort]) -> Sequence[Cohort]:
    """Running ones first, then by their first day, the latest first."""
    return sorted(rows, key=lambda c: (_ORDER[c.phase], -c.starts_on.toordinal(), c.code))


def sizes(session: Session, ids: Sequence[int]) -> Mapping[int, int]:
    """How many are enrolled in each cohort."""
    rows = session.execute(
        select(Enrolment.cohort_id, func.count())
        .where(Enrolment.cohort_id.in_(ids), Enrolment.state == "enrolled")
        .group_by(Enrolment.cohort_id)
    )
    return {row[0]: row[1] for row in rows}


@cache
def _whole() -> tuple[Any, ...]:
    return (
        joinedload(Cohort.edition).joinedload(Edition.course),
        joinedload(Cohort.partner),
        joinedload(Cohort.staff).joinedload(CohortStaff.person),
    )


def cohort(session: Session, actor: Actor, code: str) -> Cohort:
    """The cohort with this code, if the actor may see it; NotFound otherwise."""
    found = session.scalar(policy.visible_cohorts(actor).where(Cohort.code == code.upper()).options(*_whole()))
    if found is None:
        raise NotFound
    return found


def assignable(session: Session) -> Sequence[tuple[Person, str]]:
    """Who holds the role of an instructor or assessor at the centre today, with the part she can take, by name."""
    rows = session.execute(
        select(Person, Membership.role)
        .join(Membership, Membership.person_id == Person.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Organisation.kind == "centre", Membership.role.in_(PARTS), running(), Person.active)
        .order_by(Person.sort_key, Person.id, Membership.role)
    )
    return [(row.Person, row.role) for row in rows]


def enrolments(session: Session, cohort_id: int) -> Sequence[Enrolment]:
    """Everybody on the roster, by name."""
    return list(with_hours(session, cohort_id))


def with_hours(session: Session, cohort_id: int) -> Mapping[Enrolment, Decimal | None]:
    """Everybody on the roster, by name, with the hours that count: each one's newest entry, or nothing."""
    people = _on_roster().with_only_columns(Enrolment, _hours()).options(contains_eager(Enrolment.person))
    return {row.Enrolment: row.hours for row in session.execute(people, {"cohort": cohort_id})}


@cache
def _hours() -> Any:
    return (
        select(HoursEntry.hours)
        .where(HoursEntry.enrolment_id == Enrolment.id)
        .order_by(HoursEntry.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("hours")
    )


@cache
def _on_roster() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Enrolment.id.label("enrolment_id"),
            Enrolment.language,
            Person.number,
            Person.name,
            Person.name_language,
            Person.latin_name,
            _hours(),
        )
        .join_from(Enrolment, Person)
        .where(Enrolment.cohort_id == bindparam("cohort"), Enrolment.state == "enrolled")
        .order_by(Person.sort_key, Person.id)
    )


@cache
def _read() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Module.position, Lesson.id.label("lesson_id"), Enrolment.id.label("enrolment_id"), LessonProgress.done_at
        )
        .outerjoin_from(Module, Lesson)
        .outerjoin(
            join(LessonProgress, Enrolment),
            and_(LessonProgress.lesson_id == Lesson.id, Enrolment.cohort_id == bindparam("cohort")),
        )
        .where(Module.edition_id == bindparam("edition"))
        .order_by(Module.position)
    )


def hours_in(session: Session, ids: Sequence[int]) -> Mapping[int, list[Decimal]]:
    """The hours that count of everybody on the rosters of these cohorts, by cohort; who has none entered is left out."""
    newest = (
        select(HoursEntry.enrolment_id, func.max(HoursEntry.id).label("id"))
        .join(Enrolment, Enrolment.id == HoursEntry.enrolment_id)
        .where(Enrolment.cohort_id.in_(ids), Enrolment.state == "enrolled")
        .group_by(HoursEntry.enrolment_id)
        .subquery()
    )
    found: dict[int, list[Decimal]] = {}
    rows = session.execute(
        select(Enrolment.cohort_id, HoursEntry.hours)
        .join(newest, newest.c.enrolment_id == Enrolment.id)
        .join(HoursEntry, HoursEntry.id == newest.c.id)
    )
    for cohort_id, hours in rows:
        found.setdefault(cohort_id, []).append(hours)
    return found


def standings(session: Session, cohort: Cohort) -> list[Standing]:
    """The roster with hours and progress by module; plain rows, since a page shows hundreds of their values."""
    people = session.execute(_on_roster(), {"cohort": cohort.id}).all()
    lessons: dict[int, set[int]] = {}
    opened: Counter[tuple[int, int | None]] = Counter()
    done: Counter[tuple[int, int | None]] = Counter()
    finished: Counter[int | None] = Counter()
    for module, lesson, enrolment, done_at in session.execute(
        _read(), {"cohort": cohort.id, "edition": cohort.edition_id}
    ):
        lessons.setdefault(module, set()).update({lesson} - {None})
        opened[module, enrolment] += 1
        done[module, enrolment] += done_at is not None
        finished[enrolment] += done_at is not None
    totals = [(module, len(those)) for module, those in lessons.items()]
    return [
        Standing(
            **one._asdict(),
            modules={
                m: roster.shade(done[m, one.enrolment_id], opened[m, one.enrolment_id], total) for m, total in totals
            },
            lessons_done=finished[one.enrolment_id],
        )
        for one in people
    ]


def enrolment_of(session: Session, actor: Actor, cohort_code: str) -> Enrolment:
    """The actor's own enrolment in a cohort; NotFound when she is not in it."""
    found = session.scalar(
        select(Enrolment)
        .join(Cohort)
        .where(
            Cohort.code == cohort_code.upper(),
            Enrolment.person_id == (actor.person_id or 0),
            Enrolment.state == "enrolled",
        )
        .options(
            joinedload(Enrolment.cohort).joinedload(Cohort.edition).joinedload(Edition.course),
            joinedload(Enrolment.cohort)
            .joinedload(Cohort.edition)
            .selectinload(Edition.modules)
            .selectinload(Module.lessons),
        )
    )
    if found is None:
        raise NotFound
    return found


def language_of(session: Session, actor: Actor, cohort_id: int) -> str:
    """The language in which the actor is taught in a cohort; NotFound when she is not in it."""
    mine = (Enrolment.cohort_id == cohort_id, Enrolment.person_id == actor.person_id, Enrolment.state == "enrolled")
    found = session.scalar(select(Enrolment.language).where(*mine))
    if found is None:
        raise NotFound
    return found


def own_enrolments(session: Session, actor: Actor) -> Sequence[Enrolment]:
    """The actor's enrolments, the running cohort first."""
    rows = session.scalars(
        select(Enrolment)
        .where(Enrolment.person_id == (actor.person_id or 0), Enrolment.state == "enrolled")
        .options(
            joinedload(Enrolment.cohort).joinedload(Cohort.edition).joinedload(Edition.course),
            joinedload(Enrolment.cohort)
            .joinedload(Cohort.edition)
            .joinedload(Edition.modules)
            .joinedload(Module.lessons),
        )
    ).unique()
    return sorted(rows, key=lambda e: (_ORDER[e.cohort.phase], -e.cohort.starts_on.toordinal()))


def path(session: Session, enrolment: Enrolment) -> Path:
    """How far an enrolled person is."""
    found = session.execute(
        select(LessonProgress, _hours())
        .select_from(Enrolment)
        .outerjoin(LessonProgress, LessonProgress.enrolment_id == Enrolment.id)
        .where(Enrolment.id == enrolment.id)
        .order_by(LessonProgress.seen_at.desc())
    ).all()
    rows = [row.LessonProgress for row in found if row.LessonProgress is not None]
    lessons = [lesson for module in enrolment.cohort.edition.modules for lesson in module.lessons]
    done = frozenset(row.lesson_id for row in rows if row.done_at is not None)
    return Path(enrolment, enrolment.cohort, lessons, done, rows[0] if rows else None, found[0].hours)
