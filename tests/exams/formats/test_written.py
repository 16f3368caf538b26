"""What is written is read again as the same questions; what a format can't hold is said."""

from typing import Any

import pytest
import yaml

from lmsapp.core import paths
from lmsapp.exams import entries
from lmsapp.exams.formats import files, gift_written, moodle_xml_written
from lmsapp.exams.formats.items import Item, Outcome
from tests.exams.formats.test_moodle_xml import png
from tests.exams.test_entries import WHOLE, whole

PICTURE = {"digest": "d" * 64, "type": "image/png"}
HARD = [
    whole("single") | {"key": "signs", "stem": r"A {b} ~c =d #e :f \g \n h **bold** < & > → “x”", "feedback": "{R3}", "options": [{"text": "%50% = ~", "right": True}, {"text": "[html]x"}, {"text": "=a}"}]},
    whole("multiple") | {"key": "three", "options": [{"text": str(n), "right": n < 3} for n in range(5)], "critical": True, "safety": True, "difficulty": 3, "points": 4, "competence": "C-1"},
    whole("short-text") | {"key": "stars", "accepted": ["5*", "*", "متن"]},
    whole("cloze") | {"key": "gaps", "stem": "[[1]] ~ [[2]] {x} [[3]] **b**", "gaps": {"1": {"options": [{"text": "=a", "right": True}, {"text": "=b"}, {"text": "%c"}, {"text": "d~#}\\ <e>"}]}, "2": {"accepted": ["f}g", "h~"]}, "3": {"answer": "-1.5", "tolerance": "0.25"}}, "points": 2},
    whole("numeric") | {"key": "number", "answer": "-0.5", "tolerance": "0.25", "unit": "m²", "stem": "۱۲؟"},
    whole("true-false") | {"key": "lines", "stem": "One line\nand **another**", "answer": True},
    whole("matching") | {"key": "pairs", "pairs": [{"prompt": "a=b", "choice": "x#"}, {"prompt": "c", "choice": "y"}, {"prompt": "**d**", "choice": "x#"}], "choices": ["z~", "%0%"]},
]  # fmt: skip


def bank() -> list[dict[str, Any]]:
    """The demonstration questions, one of each kind, and some that are hard to write."""
    found = [
        entry
        for path in sorted((paths.shipped("content") / "banks").glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]
        if isinstance(entry, dict)
    ]
    return [*found, *(whole(kind) | {"key": kind} for kind in WHOLE), *HARD]


def meaning(entry: dict[str, Any]) -> tuple[object, ...]:
    head = [entry.get("difficulty", 1), bool(entry.get("critical")), bool(entry.get("safety")), entry.get("competence")]
    structure = {name: part for name, part in entries.structure(entry).items() if name != "lesson"}  # ours alone
    return structure, entries.units(entry), head


def read_again(content: bytes, kept: list[dict[str, Any]]) -> list[Item]:
    found = files.read(content).items
    assert [item.title for item in found] == [entry["key"] for entry in kept]
    return found


def left_out(report: list[Item]) -> set[str]:
    return {item.kind for item in report if item.outcome is Outcome.REFUSED}


def test_moodle_xml_is_read_again_as_the_same_questions() -> None:
    wanted = bank()
    content, report = moodle_xml_written.write("b", wanted, lambda _digest: png())
    kept = [entry for entry, item in zip(wanted, report, strict=True) if item.outcome is not Outcome.REFUSED]
    for item, entry in zip(read_again(content, kept), kept, strict=True):
        assert item.entry is not None, item
        assert item.outcome is Outcome.TAKEN, item.reason
        assert meaning(item.entry) == meaning(entry)
        assert item.category == f"$course$/top/b/{entry['topic']}"
    assert left_out(report) == {"hotspot"}


def test_gift_is_read_again_as_the_same_questions() -> None:
    wanted = bank()
    text, report = gift_written.write("b", wanted)
    kept = [entry for entry, item in zip(wanted, report, strict=True) if item.outcome is not Outcome.REFUSED]
    for item, entry in zip(read_again(text.encode(), kept), kept, strict=True):
        assert item.entry is not None, item
        if entry["kind"] != "written":
            assert item.outcome is Outcome.TAKEN, item.reason
            assert meaning(item.entry) == meaning(entry)
    assert left_out(report) == {"hotspot", "ordering", "cloze"}
    assert "no rubric" in next(item.reason for item in report if item.kind == "written")


def test_a_picture_travels_in_moodle_xml_and_is_said_where_it_cant() -> None:
    shown = whole("single") | {"picture": PICTURE, "alt": "A “sign” & more"}
    content, report = moodle_xml_written.write("b", [shown], lambda _digest: png())
    (found,) = files.read(content).items
    assert report[0].outcome is found.outcome is Outcome.TAKEN
    assert found.picture is not None and found.picture.content == png()
    assert found.entry is not None and (found.entry["alt"], found.entry["stem"]) == (shown["alt"], shown["stem"])
    _text, report = gift_written.write("b", [shown])
    assert "no pictures" in report[0].reason


@pytest.mark.parametrize("name", ["figure"])
def test_our_drawings_are_left_out_and_it_is_said(name: str) -> None:
    drawn = whole("single") | {name: "village", "alt": "A village"}
    _content, report = moodle_xml_written.write("b", [drawn], lambda _digest: b"")
    assert report[0].outcome is Outcome.REFUSED
    assert "our drawings" in report[0].reason
