"""R10: somebody sets the machine's clock in mid-exam; what is accepted, refused, late and marked is as if nobody had."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from sqlalchemy import select

from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate
from lmsapp.bench.school import School
from lmsapp.core import clock, runs
from lmsapp.core.access import KEEPER
from lmsapp.core.runs import Run
from lmsapp.core.sessions import transaction
from lmsapp.exams import queries, sitting
from lmsapp.exams.models import Attempt, Mark
from tests.reliability.conftest import SEED

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = (HOUR, -HOUR, DAY, -DAY, timedelta(seconds=3), timedelta(minutes=-7), timedelta(days=366), timedelta(days=-20))
# In the hours when clocks are set in Europe, in a leap day, over a new year, and on a day like any other.
STARTS = (
    datetime(2027, 3, 28, 0, 55, tzinfo=UTC),
    datetime(2027, 10, 31, 0, 55, tzinfo=UTC),
    datetime(2028, 2, 28, 23, 55, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 55, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 55, tzinfo=UTC),
    datetime(2027, 6, 9, 8, 0, tzinfo=UTC),
)
MINUTES, STEP = 10, timedelta(seconds=20)
SAVES = 36  # one a step: from the beginning to well after deadline and grace
ROOM = 3


@dataclass
class Machine:
    """A machine whose clock somebody sets: what its wall clock says, and for how long it has been up."""

    wall: datetime
    up: float = 1000.0
    jumps: int = 0

    def pass_time(self, span: timedelta) -> None:
        """Time goes by."""
        self.wall += span
        self.up += span.total_seconds()

    def set_by(self, jump: timedelta) -> None:
        """Somebody sets the clock."""
        self.wall += jump
        self.jumps += 1


@dataclass
class Told:
    """What a run was told at every step; two runs of the same exam must be told the same."""

    saves: list[tuple[Any, ...]] = field(default_factory=list)
    closed: list[bool] = field(default_factory=list)
    marks: list[tuple[Any, ...]] = field(default_factory=list)

    def differing(self, other: "Told") -> int:
        """How many steps went otherwise."""
        pairs = [(self.saves, other.saves), (self.closed, other.closed), (self.marks, other.marks)]
        return sum(len(one) != len(two) or sum(a != b for a, b in zip(one, two, strict=False)) for one, two in pairs)


@pytest.fixture(autouse=True)
def _in_europe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where the local clock itself is set twice a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    clock.count_from(None)


def machine_of(start: datetime, patch: pytest.MonkeyPatch) -> Machine:
    """Everything in this process that asks for the time asks this machine, libraries too."""
    made = Machine(start)
    patch.setattr(clock, "wall", lambda: made.wall)
    patch.setattr(clock, "uptime", lambda: made.up)
    patch.setattr(clock, "start_of_machine", lambda: "one start")
    patch.setattr(time, "time", lambda: made.wall.timestamp())  # noqa: PLW0108 - `wall` is another each time
    patch.setattr(runs, "BEAT_SECONDS", 3600.0)
    return made


def exam(school: School, start: datetime, chance: random.Random | None, patch: pytest.MonkeyPatch) -> tuple[Told, int]:
    """A whole exam: saves before, within and after the grace, then the expiry that is written and marked."""
    with patch.context() as patched:
        machine = machine_of(start, patched)
        run = Run(school.opened.sessions, queries.somebody_sits)
        told = Told()
        candidates = [Candidate(seat, SEED) for seat in storm.room(school, ROOM)]
        with transaction(school.opened.sessions) as session:
            held = session.scalars(select(Attempt).where(Attempt.code == candidates[0].seat.code)).one().sitting_id
            for attempt in session.scalars(select(Attempt).where(Attempt.sitting_id == held)):
                attempt.deadline_at = clock.now() + timedelta(minutes=MINUTES)
        browsers = [browser_of(school, one.seat.cookie) for one in candidates]
        events = [candidate.answers(20) for candidate in candidates]
        for step in range(SAVES):
            machine.pass_time(STEP)
            if chance is not None and chance.random() < 0.15:
                machine.set_by(chance.choice(JUMPS))
            run.beat()
            if chance is not None and chance.random() < 0.1:
                run.stop()
                run = Run(school.opened.sessions, queries.somebody_sits)
            for number, candidate in enumerate(candidates):
                event = next(events[number]) | {"at": (machine.wall + DAY * number).isoformat(), "mono": step}
                told.saves.append(send(browsers[number], candidate, event))
        with transaction(school.opened.sessions) as session:
            for attempt in session.scalars(select(Attempt).where(Attempt.id.in_(sitting.due(session)))):
                told.closed.append(sitting.close(session, KEEPER, attempt.id))
        storm.mark_all(school)
        told.marks = marks_of(school, candidates)
        run.stop()
    return told, machine.jumps


def browser_of(school: School, cookie: str) -> FlaskClient:
    """A browser that keeps its cookie as browsers do: with the expiry the server gives it."""
    browser = school.app.test_client()
    name, _, value = cookie.partition("=")
    browser.set_cookie(name, value)
    return browser


def send(browser: FlaskClient, candidate: Candidate, event: dict[str, Any]) -> tuple[Any, ...]:
    """One save; what the page is told of it."""
    reply = browser.post(
        f"/en/exams/{candidate.seat.code}/events",
        data=json.dumps({"device": "tablet", "epoch": 0, "events": [event]}),
        headers={"X-CSRFToken": candidate.seat.token, "Accept": "application/json"},
        content_type="application/json",
    )
    said = reply.get_json(silent=True) or {}
    return reply.status_code, said.get("acked_to"), said.get("late"), said.get("state"), said.get("seconds_left")


def marks_of(school: School, candidates: list[Candidate]) -> list[tuple[Any, ...]]:
    """The marks, without what tells one run from another."""
    with school.opened.sessions() as session:
        found = []
        for candidate in candidates:
            attempt = session.scalars(select(Attempt).where(Attempt.code == candidate.seat.code)).one()
            mark = session.scalars(select(Mark).where(Mark.attempt_id == attempt.id)).first()
            found.append((attempt.state, mark is not None))
    return found


def compared(
    school: School, patch: pytest.MonkeyPatch, count: int = 1, starts: Sequence[datetime] = STARTS[-1:]
) -> dict[str, int]:
    """So many jumps, over exams at all these hours, each beside its control run."""
    chance = random.Random(SEED)
    found = {"jumps": 0, "exams": 0, "saves": 0, "differences": 0, "accepted": 0}
    while found["jumps"] < count or found["exams"] < len(starts):
        start = starts[found["exams"] % len(starts)]
        control, none = exam(school, start, None, patch)
        assert none == 0
        shaken, jumps = exam(school, start, chance, patch)
        found["exams"] += 1
        found["jumps"] += jumps
        found["saves"] += len(shaken.saves)
        found["accepted"] += sum(status == 200 and late is False for status, _n, late, *_rest in shaken.saves)
        found["differences"] += control.differing(shaken)
        lates = {late for _status, _number, late, *_rest in control.saves}
        assert lates == {True, False}, "the control run must see both sides of the deadline"
    return found


def test_a_clock_set_in_mid_exam_changes_nothing_that_is_accepted_or_refused(
    school: School, long: bool, tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compared(school, monkeypatch, 2_000 if long else 40, STARTS)
    tell("R10 wall clock set in mid-exam", **found)
    assert found["differences"] == 0
    assert found["accepted"] > found["exams"]


def test_a_server_that_follows_the_wall_clock_is_found_out(
    school: School, tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "count_from", lambda _zero: None)
    found = compared(school, monkeypatch)
    tell("R10 planted: the wall clock is followed", **found)
    assert found["differences"] > 0


def test_cookies_that_age_by_the_wall_clock_are_found_out(
    school: School, tell: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(school.app, "session_interface", SecureCookieSessionInterface())
    found = compared(school, monkeypatch)
    tell("R10 planted: cookies age by the wall clock", **found)
    assert found["differences"] > 0
