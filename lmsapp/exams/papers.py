"""Drawing a paper for one candidate and freezing it. Pure: the same seed and questions give the same paper.

The seed decides which questions are drawn and in which order they and their options stand; nothing about the order, the
length or the names of options depends on which of them is right.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lmsapp.exams.questions import Kind


@dataclass(frozen=True)
class Candidate:
    """A question that may be drawn, with its words in the paper's language."""

    question_id: int
    version: int
    kind: str
    topic: str
    difficulty: int
    critical: bool
    structure: Mapping[str, Any]
    words: Mapping[str, Any]


@dataclass(frozen=True)
class Need:
    """One line of a blueprint: so many questions of a topic (None: any) and difficulty (None: any)."""

    count: int
    topic: str | None = None
    difficulty: int | None = None


def shortages(needs: Sequence[Need], candidates: Sequence[Candidate]) -> list[tuple[Need, int]]:
    """Lines of the blueprint that can't be filled, each with how many questions there are left for it."""
    taken = _assigned(needs, candidates)
    got = Counter(taken.values())
    return [(need, got[place]) for place, need in enumerate(needs) if got[place] < need.count]


def draw(needs: Sequence[Need], candidates: Sequence[Candidate], seed: str) -> list[Candidate]:
    """The questions of one paper, in their order. Raises ValueError when the blueprint can't be filled."""
    chance = random.Random(f"draw:{seed}")  # noqa: S311 - a draw that can be repeated, not a secret
    mixed = sorted(candidates, key=lambda c: c.question_id)
    chance.shuffle(mixed)
    taken = _assigned(needs, mixed)
    if len(taken) < sum(need.count for need in needs):
        raise ValueError(f"only {len(taken)} of {sum(need.count for need in needs)} questions can be drawn")
    chosen = [mixed[place] for place in taken]
    chance.shuffle(chosen)
    return chosen


def _assigned(needs: Sequence[Need], candidates: Sequence[Candidate]) -> dict[int, int]:
    """Candidates' places to the lines they fill: as many as can be, whichever lines overlap (augmenting paths)."""
    taken: dict[int, int] = {}

    def place_one(line: int, seen: set[int]) -> bool:
        for at, candidate in enumerate(candidates):
            if at in seen or not _fits(needs[line], candidate):
                continue
            seen.add(at)
            if at not in taken or place_one(taken[at], seen):
                taken[at] = line
                return True
        return False

    for line, need in enumerate(needs):
        for _ in range(need.count):
            if not place_one(line, set()):
                break
    return taken


def freeze(drawn: Sequence[Candidate], seed: str, language: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The sheet a candidate sees, the key the server keeps, and the digest of the sheet."""
    items, key = [], {}
    for number, question in enumerate(drawn, start=1):
        item = f"q{number}"
        chance = random.Random(f"options:{seed}:{question.question_id}")  # noqa: S311
        order = list(question.structure.get("options", ()))
        if question.kind in (Kind.SINGLE, Kind.MULTIPLE):
            chance.shuffle(order)
        names = {option: f"o{place}" for place, option in enumerate(order, start=1)}
        items.append(
            {
                "item": item,
                "kind": question.kind,
                "points": 1,
                "stem": question.words["stem"],
                "unit": question.words.get("unit"),
                "options": [{"name": names[o], "text": question.words["options"][o]} for o in order],
            }
        )
        structure = dict(question.structure)
        if order:
            structure = {"options": [names[o] for o in order], "right": sorted(names[o] for o in structure["right"])}
        key[item] = {
            "question": question.question_id,
            "version": question.version,
            "kind": question.kind,
            "points": 1,
            "critical": question.critical,
            "topic": question.topic,
            "structure": structure,
            "feedback": question.words.get("feedback"),
        }
    sheet = {"language": language, "items": items}
    return sheet, key, digest(sheet)


def digest(sheet: Mapping[str, Any]) -> str:
    """SHA-256 of a sheet in canonical JSON: printed on papers, compared when they come back."""
    canonical = json.dumps(sheet, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _fits(need: Need, candidate: Candidate) -> bool:
    return need.topic in (None, candidate.topic) and need.difficulty in (None, candidate.difficulty)
