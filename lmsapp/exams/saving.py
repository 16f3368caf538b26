"""Saving answers: what a device is told is saved is on disk, and nothing it sends is dropped.

Plain SQL, run by the group-commit writer (`core.writer`): three statements for a batch that brings something new. Whatever
can't count is stored all the same, for a person to look at: after the time or the hand-in as late, from a device that
does not write any more as evidence, under a number used before as a clash.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session

from lmsapp.accounts import sessions
from lmsapp.accounts.models import Person, SignIn
from lmsapp.core import clock
from lmsapp.core.errors import Invalid, NotFound, SignInNeeded
from lmsapp.core.orm import table, upserting
from lmsapp.core.translations import N_
from lmsapp.exams import attempts, questions
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import (
    AnswerClash,
    AnswerCurrent,
    AnswerEvent,
    Attempt,
    DeviceLease,
    Paper,
    Sitting,
)

FIRST = "0" * 64
NOT_ON_PAPER = N_("This answer does not belong to your paper. Reload the page.")


class Refusal(StrEnum):
    """Why what a device sent was stored and yet does not count."""

    LEASE_LOST = "lease-lost"
    SEQUENCE_REUSED = "sequence-reused"
    CLOSED = "closed"


MESSAGES = {
    Refusal.LEASE_LOST: N_("This exam is open on another device. Continue there, or take it over here."),
    Refusal.SEQUENCE_REUSED: N_("An answer arrived twice with different contents. Call the invigilator."),
    Refusal.CLOSED: N_(
        "This exam is closed. What arrives now is kept for your instructor to look at; it does not count."
    ),
}


@dataclass(frozen=True)
class Saved:
    """What a device is told: all its events up to `acked_to` are on disk; with a `refusal` the last ones do not count."""

    acked_to: int
    epoch: int
    seconds_left: int
    late: bool
    receipt: str
    at: datetime
    state: State
    paused: bool
    refusal: Refusal | None = None


_clashes = table(AnswerClash)
_current = table(AnswerCurrent)
_events = table(AnswerEvent)
_attempts = table(Attempt)
_leases = table(DeviceLease)
_papers = table(Paper)
_sittings = table(Sitting)
_sign_ins = table(SignIn)
_people = table(Person)

_of_device = and_(_events.c.attempt_id == _attempts.c.id, _events.c.device == bindparam("device"))


def _newest_lease(column: Any) -> Any:
    newest = select(column).where(_leases.c.attempt_id == _attempts.c.id).order_by(_leases.c.epoch.desc())
    return newest.limit(1).correlate(_attempts).scalar_subquery()


_desk: Select[*tuple[Any, ...]] = (
    select(
        _attempts.c.id,
        _attempts.c.person_id,
        _attempts.c.state,
        _attempts.c.deadline_at,
        _attempts.c.grace_seconds,
        _attempts.c.paused_at,
        _sittings.c.paused_at.label("sitting_paused_at"),
        _papers.c.shapes,
        _newest_lease(_leases.c.device).label("holder"),
        _newest_lease(_leases.c.epoch).label("epoch"),
        select(_events.c.hash)
        .where(_events.c.attempt_id == _attempts.c.id)
        .order_by(_events.c.id.desc())
        .limit(1)
        .correlate(_attempts)
        .scalar_subquery()
        .label("last_hash"),
        select(func.max(_events.c.client_seq))
        .where(_of_device)
        .correlate(_attempts)
        .scalar_subquery()
        .label("highest"),
        select(func.count(_events.c.client_seq))
        .where(_of_device)
        .correlate(_attempts)
        .scalar_subquery()
        .label("known"),
    )
    .join(_papers, _papers.c.attempt_id == _attempts.c.id)
    .join(_sittings, _sittings.c.id == _attempts.c.sitting_id)
    .where(_attempts.c.code == bindparam("code"))
)
_desk_of_ticket = (
    _desk.add_columns(_sign_ins.c.id.label("sign_in_id"), _sign_ins.c.seen_at)
    .join(_sign_ins, _sign_ins.c.person_id == _attempts.c.person_id)
    .join(_people, _people.c.id == _sign_ins.c.person_id)
    .where(*sessions.ALIVE)
)
_lock = select(_attempts.c.id).where(_attempts.c.code == bindparam("code")).with_for_update()
_store = insert(_events)


@cache
def _projecting(dialect: str) -> Any:
    """The answer that counts: by lease epoch, then by the device's own number; wall clocks order nothing."""
    row = upserting(dialect)(_current)
    newer = or_(
        _current.c.epoch < row.excluded.epoch,
        and_(_current.c.epoch == row.excluded.epoch, _current.c.client_seq < row.excluded.client_seq),
    )
    changed = {name: row.excluded[name] for name in ("value", "epoch", "client_seq", "saved_at")}
    return row.on_conflict_do_update(index_elements=["attempt_id", "item"], set_=changed, where=newer)


