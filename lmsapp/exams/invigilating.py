"""The invigilator's acts: pausing and going on with minutes restored, extra time, the room code, notes, voiding an attempt.

Each changes the attempt's stored times or state with its actor and reason; what was saved stays saved.
"""

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.runs import Outage
from lmsapp.core.translations import N_
from lmsapp.exams import analysing, attempts, marking, policy, queries, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.models import Attempt, Extension, RoomNote, Sitting

LONGEST_REASON = 400


def pause(session: Session, actor: Actor, attempt: Attempt, reason: str) -> None:
    """Stops the clock of one attempt; what is saved meanwhile still counts."""
    demand(policy.may_hold(actor, attempt.sitting.cohort))
    _go(session, actor, attempt, State.PAUSED, _reason(reason))
    attempt.paused_at = clock.now()


def resume(session: Session, actor: Actor, attempt: Attempt, reason: str = "") -> None:
    """Lets one attempt go on and gives back the time for which it stood still."""
    demand(policy.may_hold(actor, attempt.sitting.cohort))
    paused_at = attempt.paused_at
    _go(session, actor, attempt, State.OPEN, reason)
    attempt.deadline_at += clock.now() - (paused_at or clock.now())
    attempt.paused_at = None


def pause_all(session: Session, actor: Actor, held: Sitting, reason: str) -> int:
    """Pauses everybody who writes, and lets nobody begin; returns how many were writing."""
    demand(policy.may_hold(actor, held.cohort))
    if held.paused_at is not None:
        raise Conflict(N_("This room is paused already."))
    why = _reason(reason)
    writing = _in_state(session, held, State.OPEN)
    for attempt in writing:
        pause(session, actor, attempt, why)
    held.paused_at = clock.now()
    audit.record(session, "room.paused", actor, on=("sitting", held.id), after={"attempts": len(writing)})
    return len(writing)


def resume_all(session: Session, actor: Actor, held: Sitting) -> int:
    """Lets everybody who is paused go on, each with her minutes restored; returns how many."""
    demand(policy.may_hold(actor, held.cohort))
    paused = _in_state(session, held, State.PAUSED)
    for attempt in paused:
        resume(session, actor, attempt)
    held.paused_at = None
    audit.record(session, "room.resumed", actor, on=("sitting", held.id), after={"attempts": len(paused)})
    return len(paused)


def extend(
    session: Session, actor: Actor, attempt: Attempt, minutes: int, reason: str, outage: str | None = None
) -> Extension:
    """Adds minutes to one attempt, with the reason; the trainee may read it."""
    demand(policy.may_hold(actor, attempt.sitting.cohort))
    if attempts.effective_state(State(attempt.state), attempt.deadline_at, attempt.grace_seconds, clock.now()) not in {
        State.OPEN,
        State.PAUSED,
    }:
        raise Conflict(N_("This attempt is closed; extra time has no use any more."))
    extension = Extension(
        attempt_id=attempt.id,
        minutes=minutes,
        reason=_reason(reason),
        outage=outage,
        given_by=actor.person_id,
        given_at=clock.now(),
    )
    session.add(extension)
    attempt.deadline_at += timedelta(minutes=minutes)
    after = {"minutes": minutes, "reason": extension.reason[:200]}
    audit.record(session, "attempt.extended", actor, on=("attempt", attempt.id), after=after)
    return extension


def extend_all(session: Session, actor: Actor, held: Sitting, minutes: int, reason: str) -> int:
    """Adds minutes to everybody who has not handed in; returns how many."""
    demand(policy.may_hold(actor, held.cohort))
    living = _living(session, held)
    for attempt in living:
        extend(session, actor, attempt, minutes, reason)
    return len(living)


def give_back(session: Session, actor: Actor, held: Sitting, outage: Outage, reason: str) -> int:
    """Adds the minutes of an outage to everybody who was writing when it began, once; returns how many."""
    demand(policy.may_hold(actor, held.cohort))
    chosen = owed(session, held, outage)
    for attempt in chosen:
        extend(session, actor, attempt, outage.minutes, reason, _key(outage))
    return len(chosen)


