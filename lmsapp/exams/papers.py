"""Drawing a paper for one candidate and freezing it. Pure: the same seed and questions give the same paper.

The seed decides which questions are drawn and in which order they and their options stand; nothing about the order, the
length or the names of options depends on which of them is right.
"""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from lmsapp.exams import questions
from lmsapp.exams.questions import Kind


class Drawable(Protocol):
    """What a draw looks at."""

    @property
    def question_id(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def difficulty(self) -> int: ...
    @property
    def critical(self) -> bool: ...
    @property
    def competence(self) -> str | None: ...


D = TypeVar("D", bound=Drawable)


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


@dataclass(frozen=True)
class Blueprint:
    """What a paper is drawn from: lines, questions that stand in every paper beside them, how many must be critical."""

    needs: Sequence[Need]
    fixed: Collection[int] = ()
    critical: int = 0

    @property
    def total(self) -> int:
        """How many questions a paper has."""
        return sum(need.count for need in self.needs) + len(self.fixed)


@dataclass(frozen=True)
class Shortage:
    """What can't be filled: a line (told by its place), the fixed questions, or the critical ones; wanted and there."""

    part: str  # "line", "fixed" or "critical"
    wanted: int
    there: int
    line: int = 0


def speaks(candidate: Candidate, language: str) -> bool:
    """Whether a question can be asked in a language: all its texts are to be had in it. Withheld ones are not."""
    return all(text["language"] == language for text in candidate.words.values())


def available(need: Need, candidates: Iterable[Drawable], fixed: Collection[int] = ()) -> int:
    """How many questions could fill a line, whatever other lines take of them."""
    return sum(fits(need, c) and c.question_id not in fixed for c in candidates)


def shortages(blueprint: Blueprint, candidates: Sequence[Drawable]) -> list[Shortage]:
    """Everything of a blueprint that these questions can't fill."""
    ordered = sorted(candidates, key=lambda c: c.question_id)
    fixed = [c for c in ordered if c.question_id in blueprint.fixed]
    taken = _assigned(blueprint, ordered)
    got = Counter(taken.values())
    critical = sum(c.critical for c in fixed) + sum(ordered[at].critical for at in taken)
    found = [
        Shortage("line", need.count, got[line], line)
        for line, need in enumerate(blueprint.needs)
        if got[line] < need.count
    ]
    if len(fixed) < len(blueprint.fixed):
        found.append(Shortage("fixed", len(blueprint.fixed), len(fixed)))
    if critical < blueprint.critical:
        found.append(Shortage("critical", blueprint.critical, critical))
    return found


def draw(blueprint: Blueprint, candidates: Sequence[D], seed: str) -> list[D]:
    """The questions of one paper, in their order. Raises ValueError when the blueprint can't be filled."""
    chance = random.Random(f"draw:{seed}")  # noqa: S311 - a draw that can be repeated, not a secret
    mixed = sorted(candidates, key=lambda c: c.question_id)
    chance.shuffle(mixed)
    chosen = [c for c in mixed if c.question_id in blueprint.fixed]
    chosen += [mixed[at] for at in _assigned(blueprint, mixed)]
    if len(chosen) < blueprint.total or sum(c.critical for c in chosen) < blueprint.critical:
        raise ValueError(f"only {len(chosen)} of {blueprint.total} questions can be drawn")
    chance.shuffle(chosen)
    return chosen


def _assigned(blueprint: Blueprint, candidates: Sequence[Drawable]) -> dict[int, int]:
    """Candidates' places to the lines they fill: as many as can be, whichever lines overlap, critical ones as wanted.

    Candidates come one after the other, and who has a seat keeps some seat. So whoever comes first is in: the critical ones
    that are wanted, then all others as they lie.
    """
    seats = _Seats(blueprint.needs, candidates)
    missing = blueprint.critical - sum(c.critical for c in candidates if c.question_id in blueprint.fixed)
    free = [at for at, c in enumerate(candidates) if c.question_id not in blueprint.fixed]
    for at in free:
        if missing > 0 and candidates[at].critical:
            missing -= seats.take(at, set())
    for at in free:
        if sum(seats.room) and at not in seats.taken:
            seats.take(at, set())
    return seats.taken


class _Seats:
    """The lines of a blueprint with so many seats each. Whoever sits may move to another line to make room (augmenting paths)."""

    def __init__(self, needs: Sequence[Need], candidates: Sequence[Drawable]) -> None:
        self._needs, self._candidates = needs, candidates
        self.room = [need.count for need in needs]
        self.taken: dict[int, int] = {}

    def take(self, at: int, seen: set[int]) -> bool:
        """Seats a candidate, if need be by moving others along lines that were not looked at yet."""
        for line, need in enumerate(self._needs):
            if line in seen or not fits(need, self._candidates[at]):
                continue
            seen.add(line)
            if self.room[line]:
                self.room[line] -= 1
            elif not any(self.take(other, seen) for other, its in list(self.taken.items()) if its == line):
                continue
            self.taken[at] = line
            return True
        return False


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
        """Accepted answers, one a line, in the paper's language and in the source that stands beside it."""
        text = self._words[key]
        beside = (text.get(name, {}).get("text", "") for name in ("source", "parallel"))
        lines = [line for words in (text["text"], *beside) for line in words.splitlines()]
        return [line.strip() for line in lines if line.strip()]


def digest(sheet: Mapping[str, Any]) -> str:
    """SHA-256 of a sheet in canonical JSON: printed on papers, compared when they come back."""
    canonical = json.dumps(sheet, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def fits(need: Need, candidate: Drawable) -> bool:
    """Whether a question could fill a line."""
    return (
        need.topic in (None, candidate.topic)
        and need.difficulty in (None, candidate.difficulty)
        and need.competence in (None, candidate.competence)
    )