def save(connection: Connection, code: str, person_id: int, sent: Batch) -> Saved:
    """Stores a device's answers and projects those that count; sending any of them again is harmless.

    Raises NotFound (not this candidate's) and Invalid (no such item or answer); then nothing of the batch is stored.
    """
    _hold(connection, code)
    desk = connection.execute(_desk, {"code": code, "device": sent.device}).first()
    if desk is None or desk.person_id != person_id:
        raise NotFound
    return _save(connection, desk, sent, clock.now())


def save_by_ticket(connection: Connection, code: str, known: Mapping[str, Any], sent: Batch) -> Saved:
    """Like `save`, for whoever holds a ticket (`sessions.known_by`): she and her rights are found in the statement that finds
    her attempt.

    Raises SignInNeeded, too.
    """
    _hold(connection, code)
    desk = connection.execute(_desk_of_ticket, {"code": code, "device": sent.device, **known}).first()
    if desk is None:
        raise NotFound if sessions.alive(connection, known) else SignInNeeded
    now = clock.now()
    if now - desk.seen_at > sessions.SEEN_EVERY:
        sessions.seen(connection, desk.sign_in_id, now)
    return _save(connection, desk, sent, now)


def _hold(connection: Connection, code: str) -> None:
    """Nobody else writes in the attempt until this transaction ends."""
    if connection.dialect.name != "sqlite":  # there the transaction itself is the lock
        connection.execute(_lock, {"code": code})


def _save(connection: Connection, desk: Row[Any], sent: Batch, now: datetime) -> Saved:
    for given in sent.events:
        shaped = desk.shapes.get(given.item)
        if shaped is None or not questions.readable(shaped, given.value):
            raise Invalid(NOT_ON_PAPER)
    stopped = attempts.stopped_at(desk.paused_at, desk.sitting_paused_at)
    state = attempts.effective_state(State(desk.state), desk.deadline_at, desk.grace_seconds, now, stopped)
    closed = State(desk.state) not in GOING_ON
    late = closed or state is State.EXPIRED
    epoch, leads = _lease(connection, desk, sent, now, closed=closed)
    fresh, clashing = _sorted_out(connection, desk, sent, now)
    end: str = desk.last_hash or FIRST
    receipt = _append(connection, desk.id, end, sent.device, fresh, now, epoch=epoch, late=late, leads=leads)
    return Saved(
        acked_to=_acked_to(connection, desk, sent.device, fresh),
        epoch=epoch,
        seconds_left=attempts.seconds_left(desk.deadline_at, now, stopped),
        late=late,
        receipt=receipt[:8],
        at=now,
        state=state,
        paused=stopped is not None,
        refusal=_refusal(closed=closed, leads=leads, clashing=clashing),
    )


def _refusal(*, closed: bool, leads: bool, clashing: bool) -> Refusal | None:
    if closed:
        return Refusal.CLOSED
    if clashing:
        return Refusal.SEQUENCE_REUSED
    return None if leads else Refusal.LEASE_LOST


def _lease(connection: Connection, desk: Row[Any], sent: Batch, now: datetime, *, closed: bool) -> tuple[int, bool]:
    """The epoch of what is sent, and whether this device writes now. The first device takes the lease; others must say so."""
    if desk.holder == sent.device and sent.epoch in (0, desk.epoch):
        return desk.epoch, True
    if closed or (desk.holder is not None and not sent.take_over):
        return desk.epoch or 0, False
    taken = (desk.epoch or 0) + 1
    connection.execute(insert(_leases).values(attempt_id=desk.id, epoch=taken, device=sent.device, taken_at=now))
    return taken, True


def _sorted_out(connection: Connection, desk: Row[Any], sent: Batch, now: datetime) -> tuple[list[Given], bool]:
    """The events that are new, each number once; and whether a number came again with another answer."""
    known: dict[int, tuple[str, str]] = {}
    if sent.events and sent.events[0].seq <= (desk.highest or 0):
        known = {
            row.client_seq: (row.item, row.value)
            for row in connection.execute(
                select(_events.c.client_seq, _events.c.item, _events.c.value).where(
                    _events.c.attempt_id == desk.id,
                    _events.c.device == sent.device,
                    _events.c.client_seq.in_([given.seq for given in sent.events]),
                )
            )
        }
    fresh, clashing = [], []
    for given in sent.events:
        answer = (given.item, given.value)
        if given.seq not in known:
            known[given.seq] = answer
            fresh.append(given)
        elif known[given.seq] != answer:
            clashing.append(given)
    for given in clashing:
        _keep_clash(connection, desk.id, sent.device, given, now)
    return fresh, bool(clashing)


