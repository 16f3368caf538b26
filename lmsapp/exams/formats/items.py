"""What becomes of each question of a file: taken, changed or refused, because."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Any, NoReturn, TypeVar

from lmsapp.core.collation import fold
from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_
from lmsapp.exams import entries, questions
from lmsapp.exams.formats.pictures import Picture
from lmsapp.exams.questions import Kind

MOST_ITEMS = 2_000
MOST_ANSWERS = 100
LONGEST_TITLE = 300
LONGEST_TEXT = 20_000
KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_KEY = 80
_BLOCK = re.compile(r"</?(?:p|br|div|li|tr|td|h[1-6])\b[^<>]{0,2000}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_WILD = re.compile(r"(?<!\\)\*")
# What our own writers put into a file beside what its format knows: how hard, how many points, critical …
OURS = "lmsapp:"
CRITERION = "The whole answer"


class Outcome(StrEnum):
    """What becomes of an item."""

    TAKEN = "taken"
    CHANGED = "changed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Because:
    """One reason: a message for the catalogue and its values; its `str` is English."""

    message: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.values


@dataclass(frozen=True)
class Item:
    """One question or description of a file."""

    number: int
    kind: str
    title: str
    line: int
    outcome: Outcome
    reasons: tuple[Because, ...] = ()
    entry: dict[str, Any] | None = None
    text: str = ""
    category: str = ""
    picture: Picture | None = None

    @property
    def reason(self) -> str:
        """All reasons in English."""
        return " ".join(map(str, self.reasons))

    @property
    def name(self) -> str:
        """What a person recognises the item by: its title, or how its text begins."""
        text = self.title or self.text
        return text if len(text) <= 90 else f"{text[:89]}…"


class Refused(Exception):
    """This item can't be held; carries the reason."""

    def __init__(self, because: Because) -> None:
        super().__init__(str(because))
        self.because = because


class Notes:
    """An item while it is read: what is known of it so far, and what of it is left out."""

    def __init__(self) -> None:
        self.kind = "unknown"
        self.title = ""
        self.text = ""
        self.picture: Picture | None = None
        self.reasons: list[Because] = []

    def changed(self, message: str, **values: Any) -> None:
        """Notes that something of the item is not held as it was, once."""
        if Because(message, values) not in self.reasons:
            self.reasons.append(Because(message, values))

    def refuse(self, message: str, **values: Any) -> NoReturn:
        """Gives the item up."""
        raise Refused(Because(message, values))


T = TypeVar("T")


def limited(found: Iterable[T]) -> Iterator[T]:
    """The same things, unless there are more than a file may hold."""
    for place, thing in enumerate(found):
        if place == MOST_ITEMS:
            raise Invalid(N_("The file holds more than %(most)s questions. Divide it."), most=MOST_ITEMS)
        yield thing


def item(number: int, line: int, category: str, read: Callable[[Notes], dict[str, Any]]) -> Item:
    """Reads one item; what it lacks or holds too much of becomes its reason."""
    notes = Notes()
    try:
        entry = _without_nothing(read(notes))
        _check(entry, notes)
    except Refused as problem:
        found = Item(number, notes.kind, notes.title, line, Outcome.REFUSED, (problem.because,))
        return replace(found, text=notes.text, category=category)
    outcome = Outcome.CHANGED if notes.reasons else Outcome.TAKEN
    found = Item(number, notes.kind, notes.title, line, outcome, tuple(notes.reasons), entry)
    return replace(found, text=notes.text, category=category, picture=notes.picture)


def _without_nothing(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value not in (None, "", [])}


def _check(entry: dict[str, Any], notes: Notes) -> None:
    wrong = entries.fault(entry)
    if wrong:
        notes.refuse(N_("It can't be held: %(reason)s."), reason=wrong)
    if len(notes.title) > LONGEST_TITLE or max(map(len, entries.units(entry).values())) > LONGEST_TEXT:
        notes.refuse(
            N_("A title is longer than %(title)s characters or a text longer than %(text)s."),
            title=LONGEST_TITLE,
            text=LONGEST_TEXT,
        )


# ---------- what all formats share ----------


def stated(notes: Notes, kind: str, title: str, text: str) -> None:
    """What is known of an item before it is read to its end."""
    notes.kind, notes.title, notes.text = kind, title, " ".join(_TAG.sub("", _BLOCK.sub(" ", text)).split())


def describe(notes: Notes) -> NoReturn:
    """A description asks nothing: it is said, not kept."""
    notes.kind = "description"
    notes.refuse(N_("It asks nothing: descriptions are not kept. Write what it says into the questions it belongs to."))


