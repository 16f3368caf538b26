"""Putting a faulty question right: what a correction makes of an item of a frozen paper. Pure.

A correction speaks in the keys of the question's version; each paper has names of its own for the same options. What is
stored with it (`content`) is the part of a structure that changes: `right`, `answer` and `tolerance`, or `accepted`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from lmsapp.exams.marks import KeyItem
from lmsapp.exams.questions import Kind


class Change(StrEnum):
    """What can be done about a question, or about one candidate's points for it."""

    VOID = "void"
    ALSO = "also"
    INSTEAD = "instead"
    PRINTED = "printed"
    POINTS = "points"


CHOICES = (Kind.SINGLE, Kind.TRUE_FALSE, Kind.MULTIPLE)
WITH_ANSWERS = (*CHOICES, Kind.NUMERIC, Kind.SHORT_TEXT)


@dataclass(frozen=True)
class Corrected:
    """A correction as marking needs it."""

    kind: str
    content: Mapping[str, Any]


def names(printed: Mapping[str, Any], structure: Mapping[str, Any]) -> dict[str, str]:
    """The version's keys of options to the names they have on one paper."""
    return dict(zip(printed.get("options", ()), structure.get("options", ()), strict=False))


def chosen(kind: str, printed: Mapping[str, Any], structure: Mapping[str, Any], value: str) -> str:
    """The keys of the options somebody chose on her paper; `-` when she left it out, nothing for other kinds."""
    if not value.strip():
        return "-"
    if kind not in CHOICES:
        return ""
    keys = {name: key for key, name in names(printed, structure).items()}
    return " ".join(sorted(keys[name] for name in value.split(" ") if name in keys))


def applied(item: KeyItem, printed: Mapping[str, Any], changes: Sequence[Corrected]) -> KeyItem | None:
    """The item after all corrections in their order; None when it was taken out."""
    found: KeyItem | None = item
    for change in changes:
        if change.kind == Change.VOID:
            found = None
        elif change.kind == Change.PRINTED:
            found = item
        elif change.kind in (Change.ALSO, Change.INSTEAD):
            other = _structure(item, printed, change.content)
            kept = found or item
            instead = change.kind == Change.INSTEAD
            found = replace(kept, structure=other, also=()) if instead else replace(kept, also=(*kept.also, other))
    return found


def _structure(item: KeyItem, printed: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    own = dict(content)
    if "right" in own:
        named = names(printed, item.structure)
        own["right"] = sorted(named[key] for key in own["right"])
    return {**item.structure, **own}
