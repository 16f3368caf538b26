"""Kinds of questions: what a well-formed one is, how an answer is read, and what share of its points an answer earns.

Pure rules. A *structure* is what makes answers right, without words; words are units of the question's document, told by key:

    kind        structure                                                     its units beside stem, feedback, alt
    single      {"options": ["a", "b"], "right": ["a"]}                       option.a …
    multiple    the same, {"whole": True} for all or nothing                  option.a …
    true-false  {"options": ["true", "false"], "right": ["true"]}             the interface's own words
    matching    {"prompts": ["a"], "choices": ["a", "b"], "pairs": {"a": "b"}} prompt.a … choice.a …
    ordering    {"options": ["a", "b", "c"]} in their right order             option.a …
    numeric     {"answer": "8000", "tolerance": "0"}                          unit
    short-text  {}                                                            accepted: one accepted answer a line
    hotspot     {"columns": 8, "rows": 6, "hazards": [["C4", "C5"], ["F2"]]}  (its drawing: "figure")
    cloze       {"gaps": {"1": a single's, a numeric's or {}}}                stem holds [[1]]; gap.1.a … or accepted.1
    written     {"rubric": {"a": 3, "b": 2}}                                  rubric.a …

Any structure may have `"figure"` (one of our drawings) or `"picture"` (digest and media type of a stored file), told by the
unit `alt`, and `"points"` (1 when unsaid; a written answer's points are those of its rubric).

An answer's value is text: names of options joined by blanks; `p1=c2 p2=c1` for matching; one name a place for ordering, `-`
where nothing stands; squares of the drawing's grid (`C4 F2`) for a hotspot; a JSON object of gap to text for a cloze; what was
written for the others. Empty takes the answer back.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from fractions import Fraction
from typing import Any

from lmsapp.core.collation import fold
from lmsapp.core.quantities import decimal

Structure = Mapping[str, Any]


class Kind(StrEnum):
    """The kinds of questions that can be asked."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    TRUE_FALSE = "true-false"
    MATCHING = "matching"
    ORDERING = "ordering"
    NUMERIC = "numeric"
    SHORT_TEXT = "short-text"
    HOTSPOT = "hotspot"
    CLOZE = "cloze"
    WRITTEN = "written"


MOST_OPTIONS = 12
MOST_GAPS = 12
MOST_COLUMNS, MOST_ROWS = 12, 12
MOST_POINTS = 20
NOTHING = "-"
LONGEST_SHORT = 400
LONGEST = {Kind.CLOZE: 4000, Kind.WRITTEN: 20_000}
GAP = re.compile(r"\[\[([0-9]{1,2})\]\]")


def points_of(kind: str, structure: Structure) -> int:
    """How many points a question is worth."""
    return sum(structure["rubric"].values()) if kind == Kind.WRITTEN else int(structure.get("points", 1))


def squares(columns: int, rows: int) -> list[str]:
    """The squares of a drawing's grid, row by row: A1, B1 … A2 …"""
    return [f"{chr(ord('A') + column)}{row}" for row in range(1, rows + 1) for column in range(columns)]


def places(marked: Collection[str]) -> list[list[str]]:
    """Marked squares as places: squares that share an edge are one place."""
    left, found = sorted(marked, key=lambda square: (int(square[1:]), square)), []
    while left:
        place = [left.pop(0)]
        for square in place:
            column, row = ord(square[0]), int(square[1:])
            beside = {f"{chr(column + x)}{row + y}" for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))}
            place += [other for other in left if other in beside]
            left = [other for other in left if other not in beside]
        found.append(place)
    return found


# ---------- is it well-formed? ----------


def fault(kind: str, structure: Structure) -> str | None:
    """What is wrong with a question's structure, in English for authors and importers; None when it is whole."""
    points = structure.get("points", 1)
    if not isinstance(points, int) or not 1 <= points <= MOST_POINTS:
        return f"the points must be a whole number from 1 to {MOST_POINTS}"
    return _FAULTS[Kind(kind)](structure)


def _fault_of_choice(structure: Structure) -> str | None:
    options, right = list(structure.get("options", ())), list(structure.get("right", ()))
    if not 2 <= len(options) <= MOST_OPTIONS:
        return f"there must be 2 to {MOST_OPTIONS} options"
    if len(set(options)) != len(options):
        return "two options have the same key"
    return None if set(right) <= set(options) else "a right answer is none of the options"


def _fault_of_single(structure: Structure) -> str | None:
    return _fault_of_choice(structure) or (None if len(structure["right"]) == 1 else "exactly one option must be right")


def _fault_of_multiple(structure: Structure) -> str | None:
    return _fault_of_choice(structure) or (None if structure["right"] else "at least one option must be right")


def _fault_of_true_false(structure: Structure) -> str | None:
    if list(structure.get("options", ())) != ["true", "false"]:
        return "a true-false question has the options true and false"
    return _fault_of_single(structure)


