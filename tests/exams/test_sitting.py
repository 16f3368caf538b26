"""Sitting an exam: what is acknowledged is there, what is closed stays closed, one attempt is handed in once."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.core import clock, settings
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict, Invalid, NotAllowed, NotFound
from lmsapp.exams import marking, queries, sitting
from lmsapp.exams.models import AnswerCurrent, AnswerEvent, Attempt, Mark, Submission
from lmsapp.exams.sitting import Given, LeaseLost, SequenceReused
from tests import world


@pytest.fixture
def attempt(session: Session, tmp_path: Path) -> Attempt:
    """An attempt that is open now."""
    things = world.build(session, settings.load(tmp_path / "keys-folder", {}))
    return session.scalars(select(Attempt).where(Attempt.code == things["own"]["attempt"])).one()


def save(session: Session, attempt: Attempt, *events: Given, device: str = "device-1", **more: bool) -> sitting.Saved:
    """Saves events of the candidate."""
    return sitting.save(session.connection(), attempt.code, attempt.person_id, device, events, **more)


def value(attempt: Attempt, item: str = "q1", place: int = 0) -> str:
    """An answer that could be given to an item."""
    found = next(i for i in attempt.paper.sheet["items"] if i["item"] == item)
    return found["options"][place]["name"] if "options" in found else str(place)


def test_beginning_twice_gives_the_same_paper(session: Session, attempt: Attempt) -> None:
    again = sitting.begin(session, Actor(person_id=attempt.person_id), attempt.sitting, drafts_allowed=True)
    assert again.id == attempt.id


def test_who_is_not_enrolled_finds_no_exam(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    with pytest.raises(NotFound):
        sitting.begin(session, cast["another_trainee"].actor, attempt.sitting, drafts_allowed=True)  # type: ignore[attr-defined]


def test_an_answer_is_acknowledged_up_to_the_first_gap(session: Session, attempt: Attempt) -> None:
    assert save(session, attempt, Given(1, "q1", value(attempt)), Given(3, "q2", value(attempt, "q2"))).acked_to == 1
    assert save(session, attempt, Given(2, "q3", value(attempt, "q3"))).acked_to == 3


def test_resending_changes_nothing(session: Session, attempt: Attempt) -> None:
    events = [Given(1, "q1", value(attempt)), Given(2, "q1", value(attempt, place=1))]
    first = save(session, attempt, *events)
    assert save(session, attempt, *events[::-1]).acked_to == first.acked_to == 2
    assert (
        session.scalar(select(func.count()).select_from(AnswerEvent).where(AnswerEvent.attempt_id == attempt.id)) == 2
    )
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt, place=1)}


def test_an_older_answer_never_replaces_a_newer_one(session: Session, attempt: Attempt) -> None:
    save(session, attempt, Given(2, "q1", value(attempt, place=1)))
    save(session, attempt, Given(1, "q1", value(attempt, place=0)))
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt, place=1)}


def test_a_number_used_twice_for_different_answers_is_refused(session: Session, attempt: Attempt) -> None:
    save(session, attempt, Given(1, "q1", value(attempt)))
    with pytest.raises(SequenceReused):
        save(session, attempt, Given(1, "q1", value(attempt, place=1)))


def test_a_second_device_is_told_and_can_take_over(session: Session, attempt: Attempt) -> None:
    save(session, attempt, Given(1, "q1", value(attempt)))
    with pytest.raises(LeaseLost):
        save(session, attempt, Given(1, "q1", value(attempt, place=1)), device="device-2")
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt)}
    save(session, attempt, Given(2, "q1", value(attempt, place=1)), device="device-2", take_over=True)
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt, place=1)}
    with pytest.raises(LeaseLost):
        save(session, attempt, Given(9, "q1", value(attempt)))
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt, place=1)}


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
        assert save(session, attempt, Given(2, "q1", value(attempt, place=1))).late
    assert sitting.answers_of(session, attempt.id) == {"q1": value(attempt)}


def test_handing_in_twice_gives_the_same_receipt_and_one_mark(session: Session, attempt: Attempt) -> None:
    actor = Actor(person_id=attempt.person_id)
    world.answer_rightly(session, attempt)
    first = sitting.hand_in(session, actor, attempt, "once")
    assert sitting.hand_in(session, actor, attempt, "twice") is first
    assert marking.mark(session, attempt) is not None
    assert marking.mark(session, attempt) is None
    marks = session.scalars(select(Mark).where(Mark.attempt_id == attempt.id)).all()
    assert [(m.passed, queries.percent(m)) for m in marks] == [(True, 100)]
    assert session.scalar(select(func.count()).select_from(Submission).where(Submission.attempt_id == attempt.id)) == 1


def test_nothing_changes_a_closed_attempt(session: Session, attempt: Attempt) -> None:
    sitting.hand_in(session, Actor(person_id=attempt.person_id), attempt, "once")
    with pytest.raises(Conflict):
        save(session, attempt, Given(1, "q1", value(attempt)))


def test_nobody_else_writes_or_hands_in(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    other = cast["another_trainee"].actor  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        sitting.save(session.connection(), attempt.code, other.person_id, "device-9", [])
    with pytest.raises(NotAllowed):
        sitting.hand_in(session, other, attempt, "x")


def test_results_wait_until_everybody_is_done(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    instructor = cast["instructor"].actor  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="still sitting"):
        marking.release(session, instructor, attempt.sitting)
    with clock.held(attempt.deadline_at + timedelta(minutes=5)):
        assert marking.release(session, instructor, attempt.sitting) == 1
    assert attempt.state == "released"


def test_the_projection_can_be_rebuilt_from_the_events(session: Session, attempt: Attempt) -> None:
    for seq, place in ((1, 0), (2, 1), (3, 0)):
        save(session, attempt, Given(seq, "q1", value(attempt, place=place)))
    events = session.scalars(
        select(AnswerEvent).where(AnswerEvent.attempt_id == attempt.id, ~AnswerEvent.late, ~AnswerEvent.evidence)
    ).all()
    rebuilt: dict[str, tuple[int, int, str]] = {}
    for event in events:
        rebuilt[event.item] = max(rebuilt.get(event.item, (0, 0, "")), (event.epoch, event.client_seq, event.value))
    kept = session.scalars(select(AnswerCurrent).where(AnswerCurrent.attempt_id == attempt.id)).all()
    assert {k.item: (k.epoch, k.client_seq, k.value) for k in kept} == rebuilt
