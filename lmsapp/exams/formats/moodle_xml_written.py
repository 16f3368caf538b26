"""Entries as Moodle XML. What Moodle has no element for stands in tags of ours; what it can't hold is left out and said."""

import base64
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from lmsapp.core.translations import N_
from lmsapp.core.xml import Element, etree
from lmsapp.exams.entries import Entry
from lmsapp.exams.formats import embedded, items, pictures, words
from lmsapp.exams.formats.items import Item, Notes
from lmsapp.exams.formats.moodle_xml import RUBRIC
from lmsapp.exams.questions import Kind

Load = Callable[[str], bytes]
_TYPES = {
    Kind.SINGLE: "multichoice",
    Kind.MULTIPLE: "multichoice",
    Kind.TRUE_FALSE: "truefalse",
    Kind.MATCHING: "matching",
    Kind.ORDERING: "ordering",
    Kind.NUMERIC: "numerical",
    Kind.SHORT_TEXT: "shortanswer",
    Kind.CLOZE: "cloze",
    Kind.WRITTEN: "essay",
}


def write(bank: str, entries: Sequence[Entry], load: Load) -> tuple[bytes, list[Item]]:
    """The file, and what became of each entry. `load` gives the octets of a stored picture."""
    root = etree().Element("quiz")
    found, topic = [], ""
    for number, entry in enumerate(entries, start=1):
        one, element = items.written(number, entry, lambda notes, entry: _question(notes, entry, load))
        found.append(one)
        if element is not None and entry["topic"] != topic:
            topic = entry["topic"]
            category = etree().SubElement(etree().SubElement(root, "question", type="category"), "category")
            _plain(category, "text", f"$course$/top/{bank}/{topic}")
        if element is not None:
            root.append(element)
    etree().indent(root)
    return etree().tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n", found


def _question(notes: Notes, entry: Entry, load: Load) -> Element:
    kind = entry["kind"]
    if kind not in _TYPES:
        notes.refuse(N_("The format has no questions of the kind “%(kind)s”."), kind=kind)
    if entry.get("figure"):
        notes.refuse(N_("It needs one of our drawings, which the format can't hold."))
    question: Element = etree().Element("question", type="multichoiceset" if entry.get("whole") else _TYPES[kind])
    _plain(etree().SubElement(question, "name"), "text", entry["key"])
    _stem(question, entry, load)
    _text(question, "generalfeedback", entry.get("feedback", ""))
    rubric = sum(one["points"] for one in entry.get("rubric", ()))
    _plain(question, "defaultgrade", str(rubric or entry.get("points", 1)))
    _plain(question, "idnumber", entry["key"])
    _WRITERS[kind](question, entry)
    tags = etree().SubElement(question, "tags")
    for tag in [*items.marked_by(entry), *([RUBRIC] if rubric else [])]:
        _plain(etree().SubElement(tags, "tag"), "text", tag)
    return question


def _stem(question: Element, entry: Entry, load: Load) -> None:
    markup = words.to_html(entry["stem"])
    if entry["kind"] == Kind.CLOZE:
        markup = embedded.write(markup, entry["gaps"])
    picture = entry.get("picture")
    stem = etree().SubElement(question, "questiontext", format="html")
    if picture:
        name = f"picture.{pictures.TYPES[picture['type']]}"
        shown = etree().Element("img", src=f"@@PLUGINFILE@@/{name}", alt=str(entry["alt"]))
        markup += "<br>" + etree().tostring(shown, encoding="unicode")
        _plain(stem, "text", markup)
        file = etree().SubElement(stem, "file", name=name, path="/", encoding="base64")
        file.text = base64.b64encode(load(picture["digest"])).decode()
    else:
        _plain(stem, "text", markup)


def _plain(parent: Element, name: str, text: str) -> Element:
    element: Element = etree().SubElement(parent, name)
    element.text = text
    return element


def _text(parent: Element, name: str, text: str, **attributes: str) -> Element:
    element: Element = etree().SubElement(parent, name, {"format": "html", **attributes})
    _plain(element, "text", words.to_html(text))
    return element


def _options(question: Element, entry: Entry) -> None:
    right = sum(bool(one.get("right")) for one in entry["options"])
    share = items.plain(round(Decimal(100) / max(1, right), 5))
    several = entry["kind"] == Kind.MULTIPLE
    if not entry.get("whole"):
        _plain(question, "single", "false" if several else "true")
    _plain(question, "shuffleanswers", "true")
    for one in entry["options"]:
        worth = share if one.get("right") else f"-{share}" if several and not entry.get("whole") else "0"
        _text(question, "answer", one["text"], fraction=worth)


def _true_false(question: Element, entry: Entry) -> None:
    for truth in (True, False):
        answer = etree().SubElement(question, "answer", fraction="100" if entry["answer"] is truth else "0")
        _plain(answer, "text", "true" if truth else "false")


def _pairs(question: Element, entry: Entry) -> None:
    _plain(question, "shuffleanswers", "true")
    pairs = [(one["prompt"], one["choice"]) for one in entry["pairs"]]
    for prompt, choice in [*pairs, *(("", items.said(one)) for one in entry.get("choices", ()))]:
        part = _text(question, "subquestion", prompt)
        _plain(etree().SubElement(part, "answer", format="html"), "text", words.to_html(choice))


def _things(question: Element, entry: Entry) -> None:
    for name, value in (("layouttype", "VERTICAL"), ("selecttype", "ALL"), ("gradingtype", "ABSOLUTE_POSITION")):
        _plain(question, name, value)
    for place, one in enumerate(entry["items"], start=1):
        _text(question, "answer", items.said(one), fraction=str(place))


def _number(question: Element, entry: Entry) -> None:
    answer = etree().SubElement(question, "answer", fraction="100")
    _plain(answer, "text", str(entry["answer"]))
    _plain(answer, "tolerance", str(entry.get("tolerance", "0")))
    if entry.get("unit"):
        unit = etree().SubElement(etree().SubElement(question, "units"), "unit")
        _plain(unit, "multiplier", "1")
        _plain(unit, "unit_name", entry["unit"])


def _accepted(question: Element, entry: Entry) -> None:
    _plain(question, "usecase", "0")
    for text in entry["accepted"]:
        answer = etree().SubElement(question, "answer", fraction="100", format="plain_text")
        _plain(answer, "text", str(text).replace("*", "\\*"))


def _rubric(question: Element, entry: Entry) -> None:
    _plain(question, "responseformat", "editor")
    _text(question, "graderinfo", "\n".join(f"({one['points']}) {one['text']}" for one in entry["rubric"]))


_WRITERS: Mapping[str, Callable[[Element, Any], None]] = {
    Kind.SINGLE: _options,
    Kind.MULTIPLE: _options,
    Kind.TRUE_FALSE: _true_false,
    Kind.MATCHING: _pairs,
    Kind.ORDERING: _things,
    Kind.NUMERIC: _number,
    Kind.SHORT_TEXT: _accepted,
    Kind.CLOZE: lambda _question, _entry: None,
    Kind.WRITTEN: _rubric,
}
