"""Forms in which questions are written, one a kind. Each reads and writes entries; what is typed is kept, whole or not.

Whether a question is whole enough to be asked is not for a form: `lacks` says it of the entry.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from wtforms import BooleanField, Field, RadioField
from wtforms.validators import ValidationError

from lmsapp.core import figures
from lmsapp.core.formatting import number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.quantities import decimal
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.exams import questions
from lmsapp.exams.entries import LETTERS
from lmsapp.exams.questions import GAP, MOST_COLUMNS, MOST_GAPS, MOST_OPTIONS, MOST_POINTS, MOST_ROWS, Kind
from lmsapp.web.forms import Choice, Form, Line, Paragraphs, WholeNumber, tidy

LONGEST_ROW = 2000
SPARE = 2
_KEY = re.compile(r"[a-x]")
_GAP_NAME = re.compile(r"[0-9]{1,2}")

KINDS = {
    Kind.SINGLE: (later("One answer"), later("Several answers, one of them right.")),
    Kind.MULTIPLE: (later("Several answers"), later("Several answers, one or more of them right.")),
    Kind.TRUE_FALSE: (later("True or false"), later("One sentence that is true or false.")),
    Kind.MATCHING: (later("Matching"), later("Things on one side belong to things on the other.")),
    Kind.ORDERING: (later("Putting in order"), later("Steps to be put into their right order.")),
    Kind.NUMERIC: (later("A number"), later("A number, with the difference that is still right.")),
    Kind.SHORT_TEXT: (later("A word or two"), later("A short answer compared with those you accept.")),
    Kind.HOTSPOT: (later("Marking on a drawing"), later("Squares of a drawing to be marked, by finger or keyboard.")),
    Kind.CLOZE: (later("A text with gaps"), later("Gaps to be filled by choosing, typing or a number.")),
    Kind.WRITTEN: (later("A written answer"), later("An answer in one's own words, marked by a person with a rubric.")),
}
DIFFICULTIES = {1: later("easy"), 2: later("medium"), 3: later("hard")}


class Rows(Field):  # type: ignore[misc]
    """Rows of small fields, as many as are needed: `options-1-text`, `options-2-text` … Rows without words are left out.

    `cells` are texts; `flag` is a tick in each row; with `one` the tick is one choice for all rows.
    """

    def __init__(
        self,
        *args: Any,
        cells: Sequence[str] = ("text",),
        flag: str = "",
        one: bool = False,
        most: int = MOST_OPTIONS,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.cells, self.flag, self.one, self.most = tuple(cells), flag, one, most
        self.extra = 0
        ticks = (flag,) if flag and not one else ()
        self.parts = [f"{n}-{cell}" for n in range(1, most + 1) for cell in ("key", *self.cells, *ticks)]
        self.parts += [flag] if one else []

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002
        """Reads the rows that were sent, in their order, else those that were kept."""
        self.process_errors: list[str] = []
        self.data: list[dict[str, Any]] = [dict(row) for row in data or ()]
        if formdata and any(name.startswith(f"{self.name}-") for name in formdata):
            self.data = [row for n in range(1, self.most + 1) if (row := self._row(formdata, n))]
        keys: set[str] = set()
        for row in self.data:
            if row.get("key") in keys:
                del row["key"]
            keys.add(row.get("key", ""))

    def _row(self, formdata: Any, n: int) -> dict[str, Any] | None:
        row: dict[str, Any] = {cell: tidy(formdata.get(f"{self.name}-{n}-{cell}")) for cell in self.cells}
        ticked = (
            formdata.get(f"{self.name}-{self.flag}") == str(n)
            if self.one
            else f"{self.name}-{n}-{self.flag}" in formdata
        )
        if self.flag and ticked:
            row[self.flag] = True
        if not any(row.values()):
            return None
        key = formdata.get(f"{self.name}-{n}-key", "")
        return row | ({"key": key} if _KEY.fullmatch(key) else {})

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Refuses what is too long for a row."""
        for number, row in enumerate(self.data, start=1):
            if any(len(str(row.get(cell, ""))) > LONGEST_ROW for cell in self.cells):
                raise ValidationError(
                    _(
                        "Row %(number)s is longer than %(most)s characters. Shorten it.",
                        number=number_text(number),
                        most=number_text(LONGEST_ROW),
                    )
                )

    def shown(self) -> list[dict[str, Any]]:
        """The rows as a page shows them: those with words, and empty ones to write in."""
        empty = dict.fromkeys(self.cells, "")
        wanted = min(self.most, max(4, len(self.data) + SPARE + self.extra) if self.most > 4 else self.most)
        return [empty | row for row in self.data] + [dict(empty) for _n in range(wanted - len(self.data))]

    def change(self, act: str, at: int) -> None:
        """More rows, one row less, or one row up or down: what the buttons of a page without a script do."""
        place = at - 1
        if act == "more":
            self.extra += SPARE
        elif not 0 <= place < len(self.data):
            return
        elif act == "less":
            del self.data[place]
        elif act in ("up", "down"):
            other = place - 1 if act == "up" else place + 1
            if 0 <= other < len(self.data):
                self.data[place], self.data[other] = self.data[other], self.data[place]


