"""An answer as the fields of a form, and as the one value that is stored: each made from the other. Pure.

A field is named by the item and, where an answer has parts, a dot and the part: `q1` · `q1.p2` (matching) · `q1.3` (the
third place of an order, a gap). The script of the exam page makes the same values of the same fields.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from lmsapp.exams import questions
from lmsapp.exams.questions import GAP, NOTHING, Kind

Given = Callable[[str], list[str]]
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
CHOSEN = frozenset({Kind.SINGLE, Kind.TRUE_FALSE, Kind.MULTIPLE, Kind.HOTSPOT})


def names(shaped: Mapping[str, Any], item: str) -> list[str]:
    """The fields an item has in a form."""
    parts: dict[str, Any] = {
        Kind.MATCHING: shaped.get("prompts", ()),
        Kind.ORDERING: range(1, len(shaped.get("options", ())) + 1),
        Kind.CLOZE: shaped.get("gaps", ()),
    }
    return [f"{item}.{part}" for part in parts[shaped["kind"]]] if shaped["kind"] in parts else [item]


def value(shaped: Mapping[str, Any], item: str, given: Given) -> str:
    """The value of the answer a form holds; `given` gives what was sent under a field's name."""
    kind, parts = Kind(shaped["kind"]), names(shaped, item)
    if kind in CHOSEN:
        return " ".join(sorted(set(given(item))))
    texts = {part: tidy((given(part) or [""])[0]) for part in parts}
    if kind is Kind.MATCHING:
        return " ".join(f"{part.partition('.')[2]}={texts[part]}" for part in sorted(parts) if texts[part])
    if kind is Kind.ORDERING:
        placed = [texts[part] or NOTHING for part in parts]
        return " ".join(placed) if set(placed) != {NOTHING} else ""
    if kind is Kind.CLOZE:
        return questions.in_gaps({part.partition(".")[2]: text for part, text in texts.items()})
    return texts[item]


def fields(kind: str, value: str) -> dict[str, str]:
    """What stands in each part of an answer, by the part's name; for choices, each chosen name to itself."""
    if not value:
        return {}
    if kind in CHOSEN:
        return {name: name for name in value.split(" ")}
    if kind == Kind.MATCHING:
        return dict(part.partition("=")[::2] for part in value.split(" "))
    if kind == Kind.ORDERING:
        return {str(place): name for place, name in enumerate(value.split(" "), start=1) if name != NOTHING}
    if kind == Kind.CLOZE:
        return questions.gaps(value) or {}
    return {"": value}


def tidy(text: str) -> str:
    """What somebody wrote, as it is stored: NFC, one kind of line end, nothing that can't be stored, trimmed."""
    plain = _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", plain).strip()


def pieces(stem: str) -> list[tuple[str, str]]:
    """A cloze's text cut at its gaps: each piece with the name of the gap that follows it, "" after the last."""
    parts = GAP.split(stem)
    return list(zip(parts[::2], [*parts[1::2], ""], strict=True))


def told(stem: str) -> str:
    """A cloze's text with its gaps as numbered blanks, for the line beside it that has no fields."""
    return GAP.sub(lambda gap: f"({gap[1]}) ____", stem)
