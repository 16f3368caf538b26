"""Sitting an exam: beginning an attempt, saving answers, handing in, extra time.

An answer is acknowledged after the synced commit of the group that held it, never before. The server's clock alone decides.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmsapp.cohorts.models import Enrolment
from lmsapp.core import audit, clock, jobs
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.events import publish
from lmsapp.core.translations import N_
from lmsapp.exams import attempts, composing, policy, questions
from lmsapp.exams.attempts import State
from lmsapp.exams.events import AttemptHandedIn
from lmsapp.exams.models import (
    AnswerCurrent,
    AnswerEvent,
    Attempt,
    AttemptEvent,
    DeviceLease,
    Extension,
    Paper,
    Sitting,
    Submission,
)

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MOST_EVENTS = 50
OVER = N_("The time of this exam is over. What was saved before counts.")


@dataclass(frozen=True)
class Given:
    """One answer as a device gave it."""

    seq: int
    item: str
    value: str
    client_at: str = ""


@dataclass(frozen=True)
class Saved:
    """The server's receipt for a batch: every event of this device up to `acked_to` is on disk."""

    acked_to: int
    seconds_left: int
    late: bool
    receipt: str
    at: datetime


def begin(session: Session, actor: Actor, sitting: Sitting, *, drafts_allowed: bool) -> Attempt:
    """Hands out a frozen paper, or gives back the attempt that is open already. Beginning twice changes nothing."""
    demand(policy.may_sit(actor, sitting))
    enrolment = session.scalar(
        select(Enrolment).where(
            Enrolment.cohort_id == sitting.cohort_id,
            Enrolment.person_id == actor.person_id,
            Enrolment.state == "enrolled",
        )
    )
    if enrolment is None:
        raise NotFound
    now = clock.now()
    earlier = list(
        session.scalars(
            select(Attempt)
            .where(Attempt.sitting_id == sitting.id, Attempt.person_id == actor.person_id)
            .order_by(Attempt.number)
        )
    )
    for attempt in earlier:
        if (
            attempts.effective_state(State(attempt.state), attempt.deadline_at, attempt.grace_seconds, now)
            is State.OPEN
        ):
            return attempt
    if not sitting.opens_at <= now < sitting.closes_at:
        raise Conflict(N_("This exam is not open now."))
    counted = [a for a in earlier if a.state != State.VOID]
    if len(counted) >= sitting.exam.attempts:
        raise Conflict(N_("You have used all your attempts at this exam."))
    return _hand_out(session, actor, sitting, enrolment, len(earlier) + 1, now, drafts_allowed=drafts_allowed)


def _hand_out(
    session: Session,
    actor: Actor,
    sitting: Sitting,
    enrolment: Enrolment,
    number: int,
    now: datetime,
    *,
    drafts_allowed: bool,
) -> Attempt:
    exam = sitting.exam
    seed = secrets.token_hex(16)
    try:
        frozen = composing.paper(session, exam, enrolment.language, seed, drafts_allowed=drafts_allowed)
    except ValueError as problem:
        raise Conflict(
            N_("The question bank does not hold enough questions for this exam. Tell your instructor.")
        ) from problem
    attempt = Attempt(
        code="".join(secrets.choice(ALPHABET) for _ in range(10)),
        sitting_id=sitting.id,
        person_id=enrolment.person_id,
        enrolment_id=enrolment.id,
        number=number,
        state=State.OPEN,
        language=enrolment.language,
        started_at=now,
        deadline_at=min(now + timedelta(minutes=exam.minutes), sitting.closes_at),
        grace_seconds=exam.grace_seconds,
    )
    attempt.paper = Paper(seed=seed, digest=frozen.digest, sheet=frozen.sheet, shapes=frozen.shapes, key=frozen.key)
    session.add(attempt)
    session.flush()
    _note(session, attempt, None, State.OPEN, now, actor.person_id)
    audit.record(
        session, "attempt.begun", actor, on=("attempt", attempt.id), after={"digest": frozen.digest, "number": number}
    )
    return attempt


# ---------- saving: plain SQL, run by the group-commit writer ----------

_attempt = select(
    Attempt.id, Attempt.person_id, Attempt.state, Attempt.deadline_at, Attempt.grace_seconds, Paper.shapes
).join(Paper, Paper.attempt_id == Attempt.id)


