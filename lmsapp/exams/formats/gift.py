"""GIFT, the text format of questions (docs.moodle.org, “GIFT format”), read into items."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lmsapp.core.quantities import decimal
from lmsapp.core.translations import N_
from lmsapp.exams.formats import items, words
from lmsapp.exams.formats.items import CRITERION, Choice, Interval, Item, Notes
from lmsapp.exams.questions import Kind

GAP = "_____"
_FORMS = {"html": "html", "markdown": "markdown", "plain": "plain", "moodle": "auto"}
_FORM = re.compile(r"\s*\[(html|markdown|plain|moodle)\]")
_TITLE = re.compile(r"\s*::(.*?)::", re.DOTALL)
_CATEGORY = "$CATEGORY:"
_TAG = re.compile(r"\[(id|tag):([^\]\n]{1,200})\]")
_PERCENT = re.compile(r"\s*%(-?[0-9]{1,3}(?:\.[0-9]{1,8})?)%")
_ANSWER = re.compile(r"([=~])([^=~]*)")
_OPEN_TAG = re.compile(r"<[a-zA-Z][^<>]*$")
_ENDS = (".", "?", "!", ":", "؟", "։", "…", ">", ")", "”", "»")
_TRUTH = {"T": True, "TRUE": True, "F": False, "FALSE": False}
# Escaped signs, so that no sign of the grammar is left in them; the other side of each stands in no text that comes in.
_ESCAPED = {f"\\{sign}": chr(0xFDD0 + place) for place, sign in enumerate("\\:#={}~n")}
_MEANT = str.maketrans({sign: "\n" if escape == "\\n" else escape[1] for escape, sign in _ESCAPED.items()})


@dataclass
class Block:
    """The lines of one question, without comments; what stood in the comments above it."""

    line: int
    category: str
    lines: list[str] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    braces: int = 0

    def add(self, line: str) -> None:
        """One more line; `braces` tells how many wait for their end."""
        self.lines.append(line)
        self.braces += line.count("{") - line.count("}")


def read(text: str, criterion: str = CRITERION) -> list[Item]:
    """The items of a file. `criterion` is what the rubric of a written answer says, in the questions' language."""
    return [
        items.item(number, block.line, block.category, lambda notes, block=block: _read(notes, block, criterion))  # type: ignore[misc]
        for number, block in enumerate(items.limited(_blocks(words.wanted(text))), start=1)
    ]


def _blocks(text: str) -> Iterator[Block]:
    """Blank lines part questions; inside braces only when no answer follows, so that one forgotten brace costs one question."""
    for escape, sign in _ESCAPED.items():
        text = text.replace(escape, sign)
    lines = text.split("\n")
    category = ""
    block = Block(1, category)
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped.startswith("//"):
            block.tags += _TAG.findall(stripped)
        elif stripped.startswith(_CATEGORY):
            if block.lines:
                yield block
            category = stripped.removeprefix(_CATEGORY).strip().translate(_MEANT)
            block = Block(number, category)
        elif stripped:
            block.line = block.line if block.lines else number
            block.add(line)
        elif block.lines and not (block.braces > 0 and _goes_on(lines, number)):
            yield block
            block = Block(number, category)
        elif not block.lines:
            block.tags.clear()
    if block.lines:
        yield block


def _goes_on(lines: Sequence[str], after: int) -> bool:
    """Whether the next line that is not blank is another answer or the end of the answers."""
    following = next((line for line in lines[after : after + 20] if line.strip()), "")
    return following.lstrip().startswith(("=", "~", "}", "#", "%"))


