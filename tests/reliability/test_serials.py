"""R9: serials without gaps, whoever awards at once, whatever is undone, wherever the process dies."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, insert, select, text, update
from sqlalchemy.orm import Session

from lmsapp import installation
from lmsapp.accounts.models import Person
from lmsapp.catalogue.models import Edition
from lmsapp.certificates import issuing
from lmsapp.certificates.models import Award, SerialCounter
from lmsapp.cohorts.models import Cohort
from lmsapp.core import settings
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Conflict
from lmsapp.core.sessions import transaction
from lmsapp.core.signing import KeyRing
from lmsapp.exams.models import Attempt
from lmsapp.installation import Installation
from tests.reliability.conftest import SEED
from tests.reliability.test_races import at_once, place

__all__ = ["place"]
STATED = issuing.Stated("qualification", "ka", Decimal(60), (date(2026, 3, 2), date(2026, 3, 13)), "Hall A")
ISSUERS, EACH, EACH_LONG = 20, 5, 200


class Undone(Exception):
    """Somebody who awards thinks better of it."""


def award(place: Installation, session: Session) -> str:
    """One award in the caller's transaction; its serial."""
    person, edition = session.scalars(select(Person)).first(), session.scalars(select(Edition)).first()
    assert person is not None
    assert edition is not None
    ring = KeyRing.load_or_create(place.settings.keys)
    return issuing.issue(session, KEEPER, person, edition, STATED, place.settings, ring).serial


def storm(place: Installation, each: int) -> tuple[list[str], int]:
    """Twenty award at once, every third one is undone; the serials that were committed, and how many were undone."""
    undone = [0] * ISSUERS

    def issue(number: int) -> list[str]:
        chance, serials = random.Random(f"{SEED}-{number}"), []
        for _ in range(each):
            try:
                with transaction(place.sessions) as session:
                    serial = award(place, session)
                    think_better_of_it(chance)
                serials.append(serial)
            except Undone:
                undone[number] += 1
        return serials

    got, wrong = at_once(issue, ISSUERS)
    assert not wrong, wrong[0]
    return [serial for serials in got for serial in serials], sum(undone)


def think_better_of_it(chance: random.Random) -> None:
    """Once in three times."""
    if chance.random() < 1 / 3:
        raise Undone


def numbers(place: Installation) -> list[int]:
    """The numbers of this year's qualifications in their order."""
    with place.sessions() as session:
        return list(session.scalars(select(Award.number).where(Award.kind == "qualification").order_by(Award.number)))


def test_twenty_award_at_once_and_some_think_better_of_it(
    place: Installation, long: bool, tell: Callable[..., None]
) -> None:
    issued, undone = storm(place, EACH_LONG if long else EACH)
    found = numbers(place)
    with place.sessions() as session:
        gaps = len(issuing.gaps(session)) + len(set(range(1, len(found) + 1)) - set(found))
    doubles = len(issued) - len(set(issued))
    tell("serials", database=place.engine.dialect.name, issued=len(issued), undone=undone, gaps=gaps, doubles=doubles)
    assert undone
    assert len(issued) == len(found)
    assert gaps == doubles == 0


def test_numbers_from_a_sequence_would_be_found_out(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: a number is taken for good before the award is, as a database's sequence does."""
    lock, last = threading.Lock(), [0]

    def next_number(session: Session, year: int, kind: str) -> int:
        with lock:
            last[0] += 1
            if last[0] == 1:
                session.execute(insert(SerialCounter).values(year=year, kind=kind, last=1))
            return last[0]

    monkeypatch.setattr(issuing, "_next_number", next_number)
    with transaction(place.sessions) as session:
        award(place, session)
    storm(place, EACH)
    found = numbers(place)
    with transaction(place.sessions) as session:
        session.execute(update(SerialCounter).where(SerialCounter.kind == "qualification").values(last=last[0]))
        assert found != list(range(1, len(found) + 1))
        assert issuing.gaps(session)


def test_one_of_fifty_closes_a_cohort_and_everybody_is_awarded_once(place: Installation) -> None:
    with transaction(place.sessions) as session:
        attempt = session.scalars(select(Attempt).where(Attempt.state == "released")).first()
        assert attempt is not None
        cohort_id = attempt.sitting.cohort_id
        session.execute(update(Attempt).where(Attempt.state != "released").values(state="void"))

    def close(_number: int) -> int:
        with transaction(place.sessions) as session:
            ring = KeyRing.load_or_create(place.settings.keys)
            return len(issuing.close_out(session, KEEPER, session.get_one(Cohort, cohort_id), place.settings, ring))

    before = awards(place)
    made, wrong = at_once(close)
    assert len(made) == 1, wrong[0]
    assert {type(problem) for problem in wrong} == {Conflict}
    assert awards(place) == before + made[0]
    with place.sessions() as session:
        assert issuing.gaps(session) == []


def awards(place: Installation) -> int:
    """How many there are."""
    with place.sessions() as session:
        return session.scalar(select(func.count()).select_from(Award)) or 0


def test_killed_between_any_two_statements_a_serial_is_given_whole_or_not_at_all(
    place: Installation, long: bool, tell: Callable[..., None]
) -> None:
    url = place.engine.url.render_as_string(hide_password=False)
    statement, kills, reached_the_end = 0, 0, False
    while not reached_the_end:
        words = [sys.executable, "-m", "tests.reliability.test_serials", str(place.settings.data), url, str(statement)]
        ended = subprocess.run(words, check=False, capture_output=True, text=True)
        reached_the_end = ended.returncode == 0
        assert reached_the_end or ended.returncode == -signal.SIGKILL, ended.stderr
        kills, statement = kills + (not reached_the_end), statement + (1 if long else 4)
        with place.sessions() as session:
            assert issuing.gaps(session) == []
            assert session.scalar(text("select count(*) from award where kind = 'qualification'")) == reached_the_end
    tell("serials-killed", database=place.engine.dialect.name, kills=kills)
    assert kills > 2
    assert numbers(place) == [1]


def die_at(place: Installation, statement: int) -> None:
    """Awards once and dies before its statement of this number."""
    seen = [0]

    def before(*_: Any) -> None:
        if seen[0] == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        seen[0] += 1

    with transaction(place.sessions) as session:
        session.execute(text("select 1"))
        event.listen(place.engine, "before_cursor_execute", before)
        event.listen(place.engine, "commit", before)
        award(place, session)


if __name__ == "__main__":
    data, address, number = sys.argv[1:]
    die_at(installation.opened(settings.load(Path(data), {}, database_url=address, allow_drafts=True)), int(number))
