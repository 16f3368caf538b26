"""A lesson as it is read: its structure with the words a reader sees, and the checks she answered. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lmsapp.core.quantities import decimal
from lmsapp.translation.messages import Cited
from lmsapp.translation.weights import Notice, Shown


@dataclass(frozen=True)
class Words:
    """One text of a lesson: what is shown, and the message's code when it is a cited one."""

    shown: Shown
    code: str = ""
    undecided: bool = False


@dataclass(frozen=True)
class Option:
    """An answer that can be chosen in a check."""

    name: str
    words: Words
    right: bool


@dataclass
class Node:
    """One part of a lesson: `kind` tells the template what it is."""

    kind: str
    words: list[Words] = field(default_factory=list)
    body: list["Node"] = field(default_factory=list)
    name: str = ""
    alt: str = ""
    number: int = 0
    options: list[Option] = field(default_factory=list)
    feedback: Words | None = None
    unit: str = ""
    answer: str = ""
    tolerance: str = "0"


def read(outline: Sequence[Mapping[str, Any]], words: Mapping[str, Shown], messages: Mapping[str, Cited]) -> list[Node]:
    """The parts of a lesson in order; figures and checks are numbered."""
    reader = _Reader(words, messages)
    return [reader.node(part) for part in outline]


def has_drafts(words: Mapping[str, Shown]) -> bool:
    """Whether something in it awaits native review, so that the page says so once at its head."""
    return any(shown.notice is Notice.DRAFT for shown in words.values())


def answered_right(check: Node, answer: Sequence[str]) -> bool | None:
    """Whether a check was answered rightly; None when nothing was chosen. Checks inside lessons are not marked."""
    given = [part for part in answer if part]
    if not given:
        return None
    if check.answer:
        typed, wanted = decimal(given[0]), decimal(check.answer)
        return typed is not None and wanted is not None and abs(typed - wanted) <= (decimal(check.tolerance) or 0)
    return {option.name for option in check.options if option.right} == set(given)


class _Reader:
    def __init__(self, words: Mapping[str, Shown], messages: Mapping[str, Cited]) -> None:
        self.all, self.messages = words, messages
        self.figures = self.checks = 0

    def one(self, part: Mapping[str, Any] | None) -> Words | None:
        if part is None:
            return None
        if "m" in part:
            cited = self.messages.get(part["m"])
            if cited is None:
                return Words(Shown(part["m"], "en", Notice.MISSING), part["m"], undecided=True)
            return Words(cited.words, cited.code, cited.undecided)
        return Words(self.all.get(part["u"]) or Shown("", "en", Notice.MISSING))

    def some(self, parts: Sequence[Mapping[str, Any]]) -> list[Words]:
        return [found for part in parts if (found := self.one(part)) is not None]

    def node(self, part: Mapping[str, Any]) -> Node:
        kind = part["k"]
        if kind in ("p", "h2", "h3"):
            return Node(kind, self.some([part]))
        if kind in ("ul", "ol"):
            return Node(kind, self.some(part["items"]))
        if kind == "figure":
            self.figures += 1
            alt = self.one(part["alt"])
            return Node(
                kind,
                self.some([part["caption"], *part["labels"]]),
                name=part["name"],
                alt=alt.shown.text if alt else "",
                number=self.figures,
            )
        if kind == "check":
            return self._check(part)
        return Node(kind, body=[self.node(inner) for inner in part["body"]], name=part.get("name", ""))

    def _check(self, part: Mapping[str, Any]) -> Node:
        self.checks += 1
        node = Node(
            "check", self.some(part["stem"]), name=part["kind"], number=self.checks, feedback=self.one(part["feedback"])
        )
        if part["kind"] == "numeric":
            unit = self.one(part.get("unit"))
            node.unit, node.answer, node.tolerance = unit.shown.text if unit else "", part["answer"], part["tolerance"]
        elif part["kind"] in ("true", "false"):
            truth = part["kind"] == "true"
            node.options = [
                Option("true", Words(Shown("", "")), truth),
                Option("false", Words(Shown("", "")), not truth),
            ]
        else:
            node.options = [
                Option(f"o{place}", words, bool(option["right"]))
                for place, option in enumerate(part["options"], start=1)
                if (words := self.one(option)) is not None
            ]
        return node