def _fault_of_matching(structure: Structure) -> str | None:
    prompts, choices = structure.get("prompts") or (), structure.get("choices") or ()
    pairs: Mapping[str, str] = structure.get("pairs") or {}
    if not 2 <= len(prompts) <= MOST_OPTIONS or not 2 <= len(choices) <= MOST_OPTIONS:
        return f"there must be 2 to {MOST_OPTIONS} prompts and 2 to {MOST_OPTIONS} choices"
    if set(pairs) != set(prompts) or not set(pairs.values()) <= set(choices):
        return "every prompt must have one of the choices"
    return None


def _fault_of_ordering(structure: Structure) -> str | None:
    options = list(structure.get("options", ()))
    if not 2 <= len(options) <= MOST_OPTIONS or len(set(options)) != len(options):
        return f"there must be 2 to {MOST_OPTIONS} different things to put in order"
    return None


def _fault_of_numeric(structure: Structure) -> str | None:
    answer, tolerance = decimal(str(structure.get("answer", ""))), decimal(str(structure.get("tolerance", "0")))
    if answer is None:
        return "the answer must be a number"
    return "the tolerance must be a number from 0" if tolerance is None or tolerance < 0 else None


def _fault_of_hotspot(structure: Structure) -> str | None:
    columns, rows, hazards = structure.get("columns", 0), structure.get("rows", 0), structure.get("hazards") or ()
    if not 2 <= columns <= MOST_COLUMNS or not 2 <= rows <= MOST_ROWS:
        return f"the grid must have 2 to {MOST_COLUMNS} columns and 2 to {MOST_ROWS} rows"
    if not (structure.get("figure") or structure.get("picture")):
        return "a drawing is needed on which the place is marked"
    marked = [square for hazard in hazards for square in hazard]
    if not hazards or not all(hazards) or not set(marked) <= set(squares(columns, rows)):
        return "every place to be marked must be one or more squares of the grid"
    return "a square belongs to two places" if len(set(marked)) != len(marked) else None


def _fault_of_cloze(structure: Structure) -> str | None:
    gaps = structure.get("gaps") or {}
    if not 1 <= len(gaps) <= MOST_GAPS:
        return f"there must be 1 to {MOST_GAPS} gaps"
    for name, gap in gaps.items():
        wrong = _FAULTS[_gap_kind(gap)](gap)
        if wrong:
            return f"gap {name}: {wrong}"
    return None


def _fault_of_written(structure: Structure) -> str | None:
    rubric = structure.get("rubric") or {}
    if not 1 <= len(rubric) <= MOST_OPTIONS:
        return f"the rubric must have 1 to {MOST_OPTIONS} criteria"
    if any(not isinstance(points, int) or not 1 <= points <= MOST_POINTS for points in rubric.values()):
        return f"every criterion must be worth 1 to {MOST_POINTS} points"
    return None


_FAULTS: dict[Kind, Callable[[Structure], str | None]] = {
    Kind.SINGLE: _fault_of_single,
    Kind.MULTIPLE: _fault_of_multiple,
    Kind.TRUE_FALSE: _fault_of_true_false,
    Kind.MATCHING: _fault_of_matching,
    Kind.ORDERING: _fault_of_ordering,
    Kind.NUMERIC: _fault_of_numeric,
    Kind.SHORT_TEXT: lambda _structure: None,
    Kind.HOTSPOT: _fault_of_hotspot,
    Kind.CLOZE: _fault_of_cloze,
    Kind.WRITTEN: _fault_of_written,
}


def _gap_kind(gap: Structure) -> Kind:
    return Kind.SINGLE if "options" in gap else Kind.NUMERIC if "answer" in gap else Kind.SHORT_TEXT


# ---------- can it be an answer? ----------


def shape(kind: str, structure: Structure) -> dict[str, Any]:
    """What an answer can look like, without a trace of what is right: all that saving needs to know of an item."""
    found: dict[str, Any] = {"kind": kind}
    found |= {name: sorted(structure[name]) for name in ("options", "prompts", "choices") if name in structure}
    if kind == Kind.HOTSPOT:
        found |= {"columns": structure["columns"], "rows": structure["rows"], "marks": len(structure["hazards"])}
    if kind == Kind.CLOZE:
        found["gaps"] = {name: sorted(gap.get("options", ())) for name, gap in structure["gaps"].items()}
    return found


def readable(shaped: Mapping[str, Any], value: str) -> bool:
    """Whether a value could be an answer to an item of such a shape, right or wrong."""
    kind = Kind(shaped["kind"])
    if len(value) > LONGEST.get(kind, LONGEST_SHORT) or "\x00" in value:
        return False
    return not value or kind not in _READABLE or _READABLE[kind](shaped, value)


def _one_of(shaped: Mapping[str, Any], value: str) -> bool:
    return value in shaped["options"]


def _some_of(shaped: Mapping[str, Any], value: str) -> bool:
    chosen = value.split(" ")
    return len(set(chosen)) == len(chosen) and set(chosen) <= set(shaped["options"])


def _pairs_of(shaped: Mapping[str, Any], value: str) -> bool:
    parts = [part.partition("=") for part in value.split(" ")]
    prompts = [prompt for prompt, _is, _choice in parts]
    known = set(prompts) <= set(shaped["prompts"]) and {choice for *_, choice in parts} <= set(shaped["choices"])
    return known and len(set(prompts)) == len(prompts)


