"""An entry taken apart and put together is the same question, and what it lacks is said."""

from typing import Any

import pytest

from lmsapp.exams import entries, questions

WORDS = {"key": "k", "topic": "law", "stem": "Which?", "feedback": "This."}
WHOLE: dict[str, dict[str, Any]] = {
    "single": {"options": [{"text": "one", "right": True}, {"text": "two"}]},
    "multiple": {"options": [{"text": "one", "right": True}, {"text": "two"}], "whole": True},
    "true-false": {"answer": False},
    "matching": {"pairs": [{"prompt": "a", "choice": "x"}, {"prompt": "b", "choice": "y"}, {"prompt": "c", "choice": "x"}], "choices": ["z"]},
    "ordering": {"items": ["first", "second", "third"]},
    "numeric": {"answer": "8000", "tolerance": "5", "unit": "m²"},
    "short-text": {"accepted": ["EORE", "MRE"]},
    "hotspot": {"figure": "village", "alt": "A village", "columns": 4, "rows": 3, "hazards": [["B2"], ["C3", "D3"]]},
    "cloze": {"stem": "Stop, [[1]] and [[2]] in [[3]] minutes.", "gaps": {"1": {"options": [{"text": "wait", "right": True}, {"text": "run"}]}, "2": {"accepted": ["call"]}, "3": {"answer": "5"}}},
    "written": {"rubric": [{"text": "Says where", "points": 3}, {"text": "Says when", "points": 1}], "points": 1},
}  # fmt: skip


def whole(kind: str) -> dict[str, Any]:
    return WORDS | {"kind": kind} | WHOLE[kind]


@pytest.mark.parametrize("kind", list(WHOLE))
def test_taken_apart_and_put_together_it_is_the_same_question(kind: str) -> None:
    entry = whole(kind)
    assert entries.fault(entry, ["law"]) is None
    made, texts = entries.structure(entry), entries.units(entry)
    again = entries.entry(entry, made, texts)
    assert entries.structure(again) == made
    assert entries.units(again) == texts


@pytest.mark.parametrize("kind", list(WHOLE))
def test_a_whole_translation_has_every_text(kind: str) -> None:
    entry = whole(kind)
    own = {name: f"{entry[name]}!" for name in ("stem", "feedback", "unit", "alt") if name in entry}
    own |= {
        name: [f"{n}" for n, _ in enumerate(entry[name])] for name in ("options", "items", "rubric") if name in entry
    }
    if kind == "matching":
        own |= {"prompts": ["1", "2", "3"], "choices": ["x!", "y!", "z!"]}
    if kind == "short-text":
        own["accepted"] = ["one only"]
    if kind == "cloze":
        own["gaps"] = {"1": {"options": ["w", "r"]}, "2": {"accepted": ["c", "t"]}}
    assert set(entries.translated(entry, own)) == set(entries.units(entry))


def test_an_option_keeps_its_key_wherever_it_moves() -> None:
    moved = [{"text": "new"}, {"text": "two", "key": "b"}, {"text": "one", "key": "a", "right": True}]
    made = entries.structure(whole("single") | {"options": moved})
    assert made == {"options": ["c", "b", "a"], "right": ["a"]}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "essay"}, "one of"),
        ({"topic": "no"}, "topic"),
        ({"stem": " "}, "empty"),
        ({"options": "text"}, "exactly one"),
        ({"options": [{"text": ""}, {"text": "b", "right": True}]}, "option.a is empty"),
        ({"options": None}, "wrong shape"),
        ({"kind": "cloze", "gaps": {"1": {"accepted": ["x"]}}}, "must stand once"),
        ({"kind": "short-text"}, "accepted"),
        ({"figure": "village"}, "can't see"),
        ({"options": [str(n) for n in range(40)]}, "wrong shape"),
    ],
)
def test_what_an_entry_lacks_is_said(change: dict[str, Any], word: str) -> None:
    assert word in (entries.fault(whole("single") | change, ["law"]) or "")


def test_no_kind_is_left_out() -> None:
    assert set(WHOLE) == set(questions.Kind)
