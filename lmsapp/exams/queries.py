"""Reading exams: sittings, attempts, marks, a cohort's results. Keys are read by marking and by released results only."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import Exists, Row, Select, bindparam, exists, func, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from lmsapp.catalogue.models import Edition
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import NotFound
from lmsapp.core.orm import table
from lmsapp.exams import attempts, policy, resits
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.models import (
    FINAL,
    AnswerCurrent,
    AnswerEvent,
    Attempt,
    Bank,
    Correction,
    Exam,
    Mark,
    Paper,
    Question,
    QuestionDraft,
    QuestionVersion,
    Sitting,
    Submission,
)
from lmsapp.exams.resits import Resit, Tried


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


@cache
def _with_all() -> tuple[Any, ...]:
    return (
        joinedload(Sitting.exam).joinedload(Exam.bank),
        joinedload(Sitting.cohort).joinedload(Cohort.edition).joinedload(Edition.course),
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


def attempt(session: Session, actor: Actor, code: str, *, to_close: bool = False) -> Attempt:
    """One attempt by its code, if the actor may see it: with all that its pages say, or what is read `to_close` it."""
    parts = _of_closing() if to_close else _with_paper()
    found = session.scalar(policy.visible_attempts(actor).where(Attempt.code == code).options(*parts))
    if found is None:
        raise NotFound
    return found


@cache
def _of_closing() -> tuple[Any, ...]:
    return joinedload(Attempt.paper).load_only(Paper.shapes), joinedload(Attempt.sitting)


@cache
def _with_paper() -> tuple[Any, ...]:
    whose = joinedload(Attempt.sitting)
    return (
        joinedload(Attempt.paper),
        joinedload(Attempt.person),
        whose.joinedload(Sitting.exam),
        whose.joinedload(Sitting.cohort).joinedload(Cohort.edition).joinedload(Edition.course),
    )


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
    if not attempt_ids:
        return {}
    rows = session.scalars(select(Mark).where(Mark.attempt_id.in_(attempt_ids)).order_by(Mark.attempt_id, Mark.version))
    return {mark.attempt_id: mark for mark in rows}


def percent(mark: Mark | Row[*tuple[Any, ...]]) -> Fraction:
    """A mark in percent, exactly."""
    return (
        Fraction(100 * mark.points_numerator, mark.points_denominator * mark.possible) if mark.possible else Fraction(0)
    )


def results(session: Session, cohort_id: int) -> Mapping[int, Result]:
    """The best result of each enrolment of a cohort that has one."""
    return of_cohort(session, cohort_id).results


@cache
def _sittings() -> Select[*tuple[Any, ...]]:
    of_mark = (Mark.points_numerator, Mark.points_denominator, Mark.possible, Mark.passed, Mark.critical_failed)
    of_markers = (Mark.judged, Mark.marked_by)
    of_attempt = (Attempt.id.label("attempt_id"), Attempt.enrolment_id, Attempt.state)
    return (
        select(Sitting, *of_attempt, *of_mark, *of_markers, _correction_asked().label("asked"))
        .outerjoin(Attempt, Attempt.sitting_id == Sitting.id)
        .outerjoin(Mark, Mark.attempt_id == Attempt.id)
        .where(Sitting.cohort_id == bindparam("cohort"))
        .options(joinedload(Sitting.exam))
        .order_by(Sitting.opens_at.desc(), Attempt.id, Mark.version)
    )


def _correction_asked() -> Exists:
    return exists().where(Correction.sitting_id == Sitting.id, Correction.state == "asked")


@dataclass(frozen=True)
class CohortExams:
    """A cohort's sittings, the latest first, the best result of the final exam by enrolment id, and what waits for people:
    how many attempts without a mark by sitting id, and the sittings with a correction asked."""

    sittings: Sequence[Sitting]
    results: Mapping[int, Result]
    handed_in: Mapping[int, int]
    corrections: Sequence[int]


def of_cohort(session: Session, cohort_id: int) -> CohortExams:
    """Everything of a cohort's exams that its page shows, in one statement; plain rows, since marks may be hundreds."""
    rows = session.execute(_sittings(), {"cohort": cohort_id}).all()
    newest = {
        row.attempt_id: row
        for row in rows
        if row.possible is not None and row.state != State.VOID and row.Sitting.exam.code == FINAL
    }
    found: dict[int, Result] = {}
    for _id, row in sorted(newest.items()):
        found[row.enrolment_id] = _better(found.get(row.enrolment_id), row)
    unmarked = {row.attempt_id: row.Sitting.id for row in rows if row.state == State.SUBMITTED}
    handed_in = Counter(unmarked.values())
    asked = dict.fromkeys(row.Sitting.id for row in rows if row.asked)
    return CohortExams(list(dict.fromkeys(row.Sitting for row in rows)), found, handed_in, list(asked))


