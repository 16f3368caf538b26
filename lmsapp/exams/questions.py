"""Kinds of questions: what a well-formed one is, how an answer is read, and what share of its points an answer earns.

Pure rules. A `structure` is what makes answers right: `{"options": ["a", "b"], "right": ["a"]}` or
`{"answer": "8000", "tolerance": "0"}`. An answer's value is text: option keys joined by blanks, or a number.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Any

from lmsapp.core.quantities import decimal


class Kind(StrEnum):
    """The kinds of questions that can be asked."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true-false"
    NUMERIC = "numeric"


MOST_OPTIONS = 12
LONGEST_VALUE = 400


def fault(kind: str, structure: Mapping[str, Any]) -> str | None:
    """What is wrong with a question's structure, in English for authors and importers; None when it is whole."""
    if kind == Kind.NUMERIC:
        answer, tolerance = decimal(str(structure.get("answer", ""))), decimal(str(structure.get("tolerance", "0")))
        if answer is None:
            return "the answer must be a number"
        return "the tolerance must be a number from 0" if tolerance is None or tolerance < 0 else None
    options, right = list(structure.get("options", ())), list(structure.get("right", ()))
    if not 2 <= len(options) <= MOST_OPTIONS:
        return f"there must be 2 to {MOST_OPTIONS} options"
    if len(set(options)) != len(options):
        return "two options have the same key"
    if not set(right) <= set(options):
        return "a right answer is none of the options"
    if kind == Kind.MULTIPLE:
        return None if len(right) >= 1 else "at least one option must be right"
    if kind == Kind.TRUE_FALSE and options != ["true", "false"]:
        return "a true-false question has the options true and false"
    return None if len(right) == 1 else "exactly one option must be right"


def readable(kind: str, value: str, options: Sequence[str]) -> bool:
    """Whether a value could be an answer to such a question (right or wrong); an empty one takes the answer back."""
    if not value:
        return True
    if len(value) > LONGEST_VALUE:
        return False
    if kind == Kind.NUMERIC:
        return True
    chosen = value.split(" ")
    if kind != Kind.MULTIPLE and len(chosen) != 1:
        return False
    return len(set(chosen)) == len(chosen) and set(chosen) <= set(options)


def share(kind: str, structure: Mapping[str, Any], value: str) -> Fraction:
    """The share of its points an answer earns, from 0 to 1, exactly.

    Multiple choice: (right − wrong chosen) ÷ right options, at least 0 (PRODUCT.md 4.4). All others: all or nothing.
    """
    if not value:
        return Fraction(0)
    if kind == Kind.NUMERIC:
        given, wanted = decimal(value), decimal(str(structure["answer"]))
        within = (
            given is not None
            and wanted is not None
            and abs(given - wanted) <= (decimal(str(structure.get("tolerance", "0"))) or 0)
        )
        return Fraction(int(within))
    chosen, right = set(value.split(" ")), set(structure["right"])
    if kind == Kind.MULTIPLE:
        return max(Fraction(0), Fraction(len(chosen & right) - len(chosen - right), len(right)))
    return Fraction(int(chosen == right))
