"""Moodle XML, one `question` element each, read into items. Pictures inside the file are judged by their content."""

import html
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from lmsapp.core import xml
from lmsapp.core.errors import Invalid
from lmsapp.core.quantities import decimal
from lmsapp.core.translations import N_
from lmsapp.core.xml import Element, etree
from lmsapp.exams.formats import embedded, items, pictures, words
from lmsapp.exams.formats.items import CRITERION, Choice, Interval, Item, Notes
from lmsapp.exams.formats.words import Words
from lmsapp.exams.questions import Kind

_FORMS = {"html": "html", "markdown": "markdown", "plain_text": "plain", "moodle_auto_format": "auto"}
_PLUGIN_FILE = "@@PLUGINFILE@@/"
_DATA = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,(.*)", re.DOTALL)
_PLACE = re.compile(r"\[\[\s*([0-9]{1,2})\s*\]\]")
RUBRIC = f"{items.OURS}rubric"
_CRITERION = re.compile(r"\(([0-9]{1,2})\)\s+(.*)")
# Elements that say nothing which an answer depends on; every other one is read below or said to be left out.
_COMMON = frozenset({
    "name", "questiontext", "generalfeedback", "defaultgrade", "penalty", "hidden", "idnumber", "tags", "hint",
    "shuffleanswers", "answernumbering", "shownumcorrect", "showstandardinstruction", "correctfeedback",
    "partiallycorrectfeedback", "incorrectfeedback", "usecase", "single", "answer",
})  # fmt: skip


def read(content: bytes, criterion: str = CRITERION) -> list[Item]:
    """The items of a file; raises Invalid with line and reason when it is no Moodle XML as a whole."""
    root = xml.parse(content)
    name = etree().QName(root).localname
    if name != "quiz":
        said = N_("This is XML, but no Moodle question file: its first element is <%(name)s>, not <quiz>.")
        raise Invalid(said, name=name)
    found = enumerate(items.limited(_questions(root)), start=1)
    return [_item(number, element, category, criterion) for number, (element, category) in found]


def _item(number: int, element: Element, category: str, criterion: str) -> Item:
    line: Any = element.sourceline
    return items.item(number, line or 0, category, lambda notes: _Question(notes, element, criterion).entry())


def _questions(root: Element) -> Iterator[tuple[Element, str]]:
    """Questions with the category they stand in."""
    category = ""
    for element in root.iterchildren("question"):
        if element.get("type") == "category":
            category = words.tidy(words.wanted(element.findtext("category/text") or ""))
        else:
            yield element, category


