"""Answers embedded in a text, as cloze questions have them: `{1:MULTICHOICE:=right~wrong#why}`."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lmsapp.core import cleaning
from lmsapp.core.quantities import decimal
from lmsapp.core.translations import N_
from lmsapp.exams.formats import items, words
from lmsapp.exams.formats.items import Choice, Interval, Notes

_SINGLE = frozenset({
    "MULTICHOICE", "MULTICHOICE_V", "MULTICHOICE_H", "MULTICHOICE_S", "MULTICHOICE_VS", "MULTICHOICE_HS", "MC",
    "MCV", "MCH", "MCS", "MCVS", "MCHS",
})  # fmt: skip
_SHORT = ("SHORTANSWER", "SA", "MW")
_SHORT_CASED = ("SHORTANSWER_C", "SAC", "MWC")
_NUMERIC = ("NUMERICAL", "NM")
_GAP = re.compile(r"\{([0-9]{0,3}):([A-Z_]{2,20}):((?:[^{}\\]|\\.)*)\}", re.DOTALL)
_BEGINS = re.compile(r"\{[0-9]{0,3}:[A-Z_]{2,20}:")
_PERCENT = re.compile(r"%(-?[0-9]{1,3}(?:\.[0-9]{1,8})?)%")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# A sign behind a backslash, kept out of the way while answers are parted.
_HIDDEN = {"~": "\ufdd0", "#": "\ufdd1", "=": "\ufdd2", "%": "\ufdd3"}
_SHOWN = str.maketrans({hidden: sign for sign, hidden in _HIDDEN.items()})


def read(notes: Notes, markup: str) -> tuple[str, dict[str, dict[str, Any]], int]:
    """The text with [[1]], [[2]] … where answers stood, the gaps, and their weights together."""
    if len(markup) > cleaning.MOST_CHARACTERS:
        notes.refuse(N_("Its text is longer than %(most)s characters."), most=cleaning.MOST_CHARACTERS)
    found = list(_GAP.finditer(markup))
    if len(_BEGINS.findall(markup)) > len(found):
        notes.refuse(N_("Its text has a gap that can't be read."))
    items.most_gaps(notes, len(found))
    if not found:
        notes.refuse(N_("Its text has no gap."))
    weights = [int(one[1] or 1) for one in found]
    if len(set(weights)) > 1:
        notes.changed(N_("All gaps count alike here."))
    gaps = {str(place): _gap(notes, one[2], one[3]) for place, one in enumerate(found, start=1)}
    places = iter(range(1, len(found) + 1))
    return _GAP.sub(lambda _one: f"[[{next(places)}]]", markup), gaps, sum(weights)


def _gap(notes: Notes, kind: str, inner: str) -> dict[str, Any]:
    if kind in _SHORT_CASED:
        notes.changed(N_("Capital and small letters are not told apart here."))
    choices = [_choice(notes, part) for part in items.few(notes, _parted(inner)) if part.strip()]
    if any(one.feedback for one in choices):
        notes.changed(N_("Feedback that depends on the answer is left out."))
    if kind in _SHORT + _SHORT_CASED:
        return {"accepted": items.short_text(notes, choices)}
    if kind in _NUMERIC:
        return items.numeric(notes, [_interval(notes, one) for one in choices if one.text != "*"])
    if kind not in _SINGLE:
        notes.refuse(N_("Gaps of the kind “%(kind)s” can't be held."), kind=kind)
    return {"options": items.single(notes, choices)["options"]}


def _parted(inner: str) -> list[str]:
    return _ESCAPE.sub(lambda found: _HIDDEN.get(found[1], found[1]), inner).split("~")


def _choice(notes: Notes, part: str) -> Choice:
    text = part.strip()
    percent = Decimal(0)
    weighed = _PERCENT.match(text)
    if text.startswith("="):
        percent, text = Decimal(100), text[1:]
    elif weighed:
        percent, text = Decimal(weighed[1]), text[weighed.end() :]
    said, _sign, feedback = text.partition("#")
    return Choice(_read(notes, said), percent, _read(notes, feedback))


def _read(notes: Notes, text: str) -> str:
    return words.on_one_line(words.from_html(notes, text.translate(_SHOWN)).text())


def _interval(notes: Notes, one: Choice) -> Interval:
    number, _sign, spread = one.text.partition(":")
    middle, tolerance = decimal(number), decimal(spread or "0")
    if middle is None or tolerance is None:
        notes.refuse(N_("“%(text)s” is no number."), text=one.text[:60])
    return Interval(middle - abs(tolerance), middle + abs(tolerance), one.percent)


# ---------- out ----------


def write(markup: str, gaps: Mapping[str, Mapping[str, Any]]) -> str:
    """HTML with [[1]] … as HTML with embedded answers."""
    for name, gap in gaps.items():
        markup = markup.replace(f"[[{name}]]", _written(gap))
    return markup


def _written(gap: Mapping[str, Any]) -> str:
    if "options" in gap:
        options = (
            ("=" if one.get("right") else _unmistaken(one["text"])) + _escaped(one["text"]) for one in gap["options"]
        )
        return "{1:MULTICHOICE:" + "~".join(options) + "}"
    if "answer" in gap:
        return f"{{1:NUMERICAL:={gap['answer']}:{gap.get('tolerance', '0')}}}"
    return "{1:SHORTANSWER:" + "~".join(f"={_escaped(text)}" for text in gap["accepted"]) + "}"


def _unmistaken(text: str) -> str:
    """A wrong option that begins like a right or a weighed one says that it is worth nothing."""
    return "%0%" if text.startswith(("=", "%")) else ""


def _escaped(text: str) -> str:
    return re.sub(r"([\\~#}])", r"\\\1", words.to_html(text)).replace("{", "&lbrace;")
