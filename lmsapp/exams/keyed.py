"""What somebody typed from an answer sheet, read back into answers; two readings of one sheet compared. Pure.

A row is typed as it stands on the paper: the letters of the paper's script, or Latin ones by their place (C is the third);
digits of any script. Three signs say what is no answer: `-` the row is blank, `?` nobody can read it, `*` more is marked than
may be. `+` stands for a written answer that is marked from the paper. Nothing here knows what is right, and nothing is
guessed: what can't be read as typed is refused, what is doubtful waits for a person.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lmsapp.core.collation import fold
from lmsapp.core.formatting import latin_digits
from lmsapp.core.quantities import decimal
from lmsapp.exams import questions
from lmsapp.exams.booklets import LETTERS, Fill, Row
from lmsapp.exams.questions import LONGEST, LONGEST_SHORT, NOTHING, Kind

ON_PAPER = "+"


class State(StrEnum):
    """What stands in a row."""

    READ = "read"
    BLANK = "blank"
    UNREADABLE = "unreadable"
    MULTIPLE = "multiple"


@dataclass(frozen=True)
class Reading:
    """One row as somebody read it; the value is an answer's in the sense of `questions`, of a gap its text."""

    state: State
    value: str = ""

    @property
    def doubtful(self) -> bool:
        """Whether it is for a person to say what counts."""
        return self.state in (State.UNREADABLE, State.MULTIPLE)


class Fault(StrEnum):
    """Why a row can't be taken as it was typed."""

    EMPTY = "empty"
    LETTER = "letter"
    ONE = "one"
    TWICE = "twice"
    COUNT = "count"
    NUMBER = "number"
    SQUARE = "square"
    SQUARES = "squares"
    LONG = "long"


class Unread(ValueError):
    """A row that can't be taken as it was typed."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


# The one who keys may have any keyboard: signs and letters that are the same sign or letter to her.
_SIGNS = {
    **dict.fromkeys("-–—−‐", State.BLANK),
    **dict.fromkeys("?؟", State.UNREADABLE),
    **dict.fromkeys("*×٭", State.MULTIPLE),
}
_SAME = str.maketrans("آأإٱيىېۍئكةۀہھە", "ااااییییی" + "کههههه")
_UNSEEN = dict.fromkeys((0x0640, 0x200C, 0x200D, 0x200E, 0x200F))
_LATIN = {"ı": "I", "İ": "I", "i": "I"}
_PARTS = re.compile(r"[\s,،;؛.]+")
_SQUARE = re.compile(r"([^\d\s,،;]+)\s*(\d{1,2})")


def letters_typed(typed: str, script: str) -> list[int | None]:
    """The places of the letters somebody typed, with or without blanks between them; None where she typed `-`."""
    found: list[int | None] = []
    for word in _PARTS.split(typed):
        rest = word
        while rest:
            place, used = _first_letter(rest, script)
            found.append(place)
            rest = rest[used:]
    return found


def _first_letter(text: str, script: str) -> tuple[int | None, int]:
    """The place of the letter a text begins with, and how many characters it is long."""
    if _SIGNS.get(text[0]) is State.BLANK:
        return None, 1
    own = LETTERS[script]
    plain = text.translate(_SAME)
    for place, letter in enumerate(own):
        if len(letter) > 1 and plain.startswith(letter):
            return place, len(letter)
    one = _LATIN.get(text[0], plain[0])
    if 0x1C90 <= ord(one) <= 0x1CBF:  # Georgian capitals
        one = chr(ord(one) - 0x1C90 + 0x10D0)
    for known in (own, LETTERS["latin"]):
        places = [place for place, letter in enumerate(known) if one.upper() == letter or one == letter[0]]
        if places:
            return places[0], 1
    raise Unread(Fault.LETTER)


def read(row: Row, typed: str, script: str) -> Reading:
    """One row as it was typed. Raises Unread, which says what is wrong with it, when it is none of what can stand there."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in typed)
    text = " ".join(unicodedata.normalize("NFC", plain).split())
    bare = text.translate(_UNSEEN)
    if not bare:
        raise Unread(Fault.EMPTY)
    if bare in _SIGNS:
        return Reading(_SIGNS[bare])
    value = _READERS[row.fill](row, text if row.fill in (Fill.TEXT, Fill.WRITTEN) else bare, script)
    return Reading(State.READ if value else State.BLANK, value)


