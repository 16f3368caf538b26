"""From answers to a mark: exact fractions, compared with the pass mark unrounded. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lmsapp.exams import questions
from lmsapp.exams.questions import Kind


@dataclass(frozen=True)
class KeyItem:
    """What the server keeps of one item of a paper: how it is marked, for how many points, whether it is critical.

    `also` are further structures that make an answer right: the best of them counts.
    """

    item: str
    kind: str
    structure: Mapping[str, Any]
    points: int
    critical: bool
    also: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What an attempt is worth. `by_item` maps an item to the points it earned; `waiting` names items a person must mark."""

    points: Fraction
    possible: int
    by_item: Mapping[str, Fraction]
    critical_failed: bool
    passed: bool
    waiting: tuple[str, ...] = ()

    @property
    def percent(self) -> Fraction:
        """Share of the possible points in percent, exactly."""
        return Fraction(100) * self.points / self.possible if self.possible else Fraction(0)


def mark(
    key: Sequence[KeyItem], answers: Mapping[str, str], pass_mark: int, judged: Mapping[str, Fraction] | None = None
) -> Outcome:
    """Marks answers (item to value) by the key. One critical item not fully right fails the exam, whatever the points.

    `judged` holds the points a person gave, which stand before all others; a written answer left empty is worth nothing
    and waits for nobody.
    """
    judged = judged or {}
    by_item = {k.item: _points(k, answers.get(k.item, ""), judged) for k in key}
    waiting = tuple(k.item for k in key if is_written(k, answers) and k.item not in judged)
    points = sum(by_item.values(), Fraction(0))
    possible = sum(k.points for k in key)
    critical_failed = any(k.critical and by_item[k.item] < k.points for k in key)
    enough = possible > 0 and 100 * points >= pass_mark * possible
    return Outcome(points, possible, by_item, critical_failed, enough and not critical_failed and not waiting, waiting)


def is_written(item: KeyItem, answers: Mapping[str, str]) -> bool:
    """Whether a person must read the answer to this item."""
    return item.kind == Kind.WRITTEN and bool(answers.get(item.item, "").strip())


def _points(item: KeyItem, value: str, judged: Mapping[str, Fraction]) -> Fraction:
    if item.item in judged or item.kind == Kind.WRITTEN:
        return judged.get(item.item, Fraction(0))
    return item.points * max(questions.share(item.kind, structure, value) for structure in (item.structure, *item.also))
