"""R7: fifty threads do the same thing to the same attempt at the same moment; it happens once, and everybody hears the same."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from lmsapp import installation
from lmsapp.core import settings
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict
from lmsapp.core.sessions import transaction
from lmsapp.core.writer import Writer
from lmsapp.exams import marking, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import AnswerEvent, Attempt, Mark, Sitting, Submission
from lmsapp.installation import Installation
from tests import world

THREADS = 50


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """An installation with both worlds in it, committed, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        found: Installation = request.getfixturevalue("opened")
    else:
        url = request.getfixturevalue("postgres_database")
        found = installation.opened(settings.load(tmp_path / "var", {}, database_url=url, allow_drafts=True))
    with transaction(found.sessions) as session:
        world.build(session, found.settings)
    yield found
    found.engine.dispose()


def at_once(act: Callable[[int], Any], many: int = THREADS) -> tuple[list[Any], list[BaseException]]:
    """So many threads wait for each other and then do it; what they got, and what went wrong."""
    gate, got, wrong = threading.Barrier(many), [], []

    def run(number: int) -> None:
        gate.wait()
        try:
            got.append(act(number))
        except Exception as problem:  # noqa: BLE001 - whatever went wrong is looked at
            wrong.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got, wrong


def open_attempt(place: Installation) -> tuple[int, str, int]:
    """Id, code and candidate of an attempt that is open on a screen."""
    with place.sessions() as session:
        one = session.scalars(
            select(Attempt).where(Attempt.state == "open", Attempt.mode == "screen").order_by(Attempt.id)
        ).first()
        assert one is not None
        return one.id, one.code, one.person_id


def count(place: Installation, model: type[Any]) -> int:
    """Rows of the attempt that is raced for."""
    with place.sessions() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_one_attempt_begins(place: Installation) -> None:
    attempt_id, _code, person_id = open_attempt(place)
    with transaction(place.sessions) as session:
        held = session.get_one(Attempt, attempt_id).sitting_id
        session.execute(update(Attempt).where(Attempt.person_id == person_id).values(state="void"))

    def begin(_number: int) -> str:
        with transaction(place.sessions) as session:
            found = session.get_one(Sitting, held)
            return sitting.begin(session, Actor(person_id=person_id), found, drafts_allowed=True).code

    before = count(place, Attempt)
    codes, wrong = at_once(begin)
    assert not wrong, wrong[0]
    assert len(set(codes)) == 1
    assert count(place, Attempt) == before + 1


def test_one_answer_is_kept_however_often_it_is_sent(place: Installation) -> None:
    attempt_id, code, person_id = open_attempt(place)
    with place.sessions() as session:
        item, shape = next(
            (item, shape)
            for item, shape in session.get_one(Attempt, attempt_id).paper.shapes.items()
            if "options" in shape
        )
    sent = Batch("device-1", (Given(1, item, shape["options"][0]),))
    writer, before = Writer(place.engine), count(place, AnswerEvent)
    saved, wrong = at_once(
        lambda _number: writer.write(lambda connection: saving.save(connection, code, person_id, sent))
    )
    writer.stop()
    assert not wrong, wrong[0]
    assert {(one.acked_to, one.receipt) for one in saved} == {(1, saved[0].receipt)}
    assert count(place, AnswerEvent) == before + 1


def test_one_hand_in_and_one_receipt(place: Installation) -> None:
    attempt_id, _code, person_id = open_attempt(place)

    def hand_in(number: int) -> tuple[Any, ...]:
        with transaction(place.sessions) as session:
            attempt = session.get_one(Attempt, attempt_id)
            made = sitting.hand_in(session, Actor(person_id=person_id), attempt, f"key-{number}")
            return tuple(sitting.receipt_of(attempt, made).items())

    before = count(place, Submission)
    receipts, wrong = at_once(hand_in)
    assert not wrong, wrong[0]
    assert len(set(receipts)) == 1
    assert count(place, Submission) == before + 1


def test_one_mark(place: Installation) -> None:
    attempt_id, _code, person_id = open_attempt(place)
    with transaction(place.sessions) as session:
        sitting.hand_in(session, Actor(person_id=person_id), session.get_one(Attempt, attempt_id), "key")

    def mark(_number: int) -> bool:
        with transaction(place.sessions) as session:
            return marking.mark(session, session.get_one(Attempt, attempt_id)) is not None

    before = count(place, Mark)
    made, wrong = at_once(mark)
    assert not wrong, wrong[0]
    assert sum(made) == 1
    assert count(place, Mark) == before + 1


@pytest.mark.postgres
def test_without_its_constraint_a_double_hand_in_would_be_found(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: no lock, no look, no unique constraint. The race must see it."""
    place = installation.opened(settings.load(tmp_path / "var", {}, database_url=postgres_database, allow_drafts=True))
    with transaction(place.sessions) as session:
        world.build(session, place.settings)
        session.execute(text("ALTER TABLE submission DROP CONSTRAINT pk_submission"))
    attempt_id, _code, _person_id = open_attempt(place)

    def hand_in(number: int) -> None:
        with transaction(place.sessions) as session, suppress(Conflict, IntegrityError):
            attempt = session.get_one(Attempt, attempt_id)
            time.sleep(0.1)  # until others have read it, too
            actor = Actor(person_id=attempt.person_id)
            sitting.settle(session, actor, attempt, {}, f"key-{number}", attempt.started_at, by_expiry=False)

    before = count(place, Submission)
    _got, wrong = at_once(hand_in)
    found = count(place, Submission)
    place.engine.dispose()
    assert not wrong, wrong[0]
    assert found > before + 1
