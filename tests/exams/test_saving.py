"""Saving answers: what is acknowledged is there, nothing sent is dropped, nothing late or stale counts."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from lmsapp.accounts import sessions
from lmsapp.accounts.models import SignIn
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.exams import batches, saving, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import AnswerClash, AnswerCurrent, AnswerEvent, Attempt, DeviceLease
from lmsapp.exams.saving import Refusal, Saved


def save(session: Session, attempt: Attempt, *events: Given, device: str = "device-1", **more: int) -> Saved:
    """Saves events of the candidate."""
    sent = Batch(device, tuple(sorted(events, key=lambda one: one.seq)), **more)  # type: ignore[arg-type]
    session.flush()
    return saving.save(session.connection(), attempt.code, attempt.person_id, sent)


def value(attempt: Attempt, item: str = "q1", place: int = 0) -> str:
    """An answer that could be given to an item."""
    found = next(i for i in attempt.paper.sheet["items"] if i["item"] == item)
    return found["options"][place]["name"] if "options" in found else str(place)


def kept(session: Session, attempt: Attempt) -> list[AnswerEvent]:
    """All events of an attempt in the order they were stored."""
    return list(
        session.scalars(select(AnswerEvent).where(AnswerEvent.attempt_id == attempt.id).order_by(AnswerEvent.id))
    )


def test_an_answer_is_acknowledged_up_to_the_first_gap(session: Session, attempt: Attempt) -> None:
    assert save(session, attempt, Given(1, "q1", value(attempt)), Given(3, "q2", value(attempt, "q2"))).acked_to == 1
    assert save(session, attempt, Given(2, "q3", value(attempt, "q3"))).acked_to == 3


def test_resending_changes_nothing(session: Session, attempt: Attempt) -> None:
    events = [Given(1, "q1", value(attempt)), Given(2, "q1", value(attempt, place=1))]
    first = save(session, attempt, *events)
    assert save(session, attempt, *events).acked_to == first.acked_to == 2
    assert save(session, attempt, *events, Given(3, "q2", value(attempt, "q2"))).acked_to == 3
    assert len(kept(session, attempt)) == 3
    assert sitting.answers_of(session, attempt.id)["q1"] == value(attempt, place=1)


def test_an_older_answer_never_replaces_a_newer_one(session: Session, attempt: Attempt) -> None:
    save(session, attempt, Given(2, "q1", value(attempt, place=1)))
    save(session, attempt, Given(1, "q1", value(attempt, place=0)))
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt, place=1)}


def test_a_number_used_twice_for_different_answers_is_told_and_kept_for_a_person(
    session: Session, attempt: Attempt
) -> None:
    save(session, attempt, Given(1, "q1", value(attempt)))
    for _again in range(2):
        told = save(session, attempt, Given(1, "q1", value(attempt, place=1)), Given(2, "q2", value(attempt, "q2")))
        assert (told.refusal, told.acked_to) == (Refusal.SEQUENCE_REUSED, 2)
    clash = session.scalars(select(AnswerClash)).one()
    assert (clash.client_seq, clash.value) == (1, value(attempt, place=1))
    assert sitting.answers_of(session, attempt.id)["q1"] == value(attempt)


def test_a_second_device_is_told_can_take_over_and_the_loser_loses_nothing(session: Session, attempt: Attempt) -> None:
    assert save(session, attempt, Given(1, "q1", value(attempt))).epoch == 1
    asked = save(session, attempt, device="device-2")
    assert (asked.refusal, asked.epoch) == (Refusal.LEASE_LOST, 1)
    taken = save(session, attempt, Given(1, "q1", value(attempt, place=1)), device="device-2", take_over=True)
    assert (taken.refusal, taken.epoch, taken.acked_to) == (None, 2, 1)
    lost = save(session, attempt, Given(2, "q1", value(attempt)), epoch=1)
    assert (lost.refusal, lost.acked_to, lost.epoch) == (Refusal.LEASE_LOST, 2, 2)
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt, place=1)}
    assert [(e.device, e.evidence) for e in kept(session, attempt)] == [
        ("device-1", False), ("device-2", False), ("device-1", True),
    ]  # fmt: skip
    leases = session.scalars(select(DeviceLease).order_by(DeviceLease.epoch)).all()
    assert [(lease.epoch, lease.device) for lease in leases if lease.attempt_id == attempt.id] == [
        (1, "device-1"), (2, "device-2"),
    ]  # fmt: skip


def test_a_stale_window_of_the_same_device_does_not_write_either(session: Session, attempt: Attempt) -> None:
    save(session, attempt, Given(1, "q1", value(attempt)))
    save(session, attempt, device="device-2", take_over=True)
    assert save(session, attempt, epoch=1, take_over=True).epoch == 3
    assert save(session, attempt, Given(2, "q1", value(attempt, place=1)), epoch=1).refusal is Refusal.LEASE_LOST
    assert save(session, attempt, Given(3, "q1", value(attempt, place=1)), epoch=3).refusal is None


@pytest.mark.parametrize(
    ("item", "typed"), [("q99", "o1"), ("q1", "o99"), ("q1", "o1 o1"), ("", ""), ("q1", "x" * 500)]
)
def test_what_is_not_on_the_paper_is_refused(session: Session, attempt: Attempt, item: str, typed: str) -> None:
    choice = next(i["item"] for i in attempt.paper.sheet["items"] if i.get("options"))
    with pytest.raises(Invalid):
        save(session, attempt, Given(1, choice if item == "q1" else item, typed))


def test_an_answer_counts_until_the_grace_ends_and_is_kept_as_late_afterwards(
    session: Session, attempt: Attempt
) -> None:
    with clock.held(attempt.deadline_at + timedelta(seconds=attempt.grace_seconds)):
        assert not save(session, attempt, Given(1, "q1", value(attempt))).late
        clock.forward(timedelta(seconds=1))
        told = save(session, attempt, Given(2, "q1", value(attempt, place=1)))
        assert (told.late, told.acked_to, told.state, told.refusal) == (True, 2, State.EXPIRED, None)
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt)}


def test_nothing_changes_a_closed_attempt_and_nothing_that_arrives_is_dropped(
    session: Session, attempt: Attempt
) -> None:
    save(session, attempt, Given(1, "q1", value(attempt)))
    sitting.hand_in(session, Actor(person_id=attempt.person_id), attempt, "once")
    told = save(session, attempt, Given(2, "q1", value(attempt, place=1)))
    assert (told.refusal, told.acked_to, told.late) == (Refusal.CLOSED, 2, True)
    assert [e.late for e in kept(session, attempt)] == [False, True]
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt)}


def test_while_paused_answers_count_and_the_device_is_told(session: Session, attempt: Attempt) -> None:
    left = attempt.deadline_at - clock.now()
    attempt.paused_at = clock.now()
    with clock.held(attempt.deadline_at + timedelta(hours=1)):
        told = save(session, attempt, Given(1, "q1", value(attempt)))
    assert (told.paused, told.late, told.state) == (True, False, State.PAUSED)
    assert abs(told.seconds_left - left.total_seconds()) < 2
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt)}
    attempt.paused_at, attempt.sitting.paused_at = None, clock.now()
    assert save(session, attempt).paused


def test_the_chain_of_events_is_unbroken(session: Session, attempt: Attempt) -> None:
    save(session, attempt, Given(1, "q1", value(attempt)), Given(2, "q2", value(attempt, "q2")))
    save(session, attempt, Given(1, "q1", value(attempt)), device="device-2")
    receipt = save(session, attempt, Given(4, "q1", value(attempt, place=1))).receipt
    end = saving.FIRST
    for one in kept(session, attempt):
        given = Given(one.client_seq, one.item, one.value)
        assert (one.previous_hash, one.hash) == (end, saving.chained(end, attempt.id, one.device, given))
        end = one.hash
    assert receipt == end[:8]


def test_the_projection_can_be_rebuilt_from_the_events(session: Session, attempt: Attempt) -> None:
    for seq, place in ((1, 0), (3, 1), (2, 0)):
        save(session, attempt, Given(seq, "q1", value(attempt, place=place)))
    save(session, attempt, Given(1, "q1", value(attempt)), device="device-2", take_over=True)
    save(session, attempt, Given(9, "q1", value(attempt, place=1)))
    rebuilt: dict[str, tuple[int, int, str]] = {}
    for one in kept(session, attempt):
        if not (one.late or one.evidence):
            rebuilt[one.item] = max(rebuilt.get(one.item, (0, 0, "")), (one.epoch, one.client_seq, one.value))
    current = session.scalars(select(AnswerCurrent).where(AnswerCurrent.attempt_id == attempt.id)).all()
    assert {k.item: (k.epoch, k.client_seq, k.value) for k in current} == rebuilt


def test_nobody_else_writes(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    other = cast["another_trainee"].person_id  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        saving.save(session.connection(), attempt.code, other, Batch("device-9", ()))


def test_an_answer_takes_three_statements(session: Session, attempt: Attempt) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("there the lock is a statement of its own")
    save(session, attempt, Given(1, "q1", value(attempt)))
    seen: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *said: seen.append(said[2]))
    save(session, attempt, Given(2, "q1", value(attempt, place=1)))
    assert len(seen) == 3, seen
    assert session.scalar(select(func.count()).select_from(AnswerClash)) == 0


def test_the_first_answer_after_a_start_waits_for_no_mapper(session: Session, attempt: Attempt) -> None:
    ticket, now = "t" * 64, clock.now()
    begun = {"begun_at": now, "fresh_at": now, "ends_at": now + timedelta(hours=1), "device": ""}
    earlier = now - 2 * sessions.SEEN_EVERY  # so that being seen is written down, too
    session.add(SignIn(ticket_hash=ticket, person_id=attempt.person_id, seen_at=earlier, **begun))
    session.flush()
    connection, mapped = session.connection(), []

    def note(_connection: object, statement: Any, *_rest: object) -> None:
        if statement._propagate_attrs:  # what tells a statement of mapped classes
            mapped.append(str(statement))

    sent = Batch("device-1", (Given(1, "q1", value(attempt)),))  # made first, since it looks at the paper
    event.listen(connection, "before_execute", note)
    assert saving.save_by_ticket(connection, attempt.code, sessions.known_by(ticket, 1), sent).acked_to == 1
    assert mapped == []


EVENT = {"seq": 1, "item": "q1", "value": "o1", "at": "2026-11-25T08:00:00Z", "mono": 1200}


def test_a_batch_is_read() -> None:
    sent = {"device": "web-1", "epoch": 2, "events": [EVENT | {"seq": 2}, EVENT], "take_over": True}
    read = batches.batch(json.dumps(sent).encode())
    assert [given.seq for given in read.events] == [1, 2]
    assert (read.device, read.epoch, read.take_over) == ("web-1", 2, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "dev\x00ice"}, {"device": "ab"}, {"device": "x" * 41}, {"device": "\ud800-device"}, {"device": 7}, {"device": None},
        {"epoch": -1}, {"epoch": "1"}, {"epoch": True}, {"take_over": "yes"}, {"events": {}}, {"events": [EVENT] * 51}, {"events": ["x"]},
        {"events": [EVENT | {"seq": 0}]}, {"events": [EVENT | {"seq": 10**9}]}, {"events": [EVENT | {"seq": 1.0}]},
        {"events": [EVENT | {"value": "a\x00b"}]}, {"events": [EVENT | {"value": "\udfff"}]}, {"events": [EVENT | {"value": "x" * 20_001}]},
        {"events": [EVENT | {"item": "q" * 41}]}, {"events": [EVENT | {"at": "9" * 41}]}, {"events": [EVENT | {"mono": -1}]},
        {"events": [EVENT | {"mono": 10**30}]},
    ],
)  # fmt: skip
def test_a_batch_that_no_device_of_ours_sends_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        batches.batch(json.dumps({"device": "web-1", "epoch": 1, "events": [EVENT]} | wrong).encode())


@pytest.mark.parametrize(
    "octets", [b"", b"[]", b"nonsense", b"\xff\xfe", b"[" * 100_000, b"null", b'{"device": 1e999}']
)
def test_what_is_no_batch_at_all_is_refused(octets: bytes) -> None:
    for read in (batches.batch, batches.closing):
        with pytest.raises(Invalid):
            read(octets)