def feedback(notes: Notes, general: str, right: Iterable[str] = (), wrong: Iterable[str] = ()) -> str:
    """The one feedback a question has here: the general one, else that to its right answer."""
    to_right = list(dict.fromkeys(text for text in right if text))
    if any(wrong) or (general and to_right):
        notes.changed(N_("Feedback that depends on the answer is left out."))
    if general or not to_right:
        return general
    notes.changed(N_("The feedback to the right answer is shown with every answer."))
    return "\n".join(to_right)


def few(notes: Notes, answers: Iterable[T]) -> list[T]:
    """The same answers, unless there are more than any question has."""
    found = list(islice(answers, MOST_ANSWERS + 1))
    if len(found) > MOST_ANSWERS:
        notes.refuse(N_("It has more than %(most)s answers."), most=MOST_ANSWERS)
    return found


@dataclass(frozen=True)
class Choice:
    """One answer of a file: its text, what it is worth in percent, its feedback."""

    text: str
    percent: Decimal
    feedback: str = ""


def single(notes: Notes, choices: Sequence[Choice]) -> dict[str, Any]:
    """A single choice: the option worth all is right; what others are worth in part is left out."""
    right = [one for one in choices if one.percent == 100]
    if len(right) > 1:
        notes.refuse(N_("More than one option is fully right, but only one may be chosen."))
    if not right:
        notes.refuse(N_("No option is fully right."))
    _leave_parts_out(notes, choices)
    return {"kind": Kind.SINGLE, "options": _options(choices, right)}


def multiple(notes: Notes, choices: Sequence[Choice]) -> dict[str, Any]:
    """A multiple choice: options worth something are right, and each counts alike; each wrong one takes as much away."""
    right = [one for one in choices if one.percent > 0]
    if not right:
        notes.refuse(N_("No option is right."))
    each = Decimal(100) / len(right)
    alike = all(abs(abs(one.percent) - each) < 1 for one in choices)
    if not alike:
        notes.changed(N_("Options count alike here: each right one adds its share, each wrong one takes as much away."))
    return {"kind": Kind.MULTIPLE, "options": _options(choices, right)}


def _options(choices: Sequence[Choice], right: Sequence[Choice]) -> list[dict[str, Any]]:
    return [{"text": one.text} | ({"right": True} if one in right else {}) for one in choices]


def _leave_parts_out(notes: Notes, choices: Sequence[Choice]) -> None:
    parts = [one for one in choices if one.percent not in (0, 100)]
    if parts:
        answers = ", ".join(f"“{one.text}” ({one.percent.normalize():f})" for one in parts)
        said = N_("Answers worth a part of the points (in percent) count as wrong here: %(answers)s.")
        notes.changed(said, answers=answers)


def short_text(notes: Notes, choices: Sequence[Choice]) -> list[str]:
    """Accepted answers: those worth all. A `*` for any text can't be held; one worth nothing only catches the rest."""
    wild = [one for one in choices if _WILD.search(one.text) and one.percent > 0]
    if wild:
        answers = ", ".join(f"“{one.text}”" for one in wild)
        notes.changed(N_("Answers with * for any text are left out: %(answers)s."), answers=answers)
    plain = [one for one in choices if one not in wild]
    _leave_parts_out(notes, [one for one in plain if one.percent])
    accepted = list(
        dict.fromkeys(" ".join(one.text.replace("\\*", "*").split()) for one in plain if one.percent == 100)
    )
    if not accepted:
        notes.refuse(N_("No answer is fully right."))
    return accepted


@dataclass(frozen=True)
class Interval:
    """Numbers from least to most that are worth so much."""

    least: Decimal
    most: Decimal
    percent: Decimal


def numeric(notes: Notes, intervals: Sequence[Interval]) -> dict[str, str]:
    """A number with its tolerance that holds exactly the numbers worth all points."""
    right = sorted((one for one in intervals if one.percent == 100), key=lambda one: one.least)
    if not right:
        notes.refuse(N_("No answer is fully right."))
    _leave_parts_out(notes, [Choice(_span(one), one.percent) for one in intervals if one.percent])
    least, most = right[0].least, right[0].most
    for one in right[1:]:
        if one.least > most:
            notes.refuse(N_("Several numbers apart from each other are right; here it can be one, with a tolerance."))
        most = max(most, one.most)
    middle = (least + most) / 2
    tolerance = middle - least
    if middle + tolerance != most or middle - tolerance != least:
        notes.refuse(N_("The numbers have too many digits."))
    return {"answer": plain(middle), "tolerance": plain(tolerance)}