@dataclass
class _Question:
    """One question element while it is read."""

    notes: Notes
    element: Element
    criterion: str

    def entry(self) -> dict[str, Any]:
        """The entry, whatever its type is."""
        kind = self.element.get("type") or ""
        title = words.on_one_line(words.wanted(self.element.findtext("name/text") or ""))
        raw = words.wanted(self.element.findtext("questiontext/text") or "")
        items.stated(
            self.notes, _KINDS.get(kind, kind or "unknown"), title, _PLACE.sub("___", html.unescape(raw))[:4000]
        )
        if kind == "description":
            items.describe(self.notes)
        reader = _READERS.get(kind)
        if reader is None:
            self.notes.refuse(N_("Questions of the kind “%(kind)s” can't be held."), kind=kind[:60])
        marks = items.read_marks(self.notes, self.tags())
        entry = reader(self)
        self._say_what_is_left(kind)
        right, wrong = entry.pop("said", ([], []))
        entry["feedback"] = items.feedback(
            self.notes, self.side_text("generalfeedback"), right, [*wrong, *self._combined()]
        )
        entry |= self._points(entry)
        return items.with_marks(entry, marks)

    # ---------- texts and pictures ----------

    def words(self, element: Element | None) -> Words:
        """A text element's words."""
        if element is None:
            return Words("")
        form = _FORMS.get(element.get("format", ""), "auto")
        text = words.wanted(element.findtext("text") or "")
        if form == "auto" and words.LOOKS_LIKE_HTML.search(text):
            text = text.replace("\n", "<br>")
        return words.read(self.notes, text, form)

    def text(self, element: Element | None) -> str:
        """One line of text; a picture in it can't be kept and is told by its words."""
        found = self.words(element)
        if found.pictures:
            self.notes.changed(N_("Pictures in answers and feedback are left out; their words stand for them."))
        return words.on_one_line(found.text())

    def side_text(self, name: str) -> str:
        """A text beside the question: its paragraphs stay."""
        found = self.words(self.element.find(name))
        if found.pictures:
            self.notes.changed(N_("Pictures in answers and feedback are left out; their words stand for them."))
        return found.text()

    def stem(self) -> dict[str, Any]:
        """The question's text, and its first picture with the words for those who can't see it."""
        return self.illustrated(self.words(self.element.find("questiontext")))

    def illustrated(self, found: Words) -> dict[str, Any]:
        """A text with the one picture a question can have."""
        if not found.pictures:
            return {"stem": found.text()}
        shown = found.pictures[0]
        self.notes.picture = self._picture(shown.source)
        if len(found.pictures) > 1:
            if not all(one.alt for one in found.pictures[1:]):
                self.notes.refuse(N_("It has several pictures, and one of them has no words that could stand for it."))
            self.notes.changed(N_("Only the first picture is kept; words stand for the others."))
        if not shown.alt:
            self.notes.changed(N_("The picture had no words for those who can't see it; write them."))
        alt = shown.alt or self.notes.title or "…"
        alone = len(found.pictures) == 1
        return {"stem": found.text(without=0 if alone else -1), "picture": self.notes.picture.reference, "alt": alt}

    def _picture(self, source: str) -> pictures.Picture:
        name = unquote(source.removeprefix(_PLUGIN_FILE).partition("?")[0])
        data = _DATA.fullmatch(source)
        file = None if data else self._file(name) if source.startswith(_PLUGIN_FILE) else None
        encoded = data[1] if data else (file.text or "") if file is not None else None
        if encoded is None:
            self.notes.refuse(N_("It needs the picture “%(name)s”, which is not in the file."), name=name[-120:])
        content = pictures.decoded(encoded)
        found = pictures.judged(content) if content else None
        if found is None:
            self.notes.refuse(
                N_(
                    "The picture “%(name)s” is no PNG, JPEG, GIF or WebP of at most %(size)s KB and %(side)s pixels a side."
                ),
                name=(name if not data else "data:")[-120:],
                size=pictures.LARGEST >> 10,
                side=pictures.MOST_PIXELS,
            )
        return found

    def _file(self, name: str) -> Element | None:
        for file in self.element.iterfind("questiontext/file"):
            path = (file.get("path") or "/").lstrip("/")
            if f"{path}{file.get('name')}" == name and file.get("encoding") == "base64":
                return file
        return None

    # ---------- what stands beside ----------

    def tags(self) -> list[str]:
        return [words.on_one_line(words.wanted(one.text or "")) for one in self.element.iterfind("tags/tag/text")]

    def _combined(self) -> Iterable[str]:
        names = ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback")
        return [text for name in names if (text := self.side_text(name))]

    def _points(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The question's points: a whole number from 1 to 20; a written answer has them in its rubric."""
        stated = decimal(self.element.findtext("defaultgrade") or "") or Decimal(entry.pop("weights", 1))
        kept = min(20, max(1, int(stated.to_integral_value())))
        if stated != kept:
            points = items.plain(stated)
            self.notes.changed(N_("Its points are %(kept)s instead of %(points)s."), kept=kept, points=points)
        if entry["kind"] == Kind.WRITTEN:
            if len(entry["rubric"]) == 1:
                entry["rubric"][0]["points"] = kept
            return {}
        return {"points": kept} if kept != 1 else {}

    def _say_what_is_left(self, kind: str) -> None:
        if any((hint.findtext("text") or "").strip() for hint in self.element.iterfind("hint")):
            self.notes.changed(N_("Hints are left out."))
        if (self.element.findtext("hidden") or "").strip() == "1":
            self.notes.changed(N_("It was hidden where it comes from; here it can be drawn."))
        if kind.startswith("multichoice") and self.said("shuffleanswers") in ("0", "false"):
            self.notes.changed(N_("Its options stood in a fixed order; here the exam decides whether they are mixed."))
        unknown = {
            str(child.tag)
            for child in self.element.iterchildren(tag=etree().Element)
            if child.tag not in _COMMON | _OWN.get(kind, frozenset()) and "".join(map(str, child.itertext())).strip()
        }
        if unknown:
            names = ", ".join(sorted(unknown))[:200]
            self.notes.changed(N_("Settings of the file that are unknown here are left out: %(names)s."), names=names)

    def said(self, name: str, default: str = "") -> str:
        """What a plain element says, in small letters."""
        return (self.element.findtext(name) or default).strip().lower()

    def choices(self) -> list[Choice]:
        """Its answers with what they are worth."""
        return [self._choice(one) for one in items.few(self.notes, self.element.iterfind("answer"))]

    def _choice(self, element: Element) -> Choice:
        worth = decimal(element.get("fraction", "0"))
        if worth is None:
            self.notes.refuse(N_("“%(text)s” is no number."), text=element.get("fraction", "")[:60])
        return Choice(self.text(element), worth, self.text(element.find("feedback")))


def _heard(choices: Iterable[Choice], *, whole: bool = True) -> dict[str, Any]:
    """Feedback to right and to wrong answers."""
    found: tuple[list[str], list[str]] = ([], [])
    for one in choices:
        found[0 if (one.percent == 100 if whole else one.percent > 0) else 1].append(one.feedback)
    return {"said": found}


# ---------- the types ----------


def _multichoice(question: _Question) -> dict[str, Any]:
    choices = question.choices()
    if question.said("single", "true") in ("true", "1"):
        question.notes.kind = Kind.SINGLE
        return question.stem() | items.single(question.notes, choices) | _heard(choices)
    return question.stem() | items.multiple(question.notes, choices) | _heard(choices, whole=False)


def _all_or_nothing(question: _Question) -> dict[str, Any]:
    choices = question.choices()
    entry = {"kind": Kind.MULTIPLE, "whole": True}
    entry["options"] = [{"text": one.text} | ({"right": True} if one.percent > 0 else {}) for one in choices]
    return question.stem() | entry | _heard(choices, whole=False)


def _true_false(question: _Question) -> dict[str, Any]:
    choices = question.choices()
    right = [one.text.lower() for one in choices if one.percent == 100]
    if len(right) != 1 or right[0] not in ("true", "false"):
        question.notes.refuse(N_("Exactly one of “true” and “false” must be worth 100."))
    return question.stem() | {"kind": Kind.TRUE_FALSE, "answer": right[0] == "true"} | _heard(choices)


def _short_answer(question: _Question) -> dict[str, Any]:
    choices = question.choices()
    if question.said("usecase") == "1":
        question.notes.changed(N_("Capital and small letters are not told apart here."))
    accepted = items.short_text(question.notes, choices)
    return question.stem() | {"kind": Kind.SHORT_TEXT, "accepted": accepted} | _heard(choices)


def _numerical(question: _Question) -> dict[str, Any]:
    choices = question.choices()
    intervals = []
    for element, one in zip(question.element.iterfind("answer"), choices, strict=True):
        if one.text.strip() == "*":
            continue
        middle, tolerance = decimal(one.text), decimal(element.findtext("tolerance") or "0")
        if middle is None or tolerance is None:
            question.notes.refuse(N_("“%(text)s” is no number."), text=one.text[:60])
        intervals.append(Interval(middle - abs(tolerance), middle + abs(tolerance), one.percent))
    entry = {"kind": Kind.NUMERIC} | items.numeric(question.notes, intervals) | _unit(question)
    return question.stem() | entry | _heard(choices)


def _unit(question: _Question) -> dict[str, str]:
    units = list(question.element.iterfind("units/unit"))
    names = [words.on_one_line(words.wanted(one.findtext("unit_name") or "")) for one in units]
    plain = [n for n, one in zip(names, units, strict=True) if decimal(one.findtext("multiplier") or "1") == 1 and n]
    if len(names) > 1:
        question.notes.changed(N_("Answers are read in one unit: %(unit)s."), unit=(plain or names)[0])
    return {"unit": plain[0]} if plain else {}


def _matching(question: _Question) -> dict[str, Any]:
    parts = items.few(question.notes, question.element.iterfind("subquestion"))
    pairs = [(question.text(one), question.text(one.find("answer"))) for one in parts]
    return question.stem() | items.matching(question.notes, pairs)


def _essay(question: _Question) -> dict[str, Any]:
    info = words.read(question.notes, words.wanted(question.element.findtext("graderinfo/text") or ""), "html").text()
    criteria = [_CRITERION.fullmatch(line) for line in info.split("\n")]
    ours = bool(criteria) and all(criteria) and RUBRIC in question.tags()
    if ours:
        rubric = [{"text": one[2], "points": int(one[1])} for one in criteria if one]
    else:
        question.notes.changed(N_("The file says no rubric: it is one criterion for the whole answer."))
        rubric = [{"text": words.on_one_line(info) or question.criterion, "points": 1}]
    if (question.element.findtext("responsetemplate/text") or "").strip():
        question.notes.changed(N_("The template for the answer is left out."))
    if question.said("attachments") not in ("", "0"):
        question.notes.changed(N_("Files can't be handed in with an answer."))
    if question.said("minwordlimit") or question.said("maxwordlimit"):
        question.notes.changed(N_("The limit of words is left out."))
    return question.stem() | {"kind": Kind.WRITTEN, "rubric": rubric}


def _cloze(question: _Question) -> dict[str, Any]:
    element = question.element.find("questiontext")
    raw = words.wanted((element.findtext("text") if element is not None else "") or "")
    markup, gaps, weights = embedded.read(question.notes, raw)
    form = _FORMS.get((element.get("format", "") if element is not None else ""), "auto")
    stem = question.illustrated(words.read(question.notes, markup, form))
    return stem | {"kind": Kind.CLOZE, "gaps": gaps, "weights": weights}


def _word_places(question: _Question, name: str) -> dict[str, Any]:
    """[[3]] is the place of the third word; the words of its group are its options."""
    offered = [
        (question.text(one), (one.findtext("group") or "1").strip())
        for one in items.few(question.notes, question.element.iterfind(name))
    ]
    found = question.stem()
    numbers = [int(one) for one in _PLACE.findall(found["stem"])]
    items.most_gaps(question.notes, len(numbers))
    if not numbers:
        question.notes.refuse(N_("Its text has no gap."))
    if not all(1 <= number <= len(offered) for number in numbers):
        question.notes.refuse(N_("A gap names a word that is not in the list."))
    gaps = {}
    for place, number in enumerate(numbers, start=1):
        right, group = offered[number - 1]
        same = dict.fromkeys(text for text, own in offered if own == group)
        gaps[str(place)] = {"options": [{"text": text} | ({"right": True} if text == right else {}) for text in same]}
    places = iter(range(1, len(numbers) + 1))
    found["stem"] = _PLACE.sub(lambda _one: f"[[{next(places)}]]", found["stem"])
    return found | {"kind": Kind.CLOZE, "gaps": gaps}


def _select(question: _Question) -> dict[str, Any]:
    return _word_places(question, "selectoption")


def _drag(question: _Question) -> dict[str, Any]:
    question.notes.changed(N_("Words are chosen from lists, and one may be chosen more than once."))
    return _word_places(question, "dragbox")


def _ordering(question: _Question) -> dict[str, Any]:
    things = [question.text(one) for one in items.few(question.notes, question.element.iterfind("answer"))]
    if question.said("selecttype", "all") not in ("all", "0"):
        question.notes.changed(N_("All things are put in order, not only some of them."))
    if question.said("gradingtype", "absolute_position") not in ("absolute_position", "0"):
        question.notes.changed(N_("Each thing in its right place counts."))
    return question.stem() | {"kind": Kind.ORDERING, "items": things}


_READERS: dict[str, Callable[[_Question], dict[str, Any]]] = {
    "multichoice": _multichoice,
    "multichoiceset": _all_or_nothing,
    "truefalse": _true_false,
    "shortanswer": _short_answer,
    "numerical": _numerical,
    "matching": _matching,
    "match": _matching,
    "ddmatch": _matching,
    "essay": _essay,
    "cloze": _cloze,
    "multianswer": _cloze,
    "gapselect": _select,
    "ddwtos": _drag,
    "ordering": _ordering,
}
_KINDS = {
    "multichoice": Kind.MULTIPLE,
    "multichoiceset": Kind.MULTIPLE,
    "truefalse": Kind.TRUE_FALSE,
    "shortanswer": Kind.SHORT_TEXT,
    "numerical": Kind.NUMERIC,
    "matching": Kind.MATCHING,
    "match": Kind.MATCHING,
    "ddmatch": Kind.MATCHING,
    "essay": Kind.WRITTEN,
    "cloze": Kind.CLOZE,
    "multianswer": Kind.CLOZE,
    "gapselect": Kind.CLOZE,
    "ddwtos": Kind.CLOZE,
    "ordering": Kind.ORDERING,
}
_ESSAY = (
    "responseformat responserequired responsefieldlines minwordlimit maxwordlimit attachments attachmentsrequired maxbytes "
    "filetypeslist graderinfo responsetemplate"
)
_OWN = {
    "matching": frozenset({"subquestion"}),
    "match": frozenset({"subquestion"}),
    "ddmatch": frozenset({"subquestion"}),
    "essay": frozenset(_ESSAY.split()),
    "numerical": frozenset({"units", "unitgradingtype", "unitpenalty", "showunits", "unitsleft", "instructions"}),
    "gapselect": frozenset({"selectoption"}),
    "ddwtos": frozenset({"dragbox"}),
    "ordering": frozenset({"layouttype", "selecttype", "selectcount", "gradingtype", "showgrading", "numberingstyle"}),
}
