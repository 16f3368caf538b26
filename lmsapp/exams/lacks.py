"""What an author still has to write before a question can be asked: each with the field it belongs to. Pure."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from dataclasses import field as part
from typing import Any

from lmsapp.core.quantities import decimal
from lmsapp.core.translations import N_
from lmsapp.exams import entries, questions
from lmsapp.exams.entries import Entry
from lmsapp.exams.questions import GAP, Kind


@dataclass(frozen=True)
class Lack:
    """One thing to put right: the form's field, a message, its values."""

    field: str
    message: str
    values: dict[str, Any] = part(default_factory=dict)


def settled(entry: Entry) -> dict[str, Any]:
    """An entry with every list there and in its long form, whoever wrote it: importers write shorter ones."""
    found = dict(entry)
    kind = Kind(entry["kind"])
    if kind in (Kind.SINGLE, Kind.MULTIPLE):
        found["options"] = _long(entry.get("options"))
    elif kind is Kind.ORDERING:
        found["items"] = _long(entry.get("items"))
    elif kind is Kind.WRITTEN:
        found["rubric"] = [{"points": 1} | one for one in _long(entry.get("rubric"))]
    elif kind is Kind.MATCHING:
        found["pairs"] = [{"prompt": "", "choice": ""} | dict(pair) for pair in entry.get("pairs") or ()]
        found["choices"] = [one["text"] for one in _long(entry.get("choices"))]
    elif kind is Kind.CLOZE:
        found["gaps"] = {
            str(name): dict(gap) | ({"options": _long(gap["options"])} if "options" in gap else {})
            for name, gap in (entry.get("gaps") or {}).items()
        }
    elif kind is Kind.HOTSPOT:
        found |= {
            "columns": entry.get("columns", 8),
            "rows": entry.get("rows", 6),
            "hazards": entry.get("hazards") or [],
        }
    return found


def _long(things: Any) -> list[dict[str, Any]]:
    return [dict(one) if isinstance(one, dict) else {"text": str(one)} for one in things or ()]


def lacks(entry: Entry, topics: Collection[str]) -> list[Lack]:
    """Everything that keeps a question from being published; empty when nothing does."""
    found = [*_of_all(entry, topics), *_BY_KIND[Kind(entry["kind"])](entry)]
    if not found and (wrong := entries.fault(entry, topics)):
        found.append(Lack("stem", N_("This question can't be kept: %(reason)s."), {"reason": wrong}))
    return found


def _of_all(entry: Entry, topics: Collection[str]) -> Iterator[Lack]:
    if entry.get("topic") not in topics:
        yield Lack("topic", N_("Choose a topic."))
    if not entry.get("stem"):
        yield Lack("stem", N_("Write the question."))
    if (entry.get("figure") or entry.get("picture")) and not entry.get("alt"):
        yield Lack("alt", N_("Say in words what the drawing shows, for those who can't see it."))


def _of_options(options: list[dict[str, Any]], where: str) -> Iterator[Lack]:
    texts = [one["text"] for one in options]
    if len(texts) < 2:
        yield Lack(where, N_("Write at least two answers."))
    elif not all(texts):
        yield Lack(where, N_("An answer is marked as right but has no words."))
    elif len(set(texts)) < len(texts):
        yield Lack(where, N_("Two answers say the same. Change one of them."))


def _of_single(entry: Entry) -> Iterator[Lack]:
    yield from _of_options(entry["options"], "options")
    if sum(bool(one.get("right")) for one in entry["options"]) != 1:
        yield Lack("options", N_("Mark the one answer that is right."))


def _of_multiple(entry: Entry) -> Iterator[Lack]:
    yield from _of_options(entry["options"], "options")
    if not any(one.get("right") for one in entry["options"]):
        yield Lack("options", N_("Mark every answer that is right."))


def _of_true_false(entry: Entry) -> Iterator[Lack]:
    if not isinstance(entry.get("answer"), bool):
        yield Lack("answer", N_("Say whether it is true or false."))


