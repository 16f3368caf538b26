"""In the exam room: time that stood still is given back, every act has its reason, what was saved stays."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.runs import ClockJump, Outage, ServerRun
from lmsapp.core.sessions import transaction
from lmsapp.exams import invigilating, queries, saving, sitting, watching
from lmsapp.exams.attempts import State
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import Attempt
from tests.house import House, Worlds


@pytest.fixture
def instructor(cast: dict[str, Any]) -> Actor:
    """Who holds the exam."""
    return cast["instructor"].actor


def save(session: Session, attempt: Attempt, seq: int = 1, device: str = "device-1") -> None:
    """The candidate answers her first question with a choice."""
    item = next(i for i in attempt.paper.sheet["items"] if "options" in i)
    event = Given(seq, item["item"], item["options"][0]["name"])
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch(device, (event,)))


def test_a_pause_gives_back_exactly_the_time_it_took(session: Session, attempt: Attempt, instructor: Actor) -> None:
    before = attempt.deadline_at
    with clock.held(clock.now()):
        invigilating.pause(session, instructor, attempt, "Power cut")
        clock.forward(timedelta(minutes=12))
        invigilating.resume(session, instructor, attempt)
    assert attempt.deadline_at == before + timedelta(minutes=12)
    assert attempt.state == State.OPEN


def test_a_paused_attempt_does_not_expire(session: Session, attempt: Attempt, instructor: Actor) -> None:
    with clock.held(clock.now()):
        invigilating.pause(session, instructor, attempt, "Fire alarm")
        clock.forward(timedelta(hours=9))
        assert queries.state_now(attempt) is State.PAUSED
        invigilating.resume(session, instructor, attempt)
        assert queries.state_now(attempt) is State.OPEN


def test_the_whole_room_is_paused_and_goes_on_together(session: Session, attempt: Attempt, instructor: Actor) -> None:
    held, before = attempt.sitting, attempt.deadline_at
    with clock.held(clock.now()):
        assert invigilating.pause_all(session, instructor, held, "Power cut") == 1
        with pytest.raises(Conflict):
            invigilating.pause_all(session, instructor, held, "again")
        clock.forward(timedelta(minutes=7))
        assert invigilating.resume_all(session, instructor, held) == 1
    assert (attempt.deadline_at, held.paused_at) == (before + timedelta(minutes=7), None)


def test_every_act_needs_its_reason(session: Session, attempt: Attempt, instructor: Actor) -> None:
    for act in (
        lambda: invigilating.pause(session, instructor, attempt, " "),
        lambda: invigilating.extend(session, instructor, attempt, 5, ""),
        lambda: invigilating.pause_all(session, instructor, attempt.sitting, ""),
        lambda: invigilating.note(session, instructor, attempt.sitting, ""),
    ):
        with pytest.raises(Invalid):
            act()
    assert attempt.state == State.OPEN


def test_extra_time_moves_the_deadline(session: Session, attempt: Attempt, instructor: Actor) -> None:
    before = attempt.deadline_at
    invigilating.extend(session, instructor, attempt, 10, "Power cut from 10:05 to 10:15.")
    assert attempt.deadline_at == before + timedelta(minutes=10)


def test_the_minutes_of_an_outage_are_given_back_once(session: Session, attempt: Attempt, instructor: Actor) -> None:
    before, now = attempt.deadline_at, clock.now()
    outage = Outage(now, now + timedelta(minutes=11, seconds=30), machine_restarted=False)
    for expected in (1, 0):
        assert invigilating.give_back(session, instructor, attempt.sitting, outage, "The server was away") == expected
    assert attempt.deadline_at == before + timedelta(minutes=12)


def test_who_began_after_an_outage_is_owed_nothing(session: Session, attempt: Attempt) -> None:
    earlier = attempt.started_at - timedelta(minutes=20)
    outage = Outage(earlier, earlier + timedelta(minutes=5), machine_restarted=False)
    assert invigilating.owed(session, attempt.sitting, outage) == []


def test_a_closed_attempt_gets_no_more_time(session: Session, attempt: Attempt, instructor: Actor) -> None:
    sitting.hand_in(session, Actor(person_id=attempt.person_id), attempt, "once")
    with pytest.raises(Conflict):
        invigilating.extend(session, instructor, attempt, 10, "late")
    with pytest.raises(Conflict):
        invigilating.pause(session, instructor, attempt, "late")


def test_only_those_who_hold_the_exam_act(session: Session, attempt: Attempt, cast: dict[str, Any]) -> None:
    for key in ("other_instructor", "trainee", "partner", "auditor", "assessor"):
        with pytest.raises(NotAllowed):
            invigilating.pause(session, cast[key].actor, attempt, "mine now")
    with pytest.raises(NotAllowed):
        invigilating.void(session, cast["instructor"].actor, attempt, "for a friend")


def test_a_voided_attempt_is_kept_and_does_not_use_up_a_try(
    session: Session, attempt: Attempt, cast: dict[str, Any]
) -> None:
    save(session, attempt)
    for one in session.scalars(select(Attempt).where(Attempt.person_id == attempt.person_id)):  # she had passed another
        invigilating.void(session, cast["manager"].actor, one, "Wrong room")
    assert sitting.answers_of(session, attempt.id)
    again = sitting.begin(session, Actor(person_id=attempt.person_id), attempt.sitting, drafts_allowed=True)
    assert again.id != attempt.id


def test_the_room_shows_who_needs_somebody(session: Session, attempt: Attempt) -> None:
    save(session, attempt)
    with clock.held(clock.now()):
        assert not watching.desks(session, attempt.sitting)[0].quiet
        clock.forward(timedelta(minutes=6))
        desk = watching.desks(session, attempt.sitting)[0]
        assert (desk.quiet, desk.answered, desk.moved) == (True, 1, False)


def test_the_story_tells_everything_in_order(session: Session, attempt: Attempt, instructor: Actor) -> None:
    with clock.held(clock.now()):
        for minute, act in enumerate(
            (
                lambda: invigilating.pause(session, instructor, attempt, "Power cut"),
                lambda: invigilating.resume(session, instructor, attempt),
                lambda: invigilating.extend(session, instructor, attempt, 5, "Slow line"),
                lambda: invigilating.note(session, instructor, attempt.sitting, "Changed desks.", attempt),
            )
        ):
            clock.forward(timedelta(minutes=minute + 1))
            act()
    session.flush()
    told = [(line.what, line.detail) for line in watching.story(session, attempt)]
    assert told == [
        ("state", "open"),
        ("state", "paused"),
        ("state", "open"),
        ("minutes", 5),
        ("note", "Changed desks."),
    ]


def test_whoever_watches_is_told_of_a_clock_that_was_set_and_of_a_machine_started_anew(
    house: House, worlds: Worlds
) -> None:
    things = worlds.things["own"]
    with transaction(house.opened.sessions) as session:
        attempt = session.scalars(select(Attempt).where(Attempt.code == things["attempt"])).one()
        at = attempt.started_at + timedelta(minutes=2)
        session.add(ClockJump(noticed_at=at, seconds=-3600))
        for machine, begun_at in (("first", attempt.started_at - timedelta(minutes=3)), ("second", at)):
            run = ServerRun(machine=machine, zero_at=begun_at, begun_at=begun_at, alive_at=at)
            session.add(run)
            session.flush()
    browser, _token = house.browser("instructor")
    room = browser.get(f"/en/exams/sittings/{things['sitting_id']}").get_data(as_text=True)
    assert "Set back by 60 minutes at" in room
    assert "every deadline stays where it was" in room
    assert "The machine was started anew at" in room
    assert "across a restart" in room
    desk = browser.get(f"/en/exams/attempts/{things['attempt']}").get_data(as_text=True)
    assert "machine was started anew" in desk