def press(button: str | None, lists: Iterable[Rows]) -> tuple[str, str]:
    """What a button asks for, and of what; where it is about rows (`more:options:0`, `up:items:3`) they change at once."""
    act, _sign, rest = (button or "preview").partition(":")
    name, _sign, at = rest.partition(":")
    for rows in lists:
        if rows.name == name:
            rows.change(act, int(at) if at.isascii() and at.isdigit() and len(at) < 4 else 0)
    return act, rest


class Squares(Field):  # type: ignore[misc]
    """Squares of a drawing's grid, each a tick box."""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002
        """Reads the ticked squares."""
        self.process_errors: list[str] = []
        known = set(questions.squares(MOST_COLUMNS, MOST_ROWS))
        sent = formdata.getlist(self.name) if formdata else list(data or ())
        self.data: list[str] = sorted(set(sent) & known)


class QuestionForm(Form):
    """What every kind of question has."""

    kind: ClassVar[Kind]

    do = Line()
    preview_in = Line()
    language = Choice(later("Written in"))
    stem = Paragraphs(later("Question"))
    feedback = Paragraphs(later("What is true"))
    topic = Choice(later("Topic"))
    difficulty = Choice(later("Difficulty"))
    competence = Line(later("Competence"))
    points = WholeNumber(later("Points"), least=1, most=MOST_POINTS)
    critical = BooleanField(later("Critical: one wrong answer fails the exam"))
    safety = BooleanField(later("Safety text: shown in a language only when two people approved it"))
    figure = Choice(later("Drawing"))
    alt = Paragraphs(later("The drawing in words"))

    def offer(self, topics: Sequence[tuple[str, str]]) -> None:
        """Fills the lists one chooses from."""
        self.topic.choices = [("", ""), *topics]
        self.difficulty.choices = [(str(n), word) for n, word in DIFFICULTIES.items()]
        self.language.choices = [(code, language.name) for code, language in LANGUAGES.items()]
        self.figure.choices = [("", _("none")), *((name, name) for name in figures.names())]

    @classmethod
    def values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        """An entry as this form shows it."""
        plain = ("stem", "feedback", "topic", "competence", "critical", "safety", "figure", "alt")
        found = {"topic": "", "figure": ""} | {name: entry[name] for name in plain if name in entry}
        found |= {"difficulty": str(entry.get("difficulty", 1)), "points": entry.get("points", 1)}
        return found | cls._values(entry)

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {name: entry[name] for name in ("options", "items", "pairs", "rubric") if name in entry}

    def entry(self, base: Mapping[str, Any]) -> dict[str, Any]:
        """What was typed, as an entry. `base` is what it was before: its key, and what no field shows."""
        found: dict[str, Any] = {name: base[name] for name in ("key", "picture") if name in base}
        level = next((n for n in DIFFICULTIES if str(n) == self.difficulty.data), 1)
        found |= {"kind": str(self.kind), "topic": self.topic.data or "", "difficulty": level}
        for name in ("stem", "feedback", "alt", "figure", "competence", "critical", "safety"):
            if self[name].data:
                found[name] = self[name].data
        if self.kind is not Kind.WRITTEN and (self.points.data or 1) != 1:
            found["points"] = self.points.data
        return found | self._entry(base)

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def lists(self) -> Iterator[Rows]:
        """The fields with rows."""
        yield from (field for field in self if isinstance(field, Rows))

    def settle(self) -> None:
        """Brings rows into step with the text they belong to, where a kind has such."""

    def act(self) -> str:
        """What the pressed button asks for; rows and the language of the preview (`look:prs`) change at once."""
        act, rest = press(self.do.data, self.lists())
        if act == "look":
            self.preview_in.data = rest
        return act

    def validate_competence(self, field: Any) -> None:
        """A code of the centre's register of competences."""
        if field.data and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}", field.data):
            raise ValidationError(_("Write the code of a competence: letters, digits, points and hyphens, at most 40."))


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


