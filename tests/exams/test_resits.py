"""Sitting an exam again: how often, how soon, and what is said."""

from datetime import UTC, datetime, timedelta

import pytest

from lmsapp.exams.attempts import State
from lmsapp.exams.resits import Ground, Tried, may_begin

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def tried(state: State, hours_ago: float = 1, *, passed: bool = False) -> Tried:
    return Tried(state, NOW - timedelta(hours=hours_ago), passed)


@pytest.mark.parametrize(
    ("earlier", "wait_hours", "ground", "left"),
    [
        ([], 0, Ground.FREE, 2),
        ([], 48, Ground.FREE, 2),
        ([tried(State.OPEN)], 0, Ground.OPEN, 1),
        ([tried(State.PAUSED)], 0, Ground.OPEN, 1),
        ([tried(State.PREPARED)], 0, Ground.PAPER, 1),
        ([tried(State.SUBMITTED)], 0, Ground.UNKNOWN, 1),
        ([tried(State.MARKED)], 0, Ground.UNKNOWN, 1),
        ([tried(State.RELEASED)], 0, Ground.FREE, 1),
        ([tried(State.RELEASED, 47)], 48, Ground.WAIT, 1),
        ([tried(State.RELEASED, 48)], 48, Ground.FREE, 1),
        ([tried(State.RELEASED, passed=True)], 0, Ground.PASSED, 1),
        ([tried(State.RELEASED), tried(State.RELEASED)], 0, Ground.USED, 0),
        ([tried(State.VOID), tried(State.VOID)], 0, Ground.FREE, 2),
    ],
)
def test_the_rules_are_asked_in_turn(earlier: list[Tried], wait_hours: int, ground: Ground, left: int) -> None:
    found = may_begin(earlier, 2, wait_hours, NOW)
    assert (found.ground, found.left, bool(found)) == (ground, left, ground is Ground.FREE)


def test_who_has_to_wait_is_told_until_when() -> None:
    found = may_begin([tried(State.RELEASED, 5), tried(State.RELEASED, 30)], 3, 24, NOW)
    assert found.from_when == NOW + timedelta(hours=19)