def _span(one: Interval) -> str:
    return plain(one.least) if one.least == one.most else f"{plain(one.least)}–{plain(one.most)}"


def plain(number: Decimal) -> str:
    """A number as people write it."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def matching(notes: Notes, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Pairs; an empty prompt's choice matches nothing."""
    spare = [choice for prompt, choice in pairs if not prompt]
    whole = [{"prompt": prompt, "choice": choice} for prompt, choice in pairs if prompt]
    if any(not choice for _prompt, choice in pairs):
        notes.refuse(N_("A prompt has nothing that matches it."))
    return {"kind": Kind.MATCHING, "pairs": whole, "choices": spare}


def marked_by(entry: Mapping[str, Any]) -> list[str]:
    """What our writers say of a question in words of their own: difficulty, points, whether it is critical …"""
    found = [f"{OURS}difficulty={entry.get('difficulty', 1)}", f"{OURS}points={entry.get('points', 1)}"]
    found += [f"{OURS}{name}" for name in ("critical", "safety", "whole") if entry.get(name)]
    return found + [f"{OURS}{name}={entry[name]}" for name in ("competence", "unit") if entry.get(name)]


def read_marks(notes: Notes, tags: Iterable[str]) -> dict[str, Any]:
    """Those words read again; other programs' tags are left out."""
    found: dict[str, Any] = {}
    others = [tag for tag in tags if not tag.startswith(OURS)]
    for tag in tags:
        name, _is, value = tag.removeprefix(OURS).partition("=")
        if tag in others:
            continue
        if name in ("difficulty", "points") and value.isascii() and value.isdigit() and len(value) < 4:
            found[name] = int(value)
        elif name in ("critical", "safety", "whole"):
            found[name] = True
        elif name in ("competence", "unit"):
            found[name] = value[:40]
    if others:
        notes.changed(N_("Tags are left out: %(tags)s."), tags=", ".join(others)[:200])
    return found


def with_marks(entry: dict[str, Any], marks: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with what its marks say; the points of a written answer are those of its rubric."""
    fits = {"whole": Kind.MULTIPLE, "unit": Kind.NUMERIC}
    kept = {name: value for name, value in marks.items() if fits.get(name, entry["kind"]) == entry["kind"]}
    if entry["kind"] == Kind.WRITTEN:
        kept.pop("points", None)
    return entry | kept


# ---------- keys ----------


def keyed(items: Sequence[Item]) -> list[tuple[Item, str]]:
    """Items with the keys their questions get: their title where it is one, else title and text, so that the same file again
    gives the same keys and another file's “Question 1” another."""
    seen: dict[str, int] = {}
    found = []
    for one in items:
        if one.entry is None:
            continue
        key = _key(one)
        seen[key] = seen.get(key, 0) + 1
        found.append((one, key if seen[key] == 1 else f"{key}-{seen[key]}"))
    return found


def _key(one: Item) -> str:
    if len(one.title) <= LONGEST_KEY and KEY.fullmatch(one.title):
        return one.title
    words = KEY.findall(fold(unicodedata.normalize("NFKD", one.name).encode("ascii", "ignore").decode()))
    begins = "-".join("-".join(words).split("-")[:6])[:40].strip("-") or "question"
    return f"{begins}-{hashlib.sha256(f'{one.title}|{one.text}'.encode()).hexdigest()[:8]}"


def most_gaps(notes: Notes, count: int) -> None:
    """Refuses more gaps than a question may have, before they are read."""
    if count > questions.MOST_GAPS:
        notes.refuse(N_("It has more than %(most)s gaps."), most=questions.MOST_GAPS)


# ---------- out ----------


def written(number: int, entry: entries.Entry, write: Callable[[Notes, entries.Entry], T]) -> tuple[Item, T | None]:
    """One entry written into a file: what became of it, and what was made of it."""
    notes = Notes()
    stated(notes, entry["kind"], entry["key"], entry["stem"])
    made: T | None = None
    try:
        made = write(notes, entry)
    except Refused as problem:
        notes.reasons = [problem.because]
    outcome = Outcome.REFUSED if made is None else Outcome.CHANGED if notes.reasons else Outcome.TAKEN
    return Item(number, notes.kind, notes.title, 0, outcome, tuple(notes.reasons), text=notes.text), made


def texts(entry: entries.Entry) -> Iterable[str]:
    """All texts of an entry."""
    return entries.units(entry).values()


def said(thing: Any) -> str:
    """The text of a thing in a list, with a key of its own or without."""
    return str(thing["text"] if isinstance(thing, Mapping) else thing)
