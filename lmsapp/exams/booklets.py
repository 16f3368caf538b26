"""A frozen paper as it stands on paper: which letter stands for which option, which rows its answer sheet has. Pure.

Everything is read from the sheet the candidate sees, never from the key: the letter of an option is its place, and its place
was drawn by the paper's seed. So a printed letter names one option and every option has one letter, whichever is right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lmsapp.exams.questions import GAP, MOST_OPTIONS, NOTHING, Kind

# Schools of the region count options with the first letters of their alphabet; Dari and Pashto with those of the abjad.
LETTERS: dict[str, tuple[str, ...]] = {
    "latin": tuple("ABCDEFGHIJKL"),
    "georgian": tuple("აბგდევზთიკლმ"),
    "arabic": ("الف", *"بجدهوزحطیکل"),
}


class Fill(StrEnum):
    """How a row of the answer sheet is filled in."""

    ONE = "one"
    SOME = "some"
    PAIRS = "pairs"
    PLACES = "places"
    SQUARES = "squares"
    NUMBER = "number"
    TEXT = "text"
    WRITTEN = "written"


@dataclass(frozen=True)
class Row:
    """One row of the answer sheet: an item, or one gap of a cloze. `names` are what its letters stand for, in their order.

    `prompts` are what is numbered in a matching item; `most` is how many squares of the drawing can be marked.
    """

    field: str
    item: str
    number: int
    fill: Fill
    names: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    gap: str = ""
    columns: int = 0
    rows: int = 0
    most: int = 0

    @property
    def bubbles(self) -> bool:
        """Whether it is filled in by blackening circles."""
        return self.fill in (Fill.ONE, Fill.SOME)


_FILLS = {
    Kind.SINGLE: Fill.ONE,
    Kind.TRUE_FALSE: Fill.ONE,
    Kind.MULTIPLE: Fill.SOME,
    Kind.NUMERIC: Fill.NUMBER,
    Kind.SHORT_TEXT: Fill.TEXT,
    Kind.WRITTEN: Fill.WRITTEN,
}


def letters(script: str, count: int = MOST_OPTIONS) -> tuple[str, ...]:
    """The first letters of a script, as they stand before options."""
    return LETTERS[script][:count]


def rows(sheet: Mapping[str, Any]) -> list[Row]:
    """The rows of a paper's answer sheet, in the paper's order."""
    return [row for number, item in enumerate(sheet["items"], start=1) for row in _rows(number, item)]


def as_printed(found: Sequence[Row]) -> list[Row]:
    """Rows in the order of the answer sheet: first all circles, then what is written in."""
    return sorted(found, key=lambda row: not row.bubbles)


def _rows(number: int, item: Mapping[str, Any]) -> list[Row]:
    name, kind = item["item"], Kind(item["kind"])
    if kind is Kind.CLOZE:
        return [_gap(number, name, gap, options) for gap, options in gaps_in_order(item)]
    if kind is Kind.MATCHING:
        return [Row(name, name, number, Fill.PAIRS, names_of(item["choices"]), prompts=names_of(item["prompts"]))]
    if kind is Kind.ORDERING:
        return [Row(name, name, number, Fill.PLACES, names_of(item["options"]))]
    if kind is Kind.HOTSPOT:
        size = {"columns": item["columns"], "rows": item["rows"], "most": item["marks"]}
        return [Row(name, name, number, Fill.SQUARES, **size)]
    return [Row(name, name, number, _FILLS[kind], names_of(item.get("options", ())))]


def _gap(number: int, item: str, gap: str, options: Sequence[Mapping[str, Any]]) -> Row:
    return Row(f"{item}.{gap}", item, number, Fill.ONE if options else Fill.TEXT, names_of(options), gap=gap)


def names_of(things: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The names of options in the order in which they are printed."""
    return tuple(thing["name"] for thing in things)


def gaps_in_order(item: Mapping[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The gaps of a cloze with their options, as they follow each other in the text."""
    order = {name: place for place, name in enumerate(GAP.findall(item["stem"]["text"]))}
    return sorted(item["gaps"].items(), key=lambda gap: (order.get(gap[0], len(order)), gap[0]))


def pieces(text: str) -> list[tuple[str, str]]:
    """A cloze's text cut at its gaps: words and the gap that follows them (empty after the last words)."""
    parts = GAP.split(text)
    return [(words, gap) for words, gap in zip(parts[::2], [*parts[1::2], ""], strict=True)]


def lettered(row: Row, value: str, own: Sequence[str]) -> str:
    """An answer as it stands on the sheet and is typed: letters for names, `-` where nothing stands."""
    by_name = dict(zip(row.names, own, strict=False)) | {NOTHING: NOTHING}
    if row.fill is Fill.PAIRS:
        given = dict(part.partition("=")[::2] for part in value.split(" "))
        return " ".join(by_name[given.get(prompt, NOTHING)] for prompt in row.prompts)
    if row.names:
        return " ".join(by_name[name] for name in value.split(" "))
    return value


# ---------- words that are not the approved text ----------


def texts(thing: Any) -> list[Mapping[str, Any]]:
    """Every text of a sheet, wherever it stands."""
    if isinstance(thing, Mapping):
        if "text" in thing and "language" in thing:
            return [thing]
        return [text for inner in thing.values() for text in texts(inner)]
    return [text for inner in thing for text in texts(inner)] if isinstance(thing, list) else []


def awaits_review(*things: Any) -> bool:
    """Whether any text of what is printed is not simply the approved translation, so that every page must say so."""
    return any(text.get("notice") for text in texts(list(things)))


# ---------- names on paper ----------


def grouped(code: str) -> str:
    """A paper's code as it is printed, in groups that can be read out."""
    return f"{code[:5]} {code[5:]}"


def code_in(text: str) -> tuple[str, str]:
    """The paper's code in what was typed or scanned, and what its digest begins with when the text says so."""
    code, _sign, digest = text.upper().partition(".")
    return "".join(sign for sign in code if sign.isalnum()), "".join(digest.split()).lower()
