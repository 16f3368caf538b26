"""What a candidate answered and what is true, side by side, in the words of her own paper. Pure.

A text is a text of the paper ({text, language …}) or a plain string that somebody typed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmsapp.exams import questions
from lmsapp.exams.corrections import CHOICES
from lmsapp.exams.marks import KeyItem
from lmsapp.exams.questions import NOTHING, Kind

Text = Any


@dataclass(frozen=True)
class Option:
    """One option of a choice: whether she chose it, whether it is right."""

    text: Text
    chosen: bool
    right: bool


@dataclass(frozen=True)
class Line:
    """One place of an answer: its name (None where there is but one), what stands there, what may stand there."""

    label: Text
    mine: Text
    right: tuple[Text, ...]
    ok: bool


@dataclass(frozen=True)
class Answered:
    """An answer beside the truth: options, or lines, or squares of a drawing."""

    options: list[Option] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    squares: tuple[str, ...] = ()
    places: tuple[tuple[str, ...], ...] = ()


def beside(sheet: Mapping[str, Any], key: KeyItem, value: str) -> Answered:
    """An answer to one item of a sheet beside what the key (after corrections) takes for right."""
    structures = (key.structure, *key.also)
    if key.kind in CHOICES:
        return _options(sheet, structures, value)
    if key.kind == Kind.HOTSPOT:
        return Answered(squares=tuple(value.split()), places=tuple(tuple(p) for p in key.structure["hazards"]))
    if key.kind == Kind.WRITTEN:
        return Answered(lines=[Line(None, value, (), ok=True)])
    makers = {Kind.MATCHING: _pairs, Kind.ORDERING: _order, Kind.CLOZE: _gaps}
    maker = makers.get(Kind(key.kind))
    if maker is not None:
        return Answered(lines=maker(sheet, key.structure, value))
    right = tuple(text for structure in structures for text in _typed(structure))
    return Answered(lines=[Line(None, value, right, ok=any(_right(key.kind, s, value) for s in structures))])


def _right(kind: str, structure: Mapping[str, Any], value: str) -> bool:
    return questions.share(kind, structure, value) == 1


def _options(sheet: Mapping[str, Any], structures: Sequence[Mapping[str, Any]], value: str) -> Answered:
    chosen, right = set(value.split()), {name for structure in structures for name in structure["right"]}
    return Answered([Option(o["text"], o["name"] in chosen, o["name"] in right) for o in sheet["options"]])


def _texts(listed: Sequence[Mapping[str, Any]]) -> dict[str, Text]:
    return {one["name"]: one["text"] for one in listed}


def _pairs(sheet: Mapping[str, Any], structure: Mapping[str, Any], value: str) -> list[Line]:
    given = dict(part.partition("=")[::2] for part in value.split())
    choices = _texts(sheet["choices"])
    return [
        Line(
            prompt["text"],
            choices.get(given.get(prompt["name"], ""), ""),
            (choices[structure["pairs"][prompt["name"]]],),
            ok=given.get(prompt["name"]) == structure["pairs"][prompt["name"]],
        )
        for prompt in sheet["prompts"]
    ]


def _order(sheet: Mapping[str, Any], structure: Mapping[str, Any], value: str) -> list[Line]:
    texts, right = _texts(sheet["options"]), structure["options"]
    given = value.split() or [NOTHING] * len(right)
    return [
        Line(place, texts.get(mine, ""), (texts[true],), ok=mine == true)
        for place, (mine, true) in enumerate(zip(given, right, strict=True), start=1)
    ]


def _gaps(sheet: Mapping[str, Any], structure: Mapping[str, Any], value: str) -> list[Line]:
    given = questions.gaps(value) or {}
    found = []
    for name, gap in structure["gaps"].items():
        texts = _texts(sheet["gaps"].get(name, ()))
        mine = given.get(name, "")
        right = tuple(texts[key] for key in gap["right"]) if "options" in gap else _typed(gap)
        ok = bool(mine) and _right(_kind(gap), gap, mine)
        found.append(Line(int(name), texts.get(mine, mine), right, ok=ok))
    return found


def _kind(gap: Mapping[str, Any]) -> Kind:
    return Kind.SINGLE if "options" in gap else Kind.NUMERIC if "answer" in gap else Kind.SHORT_TEXT


def _typed(structure: Mapping[str, Any]) -> tuple[str, ...]:
    if "answer" not in structure:
        return tuple(dict.fromkeys(structure.get("accepted", ())))
    tolerance = str(structure.get("tolerance", "0"))
    return (f"{structure['answer']} ± {tolerance}" if tolerance.strip("0.") else str(structure["answer"]),)
