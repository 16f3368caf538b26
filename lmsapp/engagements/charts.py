"""Timeline and bars as plain geometry; templates draw them. In right-to-left pages time and years run from the right. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lmsapp.core.dates import PartialDate

WIDE = 1000  # of a timeline's band, whatever its width on the page
BARS_WIDE, AXIS, ZERO, TOP = 500, 76, 160, 22


@dataclass(frozen=True)
class Timeline:
    """The years of a timeline, where each begins on the band, and the band's dated part: its left edge and width."""

    years: list[int]
    lines: list[float]
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """One year's amount: below the axis when it is negative, and never so small that it can't be seen."""

    year: int
    amount: Decimal
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True)
class Bars:
    """Bars with the lines of the scale: amount and height on the page."""

    bars: list[Bar]
    lines: list[tuple[int, float]]


def timeline(starts: PartialDate | None, ends: PartialDate | None, *, rtl: bool) -> Timeline:
    """From the year something begins to the one after it ends; a month means the whole month. Undated: no width."""
    first = (starts or ends or PartialDate(2009)).year
    years = list(range(first, (ends.year if ends else first) + 2))
    step = WIDE / len(years)

    def at(years_since: float) -> float:
        x = years_since * step
        return WIDE - x if rtl else x

    left, right = sorted((at(_begin(starts) - first), at(_end(ends) - first))) if starts and ends else (0.0, 0.0)
    return Timeline(years, [at(place) for place in range(len(years))], left, right - left)


def bars(amounts: Sequence[tuple[int, Decimal]], *, rtl: bool) -> Bars:
    """Amounts by year on a scale of whole steps from zero up."""
    most = max([amount for _year, amount in amounts] or [Decimal(1)])
    step = _step(most)
    count = max(1, -(-int(most) // step))
    unit = (ZERO - TOP) / (count * step)
    room = (BARS_WIDE - AXIS) / max(1, len(amounts))
    drawn = []
    for place, (year, amount) in enumerate(amounts):
        height = max(3.0, abs(float(amount)) * unit) if amount else 0.0
        middle = AXIS + (place + 0.5) * room
        middle = BARS_WIDE - middle if rtl else middle
        width = min(96.0, room * 0.6)
        top = ZERO if amount < 0 else ZERO - height
        drawn.append(Bar(year, amount, middle - width / 2, top, width, height, middle))
    return Bars(drawn, [(step * n, ZERO - step * n * unit) for n in range(count + 1)])


def _step(most: Decimal) -> int:
    """The largest of 1, 2, 5 × 10ⁿ that still gives at least three lines."""
    size = 1
    while size * 10 <= most / 2:
        size *= 10
    return next((size * factor for factor in (5, 2) if size * factor * 3 <= most), size)


def _begin(day: PartialDate) -> float:
    return day.year + ((day.month or 1) - 1) / 12


def _end(day: PartialDate) -> float:
    return day.year + (day.month or 12) / 12