class SingleForm(QuestionForm):
    """One answer of several."""

    kind = Kind.SINGLE
    options = Rows(later("Answers"), flag="right", one=True)

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"options": self.options.data}


class MultipleForm(QuestionForm):
    """Several answers of several."""

    kind = Kind.MULTIPLE
    options = Rows(later("Answers"), flag="right")
    whole = BooleanField(later("All or nothing: points only when all right answers and no other are chosen"))

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"options": entry.get("options"), "whole": entry.get("whole", False)}

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"options": self.options.data} | ({"whole": True} if self.whole.data else {})


class TrueFalseForm(QuestionForm):
    """A sentence that is true or false."""

    kind = Kind.TRUE_FALSE
    answer = RadioField(later("The sentence is"), validate_choice=False)

    def offer(self, topics: Sequence[tuple[str, str]]) -> None:
        """Fills the lists one chooses from."""
        super().offer(topics)
        self.answer.choices = [("true", _("True")), ("false", _("False"))]

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"answer": {True: "true", False: "false"}.get(entry.get("answer"))}  # type: ignore[arg-type]

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        known = {"true": True, "false": False}
        return {"answer": known[self.answer.data]} if self.answer.data in known else {}


class MatchingForm(QuestionForm):
    """Pairs, and choices that match nothing."""

    kind = Kind.MATCHING
    pairs = Rows(later("Pairs"), cells=("prompt", "choice"))
    choices = Paragraphs(later("Choices that match nothing, one a line"))

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"pairs": entry.get("pairs"), "choices": "\n".join(entry.get("choices") or ())}

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        spare = _lines(self.choices.data)
        return {"pairs": self.pairs.data} | ({"choices": spare} if spare else {})


class OrderingForm(QuestionForm):
    """Things in their right order."""

    kind = Kind.ORDERING
    items = Rows(later("The right order, first to last"))

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"items": self.items.data}


class NumericForm(QuestionForm):
    """A number with its tolerance and unit."""

    kind = Kind.NUMERIC
    answer = Line(later("Right answer"))
    tolerance = Line(later("Tolerance"))
    unit = Line(later("Unit"))

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {name: str(entry.get(name, "")) for name in ("answer", "tolerance", "unit")}

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        unit = {"unit": self.unit.data} if self.unit.data else {}
        return {"answer": _number(self.answer.data), "tolerance": _number(self.tolerance.data) or "0"} | unit


def _number(typed: str | None) -> str:
    """A number in plain Latin digits when it is one; else what was typed, to be put right."""
    found = decimal(typed or "")
    return typed or "" if found is None else f"{found:f}"


class ShortTextForm(QuestionForm):
    """A word or two, compared with those that are accepted."""

    kind = Kind.SHORT_TEXT
    accepted = Paragraphs(later("Accepted answers, one a line"))

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"accepted": "\n".join(map(str, entry.get("accepted") or ()))}

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"accepted": _lines(self.accepted.data)}


class HotspotForm(QuestionForm):
    """Squares of a drawing. Marked squares that touch are one place."""

    kind = Kind.HOTSPOT
    columns = WholeNumber(later("Columns"), least=2, most=MOST_COLUMNS)
    rows = WholeNumber(later("Rows"), least=2, most=MOST_ROWS)
    squares = Squares(later("Right squares"))

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        marked = [square for hazard in entry.get("hazards") or () for square in hazard]
        return {"columns": entry.get("columns", 8), "rows": entry.get("rows", 6), "squares": marked}

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:
        columns, rows = self.columns.data or 8, self.rows.data or 6
        inside = [s for s in questions.squares(columns, rows) if s in self.squares.data]
        before = [list(hazard) for hazard in base.get("hazards") or ()]
        same = sorted(square for hazard in before for square in hazard) == sorted(inside)
        return {"columns": columns, "rows": rows, "hazards": before if same else questions.places(inside)}


