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

from lmsapp.exams import questions
from lmsapp.exams.questions import Kind


@dataclass(frozen=True)
class Candidate:
    """A question that may be drawn, with its words by unit key in the paper's language."""

    question_id: int
    version: int
    kind: str
    topic: str
    difficulty: int
    critical: bool
    structure: Mapping[str, Any]
    words: Mapping[str, Any]
    competence: str | None = None


@dataclass(frozen=True)
class Need:
    """One line of a blueprint: so many questions of a topic, difficulty and competence (None: any)."""

    count: int
    topic: str | None = None
    difficulty: int | None = None
    competence: str | None = None


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


@dataclass(frozen=True)
class Frozen:
    """A paper: the sheet a candidate sees, what her answers can look like, the key the server keeps, the sheet's digest."""

    sheet: dict[str, Any]
    shapes: dict[str, Any]
    key: dict[str, Any]
    digest: str


def freeze(drawn: Sequence[Candidate], seed: str, language: str, *, shuffle: bool = True) -> Frozen:
    """Gives each item its place and each of its options a name that says nothing, in an order that depends on the seed alone."""
    items, shapes, key = [], {}, {}
    for number, question in enumerate(drawn, start=1):
        item = f"q{number}"
        chance = random.Random(f"options:{seed}:{question.question_id}")  # noqa: S311
        names = _Names(question, chance, shuffle=shuffle and question.kind != Kind.TRUE_FALSE)
        structure = names.structure()
        points = questions.points_of(question.kind, question.structure)
        items.append({"item": item, "kind": question.kind, "points": points} | names.sheet())
        shapes[item] = questions.shape(question.kind, structure)
        key[item] = {
            "question": question.question_id,
            "version": question.version,
            "kind": question.kind,
            "points": points,
            "critical": question.critical,
            "topic": question.topic,
            "competence": question.competence,
            "structure": structure,
            "feedback": question.words.get("feedback"),
        }
    sheet = {"language": language, "items": items}
    return Frozen(sheet, shapes, key, digest(sheet))


class _Names:
    """One question with its options named by their places: o1 …, for matching p1 … and c1 …"""

    def __init__(self, question: Candidate, chance: random.Random, *, shuffle: bool) -> None:
        self._question, self._words, self._whole = question, question.words, question.structure
        self._chance = chance
        tells = question.kind in (Kind.ORDERING, Kind.MATCHING)  # whose own order is the answer
        self._lists = {
            name: self._named(self._whole[name], letter, shuffle=shuffle or (tells and name != "prompts"))
            for name, letter in (("options", "o"), ("prompts", "p"), ("choices", "c"))
            if name in self._whole
        }
        self._gaps = {
            name: self._named(gap["options"], "o", shuffle=shuffle)
            for name, gap in self._whole.get("gaps", {}).items()
            if "options" in gap
        }

    def _named(self, keys: Sequence[str], letter: str, *, shuffle: bool) -> dict[str, str]:
        """Keys to names, in the order in which they are shown."""
        order = list(keys)
        if shuffle:
            order.sort()
            self._chance.shuffle(order)
        return {key: f"{letter}{place}" for place, key in enumerate(order, start=1)}

    def sheet(self) -> dict[str, Any]:
        """What the candidate sees, words and all."""
        shown: dict[str, Any] = {
            name: self._words.get(name) for name in ("stem", "unit", "alt") if self._words.get(name)
        }
        shown |= {name: self._whole[name] for name in ("figure", "picture", "columns", "rows") if name in self._whole}
        for name, named in self._lists.items():
            shown[name] = [{"name": n, "text": self._words[f"{name[:-1]}.{key}"]} for key, n in named.items()]
        if self._question.kind == Kind.HOTSPOT:
            shown["marks"] = len(self._whole["hazards"])
        if self._question.kind == Kind.CLOZE:
            shown["gaps"] = {gap: self._gap(gap) for gap in self._whole["gaps"]}
        return shown

    def _gap(self, gap: str) -> list[dict[str, Any]]:
        named = self._gaps.get(gap, {})
        return [{"name": n, "text": self._words[f"gap.{gap}.{key}"]} for key, n in named.items()]

    def structure(self) -> dict[str, Any]:
        """What makes answers right, in the names of the sheet."""
        found = dict(self._whole)
        for name, named in self._lists.items():
            found[name] = [named[key] for key in self._whole[name]]
        if "right" in self._whole:
            found["right"] = sorted(self._lists["options"][key] for key in self._whole["right"])
        if "pairs" in self._whole:
            prompts, choices = self._lists["prompts"], self._lists["choices"]
            found["pairs"] = {prompts[prompt]: choices[choice] for prompt, choice in self._whole["pairs"].items()}
        if self._question.kind == Kind.SHORT_TEXT:
            found["accepted"] = self._accepted("accepted")
        if "gaps" in self._whole:
            found["gaps"] = {gap: self._gap_structure(gap, own) for gap, own in self._whole["gaps"].items()}
        if "rubric" in self._whole:
            found["criteria"] = {key: self._words[f"rubric.{key}"] for key in self._whole["rubric"]}
        return found

    def _gap_structure(self, gap: str, own: Mapping[str, Any]) -> dict[str, Any]:
        named = self._gaps.get(gap)
        if named:
            return {"options": [named[key] for key in own["options"]], "right": [named[key] for key in own["right"]]}
        return dict(own) if "answer" in own else {"accepted": self._accepted(f"accepted.{gap}")}

    def _accepted(self, key: str) -> list[str]:
        """Accepted answers, one a line, in the paper's language and in the source beside it."""
        text = self._words[key]
        lines = [*text["text"].splitlines(), *text.get("source", {}).get("text", "").splitlines()]
        return [line.strip() for line in lines if line.strip()]


def digest(sheet: Mapping[str, Any]) -> str:
    """SHA-256 of a sheet in canonical JSON: printed on papers, compared when they come back."""
    canonical = json.dumps(sheet, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _fits(need: Need, candidate: Candidate) -> bool:
    return (
        need.topic in (None, candidate.topic)
        and need.difficulty in (None, candidate.difficulty)
        and need.competence in (None, candidate.competence)
    )