def _keep_clash(connection: Connection, attempt_id: int, device: str, given: Given, now: datetime) -> None:
    content = {
        "attempt_id": attempt_id,
        "device": device,
        "client_seq": given.seq,
        "item": given.item,
        "value": given.value,
    }
    if not connection.execute(select(_clashes.c.id).filter_by(**content).limit(1)).first():
        connection.execute(insert(_clashes).values(received_at=now, **content))


def _append(
    connection: Connection,
    attempt_id: int,
    end: str,
    device: str,
    fresh: Sequence[Given],
    now: datetime,
    *,
    epoch: int,
    late: bool,
    leads: bool,
) -> str:
    """Adds events to the attempt's chain and projects them if they count; returns the chain's end."""
    rows = []
    for given in fresh:
        before, end = end, chained(end, attempt_id, device, given)
        rows.append(
            {
                "attempt_id": attempt_id,
                "device": device,
                "client_seq": given.seq,
                "epoch": epoch,
                "item": given.item,
                "value": given.value,
                "client_at": given.client_at or None,
                "client_mono": given.client_mono,
                "received_at": now,
                "late": late,
                "evidence": not leads,
                "previous_hash": before,
                "hash": end,
            }
        )
    if rows:
        connection.execute(_store, rows)
    if rows and leads and not late:
        newest = {given.item: given for given in fresh}
        connection.execute(
            _projecting(connection.dialect.name),
            [
                {
                    "attempt_id": attempt_id,
                    "item": given.item,
                    "value": given.value,
                    "epoch": epoch,
                    "client_seq": given.seq,
                    "saved_at": now,
                }
                for given in newest.values()
            ],
        )
    return end


def take_in(connection: Connection, attempt_id: int, device: str, epoch: int, events: Sequence[Given]) -> bool:
    """Adds the answers of a bundle that are not here yet, as ones that count; False, and nothing, when one clashes."""
    known = {
        row.client_seq: (row.item, row.value)
        for row in connection.execute(
            select(_events.c.client_seq, _events.c.item, _events.c.value).where(
                _events.c.attempt_id == attempt_id, _events.c.device == device
            )
        )
    }
    if any(known.get(given.seq, (given.item, given.value)) != (given.item, given.value) for given in events):
        return False
    fresh = [given for given in events if given.seq not in known]
    last = select(_events.c.hash).where(_events.c.attempt_id == attempt_id).order_by(_events.c.id.desc()).limit(1)
    end = connection.execute(last).scalar() or FIRST
    _append(connection, attempt_id, end, device, fresh, clock.now(), epoch=epoch, late=False, leads=True)
    return True


def holder(connection: Connection | Session, attempt_id: int) -> tuple[str, int]:
    """The device that writes an attempt now, and the epoch it holds; ("", 0) before the first."""
    row = connection.execute(
        select(_leases.c.device, _leases.c.epoch)
        .where(_leases.c.attempt_id == attempt_id)
        .order_by(_leases.c.epoch.desc())
        .limit(1)
    ).first()
    return (row.device, row.epoch) if row else ("", 0)


def chained(previous: str, attempt_id: int, device: str, given: Given) -> str:
    """The hash of one event: over the one stored before it in the attempt, and what the event says."""
    content = json.dumps([previous, attempt_id, device, given.seq, given.item, given.value], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def _acked_to(connection: Connection, desk: Row[Any], device: str, fresh: Sequence[Given]) -> int:
    """The highest number up to which this device's events are here without a gap."""
    highest = max(desk.highest or 0, fresh[-1].seq if fresh else 0)
    if desk.known + len(fresh) == highest:
        return highest
    return acked_to(connection, desk.id, device)


def acked_to(connection: Connection | Session, attempt_id: int, device: str) -> int:
    """The highest number up to which a device's events are stored without a gap."""
    seqs = connection.execute(
        select(_events.c.client_seq)
        .where(_events.c.attempt_id == attempt_id, _events.c.device == device)
        .order_by(_events.c.client_seq)
    ).scalars()
    reached = 0
    for seq in seqs:
        if seq != reached + 1:
            break
        reached = seq
    return reached


def next_seq(session: Session, attempt_id: int, device: str) -> int:
    """The next number for a device without a memory of its own (a browser without JavaScript)."""
    highest = session.scalar(
        select(func.max(_events.c.client_seq)).where(_events.c.attempt_id == attempt_id, _events.c.device == device)
    )
    return (highest or 0) + 1