def save(
    connection: Connection, code: str, person_id: int, device: str, events: Sequence[Given], *, take_over: bool = False
) -> Saved:
    """Stores answer events of one device and projects those that count; resending any of them is harmless.

    Raises NotFound (not this candidate's), Conflict (`lease-lost`, handed in, number reused), Invalid (no such item or answer).
    """
    now = clock.now()
    locking = _attempt.where(Attempt.code == code)
    row = connection.execute(
        locking.with_for_update(of=Attempt) if connection.dialect.name != "sqlite" else locking
    ).first()
    if row is None or row.person_id != person_id:
        raise NotFound
    state = State(row.state)
    if state not in {State.OPEN, State.EXPIRED}:
        raise Conflict(N_("This exam is handed in. Nothing can be changed any more."))
    epoch, leads = _lease(connection, row.id, device, now, take_over=take_over)
    late = now > attempts.last_moment(row.deadline_at, row.grace_seconds)
    previous = (
        connection.execute(
            select(AnswerEvent.hash).where(AnswerEvent.attempt_id == row.id).order_by(AnswerEvent.id.desc()).limit(1)
        ).scalar()
        or "0" * 64
    )
    for given in sorted(events, key=lambda g: g.seq):
        previous = _store(connection, row.id, device, epoch, given, row.shapes, previous, now, late=late, leads=leads)
    if not leads:
        raise LeaseLost(N_("This exam is open on another device. Continue there, or take it over here."))
    acked = _acked_to(connection, row.id, device)
    return Saved(acked, attempts.seconds_left(row.deadline_at, now), late, previous[:8], now)


class LeaseLost(Conflict):
    """Another device writes now. What this one sent was stored as evidence, and does not count."""

    code = "lease-lost"


class SequenceReused(Conflict):
    """The same number came twice with different answers: a fault of the device, kept for a person to look at."""

    code = "sequence-reused"


def _lease(connection: Connection, attempt_id: int, device: str, now: datetime, *, take_over: bool) -> tuple[int, bool]:
    held = connection.execute(
        select(DeviceLease.device, DeviceLease.epoch).where(DeviceLease.attempt_id == attempt_id)
    ).first()
    if held is None:
        connection.execute(insert(DeviceLease).values(attempt_id=attempt_id, device=device, epoch=1, taken_at=now))
        return 1, True
    if held.device == device:
        return held.epoch, True
    if not take_over:
        return held.epoch, False
    connection.execute(
        update(DeviceLease)
        .where(DeviceLease.attempt_id == attempt_id)
        .values(device=device, epoch=held.epoch + 1, taken_at=now)
    )
    return held.epoch + 1, True


def _store(
    connection: Connection,
    attempt_id: int,
    device: str,
    epoch: int,
    given: Given,
    shapes: Mapping[str, Any],
    previous: str,
    now: datetime,
    *,
    late: bool,
    leads: bool,
) -> str:
    shaped = shapes.get(given.item)
    if shaped is None or not questions.readable(shaped, given.value) or not 0 < given.seq < 1_000_000:
        raise Invalid(N_("This answer does not belong to your paper. Reload the page."))
    known = connection.execute(
        select(AnswerEvent.item, AnswerEvent.value).where(
            AnswerEvent.attempt_id == attempt_id, AnswerEvent.device == device, AnswerEvent.client_seq == given.seq
        )
    ).first()
    if known is not None:
        if (known.item, known.value) != (given.item, given.value):
            raise SequenceReused(N_("An answer arrived twice with different contents. Call the invigilator."))
        return previous
    content = json.dumps([previous, attempt_id, device, given.seq, given.item, given.value], ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).hexdigest()
    connection.execute(
        insert(AnswerEvent).values(
            attempt_id=attempt_id,
            device=device,
            client_seq=given.seq,
            epoch=epoch,
            item=given.item,
            value=given.value,
            client_at=given.client_at[:40],
            received_at=now,
            late=late,
            evidence=not leads,
            previous_hash=previous,
            hash=digest,
        )
    )
    if leads and not late:
        _project(connection, attempt_id, given, epoch, now)
    return digest


def _project(connection: Connection, attempt_id: int, given: Given, epoch: int, now: datetime) -> None:
    """The answer that counts: by lease epoch, then by the device's own number; wall clocks order nothing."""
    current = connection.execute(
        select(AnswerCurrent.epoch, AnswerCurrent.client_seq).where(
            AnswerCurrent.attempt_id == attempt_id, AnswerCurrent.item == given.item
        )
    ).first()
    values = {"value": given.value, "epoch": epoch, "client_seq": given.seq, "saved_at": now}
    if current is None:
        connection.execute(insert(AnswerCurrent).values(attempt_id=attempt_id, item=given.item, **values))
    elif (epoch, given.seq) > (current.epoch, current.client_seq):
        connection.execute(
            update(AnswerCurrent)
            .where(AnswerCurrent.attempt_id == attempt_id, AnswerCurrent.item == given.item)
            .values(**values)
        )


def _acked_to(connection: Connection, attempt_id: int, device: str) -> int:
    """The highest number up to which this device's events are here without a gap."""
    seqs = connection.execute(
        select(AnswerEvent.client_seq)
        .where(AnswerEvent.attempt_id == attempt_id, AnswerEvent.device == device)
        .order_by(AnswerEvent.client_seq)
    ).scalars()
    reached = 0
    for seq in seqs:
        if seq != reached + 1:
            break
        reached = seq
    return reached