class ClozeForm(QuestionForm):
    """A text with gaps; each is chosen from a list, typed, or a number."""

    kind = Kind.CLOZE
    ways: ClassVar = {"typed": later("typed"), "choose": later("chosen from a list"), "number": later("a number")}
    gaps = Rows(later("Gaps"), cells=("name", "way", "right", "wrong"), most=MOST_GAPS)

    @classmethod
    def _values(cls, entry: Mapping[str, Any]) -> dict[str, Any]:
        return {"gaps": [_gap_row(name, gap) for name, gap in (entry.get("gaps") or {}).items()]}

    def settle(self) -> None:
        """A row for every gap of the text and for none twice, in the order of their numbers."""
        in_text = set(GAP.findall(self.stem.data or ""))
        rows = {
            row["name"]: row
            for row in self.gaps.data
            if _GAP_NAME.fullmatch(row["name"]) and (row["name"] in in_text or row["right"] or row["wrong"])
        }
        for name in in_text:
            rows.setdefault(name, {"name": name, "way": "typed", "right": "", "wrong": ""})
        self.gaps.data = [rows[name] for name in sorted(rows, key=lambda n: (len(n), n))][:MOST_GAPS]

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:
        in_text = set(GAP.findall(self.stem.data or ""))
        gaps = {}
        for row in self.gaps.data:
            if row["right"] or row["wrong"] or row["name"] in in_text:
                gap = _gap_of(row, (base.get("gaps") or {}).get(row["name"], {}))
                if gap:
                    gaps[row["name"]] = gap
        return {"gaps": gaps}


def _gap_row(name: str, gap: Mapping[str, Any]) -> dict[str, Any]:
    if "options" in gap:
        right = [one["text"] for one in gap["options"] if one.get("right")]
        wrong = [one["text"] for one in gap["options"] if not one.get("right")]
        return {"name": name, "way": "choose", "right": "\n".join(right), "wrong": "\n".join(wrong)}
    if "answer" in gap:
        return {"name": name, "way": "number", "right": str(gap["answer"]), "wrong": str(gap.get("tolerance", "0"))}
    return {"name": name, "way": "typed", "right": "\n".join(gap.get("accepted") or ()), "wrong": ""}


def _gap_of(row: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any] | None:
    """A gap as it was typed; options keep their keys, and stand in an order that tells nothing of which is right."""
    right, wrong = _lines(row["right"]), _lines(row["wrong"])
    if row["way"] == "number":
        return {"answer": _number(row["right"]), "tolerance": _number(row["wrong"]) or "0"} if right else None
    if row["way"] != "choose":
        return {"accepted": right} if right else None
    if not right and not wrong:
        return None
    keys = {one["text"]: one["key"] for one in before.get("options") or () if "key" in one}
    free = iter([letter for letter in LETTERS if letter not in keys.values()])
    texts = sorted({*right, *wrong})
    return {
        "options": [
            {"text": text, "key": keys.get(text) or next(free)} | ({"right": True} if text in right else {})
            for text in texts[: len(LETTERS) - len(keys)]
        ]
    }


class WrittenForm(QuestionForm):
    """A written answer and the rubric by which a person marks it."""

    kind = Kind.WRITTEN
    points = None  # type: ignore[assignment]  # those of the rubric
    rubric = Rows(later("Rubric"), cells=("text", "points"))

    def _entry(self, base: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        return {"rubric": [row | {"points": _points(row["points"])} for row in self.rubric.data]}


def _points(typed: Any) -> Any:
    """Whole points when a number was typed; 1 when nothing was; else what was typed, to be put right."""
    found = decimal(str(typed))
    return 1 if typed == "" else int(found) if found is not None and found == int(found) else typed


FORMS: dict[Kind, type[QuestionForm]] = {
    form.kind: form
    for form in (
        SingleForm,
        MultipleForm,
        TrueFalseForm,
        MatchingForm,
        OrderingForm,
        NumericForm,
        ShortTextForm,
        HotspotForm,
        ClozeForm,
        WrittenForm,
    )
}
