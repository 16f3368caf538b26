"""Reading exams: sittings, attempts, marks, a cohort's results. Keys are read by marking and by released results only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from lmsapp.catalogue.models import Edition
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import NotFound
from lmsapp.exams import attempts, policy
from lmsapp.exams.attempts import State
from lmsapp.exams.models import AnswerCurrent, Attempt, Bank, Exam, Mark, Question, Sitting


@dataclass(frozen=True)
class Result:
    """The best marked attempt of one enrolment: percent exactly, passed or not, how many attempts, released or not."""

    enrolment_id: int
    percent: Fraction
    passed: bool
    critical_failed: bool
    attempts: int
    released: bool
    markers: frozenset[int]


def _with_all() -> tuple[Any, ...]:
    return (
        joinedload(Sitting.exam),
        joinedload(Sitting.cohort).joinedload(Cohort.edition).joinedload(Edition.course),
        joinedload(Sitting.cohort).selectinload(Cohort.staff),
    )


def sittings_of(session: Session, cohort_id: int) -> Sequence[Sitting]:
    """A cohort's sittings, the latest first."""
    return session.scalars(
        select(Sitting)
        .where(Sitting.cohort_id == cohort_id)
        .options(joinedload(Sitting.exam))
        .order_by(Sitting.opens_at.desc())
    ).all()


def sitting(session: Session, actor: Actor, sitting_id: int) -> Sitting:
    """One sitting, if the actor may see it."""
    found = session.scalar(policy.visible_sittings(actor).where(Sitting.id == sitting_id).options(*_with_all()))
    if found is None:
        raise NotFound
    return found


def attempt(session: Session, actor: Actor, code: str) -> Attempt:
    """One attempt by its code, if the actor may see it."""
    found = session.scalar(
        policy.visible_attempts(actor)
        .where(Attempt.code == code)
        .options(
            joinedload(Attempt.paper),
            joinedload(Attempt.person),
            joinedload(Attempt.sitting).joinedload(Sitting.exam),
            joinedload(Attempt.sitting).joinedload(Sitting.cohort).selectinload(Cohort.staff),
        )
    )
    if found is None:
        raise NotFound
    return found


def attempts_of(session: Session, sitting_id: int) -> Sequence[Attempt]:
    """All attempts of a sitting."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.sitting_id == sitting_id)
        .options(joinedload(Attempt.person))
        .order_by(Attempt.started_at)
    ).all()


def saved(session: Session, attempt_ids: Sequence[int]) -> Mapping[int, tuple[int, datetime]]:
    """For each attempt: how many answers are saved, and when the last one was."""
    rows = session.execute(
        select(AnswerCurrent.attempt_id, func.count(), func.max(AnswerCurrent.saved_at))
        .where(AnswerCurrent.attempt_id.in_(attempt_ids), AnswerCurrent.value != "")
        .group_by(AnswerCurrent.attempt_id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def newest_marks(session: Session, attempt_ids: Sequence[int]) -> Mapping[int, Mark]:
    """The mark that counts for each attempt: its newest version."""
    rows = session.scalars(select(Mark).where(Mark.attempt_id.in_(attempt_ids)).order_by(Mark.attempt_id, Mark.version))
    return {mark.attempt_id: mark for mark in rows}


def percent(mark: Mark) -> Fraction:
    """A mark in percent, exactly."""
    return (
        Fraction(100 * mark.points_numerator, mark.points_denominator * mark.possible) if mark.possible else Fraction(0)
    )


def results(session: Session, cohort_id: int) -> Mapping[int, Result]:
    """The best result of each enrolment of a cohort that has one."""
    rows = session.execute(
        select(Attempt, Mark)
        .join(Mark, Mark.attempt_id == Attempt.id)
        .join(Sitting)
        .where(Sitting.cohort_id == cohort_id)
        .order_by(Attempt.id, Mark.version)
    ).all()
    newest = {attempt.id: (attempt, mark) for attempt, mark in rows if attempt.state != State.VOID}
    found: dict[int, Result] = {}
    for one, mark in newest.values():
        before = found.get(one.enrolment_id)
        better = before is None or (mark.passed, percent(mark)) > (before.passed, before.percent)
        markers = (before.markers if before else frozenset()) | ({mark.marked_by} if mark.marked_by else frozenset())
        count = (before.attempts if before else 0) + 1
        best = (percent(mark), mark.passed, mark.critical_failed, one.state == State.RELEASED)
        kept = (
            best
            if better or before is None
            else (before.percent, before.passed, before.critical_failed, before.released)
        )
        found[one.enrolment_id] = Result(one.enrolment_id, kept[0], kept[1], kept[2], count, kept[3], markers)
    return found


def open_for(session: Session, actor: Actor) -> Sequence[Sitting]:
    """Sittings the actor can sit now or soon: of the cohorts she is enrolled in, not yet over."""
    return session.scalars(
        select(Sitting)
        .join(Enrolment, (Enrolment.cohort_id == Sitting.cohort_id) & (Enrolment.person_id == (actor.person_id or 0)))
        .where(Enrolment.state == "enrolled", Sitting.closes_at > clock.now(), Sitting.released_at.is_(None))
        .options(*_with_all())
        .order_by(Sitting.opens_at)
    ).all()


def own_attempts(session: Session, actor: Actor) -> Sequence[Attempt]:
    """The actor's attempts, the latest first."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.person_id == (actor.person_id or 0))
        .options(
            joinedload(Attempt.sitting).joinedload(Sitting.cohort).joinedload(Cohort.edition).joinedload(Edition.course)
        )
        .order_by(Attempt.started_at.desc())
    ).all()


def state_now(one: Attempt) -> State:
    """An attempt's state as of now, whether or not its expiry has been written."""
    return attempts.effective_state(State(one.state), one.deadline_at, one.grace_seconds, clock.now())


def banks(session: Session) -> Sequence[tuple[Bank, int]]:
    """All banks with the number of their living questions."""
    rows = session.execute(
        select(Bank, func.count(Question.id))
        .outerjoin(Question, (Question.bank_id == Bank.id) & Question.retired.is_(False))
        .group_by(Bank.id)
        .order_by(Bank.code)
    )
    return [(row[0], row[1]) for row in rows]


def bank(session: Session, code: str) -> Bank:
    """A bank with its questions and their versions."""
    found = session.scalar(
        select(Bank).where(Bank.code == code).options(selectinload(Bank.questions).selectinload(Question.versions))
    )
    if found is None:
        raise NotFound
    return found


def exam_of(session: Session, edition_id: int) -> Exam | None:
    """The final exam of an edition, if it was made."""
    return session.scalar(select(Exam).where(Exam.edition_id == edition_id))