def _named(row: Row, text: str, script: str) -> list[str]:
    """The options of the letters somebody typed, `-` for none."""
    found = []
    for place in letters_typed(text, script):
        if place is not None and place >= len(row.names):
            raise Unread(Fault.LETTER)
        found.append(NOTHING if place is None else row.names[place])
    return found


def _one(row: Row, text: str, script: str) -> str:
    found = _named(row, text, script)
    if len(found) != 1:
        raise Unread(Fault.ONE)
    return found[0]


def _some(row: Row, text: str, script: str) -> str:
    found = _named(row, text, script)
    if NOTHING in found:
        raise Unread(Fault.LETTER)
    if len(set(found)) != len(found):
        raise Unread(Fault.TWICE)
    return " ".join(sorted(found))


def _pairs(row: Row, text: str, script: str) -> str:
    found = _named(row, text, script)
    if len(found) != len(row.prompts):
        raise Unread(Fault.COUNT)
    return " ".join(f"{p}={c}" for p, c in zip(row.prompts, found, strict=True) if c != NOTHING)


def _places(row: Row, text: str, script: str) -> str:
    found = _named(row, text, script)
    if len(found) != len(row.names):
        raise Unread(Fault.COUNT)
    named = [name for name in found if name != NOTHING]
    if len(set(named)) != len(named):
        raise Unread(Fault.TWICE)
    return " ".join(found) if named else ""


def _squares(row: Row, text: str, script: str) -> str:
    plain = latin_digits(text)
    if _PARTS.sub("", _SQUARE.sub("", plain)):
        raise Unread(Fault.SQUARE)
    known = questions.squares(row.columns, row.rows)
    found = [_square(letter, digits, script) for letter, digits in _SQUARE.findall(plain)]
    if not set(found) <= set(known):
        raise Unread(Fault.SQUARE)
    if len(set(found)) != len(found):
        raise Unread(Fault.TWICE)
    if len(found) > row.most:
        raise Unread(Fault.SQUARES)
    return " ".join(sorted(found, key=known.index))


def _square(letter: str, digits: str, script: str) -> str:
    places = letters_typed(letter, script)
    if len(places) != 1 or places[0] is None:
        raise Unread(Fault.SQUARE)
    return f"{LETTERS['latin'][places[0]]}{int(digits)}"


def _number(_row: Row, text: str, _script: str) -> str:
    found = decimal(text)
    if found is None:
        raise Unread(Fault.NUMBER)
    return format(found.normalize(), "f") if found else "0"


def _text(_row: Row, text: str, _script: str) -> str:
    if len(text) > LONGEST_SHORT:
        raise Unread(Fault.LONG)
    return text


def _written(_row: Row, text: str, _script: str) -> str:
    if len(text) > LONGEST[Kind.WRITTEN]:
        raise Unread(Fault.LONG)
    return text


_READERS = {
    Fill.ONE: _one,
    Fill.SOME: _some,
    Fill.PAIRS: _pairs,
    Fill.PLACES: _places,
    Fill.SQUARES: _squares,
    Fill.NUMBER: _number,
    Fill.TEXT: _text,
    Fill.WRITTEN: _written,
}


# ---------- two readings of one sheet ----------


def agree(row: Row, first: Reading, second: Reading) -> bool:
    """Whether two people read the same: written words are the same when marking could not tell them apart."""
    if first.state is not second.state:
        return False
    if row.fill in (Fill.TEXT, Fill.WRITTEN) and first.value != ON_PAPER != second.value:
        return fold(first.value) == fold(second.value) != "" or first.value == second.value
    return first.value == second.value


def to_decide(rows: Sequence[Row], first: Mapping[str, Reading], second: Mapping[str, Reading]) -> list[Row]:
    """The rows a person must decide: where the two readings differ, and where both say that the row is doubtful."""
    return [row for row in rows if not agree(row, first[row.field], second[row.field]) or first[row.field].doubtful]


def answers(rows: Sequence[Row], readings: Mapping[str, Reading]) -> dict[str, str]:
    """The answers of a whole sheet by item, without the empty ones. Every reading must be beyond doubt."""
    found: dict[str, str] = {}
    gaps: dict[str, dict[str, str]] = {}
    for row in rows:
        reading = readings[row.field]
        if reading.doubtful:
            raise ValueError(f"{row.field} is not decided")
        if row.gap:
            gaps.setdefault(row.item, {})[row.gap] = reading.value
        else:
            found[row.item] = reading.value
    found |= {item: questions.in_gaps(texts) for item, texts in gaps.items()}
    return {item: value for item, value in found.items() if value}
