"""Written answers marked by people: when a second marker reads, when a third, whose points stand. Pure.

The first marker reads every written answer. A second, who does not see what the first gave, reads all of an attempt's written
answers when they can decide whether it passes and the first's points put it within five percent of the pass mark, and
every critical one in any case. Two that differ by no more than a fifth of the points (at least one point) are averaged;
otherwise a third reads, and the third's points stand.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from lmsapp.exams import marks
from lmsapp.exams.marks import KeyItem

BORDER = 5  # percent of the possible points on either side of the pass mark


class Part(StrEnum):
    """Who reads an answer: the first, the second, the third marker."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"


class Rule(StrEnum):
    """By which rule the points of a written answer stand."""

    ONE = "one"
    MEAN = "mean"
    THIRD = "third"


@dataclass(frozen=True)
class Settled:
    """The points of a written answer, the rule, and who decided."""

    points: Fraction
    rule: Rule
    by: tuple[int | None, ...]


@dataclass(frozen=True)
class Read:
    """What one marker gave an answer, by criterion."""

    by: int | None
    points: Mapping[str, int]
    remark: str = ""

    @property
    def total(self) -> int:
        """All points together."""
        return sum(self.points.values())


Readings = Mapping[str, Read]


def farthest(points: int) -> Fraction:
    """How far two markers of an answer worth so many points may differ without a third."""
    return max(Fraction(1), Fraction(points, 5))


def next_part(item: KeyItem, readings: Readings, *, border: bool) -> Part | None:
    """Who has to read this answer now; None when it is settled."""
    if Part.FIRST not in readings:
        return Part.FIRST
    if not (border or item.critical):
        return None
    if Part.SECOND not in readings:
        return Part.SECOND
    apart = abs(readings[Part.FIRST].total - readings[Part.SECOND].total) > farthest(item.points)
    return Part.THIRD if apart and Part.THIRD not in readings else None


def settled(item: KeyItem, readings: Readings, *, border: bool) -> Settled | None:
    """What a written answer is worth, once all have read who have to."""
    if next_part(item, readings, border=border) is not None:
        return None
    first, second, third = (readings.get(part) for part in Part)
    if third:
        return Settled(Fraction(third.total), Rule.THIRD, (third.by,))
    if first and second:
        return Settled(Fraction(first.total + second.total, 2), Rule.MEAN, (first.by, second.by))
    return Settled(Fraction(first.total), Rule.ONE, (first.by,)) if first else None


def on_border(
    key: Sequence[KeyItem], answers: Mapping[str, str], pass_mark: int, readings: Mapping[str, Readings]
) -> bool:
    """Whether the written answers could decide the other way: known once a first marker has read all of them."""
    written = [k for k in key if marks.is_written(k, answers)]
    if not written or any(Part.FIRST not in readings.get(k.item, {}) for k in written):
        return False
    first = {k.item: Fraction(readings[k.item][Part.FIRST].total) for k in written}
    best = marks.mark(key, answers, pass_mark, {k.item: Fraction(k.points) for k in written})
    worst = marks.mark(key, answers, pass_mark, dict.fromkeys(first, Fraction(0)))
    near = abs(marks.mark(key, answers, pass_mark, first).percent - pass_mark) <= BORDER
    return near and best.passed != worst.passed