def _better(before: Result | None, one: Row[*tuple[Any, ...]]) -> Result:
    """The better of what was known and one more marked attempt; both count as attempts and both markers marked."""
    judges = {person for judged in one.judged.values() for person in judged["by"]}
    markers = frozenset(person for person in {one.marked_by, *judges} if person)
    released = one.state == State.RELEASED
    this = Result(one.enrolment_id, percent(one), one.passed, one.critical_failed, 1, released, markers)
    if before is None:
        return this
    best = this if (this.passed, this.percent) > (before.passed, before.percent) else before
    return replace(best, attempts=before.attempts + 1, markers=before.markers | markers)


def own_sittings(session: Session, actor: Actor) -> tuple[list[Sitting], list[Attempt]]:
    """The sittings the actor can sit now or soon, and her attempts, the latest first."""
    me = actor.person_id or 0
    sat = select(Attempt.sitting_id).where(Attempt.person_id == me)
    to_sit = select(Sitting.id).join(Enrolment, Enrolment.cohort_id == Sitting.cohort_id)
    to_sit = to_sit.where(Enrolment.person_id == me, Enrolment.state == "enrolled")
    rows = session.execute(
        select(Sitting, Attempt, Enrolment.id.label("enrolment_id"))
        .outerjoin(Attempt, (Attempt.sitting_id == Sitting.id) & (Attempt.person_id == me))
        .outerjoin(
            Enrolment,
            (Enrolment.cohort_id == Sitting.cohort_id) & (Enrolment.person_id == me) & (Enrolment.state == "enrolled"),
        )
        .where(Sitting.id.in_(sat.union(to_sit)))
        .options(
            contains_eager(Attempt.sitting),
            joinedload(Sitting.exam),
            joinedload(Sitting.cohort).joinedload(Cohort.edition).joinedload(Edition.course),
        )
        .order_by(Sitting.opens_at, Attempt.started_at.desc())
    ).all()
    now = clock.now()
    enrolled = [row.Sitting for row in rows if row.enrolment_id is not None]
    coming = [one for one in enrolled if one.closes_at > now and one.released_at is None]
    live = [one for one in coming if one.cohort.state != "cancelled"]
    attempts = sorted((row.Attempt for row in rows if row.Attempt), key=lambda one: one.started_at, reverse=True)
    return list(dict.fromkeys(live)), attempts


def tries(session: Session, held: Sitting, person_id: int) -> dict[Attempt, datetime | None]:
    """A person's attempts at a sitting's exam in all sittings of the cohort, with when each was handed in, the latest first."""
    rows = session.execute(
        select(Attempt, Submission.submitted_at)
        .join(Sitting, Sitting.id == Attempt.sitting_id)
        .outerjoin(Submission, Submission.attempt_id == Attempt.id)
        .where(Sitting.exam_id == held.exam_id, Sitting.cohort_id == held.cohort_id, Attempt.person_id == person_id)
        .order_by(Attempt.started_at.desc(), Attempt.number.desc())
    )
    return {row.Attempt: row.submitted_at for row in rows}


def state_now(one: Attempt) -> State:
    """An attempt's state as of now, whether or not its expiry has been written."""
    return attempts.effective_state(State(one.state), one.deadline_at, one.grace_seconds, clock.now(), stopped_at(one))


def stopped_at(one: Attempt) -> datetime | None:
    """Since when an attempt's time stands still; None while it runs."""
    return attempts.stopped_at(one.paused_at, one.sitting.paused_at)


def late_events(session: Session, attempt_id: int) -> int:
    """How many answers of an attempt arrived too late to count by themselves."""
    return session.scalar(select(func.count()).where(AnswerEvent.attempt_id == attempt_id, AnswerEvent.late)) or 0