def _order_of(shaped: Mapping[str, Any], value: str) -> bool:
    places = value.split(" ")
    named = [name for name in places if name != NOTHING]
    return (
        len(places) == len(shaped["options"]) and len(set(named)) == len(named) and set(named) <= set(shaped["options"])
    )


def _squares_of(shaped: Mapping[str, Any], value: str) -> bool:
    chosen = value.split(" ")
    known = set(chosen) <= set(squares(shaped["columns"], shaped["rows"]))
    return known and len(set(chosen)) == len(chosen) <= shaped["marks"]


def _gaps_of(shaped: Mapping[str, Any], value: str) -> bool:
    given = gaps(value)
    return (
        given is not None
        and set(given) <= set(shaped["gaps"])
        and all(
            len(text) <= LONGEST_SHORT and (not shaped["gaps"][name] or text in ("", *shaped["gaps"][name]))
            for name, text in given.items()
        )
    )


_READABLE: dict[Kind, Callable[[Mapping[str, Any], str], bool]] = {
    Kind.SINGLE: _one_of,
    Kind.TRUE_FALSE: _one_of,
    Kind.MULTIPLE: _some_of,
    Kind.MATCHING: _pairs_of,
    Kind.ORDERING: _order_of,
    Kind.HOTSPOT: _squares_of,
    Kind.CLOZE: _gaps_of,
}


def gaps(value: str) -> dict[str, str] | None:
    """The texts of a cloze answer by gap; None when it is none."""
    try:
        found = json.loads(value) if value else {}
    except (ValueError, RecursionError):
        return None
    whole = isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
    return found if whole else None


def in_gaps(texts: Mapping[str, str]) -> str:
    """A cloze answer's value: canonical JSON of what stands in its gaps; empty when nothing does."""
    kept = {name: text for name, text in sorted(texts.items()) if text}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else ""


# ---------- what is it worth? ----------


def share(kind: str, structure: Structure, value: str) -> Fraction:
    """The share of its points an answer earns, from 0 to 1, exactly. A written answer is for a person to mark.

    Multiple choice and hotspot: (right − wrong chosen) ÷ right, at least 0; matching, ordering and cloze: the share of
    right places; all others: all or nothing (PRODUCT.md 4.4).
    """
    return _SHARES[Kind(kind)](structure, value) if value else Fraction(0)


def _whole(condition: object) -> Fraction:
    return Fraction(int(bool(condition)))


def _share_of_single(structure: Structure, value: str) -> Fraction:
    return _whole([value] == list(structure["right"]))


def _share_of_multiple(structure: Structure, value: str) -> Fraction:
    chosen, right = set(value.split(" ")), set(structure["right"])
    if structure.get("whole"):
        return _whole(chosen == right)
    return max(Fraction(0), Fraction(len(chosen & right) - len(chosen - right), len(right)))


def _share_of_matching(structure: Structure, value: str) -> Fraction:
    pairs = structure["pairs"]
    given = dict(part.partition("=")[::2] for part in value.split(" "))
    return Fraction(sum(given.get(prompt) == choice for prompt, choice in pairs.items()), len(pairs))


def _share_of_ordering(structure: Structure, value: str) -> Fraction:
    right = list(structure["options"])
    return Fraction(sum(a == b for a, b in zip(value.split(" "), right, strict=False)), len(right))


def _share_of_numeric(structure: Structure, value: str) -> Fraction:
    given, wanted = decimal(value), decimal(str(structure["answer"]))
    if given is None or wanted is None:
        return Fraction(0)
    return _whole(abs(given - wanted) <= (decimal(str(structure.get("tolerance", "0"))) or 0))


def _share_of_short_text(structure: Structure, value: str) -> Fraction:
    folded = fold(value)
    return _whole(folded and folded in {fold(text) for text in structure.get("accepted", ())})


def _share_of_hotspot(structure: Structure, value: str) -> Fraction:
    chosen = set(value.split(" "))
    hazards = [set(hazard) for hazard in structure["hazards"]]
    found, wrong = sum(bool(chosen & hazard) for hazard in hazards), len(chosen - set().union(*hazards))
    return max(Fraction(0), Fraction(found - wrong, len(hazards)))


def _share_of_cloze(structure: Structure, value: str) -> Fraction:
    given, wanted = gaps(value) or {}, structure["gaps"]
    parts = (share(_gap_kind(gap), gap, given.get(name, "")) for name, gap in wanted.items())
    return sum(parts, Fraction(0)) / len(wanted)


_SHARES: dict[Kind, Callable[[Structure, str], Fraction]] = {
    Kind.SINGLE: _share_of_single,
    Kind.TRUE_FALSE: _share_of_single,
    Kind.MULTIPLE: _share_of_multiple,
    Kind.MATCHING: _share_of_matching,
    Kind.ORDERING: _share_of_ordering,
    Kind.NUMERIC: _share_of_numeric,
    Kind.SHORT_TEXT: _share_of_short_text,
    Kind.HOTSPOT: _share_of_hotspot,
    Kind.CLOZE: _share_of_cloze,
}