def next_seq(session: Session, attempt: Attempt, device: str) -> int:
    """The next number for a device without a memory of its own (a browser without JavaScript)."""
    highest = session.scalar(
        select(func.max(AnswerEvent.client_seq)).where(
            AnswerEvent.attempt_id == attempt.id, AnswerEvent.device == device
        )
    )
    return (highest or 0) + 1


# ---------- handing in ----------


def answers_of(session: Session, attempt_id: int) -> dict[str, str]:
    """The answers that count, by item."""
    rows = session.execute(
        select(AnswerCurrent.item, AnswerCurrent.value).where(AnswerCurrent.attempt_id == attempt_id)
    )
    return {row.item: row.value for row in rows if row.value}


def answers_hash(answers: Mapping[str, str]) -> str:
    """SHA-256 over the answers that count, in canonical JSON: printed on the receipt."""
    canonical = json.dumps(sorted(answers.items()), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def hand_in(session: Session, actor: Actor, attempt: Attempt, idempotency_key: str) -> Submission:
    """Closes the attempt and queues its marking; handing in again gives the same receipt."""
    demand(policy.may_write(actor, attempt))
    kept = session.get(Submission, attempt.id)
    if kept is not None:
        return kept
    now = clock.now()
    expired = (
        attempts.effective_state(State(attempt.state), attempt.deadline_at, attempt.grace_seconds, now) is State.EXPIRED
    )
    return _close(session, actor, attempt, idempotency_key, now, by_expiry=expired)


def close_expired(session: Session, actor: Actor, sitting: Sitting) -> int:
    """Closes all attempts of a sitting whose time is over; what was saved counts. Returns how many."""
    demand(policy.may_watch(actor, sitting))
    now = clock.now()
    closed = 0
    for attempt in session.scalars(
        select(Attempt).where(Attempt.sitting_id == sitting.id, Attempt.state == State.OPEN)
    ):
        if attempts.effective_state(State.OPEN, attempt.deadline_at, attempt.grace_seconds, now) is State.EXPIRED:
            _close(session, actor, attempt, "expiry", now, by_expiry=True)
            closed += 1
    return closed


def _close(
    session: Session, actor: Actor, attempt: Attempt, idempotency_key: str, now: datetime, *, by_expiry: bool
) -> Submission:
    if not attempts.may_follow(State(attempt.state), State.SUBMITTED):
        raise Conflict(N_("This exam is handed in. Nothing can be changed any more."))
    answers = answers_of(session, attempt.id)
    submission = Submission(
        attempt_id=attempt.id,
        idempotency_key=idempotency_key[:40],
        answers_hash=answers_hash(answers),
        answered=len(answers),
        by_expiry=by_expiry,
        submitted_at=now,
    )
    session.add(submission)
    before, attempt.state = State(attempt.state), State.SUBMITTED
    try:
        session.flush()
    except IntegrityError as problem:
        raise Conflict(N_("This exam was handed in a moment ago.")) from problem
    _note(session, attempt, before, State.SUBMITTED, now, actor.person_id, "expiry" if by_expiry else None)
    audit.record(
        session, "attempt.handed-in", actor, on=("attempt", attempt.id), after={"answers": submission.answers_hash}
    )
    jobs.enqueue(session, "exams.mark", {"attempt": attempt.id}, asked_by=actor.person_id, key=f"attempt-{attempt.id}")
    publish(session, AttemptHandedIn(attempt.id, attempt.enrolment_id))
    return submission


def extend(session: Session, actor: Actor, attempt: Attempt, minutes: int, reason: str) -> Extension:
    """Adds minutes to one attempt, with the reason; the trainee may read it."""
    demand(policy.may_hold(actor, attempt.sitting.cohort))
    if not reason:
        raise Invalid(
            N_("Write the reason for the extra time."), {"reason": N_("Write the reason for the extra time.")}
        )
    if State(attempt.state) not in {State.OPEN, State.PAUSED}:
        raise Conflict(N_("This attempt is closed; extra time has no use any more."))
    extension = Extension(
        attempt_id=attempt.id, minutes=minutes, reason=reason[:400], given_by=actor.person_id or 0, given_at=clock.now()
    )
    session.add(extension)
    attempt.deadline_at += timedelta(minutes=minutes)
    audit.record(
        session,
        "attempt.extended",
        actor,
        on=("attempt", attempt.id),
        after={"minutes": minutes, "reason": reason[:200]},
    )
    return extension


def _note(
    session: Session,
    attempt: Attempt,
    before: State | None,
    after: State,
    at: datetime,
    person_id: int | None,
    reason: str | None = None,
) -> None:
    session.add(
        AttemptEvent(attempt_id=attempt.id, before=before, after=after, at=at, person_id=person_id, reason=reason)
    )


def note(
    session: Session, attempt: Attempt, before: str, after: State, *, by: int | None, reason: str | None = None
) -> None:
    """One transition of an attempt with its actor and reason, for the activities that mark and release."""
    _note(session, attempt, State(before), after, clock.now(), by, reason)
