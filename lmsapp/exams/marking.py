"""Marking handed-in attempts and releasing a sitting's results. Marking again adds a version; nothing is overwritten."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict
from lmsapp.core.events import publish
from lmsapp.core.translations import N_
from lmsapp.exams import marks, policy, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.events import AttemptMarked, ResultsReleased
from lmsapp.exams.marks import KeyItem
from lmsapp.exams.models import Attempt, Mark, Sitting


def key_of(attempt: Attempt) -> list[KeyItem]:
    """The key the server froze with the paper."""
    return [
        KeyItem(item, k["kind"], k["structure"], k["points"], k["critical"]) for item, k in attempt.paper.key.items()
    ]


def mark(session: Session, attempt: Attempt, by: int | None = None) -> Mark | None:
    """Marks a handed-in attempt once; asking again changes nothing. Only what the server stored is looked at."""
    if State(attempt.state) is not State.SUBMITTED:
        return None
    outcome = marks.mark(key_of(attempt), sitting.answers_of(session, attempt.id), attempt.sitting.exam.pass_mark)
    version = (session.scalar(select(func.max(Mark.version)).where(Mark.attempt_id == attempt.id)) or 0) + 1
    made = Mark(
        attempt_id=attempt.id,
        version=version,
        points_numerator=outcome.points.numerator,
        points_denominator=outcome.points.denominator,
        possible=outcome.possible,
        passed=outcome.passed,
        critical_failed=outcome.critical_failed,
        items={item: [points.numerator, points.denominator] for item, points in outcome.by_item.items()},
        marked_at=clock.now(),
        marked_by=by,
    )
    session.add(made)
    attempt.state = State.MARKED
    sitting.note(session, attempt, State.SUBMITTED, State.MARKED, by=by)
    session.flush()
    audit.record(
        session,
        "attempt.marked",
        Actor(person_id=by),
        on=("attempt", attempt.id),
        after={"version": version, "passed": outcome.passed},
    )
    publish(session, AttemptMarked(attempt.id, attempt.enrolment_id, outcome.passed))
    return made


def release(session: Session, actor: Actor, held: Sitting) -> int:
    """Shows the results to the candidates: all attempts must be closed and marked. Returns how many were released."""
    demand(policy.may_hold(actor, held.cohort))
    sitting.close_expired(session, actor, held)
    attempts = list(session.scalars(select(Attempt).where(Attempt.sitting_id == held.id)))
    for attempt in attempts:
        mark(session, attempt)
    if any(a.state in (State.OPEN, State.PAUSED) for a in attempts):
        raise Conflict(N_("Somebody is still sitting this exam. Release the results when everybody has handed in."))
    released = 0
    for attempt in attempts:
        if attempt.state == State.MARKED:
            attempt.state = State.RELEASED
            sitting.note(session, attempt, State.MARKED, State.RELEASED, by=actor.person_id)
            released += 1
    at: datetime = clock.now()
    held.released_at = held.released_at or at
    audit.record(session, "results.released", actor, on=("sitting", held.id), after={"attempts": released})
    publish(session, ResultsReleased(held.id))
    return released
