"""Hours and progress in figures: who has enough, who is at risk. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple


def hours_needed(teaching_hours: int, minimum_percent: int) -> Decimal:
    """Hours a trainee must attend: the course's minimum share of its teaching hours, unrounded."""
    return Decimal(teaching_hours) * minimum_percent / 100


def hours_by(teaching_hours: int, first: date, last: date, today: date) -> Decimal:
    """Hours that can have been taught by the end of `today`, spread evenly over the days from first to last."""
    days = (last - first).days + 1
    passed = min(max((today - first).days, 0), days)
    return Decimal(teaching_hours) * passed / days


def behind(attended: Decimal | None, taught: Decimal, minimum_percent: int) -> bool:
    """Whether somebody has fewer hours than the minimum share of what was taught so far (nothing entered is no risk yet)."""
    return attended is not None and taught > 0 and attended < taught * minimum_percent / 100


class Shade(NamedTuple):
    """A cell of the heat-map: 0 not begun, 1 begun, 2 part, 3 more than half, 4 all."""

    level: int
    done: int
    total: int


def shade(done: int, opened: int, total: int) -> Shade:
    """How much of a module is done."""
    if total and done >= total:
        return Shade(4, done, total)
    if total and done * 10 >= total * 6:
        return Shade(3, done, total)
    if done:
        return Shade(2, done, total)
    return Shade(1 if opened else 0, done, total)


def average(values: Sequence[Decimal]) -> Decimal | None:
    """The mean, or nothing when there is nothing to average."""
    return sum(values, Decimal(0)) / len(values) if values else None
