"""Item analysis from running totals: what is counted of each attempt, and the figures made of the counts. Pure.

Counts are whole numbers, so that taking an attempt out again leaves exactly what was there before: an item's points in
thousandths, a share of a paper in ten-thousandths. Nothing grows with the number of attempts.

Facility is the mean share of the points. Discrimination is the correlation of an item with the rest of the candidate's paper
(corrected item-rest or point-biserial correlation: Henrysson, Psychometrika 28, 1963). Reliability is Cronbach's alpha
(KR-20 where all is right or wrong) when everybody was asked the same items; for papers drawn at random it is the
coefficient for items nested in persons (Brennan, Generalizability Theory, 2001), which is KR-21 where all is right or wrong
(Lord 1955). Whether an item is harder in one language is asked by Mantel and Haenszel over ten bands of the score (Holland
and Thayer 1988; classes of the ETS: a delta of 1.5 or more that is not chance at 5 %).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import log, sqrt
from typing import Any, NamedTuple

POINT = 1000
WHOLE = 10_000
BANDS = 10
BARS = 20
NO_ANSWER = "-"
FEW = 20  # below this a figure is shown as uncertain, and languages are not compared
LEAST = 5  # below this there is no figure but the count
WEAK, HARD, EASY = 0.2, 0.3, 0.95
LARGE_DELTA = 1.5
CHANCE = 3.84  # chi-squared, one degree of freedom, 5 %


class Seen(NamedTuple):
    """One item as one candidate answered it: points earned in thousandths, and what she chose (keys joined by blanks)."""

    question: int
    version: int
    points: int
    earned: int
    chosen: str


@dataclass(slots=True)
class ItemCount:
    """What is kept of one item: answers, wholly right ones; sums and squares of its points (x), of the rest (r), of both;
    by band of the score how many and how many right; by option how many chose it and their sum of r."""

    points: int = 1
    n: int = 0
    right: int = 0
    x: int = 0
    xx: int = 0
    r: int = 0
    rr: int = 0
    xr: int = 0
    bands: dict[str, list[int]] = field(default_factory=dict)
    options: dict[str, list[int]] = field(default_factory=dict)


@dataclass(slots=True)
class ExamCount:
    """What is kept of the attempts: how many, how many passed; items (k), sums and squares of points (s), the squares of
    single items (q), the squares of sums by item (ss_k); how many in each band of five percent."""

    n: int = 0
    passed: int = 0
    k: int = 0
    possible: int = 0
    s: int = 0
    ss: int = 0
    ss_k: int = 0
    q: int = 0
    bars: dict[str, int] = field(default_factory=dict)


Key = tuple[int, int]
Alike = dict[tuple[int, int, int, int, str, int, str], int]
"""How often an answer was given: question, version, points, earned, chosen as in `Seen`; the rest of the paper; the band."""
_BANDS = [str(band) for band in range(BARS + 1)]


def count(items: dict[Key, ItemCount], exam: ExamCount, seen: Iterable[Seen], sign: int = 1, *, passed: bool) -> None:
    """Adds one attempt to the totals, or takes it out again (sign -1)."""
    alike: Alike = {}
    gather(alike, exam, seen, sign, passed=passed)
    spread(items, alike)


def gather(alike: Alike, exam: ExamCount, seen: Iterable[Seen], sign: int = 1, *, passed: bool) -> None:
    """Adds one attempt to its exam's totals, and each of its answers to those that are alike; `spread` them in the end."""
    rows = list(seen)
    total, possible = sum(row[3] for row in rows), sum(row[2] for row in rows)
    if not possible:
        return
    share = total * WHOLE // (possible * POINT)
    band = _BANDS[min(BANDS - 1, share * BANDS // WHOLE)]
    squares = 0
    for question, version, points, earned, chosen in rows:
        rest = (total - earned) * WHOLE // ((possible - points) * POINT) if possible > points else 0
        squares += earned * earned
        answer = (question, version, points, earned, chosen, rest, band)
        alike[answer] = alike.get(answer, 0) + sign
    exam.n += sign
    exam.passed += sign * passed
    exam.k += sign * len(rows)
    exam.possible += sign * possible
    exam.s += sign * total
    exam.ss += sign * total * total
    exam.ss_k += sign * (total * total // len(rows))
    exam.q += sign * squares
    bar = _BANDS[min(BARS - 1, share * BARS // WHOLE)]
    exam.bars[bar] = exam.bars.get(bar, 0) + sign
    if not exam.bars[bar]:
        del exam.bars[bar]


def spread(items: dict[Key, ItemCount], alike: Alike) -> None:
    """Adds gathered answers to the totals of their items."""
    for (question, version, points, earned, chosen, rest, band), times in alike.items():
        item = items.get((question, version))
        if item is None:
            item = items[question, version] = ItemCount(points)
        right = times if earned == points * POINT else 0
        item.n += times
        item.right += right
        item.x += times * earned
        item.xx += times * earned * earned
        item.r += times * rest
        item.rr += times * rest * rest
        item.xr += times * earned * rest
        _add(item.bands, band, times, right)
        for key in chosen.split(" ") if chosen else ():
            _add(item.options, key, times, times * rest)


def _add(kept: dict[str, list[int]], key: str, first: int, second: int) -> None:
    pair = kept.get(key)
    if pair is None:
        kept[key] = [first, second]
    else:
        pair[0] += first
        pair[1] += second
        if not pair[0]:
            del kept[key]


def stored(counted: ItemCount | ExamCount) -> dict[str, Any]:
    """Counts as they are kept."""
    return {name: getattr(counted, name) for name in counted.__slots__}


def of_item(kept: Mapping[str, Any]) -> ItemCount:
    """An item's counts as they were kept, free to be changed."""
    found = ItemCount(**kept)
    found.bands = {band: [*pair] for band, pair in found.bands.items()}
    found.options = {key: [*pair] for key, pair in found.options.items()}
    return found


def of_exam(kept: Mapping[str, Any]) -> ExamCount:
    """An exam's counts as they were kept, free to be changed."""
    found = ExamCount(**kept)
    found.bars = dict(found.bars)
    return found


def together(counts: Iterable[ItemCount]) -> ItemCount:
    """One item over several exams or languages."""
    found = ItemCount()
    for one in counts:
        found.points = one.points
        for name in ("n", "right", "x", "xx", "r", "rr", "xr"):
            setattr(found, name, getattr(found, name) + getattr(one, name))
        for kept, more in ((found.bands, one.bands), (found.options, one.options)):
            for key, (first, second) in more.items():
                _add(kept, key, first, second)
    return found


def all_together(counts: Iterable[ExamCount]) -> ExamCount:
    """The attempts of several exams or languages."""
    found = ExamCount()
    for one in counts:
        for name in ("n", "passed", "k", "possible", "s", "ss", "ss_k", "q"):
            setattr(found, name, getattr(found, name) + getattr(one, name))
        for bar, number in one.bars.items():
            found.bars[bar] = found.bars.get(bar, 0) + number
    return found


# ---------- figures ----------


def facility(item: ItemCount) -> float | None:
    """The mean share of its points, from 0 (nobody) to 1 (everybody)."""
    return item.x / (item.n * item.points * POINT) if item.n else None


def discrimination(item: ItemCount) -> float | None:
    """How far those who do well elsewhere do well here, from -1 to 1; None when it can't be said."""
    own, rest = item.n * item.xx - item.x**2, item.n * item.rr - item.r**2
    if item.n < LEAST or own <= 0 or rest <= 0:
        return None
    return (item.n * item.xr - item.x * item.r) / (sqrt(own) * sqrt(rest))


@dataclass(frozen=True)
class Chosen:
    """How often one option was chosen: by how many, by what share, and how its choosers did in the rest of the paper."""

    key: str
    n: int
    share: float
    rest: float


def options(item: ItemCount, keys: Sequence[str]) -> list[Chosen]:
    """The options of an item in their order, then those who left it out."""
    found = []
    for key in (*keys, NO_ANSWER):
        number, rest = item.options.get(key, (0, 0))
        found.append(
            Chosen(key, number, number / item.n if item.n else 0.0, rest / (number * WHOLE) if number else 0.0)
        )
    return found


class Method(StrEnum):
    """How the reliability was found."""

    ALPHA = "alpha"
    NESTED = "nested"


@dataclass(frozen=True)
class Summary:
    """The scores of an exam in percent: mean, spread, reliability and how it was found, standard error of one score."""

    n: int
    passed: int
    mean: float
    deviation: float | None
    reliability: float | None
    method: Method
    error: float | None


def summary(exam: ExamCount, items: Iterable[ItemCount]) -> Summary | None:
    """What the scores say; None below five attempts."""
    if exam.n < LEAST or not exam.possible:
        return None
    per_point = 100 * exam.n / (exam.possible * POINT)  # thousandths of a point to percent of a paper
    variance = (exam.ss - exam.s**2 / exam.n) / (exam.n - 1)
    asked = list(items)
    fixed = all(item.n == exam.n for item in asked) and len(asked) > 1
    found = (_alpha(asked, variance) if fixed else _nested(exam)) if variance > 0 else None
    spread = sqrt(max(0.0, variance)) * per_point
    error = spread * sqrt(max(0.0, 1 - found)) if found is not None else None
    method = Method.ALPHA if fixed else Method.NESTED
    return Summary(exam.n, exam.passed, exam.s / exam.n * per_point, spread, found, method, error)


def _alpha(items: Sequence[ItemCount], variance: float) -> float:
    parts = sum((item.xx - item.x**2 / item.n) / (item.n - 1) for item in items)
    return len(items) / (len(items) - 1) * (1 - parts / variance)


def _nested(exam: ExamCount) -> float | None:
    if exam.k <= exam.n:
        return None
    within = (exam.q - exam.ss_k) / (exam.k - exam.n)
    between = (exam.ss_k - exam.s**2 / exam.k) / (exam.n - 1)
    return 1 - within / between if between > 0 else None


class Verdict(StrEnum):
    """What comparing a language with the others says of an item."""

    FEW = "few"
    ALIKE = "alike"
    HARDER = "harder"
    EASIER = "easier"


@dataclass(frozen=True)
class Compared:
    """An item in one language against all others, at equal scores: the delta of the ETS, and how sure that is."""

    language: str
    n: int
    others: int
    facility: float | None
    delta: float | None
    verdict: Verdict


def compared(by_language: Mapping[str, ItemCount]) -> list[Compared]:
    """Each language of an item against the others together."""
    return [
        _compared(language, own, together(o for code, o in by_language.items() if code != language))
        for language, own in sorted(by_language.items())
        if own.n
    ]


def _compared(language: str, own: ItemCount, others: ItemCount) -> Compared:
    if min(own.n, others.n) < FEW:
        return Compared(language, own.n, others.n, facility(own), None, Verdict.FEW)
    odds_up = odds_down = found = expected = variance = 0.0
    for band in own.bands.keys() & others.bands.keys():
        (focal, focal_right), (reference, reference_right) = own.bands[band], others.bands[band]
        size, right = focal + reference, focal_right + reference_right
        odds_up += reference_right * (focal - focal_right) / size
        odds_down += (reference - reference_right) * focal_right / size
        found += reference_right
        expected += reference * right / size
        if size > 1:
            variance += reference * focal * right * (size - right) / (size**2 * (size - 1))
    if not odds_up or not odds_down:
        odds_up, odds_down = odds_up + 0.5, odds_down + 0.5
    delta = -2.35 * log(odds_up / odds_down)
    sure = variance > 0 and max(0.0, abs(found - expected) - 0.5) ** 2 / variance >= CHANCE
    verdict = Verdict.ALIKE
    if sure and abs(delta) >= LARGE_DELTA:
        verdict = Verdict.HARDER if delta < 0 else Verdict.EASIER
    return Compared(language, own.n, others.n, facility(own), delta, verdict)
