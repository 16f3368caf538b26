"""Reading cohorts: rosters, hours, progress, in a fixed number of statements whatever the number of trainees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from lmsapp.accounts.models import Person
from lmsapp.catalogue.models import Edition, Lesson, Module
from lmsapp.cohorts import policy, roster
from lmsapp.cohorts.models import Cohort, CohortStaff, Enrolment, HoursEntry, LessonProgress
from lmsapp.core.access import Actor
from lmsapp.core.errors import NotFound


@dataclass(frozen=True)
class Standing:
    """One trainee in a cohort as the roster shows her."""

    enrolment: Enrolment
    hours: Decimal | None
    modules: Mapping[int, roster.Shade]
    lessons_done: int
    last_seen: datetime | None

    @property
    def person(self) -> Person:
        """The trainee."""
        return self.enrolment.person


@dataclass(frozen=True)
class Path:
    """A trainee's way through her edition: what is done, and where to go on."""

    enrolment: Enrolment
    cohort: Cohort
    lessons: Sequence[Lesson]
    done: frozenset[int]
    latest: LessonProgress | None

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


def cohorts(session: Session, actor: Actor) -> Sequence[Cohort]:
    """Cohorts the actor may see, running ones first, then by their first day, the latest first."""
    rows = session.scalars(
        policy.visible_cohorts(actor).options(
            joinedload(Cohort.edition).joinedload(Edition.course), joinedload(Cohort.partner)
        )
    )
    order = {"running": 0, "planned": 1, "closed": 2, "cancelled": 3}
    return sorted(rows, key=lambda c: (order[c.state], -c.starts_on.toordinal(), c.code))


def sizes(session: Session, ids: Sequence[int]) -> Mapping[int, int]:
    """How many are enrolled in each cohort."""
    rows = session.execute(
        select(Enrolment.cohort_id, func.count())
        .where(Enrolment.cohort_id.in_(ids), Enrolment.state == "enrolled")
        .group_by(Enrolment.cohort_id)
    )
    return {row[0]: row[1] for row in rows}


def cohort(session: Session, actor: Actor, code: str) -> Cohort:
    """The cohort with this code, if the actor may see it; NotFound otherwise."""
    found = session.scalar(
        policy.visible_cohorts(actor)
        .where(func.upper(Cohort.code) == code.upper())
        .options(
            joinedload(Cohort.edition).joinedload(Edition.course),
            joinedload(Cohort.edition).joinedload(Edition.modules).joinedload(Module.lessons),
            joinedload(Cohort.partner),
            joinedload(Cohort.staff).joinedload(CohortStaff.person),
        )
    )
    if found is None:
        raise NotFound
    return found


def enrolments(session: Session, cohort_id: int) -> Sequence[Enrolment]:
    """Everybody on the roster, by name."""
    return list(with_hours(session, cohort_id))


def with_hours(session: Session, cohort_id: int) -> Mapping[Enrolment, Decimal | None]:
    """Everybody on the roster, by name, with the hours that count: each one's newest entry, or nothing."""
    newest = (
        select(HoursEntry.hours)
        .where(HoursEntry.enrolment_id == Enrolment.id)
        .order_by(HoursEntry.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Enrolment, newest.label("hours"))
        .join(Person)
        .where(Enrolment.cohort_id == cohort_id, Enrolment.state == "enrolled")
        .options(contains_eager(Enrolment.person))
        .order_by(Person.sort_key, Person.id)
    )
    return {row.Enrolment: row.hours for row in rows}


def hours_of(session: Session, enrolment_id: int) -> Decimal | None:
    """The hours of one enrolment that count: its newest entry, or nothing."""
    return session.scalar(
        select(HoursEntry.hours).where(HoursEntry.enrolment_id == enrolment_id).order_by(HoursEntry.id.desc()).limit(1)
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
    """The roster with hours and progress by module."""
    people = with_hours(session, cohort.id)
    modules = {lesson.id: module.id for module in cohort.edition.modules for lesson in module.lessons}
    totals = {module.id: len(module.lessons) for module in cohort.edition.modules}
    rows = session.execute(
        select(LessonProgress.enrolment_id, LessonProgress.lesson_id, LessonProgress.done_at, LessonProgress.seen_at)
        .join(Enrolment, Enrolment.id == LessonProgress.enrolment_id)
        .where(Enrolment.cohort_id == cohort.id)
    ).all()
    done: dict[tuple[int, int], int] = {}
    opened: dict[tuple[int, int], int] = {}
    seen: dict[int, datetime] = {}
    for row in rows:
        key = (row.enrolment_id, modules.get(row.lesson_id, 0))
        opened[key] = opened.get(key, 0) + 1
        done[key] = done.get(key, 0) + (row.done_at is not None)
        seen[row.enrolment_id] = max(seen.get(row.enrolment_id, row.seen_at), row.seen_at)
    return [
        Standing(
            e,
            hours,
            {m: roster.shade(done.get((e.id, m), 0), opened.get((e.id, m), 0), total) for m, total in totals.items()},
            sum(count for (enrolment_id, _m), count in done.items() if enrolment_id == e.id),
            seen.get(e.id),
        )
        for e, hours in people.items()
    ]


def enrolment_of(session: Session, actor: Actor, cohort_code: str) -> Enrolment:
    """The actor's own enrolment in a cohort; NotFound when she is not in it."""
    found = session.scalar(
        select(Enrolment)
        .join(Cohort)
        .where(
            func.upper(Cohort.code) == cohort_code.upper(),
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
    order = {"running": 0, "planned": 1, "closed": 2, "cancelled": 3}
    return sorted(rows, key=lambda e: (order[e.cohort.state], -e.cohort.starts_on.toordinal()))


def path(session: Session, enrolment: Enrolment) -> Path:
    """How far an enrolled person is."""
    rows = session.scalars(
        select(LessonProgress)
        .where(LessonProgress.enrolment_id == enrolment.id)
        .order_by(LessonProgress.seen_at.desc())
    ).all()
    lessons = [lesson for module in enrolment.cohort.edition.modules for lesson in module.lessons]
    done = frozenset(row.lesson_id for row in rows if row.done_at is not None)
    return Path(enrolment, enrolment.cohort, lessons, done, rows[0] if rows else None)
