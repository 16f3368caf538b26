"""What a question says and asks for, part by part, and what differs between two states of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lmsapp.core.translations import N_
from lmsapp.exams.entries import Entry
from lmsapp.exams.questions import Kind

# The parts of a question in the order in which people read them.
PARTS = {
    "kind": N_("Kind"),
    "stem": N_("Question"),
    "figure": N_("Drawing"),
    "picture": N_("Picture"),
    "alt": N_("The drawing in words"),
    "options": N_("Answers"),
    "whole": N_("All or nothing"),
    "answer": N_("Right answer"),
    "tolerance": N_("Tolerance"),
    "unit": N_("Unit"),
    "accepted": N_("Accepted answers"),
    "pairs": N_("Pairs"),
    "choices": N_("Choices that match nothing"),
    "items": N_("Right order"),
    "grid": N_("Grid"),
    "hazards": N_("Places to be marked"),
    "gaps": N_("Gaps"),
    "rubric": N_("Rubric"),
    "feedback": N_("What is true"),
    "topic": N_("Topic"),
    "difficulty": N_("Difficulty"),
    "competence": N_("Competence"),
    "points": N_("Points"),
    "critical": N_("Critical"),
    "safety": N_("Safety text"),
}
RIGHT, WRONG = "✓", "✗"


@dataclass(frozen=True)
class Change:
    """A part of a question before and after; empty where it was not there."""

    part: str
    before: str
    after: str


def between(before: Entry | None, after: Entry) -> list[Change]:
    """The parts in which two states of a question differ."""
    old, new = (readable(one) if one else {} for one in (before, after))
    return [
        Change(part, old.get(part, ""), new.get(part, "")) for part in PARTS if old.get(part, "") != new.get(part, "")
    ]


def readable(entry: Entry) -> dict[str, str]:
    """Every part of a question as text, one thing a line."""
    plain = {part: _plain(entry.get(part)) for part in PARTS if not isinstance(entry.get(part), (list, dict))}
    found = {"points": "1", "difficulty": "1"} | {part: text for part, text in plain.items() if text}
    if entry.get("kind") == Kind.WRITTEN:
        found.pop("points")
    if entry.get("kind") == Kind.HOTSPOT:
        found["grid"] = f"{entry.get('columns', '')} × {entry.get('rows', '')}"
        found["hazards"] = "\n".join(" ".join(hazard) for hazard in entry.get("hazards") or ())
    if entry.get("options"):
        found["options"] = _options(entry["options"])
    if entry.get("pairs"):
        found["pairs"] = "\n".join(f"{pair['prompt']} = {pair['choice']}" for pair in entry["pairs"])
    if entry.get("gaps"):
        found["gaps"] = "\n".join(f"[[{name}]]\n{_gap(gap)}" for name, gap in entry["gaps"].items())
    if entry.get("rubric"):
        found["rubric"] = "\n".join(f"{one['text']}: {one['points']}" for one in entry["rubric"])
    for part in ("items", "accepted", "choices"):
        if entry.get(part):
            found[part] = "\n".join(_text(one) for one in entry[part])
    return {part: found[part] for part in PARTS if part in found}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return RIGHT if value else WRONG
    return "" if value is None else str(value)


def _text(one: Any) -> str:
    return str(one["text"] if isinstance(one, Mapping) else one)


def _options(options: list[Mapping[str, Any]]) -> str:
    return "\n".join(f"{RIGHT if one.get('right') else WRONG} {one['text']}" for one in options)


def _gap(gap: Mapping[str, Any]) -> str:
    if "options" in gap:
        return _options(gap["options"])
    if "answer" in gap:
        return f"{gap['answer']} ± {gap.get('tolerance', '0')}"
    return "\n".join(gap.get("accepted") or ())
