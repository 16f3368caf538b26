"""Every sample of GIFT, Aiken and Moodle XML says what its facts say, or an item is refused with the reason and the line."""

import re
from decimal import Decimal
from typing import Any

import pytest

from lmsapp.exams import entries
from lmsapp.exams.formats import files
from lmsapp.exams.formats.items import Item, Outcome
from tests import samples

KINDS = {
    "MC": {"single", "multiple"}, "TF": {"true-false"}, "Short": {"short-text"}, "Numerical": {"numeric"}, "Matching": {"matching"},
    "Essay": {"written"}, "Description": {"description"}, "description": {"description"}, "gapselect": {"cloze"}, "cloze": {"cloze"},
    "essay": {"written"}, "matching": {"matching"}, "multichoice": {"single", "multiple"}, "numerical": {"numeric"},
    "shortanswer": {"short-text"}, "truefalse": {"true-false"}, "choice": {"single"}, "multi": {"multiple"}, "short answer": {"short-text"},
    "true/false": {"true-false"},
}  # fmt: skip


def plain(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text).replace("**", "").strip()


def sound(items: list[Item]) -> None:
    """What holds for every item of every file."""
    assert [one.number for one in items] == list(range(1, len(items) + 1))
    for one in items:
        assert one.line > 0
        assert (one.entry is None) == (one.outcome is Outcome.REFUSED)
        assert bool(one.reasons) == (one.outcome is not Outcome.TAKEN)
        if one.entry is not None:
            assert entries.fault(one.entry) is None
            assert one.kind == one.entry["kind"]


@pytest.mark.parametrize(("name", "facts"), samples.facts("gift", "gift"))
def test_gift(name: str, facts: dict[str, Any]) -> None:
    found = files.read(samples.content(name))
    sound(found.items)
    assert found.format == "gift"
    assert len(found.items) == facts["questions"]
    detail = [row for row in facts["detail"] if row[0] != "Category"]
    types = [kind for kind in facts["types"] if kind != "Category"]
    for one, kind in zip(found.items, types, strict=True):
        assert one.kind in KINDS[kind]
        assert (one.entry is None) == (kind == "Description")
    for one, (kind, title, answers) in zip(found.items, detail, strict=False):
        assert one.title == title
        if one.entry is not None:
            _same_answers(one.entry, kind, answers)


def _same_answers(entry: dict[str, Any], kind: str, answers: Any) -> None:
    if kind == "TF":
        assert entry["answer"] is answers
    elif kind == "MC":
        right = {plain(text) for text, full, weight in answers if full or (weight or 0) > 0}
        single = entry["kind"] == "single"
        wanted = {plain(text) for text, full, _weight in answers if full} if single else right
        assert [option["text"] for option in entry["options"]] == [plain(text) for text, *_ in answers]
        assert {option["text"] for option in entry["options"] if option.get("right")} == wanted
    elif kind == "Short":
        assert entry["accepted"] == [text for text, weight in answers if weight is None]
    elif kind == "Matching":
        assert len(entry["pairs"]) == answers
    elif kind == "Numerical":
        full = answers if isinstance(answers, dict) else next(a["text"] for a in answers if a["weight"] in (None, 100))
        middle, spread = Decimal(entry["answer"]), Decimal(entry["tolerance"])
        least = full.get("numberLow", full.get("number", 0) - full.get("range", 0) if "number" in full else 0)
        assert abs(middle - spread - Decimal(str(least))) < Decimal("1e-9")
        if "numberHigh" in full:
            assert middle + spread == Decimal(str(full["numberHigh"]))


@pytest.mark.parametrize(("name", "facts"), samples.facts("gift", "textfile"))
def test_gift_read_by_eye_and_aiken(name: str, facts: dict[str, Any]) -> None:
    found = files.read(samples.content(name))
    sound(found.items)
    if name.endswith("aiken.txt"):
        assert found.format == "aiken"
        assert [[o["text"] for o in one.entry["options"] if o.get("right")] for one in found.items if one.entry] == [["Martin Dougiamas"], ["True"]]  # fmt: skip
        return
    assert len(found.items) == facts["questions"]
    for one, wanted in zip(found.items, facts["list"], strict=True):
        assert one.entry is not None
        assert one.title == wanted["name"]
        assert one.kind in KINDS[wanted["type"]]
    by_title = {one.title: one.entry or {} for one in found.items}
    pairs = by_title["Moodle activities"]
    assert [[p["prompt"], p["choice"]] for p in pairs["pairs"]] + [["", c] for c in pairs["choices"]] == facts["list"][1]["pairs"]  # fmt: skip
    assert [o["text"] for o in by_title["Q2"]["options"] if o.get("right")] == ["yellow"]
    assert [o["text"] for o in by_title["colours"]["options"] if o.get("right")] == ["yellow", "off-beige"]
    assert (by_title["Q5"]["answer"], by_title["Q5"]["tolerance"]) == ("3", "2")
    assert by_title["Shortanswer"]["accepted"] == ["Frog"]
    assert "“Cat” (50)" in next(one.reason for one in found.items if one.title == "Shortanswer")
    assert by_title["Q1"]["answer"] is False


@pytest.mark.parametrize(("name", "facts"), samples.facts("moodle-xml", "moodlexml"))
def test_moodle_xml(name: str, facts: dict[str, Any]) -> None:
    found = files.read(samples.content(name))
    sound(found.items)
    assert found.format == "moodle-xml"
    wanted = [one for one in facts["questions"] if one["type"] != "category"]
    assert len(found.items) == len(wanted) == facts["questions_without_categories"]
    for one, question in zip(found.items, wanted, strict=True):
        assert one.title == question["name"]
        assert one.kind in KINDS[question["type"]]
        assert (one.entry is None) == (question["type"] == "description")
        if one.entry is not None:
            _same_as(one, one.entry, question)


def _same_as(one: Item, entry: dict[str, Any], question: dict[str, Any]) -> None:
    full = [answer["text"] for answer in question.get("answers", ()) if Decimal(answer["fraction"]) == 100]
    if entry["kind"] == "true-false":
        assert entry["answer"] == (full == ["true"])
    elif entry["kind"] == "multiple":
        assert {o["text"] for o in entry["options"] if o.get("right")} == {a["text"] for a in question["answers"] if a["fraction"] == "50"}  # fmt: skip
    elif entry["kind"] == "short-text":
        assert entry["accepted"] == full
    elif entry["kind"] == "numeric":
        assert [entry["answer"]] == full
    elif entry["kind"] == "matching":
        pairs = [{"q": p["prompt"], "a": p["choice"]} for p in entry["pairs"]] + [
            {"q": "", "a": c} for c in entry["choices"]
        ]
        assert pairs == question["subquestions"]
    if question["files"] and "<img" in question["text_start"]:
        assert one.picture is not None
        assert entry["picture"]["digest"] == one.picture.digest
        assert entry["alt"].split()[0] in question["text_start"]
    if question["type"] == "gapselect":
        offered = [text.rpartition(" ")[0] for text in question["selectoptions"]]
        assert all([o["text"] for o in gap["options"]] == offered for gap in entry["gaps"].values())
        assert [next(o["text"] for o in gap["options"] if o.get("right")) for gap in entry["gaps"].values()] == offered[
            :3
        ]