def _read(notes: Notes, block: Block, criterion: str) -> dict[str, Any]:
    body = "\n".join(block.lines).strip()
    title = _TITLE.match(body)
    if title:
        body = body[title.end() :]
    named = words.on_one_line(title[1].translate(_MEANT)) if title else ""
    marked = _FORM.match(body)
    form = _FORMS[marked[1]] if marked else "auto"
    body = body[marked.end() :] if marked else body
    items.stated(notes, "unknown", named, body.partition("{")[0].translate(_MEANT))
    ids = [value for name, value in block.tags if name == "id"]
    if ids and not named:
        notes.title = ids[0]
    if "{" not in body and "}" not in body:
        items.describe(notes)
    head, inner, tail = _parts(notes, body)
    stem, inside = _Text(notes, form).stem(head, tail), _Text(notes, form)
    inner, _sign, general = inner.partition("####")
    entry = {"stem": stem} | _answers(notes, inside, inner, criterion)
    said = entry.pop("said", ([], []))
    entry["feedback"] = items.feedback(notes, inside(general), *said)
    return items.with_marks(entry, items.read_marks(notes, [value for name, value in block.tags if name == "tag"]))


def _parts(notes: Notes, body: str) -> tuple[str, str, str]:
    """What stands before, inside and after the braces."""
    head, _open, rest = body.partition("{")
    inner, closed, tail = rest.partition("}")
    if "}" in head or not closed:
        notes.refuse(N_("A brace has no other end. A brace that is meant as a sign is written \\{ or \\}."))
    if "{" in inner or "{" in tail or "}" in tail:
        notes.refuse(
            N_("There is more than one pair of braces. A brace that is meant as a sign is written \\{ or \\}.")
        )
    return head, inner, tail


@dataclass
class _Text:
    """Texts of one question, each in the question's form unless it says another."""

    notes: Notes
    form: str

    def __call__(self, text: str) -> str:
        marked = _FORM.match(text)
        form = _FORMS[marked[1]] if marked else self.form
        text = (text[marked.end() :] if marked else text).strip()
        # A line's end is only where the file was broken; \n is one that is meant.
        text = text if form == "markdown" else text.replace("\n", " ")
        found = words.read(self.notes, text.translate(_MEANT), form)
        if found.pictures:
            name = found.pictures[0].source[-120:]
            self.notes.refuse(N_("It needs the picture “%(name)s”, which is not in the file."), name=name)
        return found.text()

    def stem(self, head: str, tail: str) -> str:
        """The question; answers in the middle of it leave a gap there."""
        if not any(c.isalnum() for c in tail.translate(_MEANT)):
            rest = tail.strip()
            if head.rstrip().endswith(_ENDS) or not rest:
                if rest not in ("", "."):
                    said = rest.translate(_MEANT)
                    self.notes.changed(N_("What stands after the answers is left out: %(text)s"), text=said)
                return self(head)
        return self(f"{head}{GAP}{tail}")


# ---------- answers ----------


@dataclass(frozen=True)
class _Answer:
    """One answer as it was written."""

    sign: str
    percent: Decimal | None
    text: str
    feedback: str

    @property
    def worth(self) -> Decimal:
        """In percent; = is worth all, ~ nothing, where nothing is said."""
        return self.percent if self.percent is not None else Decimal(100 if self.sign == "=" else 0)