def owed(session: Session, held: Sitting, outage: Outage) -> list[Attempt]:
    """Who was writing when an outage began and has not got its minutes yet."""
    given = (
        select(Extension.attempt_id)
        .join(Attempt)
        .where(Attempt.sitting_id == held.id, Extension.outage == _key(outage))
    )
    compensated = set(session.scalars(given))
    return [
        attempt
        for attempt in _living(session, held)
        if attempt.started_at < outage.ended_at and attempt.id not in compensated
    ]


def void(session: Session, actor: Actor, attempt: Attempt, reason: str) -> None:
    """Takes an attempt out of every count, for ever; it is kept with its answers and does not use up one of the attempts."""
    demand(policy.may_void(actor))
    _go(session, actor, attempt, State.VOID, _reason(reason))
    analysing.replace(session, attempt, marking.newest(session, attempt.id), None)
    audit.record(
        session,
        "attempt.voided",
        actor,
        on=("attempt", attempt.id),
        personal={"reason": reason[:400]},
        about=attempt.person_id,
    )


def give_room_code(session: Session, actor: Actor, held: Sitting) -> str:
    """Makes a new code; from now on only who types it can begin."""
    demand(policy.may_hold(actor, held.cohort))
    held.room_code = f"{secrets.randbelow(10**6):06d}"
    audit.record(session, "room.code-given", actor, on=("sitting", held.id))
    return held.room_code


def drop_room_code(session: Session, actor: Actor, held: Sitting) -> None:
    """Lets everybody enrolled begin without a code."""
    demand(policy.may_hold(actor, held.cohort))
    held.room_code = None
    audit.record(session, "room.code-dropped", actor, on=("sitting", held.id))


def give_closing_code(session: Session, actor: Actor, held: Sitting) -> str:
    """Makes the code that is read out at the end, once; from then on a bundle without it is held to be judged."""
    demand(policy.may_hold(actor, held.cohort))
    if held.closing_code is None:
        held.closing_code = f"{secrets.randbelow(10**6):06d}"
        audit.record(session, "room.closing-code-given", actor, on=("sitting", held.id))
    return held.closing_code


def note(session: Session, actor: Actor, held: Sitting, text: str, attempt: Attempt | None = None) -> RoomNote:
    """Writes down what happened in the room, or at one desk. Notes are never changed."""
    demand(policy.may_note(actor, held))
    if not text.strip():
        raise Invalid(N_("Write what happened."), {"text": N_("Write what happened.")})
    made = RoomNote(
        sitting_id=held.id,
        attempt_id=attempt.id if attempt else None,
        text=text.strip()[:2000],
        at=clock.now(),
        person_id=actor.person_id,
    )
    session.add(made)
    audit.record(session, "room.noted", actor, on=("sitting", held.id), after={"attempt": made.attempt_id})
    return made


def _key(outage: Outage) -> str:
    return f"outage-{outage.begun_at:%Y%m%dT%H%M%S}"


def _living(session: Session, held: Sitting) -> list[Attempt]:
    return [*_in_state(session, held, State.OPEN), *_in_state(session, held, State.PAUSED)]


def _reason(text: str) -> str:
    if not text.strip():
        raise Invalid(N_("Write the reason."), {"reason": N_("Write the reason.")})
    return text.strip()[:LONGEST_REASON]


def _in_state(session: Session, held: Sitting, state: State) -> list[Attempt]:
    found = session.scalars(select(Attempt).where(Attempt.sitting_id == held.id, Attempt.state == state))
    return [attempt for attempt in found if queries.state_now(attempt) is state]


def _go(session: Session, actor: Actor, attempt: Attempt, after: State, reason: str) -> None:
    """One transition: locked, looked at as of now, written with its event."""
    session.flush()
    session.refresh(attempt, with_for_update=True)
    before = queries.state_now(attempt)
    if not attempts.may_follow(before, after):
        raise Conflict(N_("This attempt has gone on meanwhile. Look at the room again."))
    attempt.state = after
    sitting.note(session, attempt, before, after, by=actor.person_id, reason=reason or None)
