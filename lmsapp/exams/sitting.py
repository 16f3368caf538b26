"""Sitting an exam: beginning an attempt, handing in, closing what has expired, extra time. Answers are saved in `saving`.

The server's clock alone decides. Handing in and marking are two transactions.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmsapp.cohorts import policy as cohorts
from lmsapp.cohorts.models import Enrolment
from lmsapp.core import audit, clock, jobs
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.events import publish
from lmsapp.core.formatting import latin_digits
from lmsapp.core.orm import table
from lmsapp.core.translations import N_
from lmsapp.exams import attempts, composing, policy, queries, resits, saving
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.batches import Closing
from lmsapp.exams.events import AttemptHandedIn
from lmsapp.exams.models import (
    AnswerCurrent,
    Attempt,
    AttemptEvent,
    Paper,
    Sitting,
    Submission,
)

_NOTE = insert(table(AttemptEvent))
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MOST_AT_ONCE = 500


class Missing(Conflict):
    """A device hands in before all it gave has arrived; it sends the rest and hands in again."""

    code = "missing"

    def __init__(self, acked_to: int) -> None:
        super().__init__(N_("Some answers of this device have not arrived yet. They are sent first."))
        self.acked_to = acked_to


class Differing(Conflict):
    """The device's answers are not those stored here; it shows the stored ones before anything is closed."""

    code = "answers-differ"

    def __init__(self) -> None:
        super().__init__(
            N_(
                "This device shows other answers than those that are saved. Reload the page, look them over, hand in again."
            )
        )


def begin(session: Session, actor: Actor, sitting: Sitting, *, drafts_allowed: bool, room_code: str = "") -> Attempt:
    """Hands out a frozen paper, or gives back the attempt that is open already. Beginning twice changes nothing."""
    demand(policy.may_sit(actor, sitting))
    enrolment = session.scalar(
        select(Enrolment)
        .where(
            Enrolment.cohort_id == sitting.cohort_id,
            Enrolment.person_id == actor.person_id,
            Enrolment.state == "enrolled",
        )
        .with_for_update()  # two beginnings at the same moment wait for each other
    )
    if enrolment is None:
        raise NotFound
    now = clock.now()
    tried = queries.tries(session, sitting, enrolment.person_id)
    earlier = [attempt for attempt in tried if attempt.sitting_id == sitting.id]
    for attempt in earlier:
        if queries.state_now(attempt) in GOING_ON:
            return attempt
    if sitting.cohort.state == "cancelled":
        raise Conflict(cohorts.OVER["cancelled"])
    if any(attempt.state == State.PREPARED for attempt in earlier):
        raise Conflict(N_("You write this exam on paper."))
    if not sitting.opens_at <= now < sitting.closes_at:
        raise Conflict(N_("This exam is not open now."))
    if sitting.room_code and not _same_code(room_code, sitting.room_code):
        message = N_("This is not the code of the room. The invigilator says it or writes it on the board.")
        raise Invalid(message, {"room_code": message})
    again = queries.resit(session, sitting, tried)
    if not again:
        raise Conflict(resits.REFUSALS[again.ground])
    return _hand_out(session, actor, sitting, enrolment, len(earlier) + 1, now, drafts_allowed=drafts_allowed)


def _same_code(typed: str, code: str) -> bool:
    plain = "".join(latin_digits(typed).split()).upper()
    return secrets.compare_digest(plain.encode(), code.upper().encode())


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


# ---------- handing in ----------


def answers_of(session: Session, attempt_id: int) -> dict[str, str]:
    """The answers that count, by item."""
    return saved(session, attempt_id)[0]


def saved(session: Session, attempt_id: int) -> tuple[dict[str, str], datetime | None]:
    """The answers that count, by item, and when the last of them was saved."""
    rows = session.execute(
        select(AnswerCurrent.item, AnswerCurrent.value, AnswerCurrent.saved_at).where(
            AnswerCurrent.attempt_id == attempt_id, AnswerCurrent.value != ""
        )
    ).all()
    return {row.item: row.value for row in rows}, max((row.saved_at for row in rows), default=None)


