"""Entries as GIFT. What GIFT has no words for stands in tags of ours; what it can't hold at all is left out and said."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from lmsapp.core.translations import N_
from lmsapp.exams.entries import Entry
from lmsapp.exams.formats import items, words
from lmsapp.exams.formats.items import Item, Notes
from lmsapp.exams.questions import Kind

_SIGNS = re.compile(r"([\\:#={}~])")
_FORM = re.compile(r"\s*\[(html|markdown|plain|moodle)\]")
_UNHELD = (Kind.ORDERING, Kind.HOTSPOT, Kind.CLOZE)


def write(bank: str, entries: Sequence[Entry]) -> tuple[str, list[Item]]:
    """The text of a file, and what became of each entry."""
    parts, found, topic = [], [], ""
    for number, entry in enumerate(entries, start=1):
        one, text = items.written(number, entry, _block)
        found.append(one)
        if text and entry["topic"] != topic:
            topic = entry["topic"]
            parts.append(f"$CATEGORY: $course$/top/{bank}/{topic}\n")
        parts += [text] if text else []
    return "\n".join(parts), found


def _block(notes: Notes, entry: Entry) -> str:
    kind = entry["kind"]
    if kind in _UNHELD:
        notes.refuse(N_("The format has no questions of the kind “%(kind)s”."), kind=kind)
    if entry.get("figure") or entry.get("picture"):
        notes.refuse(N_("The format holds no pictures."))
    beside = [name for name in ("unit", "whole") if entry.get(name)]
    if beside:
        notes.changed(N_("Only this system reads the tags in which these stand: %(names)s."), names=", ".join(beside))
    said = _Said(html="**" in "".join(items.texts(entry)))
    tags = "".join(f" [tag:{tag}]" for tag in items.marked_by(entry))
    general = f"\n\t####{said(entry['feedback'])}" if entry.get("feedback") else ""
    form = "[html]" if said.html else "[plain]"
    answers = _ANSWERS[kind](notes, said, entry)
    return (
        f"// [id:{entry['key']}]{tags}\n::{said(entry['key'])}::{form}{said(entry['stem'])} {{{answers}{general}\n}}\n"
    )


class _Said:
    """Texts with the signs of the grammar behind a backslash."""

    def __init__(self, *, html: bool) -> None:
        self.html = html

    def __call__(self, text: str) -> str:
        written = words.to_html(text) if self.html else text
        return _SIGNS.sub(r"\\\1", written).replace("\n", "\\n")

    def inside(self, text: str) -> str:
        """A text of its own, whose first letters can't be mistaken for a form or a weight."""
        form = ("[html]" if self.html else "[plain]") if _FORM.match(text) or text.startswith("%") else ""
        return form + self(text)


def _options(_notes: Notes, said: _Said, entry: Entry) -> str:
    """One right option is marked =; several share the points, and each wrong one takes a share away."""
    right = sum(bool(one.get("right")) for one in entry["options"])
    share = items.plain(round(Decimal(100) / max(1, right), 5))
    several = entry["kind"] == Kind.MULTIPLE
    signs = {True: f"~%{share}%" if several else "=", False: f"~%-{share}%" if several else "~"}
    return "".join(f"\n\t{signs[bool(one.get('right'))]}{said.inside(one['text'])}" for one in entry["options"])


def _pairs(notes: Notes, said: _Said, entry: Entry) -> str:
    pairs = [(one["prompt"], one["choice"]) for one in entry["pairs"]]
    pairs += [("", items.said(one)) for one in entry.get("choices", ())]
    if any("->" in text for pair in pairs for text in pair):
        notes.refuse(N_("In this format -> can't stand in a pair."))
    return "".join(f"\n\t={said.inside(prompt)} -> {said.inside(choice)}" for prompt, choice in pairs)


def _number(_notes: Notes, _said: _Said, entry: Entry) -> str:
    return f"#\n\t={entry['answer']}:{entry.get('tolerance', '0')}"


def _accepted(_notes: Notes, said: _Said, entry: Entry) -> str:
    return "".join(f"\n\t={said.inside(str(text).replace('*', chr(92) + '*'))}" for text in entry["accepted"])


def _rubric(notes: Notes, _said: _Said, _entry: Entry) -> str:
    notes.changed(N_("The format holds no rubric: it is left out."))
    return ""


_ANSWERS: Mapping[str, Any] = {
    Kind.SINGLE: _options,
    Kind.MULTIPLE: _options,
    Kind.TRUE_FALSE: lambda _notes, _said, entry: "TRUE" if entry["answer"] else "FALSE",
    Kind.MATCHING: _pairs,
    Kind.NUMERIC: _number,
    Kind.SHORT_TEXT: _accepted,
    Kind.WRITTEN: _rubric,
}
