"""Histogram and scatter of item analysis as plain geometry; templates draw them. On right-to-left pages the axes run from the
right. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDE, HIGH = 640, 260
START, END, TOP, FOOT = 48, 12, 28, 40
LOWEST, HIGHEST = -0.5, 1.0


@dataclass(frozen=True)
class Line:
    """A line of the scale: where it lies, and what it says."""

    at: float
    value: float


@dataclass(frozen=True)
class Bar:
    """How many attempts lie in one band of the score."""

    first: int
    last: int
    number: int
    x: float
    y: float
    width: float
    height: float
    passed: bool


@dataclass(frozen=True)
class Histogram:
    """Bars, the lines of both scales, and where the pass mark stands."""

    bars: list[Bar]
    heights: list[Line]
    scores: list[Line]
    pass_mark: float | None


@dataclass(frozen=True)
class Dot:
    """One item: facility along, discrimination up."""

    name: int
    x: float
    y: float
    weak: bool


@dataclass(frozen=True)
class Scatter:
    """Dots and the lines of both scales."""

    dots: list[Dot]
    along: list[Line]
    up: list[Line]
    zero: float


def _along(share: float, *, rtl: bool) -> float:
    x = START + share * (WIDE - START - END)
    return round(WIDE - x if rtl else x, 1)


def _up(share: float) -> float:
    return round(HIGH - FOOT - share * (HIGH - FOOT - TOP), 1)


def _steps(most: int) -> list[int]:
    """Whole numbers for a scale of three to six lines."""
    size = 1
    while most / size > 5:
        size = size * 5 // 2 if str(size)[0] == "2" else size * 2
    return list(range(0, most + size, size))


def histogram(bars: Mapping[str, int], count: int, pass_mark: int | None, *, rtl: bool) -> Histogram:
    """Attempts by band of the score in percent."""
    steps = _steps(max([1, *bars.values()]))
    step, drawn = 100 // count, []
    for place in range(count):
        number = bars.get(str(place), 0)
        left, right = sorted((_along(place / count, rtl=rtl), _along((place + 1) / count, rtl=rtl)))
        top = _up(number / steps[-1])
        passed = pass_mark is not None and place * step >= pass_mark
        last = (place + 1) * step
        drawn.append(Bar(place * step, last, number, left + 1, top, right - left - 2, _up(0) - top, passed))
    return Histogram(
        drawn,
        [Line(_up(n / steps[-1]), n) for n in steps],
        [Line(_along(s / 100, rtl=rtl), s) for s in range(0, 101, 20)],
        None if pass_mark is None else _along(pass_mark / 100, rtl=rtl),
    )


def scatter(items: Sequence[tuple[int, float, float]], weak_below: float, *, rtl: bool) -> Scatter:
    """Items by number, facility and discrimination."""

    def height(value: float) -> float:
        return _up((min(HIGHEST, max(LOWEST, value)) - LOWEST) / (HIGHEST - LOWEST))

    return Scatter(
        [Dot(name, _along(easy, rtl=rtl), height(sharp), sharp < weak_below) for name, easy, sharp in items],
        [Line(_along(s / 100, rtl=rtl), s) for s in range(0, 101, 20)],
        [Line(height(v / 10), v / 10) for v in (-5, 0, 2, 5, 10)],
        height(0),
    )