def asks_critical(session: Session, bank_id: int) -> bool:
    """Whether a bank has questions of which a wrong one fails the exam."""
    asked = exists().where(Question.bank_id == bank_id, Question.critical, Question.retired.is_(False))
    return bool(session.scalar(select(asked)))


def somebody_sits(session: Session) -> bool:
    """Whether anybody sits an exam now, so that the server's time must not jump."""
    tries = table(Attempt)  # asked at the server's start, too
    return bool(session.scalar(select(exists().where(tries.c.state.in_(GOING_ON)))))


def resit(session: Session, held: Sitting, tried: Mapping[Attempt, datetime | None]) -> Resit:
    """Whether a person may begin this exam now, by her attempts at it (as `tries` tells them)."""
    now = clock.now()
    begun = {one: submitted_at for one, submitted_at in tried.items() if one.started_at <= now}
    marks = newest_marks(session, [one.id for one in begun])
    earlier = [
        Tried(
            state_now(one),
            submitted_at or one.deadline_at,
            one.state == State.RELEASED and one.id in marks and marks[one.id].passed,
        )
        for one, submitted_at in begun.items()
    ]
    return resits.may_begin(earlier, held.exam.attempts, held.exam.wait_hours, now)


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


def picture_of_bank(session: Session, bank: Bank, digest: str) -> dict[str, str]:
    """A picture of one of a bank's questions or drafts."""
    drafts = session.scalars(select(QuestionDraft.entry).where(QuestionDraft.bank_id == bank.id))
    structures = (version.structure for question in bank.questions for version in question.versions)
    for holder in (*structures, *drafts):
        found: dict[str, str] = holder.get("picture") or {}
        if found.get("digest") == digest:
            return found
    raise NotFound


def picture_digests(session: Session) -> set[str]:
    """Digests of the stored pictures that questions and drafts speak of."""
    holders = [*session.scalars(select(QuestionVersion.structure)), *session.scalars(select(QuestionDraft.entry))]
    return {holder["picture"]["digest"] for holder in holders if holder.get("picture")}


def exam_of(session: Session, edition_id: int) -> Exam | None:
    """The final exam of an edition, if it was made."""
    return session.scalar(select(Exam).where(Exam.edition_id == edition_id, Exam.code == FINAL))


def corrected_to_fail(session: Session, cohort_id: int | None = None) -> set[int]:
    """Enrolments (of one cohort, when it is given) whose exam was corrected and is, by their best result, not passed now."""
    failed = (
        select(Attempt.enrolment_id, Sitting.cohort_id)
        .join(Mark, Mark.attempt_id == Attempt.id)
        .join(Sitting, Sitting.id == Attempt.sitting_id)
        .where(Mark.cause == "corrected", Mark.passed.is_(False))
        .distinct()
    )
    rows = session.execute(failed if cohort_id is None else failed.where(Sitting.cohort_id == cohort_id)).all()
    best = {cohort: results(session, cohort) for cohort in {row.cohort_id for row in rows}}
    return {
        row.enrolment_id
        for row in rows
        if (found := best[row.cohort_id].get(row.enrolment_id)) is None or not found.passed
    }


def waiting(session: Session, cohort_id: int) -> tuple[Mapping[int, int], Sequence[int]]:
    """What waits for people in a cohort's sittings: handed-in attempts without a mark, and sittings with a correction asked."""
    rows = session.execute(_waiting(), {"cohort": cohort_id}).all()
    return {row.id: row.handed_in for row in rows if row.handed_in}, [row.id for row in rows if row.asked]


@cache
def _waiting() -> Select[*tuple[Any, ...]]:
    handed_in = select(func.count(Attempt.id)).where(Attempt.sitting_id == Sitting.id, Attempt.state == State.SUBMITTED)
    counted = handed_in.correlate(Sitting).scalar_subquery().label("handed_in")
    return select(Sitting.id, counted, _correction_asked().label("asked")).where(
        Sitting.cohort_id == bindparam("cohort")
    )


def questions(session: Session, ids: Iterable[int]) -> Mapping[int, Question]:
    """Questions by their ids."""
    return {one.id: one for one in session.scalars(select(Question).where(Question.id.in_(list(ids))))}