def answers_hash(answers: Mapping[str, str]) -> str:
    """SHA-256 over the answers that count, in canonical JSON: printed on the receipt."""
    canonical = json.dumps(sorted(answers.items()), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def hand_in(
    session: Session, actor: Actor, attempt: Attempt, idempotency_key: str, claimed: Closing | None = None
) -> Submission:
    """Closes the attempt and queues its marking; handing in again gives the same receipt.

    What a device claims of its answers is checked while there is time; afterwards what was saved is what counts.
    Raises Missing and Differing.
    """
    demand(policy.may_write(actor, attempt))
    session.refresh(attempt, ["state", "deadline_at", "paused_at"], with_for_update=True)
    if State(attempt.state) not in GOING_ON and (kept := session.get(Submission, attempt.id, populate_existing=True)):
        return kept
    now = clock.now()
    expired = queries.state_now(attempt) is State.EXPIRED
    answers = answers_of(session, attempt.id)
    if claimed is not None and not expired:
        reached = saving.acked_to(session, attempt.id, claimed.device)
        if reached < claimed.last_seq:
            raise Missing(reached)
        if claimed.answers_hash != answers_hash(answers):
            raise Differing
    return settle(session, actor, attempt, answers, idempotency_key, now, by_expiry=expired)


def close_expired(session: Session, actor: Actor, sitting: Sitting) -> int:
    """Closes all attempts of a sitting whose time is over; what was saved counts. Returns how many."""
    demand(policy.may_watch(actor, sitting))
    return sum(close(session, actor, number) for number in due(session, sitting.id))


def due(session: Session, sitting_id: int | None = None) -> Sequence[int]:
    """Open attempts whose deadline is past, but those whose bundle is waited for: one look into an index."""
    query = (
        select(Attempt.id)
        .join(Sitting)
        .where(
            Attempt.state.in_(GOING_ON),
            Attempt.deadline_at < clock.now(),
            Attempt.paused_at.is_(None),
            Attempt.offline_at.is_(None),
            Sitting.paused_at.is_(None),
        )
        .order_by(Attempt.deadline_at)
        .limit(MOST_AT_ONCE)
    )
    return session.scalars(query if sitting_id is None else query.where(Attempt.sitting_id == sitting_id)).all()


def close(session: Session, actor: Actor, attempt_id: int) -> bool:
    """Writes the expiry of one attempt if it has expired; what was saved counts."""
    attempt = session.get_one(Attempt, attempt_id, with_for_update=True, populate_existing=True)
    demand(policy.may_watch(actor, attempt.sitting))
    if queries.state_now(attempt) is not State.EXPIRED or session.get(Submission, attempt_id) is not None:
        return False
    settle(session, actor, attempt, answers_of(session, attempt_id), "expiry", clock.now(), by_expiry=True)
    return True


def receipt_of(attempt: Attempt, submission: Submission) -> dict[str, Any]:
    """What a receipt says: the same for ever, since nothing it is made of changes."""
    return {
        "code": attempt.code,
        "at": submission.submitted_at.isoformat(),
        "answered": submission.answered,
        "total": len(attempt.paper.shapes),
        "hash8": submission.answers_hash[:8],
    }


def settle(
    session: Session,
    actor: Actor,
    attempt: Attempt,
    answers: Mapping[str, str],
    idempotency_key: str,
    now: datetime,
    *,
    by_expiry: bool,
) -> Submission:
    """Closes an open attempt with the answers that count, and queues its marking."""
    if not attempts.may_follow(State(attempt.state), State.SUBMITTED):
        raise Conflict(N_("This exam is handed in. Nothing can be changed any more."))
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


def _note(
    session: Session,
    attempt: Attempt,
    before: State | None,
    after: State,
    at: datetime,
    person_id: int | None,
    reason: str | None = None,
) -> None:
    noted = {"attempt_id": attempt.id, "before": before, "after": after, "at": at, "person_id": person_id}
    session.execute(_NOTE, noted | {"reason": reason})


def note(
    session: Session, attempt: Attempt, before: str, after: State, *, by: int | None, reason: str | None = None
) -> None:
    """One transition of an attempt with its actor and reason, for the activities that mark and release."""
    _note(session, attempt, State(before), after, clock.now(), by, reason)