def _of_matching(entry: Entry) -> Iterator[Lack]:
    pairs = entry["pairs"]
    if len(pairs) < 2:
        yield Lack("pairs", N_("Write at least two pairs."))
    if not all(pair["prompt"] and pair["choice"] for pair in pairs):
        yield Lack("pairs", N_("Both sides of every pair need words."))
    prompts = [pair["prompt"] for pair in pairs]
    if len(set(prompts)) < len(prompts):
        yield Lack("pairs", N_("Two answers say the same. Change one of them."))
    choices = {pair["choice"] for pair in pairs} | set(entry.get("choices") or ())
    if not 2 <= len(choices) <= questions.MOST_OPTIONS:
        yield Lack("pairs", N_("There must be 2 to 12 different things to match with."))


def _of_ordering(entry: Entry) -> Iterator[Lack]:
    texts = [one["text"] for one in entry["items"]]
    if len(texts) < 2:
        yield Lack("items", N_("Write at least two things to put in order."))
    elif len(set(texts)) < len(texts):
        yield Lack("items", N_("Two answers say the same. Change one of them."))


def _of_number(entry: Entry, where: str) -> Iterator[Lack]:
    if decimal(str(entry.get("answer", ""))) is None:
        yield Lack(where, N_("Write the right answer as a number."))
    tolerance = decimal(str(entry.get("tolerance", "0")))
    if tolerance is None or tolerance < 0:
        yield Lack(
            "tolerance" if where == "answer" else where,
            N_("Write the tolerance as a number from 0, or leave it empty."),
        )


def _of_short_text(entry: Entry) -> Iterator[Lack]:
    if not entry.get("accepted"):
        yield Lack("accepted", N_("Write at least one answer that is accepted."))


def _of_hotspot(entry: Entry) -> Iterator[Lack]:
    if not (entry.get("figure") or entry.get("picture")):
        yield Lack("figure", N_("Choose the drawing on which the place is marked."))
    if not entry.get("hazards"):
        yield Lack("squares", N_("Mark the squares that are right."))


def _of_cloze(entry: Entry) -> Iterator[Lack]:
    places = GAP.findall(str(entry.get("stem") or ""))
    if not places:
        yield Lack("stem", N_("Write [[1]] in the text where the first gap is."))
    if len(set(places)) < len(places):
        yield Lack("stem", N_("Every gap may stand in the text only once."))
    for name in sorted(set(entry["gaps"]) - set(places)):
        yield Lack("stem", N_("Gap %(number)s does not stand in the text."), {"number": int(name)})
    for name in sorted(set(places) - set(entry["gaps"])):
        yield Lack("gaps", N_("Say what is right in gap %(number)s."), {"number": int(name)})
    for gap in entry["gaps"].values():
        yield from _of_gap(gap)


def _of_gap(gap: Entry) -> Iterator[Lack]:
    if "options" in gap:
        yield from _of_options(gap["options"], "gaps")
        if sum(bool(one.get("right")) for one in gap["options"]) != 1:
            yield Lack("gaps", N_("A gap with choices has exactly one right answer."))
    elif "answer" in gap:
        yield from _of_number(gap, "gaps")


def _of_written(entry: Entry) -> Iterator[Lack]:
    if not entry["rubric"]:
        yield Lack("rubric", N_("Write at least one thing that earns points."))
    if any(not one["text"] for one in entry["rubric"]):
        yield Lack("rubric", N_("Say in words what earns the points."))
    if any(
        not isinstance(one["points"], int) or not 1 <= one["points"] <= questions.MOST_POINTS for one in entry["rubric"]
    ):
        yield Lack("rubric", N_("Give every line 1 to 20 points."))


_BY_KIND: dict[Kind, Callable[[Entry], Iterator[Lack]]] = {
    Kind.SINGLE: _of_single,
    Kind.MULTIPLE: _of_multiple,
    Kind.TRUE_FALSE: _of_true_false,
    Kind.MATCHING: _of_matching,
    Kind.ORDERING: _of_ordering,
    Kind.NUMERIC: lambda entry: _of_number(entry, "answer"),
    Kind.SHORT_TEXT: _of_short_text,
    Kind.HOTSPOT: _of_hotspot,
    Kind.CLOZE: _of_cloze,
    Kind.WRITTEN: _of_written,
}