def _answers(notes: Notes, inside: _Text, inner: str, criterion: str) -> dict[str, Any]:
    truth, _sign, said = inner.strip().partition("#")
    if not inner.strip():
        notes.kind = Kind.WRITTEN
        notes.changed(N_("The file says no rubric: it is one criterion for the whole answer."))
        return {"kind": Kind.WRITTEN, "rubric": [{"text": criterion, "points": 1}]}
    if truth.strip().upper() in _TRUTH:
        notes.kind = Kind.TRUE_FALSE
        to_wrong, _hash, to_right = said.partition("#")
        heard = ([inside(to_right)], [inside(to_wrong)])
        return {"kind": Kind.TRUE_FALSE, "answer": _TRUTH[truth.strip().upper()], "said": heard}
    if inner.lstrip().startswith("#"):
        notes.kind = Kind.NUMERIC
        return _numeric(notes, inside, inner.lstrip()[1:])
    found = _split(notes, inner)
    if not found:
        notes.refuse(N_("The answers begin with = or ~."))
    if all("->" in one.text for one in found) and all(one.sign == "=" for one in found):
        notes.kind = Kind.MATCHING
        return _matching(notes, inside, found)
    if any("->" in one.text for one in found if one.sign == "=") and all(one.sign == "=" for one in found):
        notes.kind = Kind.MATCHING
        notes.refuse(N_("A pair is not written as = prompt -> choice."))
    choices = [Choice(words.on_one_line(inside(one.text)), one.worth, inside(one.feedback)) for one in found]
    right = [one.feedback for one in choices if one.percent == 100]
    wrong = [one.feedback for one in choices if one.percent != 100]
    if all(one.sign == "=" for one in found):
        notes.kind = Kind.SHORT_TEXT
        return {"kind": Kind.SHORT_TEXT, "accepted": items.short_text(notes, choices), "said": (right, wrong)}
    worths = [one.percent for one in choices]
    several = all(one.sign == "~" for one in found) and max(worths) > 0 and (max(worths) < 100 or min(worths) < 0)
    notes.kind = Kind.MULTIPLE if several else Kind.SINGLE
    if several:
        right = [one.feedback for one in choices if one.percent > 0]
        wrong = [one.feedback for one in choices if one.percent <= 0]
    return (items.multiple if several else items.single)(notes, choices) | {"said": (right, wrong)}


def _split(notes: Notes, inner: str, *, leading: bool = False) -> list[_Answer]:
    """Answers by their signs; with `leading`, one may stand before the first sign."""
    first = inner[: min((inner.find(sign) for sign in "=~" if sign in inner), default=len(inner))]
    found = [_answer("=", first)] if leading and first.strip() else []
    if first.strip() and not leading:
        notes.refuse(N_("The answers begin with = or ~."))
    found += [_answer(one[1], one[2]) for one in items.few(notes, _ANSWER.finditer(inner))]
    if any(_OPEN_TAG.search(one.text) or _OPEN_TAG.search(one.feedback) for one in found):
        notes.refuse(N_("A = or ~ stands inside a tag. As a sign it is written \\= or \\~."))
    return found


def _answer(sign: str, text: str) -> _Answer:
    percent = _PERCENT.match(text)
    said, _hash, feedback = (text[percent.end() :] if percent else text).partition("#")
    return _Answer(sign, Decimal(percent[1]) if percent else None, said.strip(), feedback)


def _matching(notes: Notes, inside: _Text, found: Sequence[_Answer]) -> dict[str, Any]:
    parts = [one.text.partition("->") for one in found]
    pairs = [(words.on_one_line(inside(prompt)), words.on_one_line(inside(choice))) for prompt, _is, choice in parts]
    if any(one.percent is not None for one in found):
        notes.changed(N_("All pairs count alike here."))
    return items.matching(notes, pairs) | {"said": ([], [inside(one.feedback) for one in found])}


def _numeric(notes: Notes, inside: _Text, inner: str) -> dict[str, Any]:
    found = _split(notes, inner, leading=True)
    intervals: list[Interval] = []
    right: list[str] = []
    wrong: list[str] = []
    for one in found:
        worth = one.worth if one.text else Decimal(0)
        (right if worth == 100 else wrong).append(inside(one.feedback))
        if one.text:
            least, most = _interval(notes, one.text)
            intervals.append(Interval(least, most, worth))
    return {"kind": Kind.NUMERIC} | items.numeric(notes, intervals) | {"said": (right, wrong)}


def _interval(notes: Notes, text: str) -> tuple[Decimal, Decimal]:
    """`3`, `3:2` (tolerance) or `1..5`."""
    least, range_sign, most = text.partition("..")
    if not range_sign:
        middle, _sign, spread = text.translate(_MEANT).partition(":")
        number, tolerance = _number(notes, middle), abs(_number(notes, spread or "0"))
        return number - tolerance, number + tolerance
    ends = sorted((_number(notes, least), _number(notes, most)))
    return ends[0], ends[1]


def _number(notes: Notes, text: str) -> Decimal:
    found = decimal(text)
    if found is None:
        notes.refuse(N_("“%(text)s” is no number."), text=text.strip().translate(_MEANT)[:60])
    return found
