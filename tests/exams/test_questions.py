"""Answers are worth exactly what the rules say."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmsapp.core.quantities import decimal
from lmsapp.exams import questions
from lmsapp.exams.marks import KeyItem, mark

FOUR = {"options": ["o1", "o2", "o3", "o4"], "right": ["o1", "o2"]}


@pytest.mark.parametrize(
    ("value", "share"),
    [("o1 o2", Fraction(1)), ("o1", Fraction(1, 2)), ("o1 o2 o3", Fraction(1, 2)), ("o1 o3", Fraction(0)), ("o3 o4", Fraction(0)), ("", Fraction(0))],
)  # fmt: skip
def test_multiple_choice_counts_right_less_wrong(value: str, share: Fraction) -> None:
    assert questions.share("multiple", FOUR, value) == share


@pytest.mark.parametrize("typed", ["2.89", "2,89", "۲٫۸۹", "٢٫٨٩", " 2.89 ", "2.890"])
def test_a_number_is_right_in_any_digits_and_with_either_decimal_sign(typed: str) -> None:
    assert questions.share("numeric", {"answer": "2.89", "tolerance": "0"}, typed) == 1


@pytest.mark.parametrize(("typed", "value"), [("2.890.000", "2890000"), ("2,890,000", "2890000"), ("1,234.5", "1234.5"), ("1.234,5", "1234.5"), ("−3", "-3"), ("8 000", "8000")])  # fmt: skip
def test_thousands_are_read_as_people_write_them(typed: str, value: str) -> None:
    assert decimal(typed) == Decimal(value)


@pytest.mark.parametrize("typed", ["", "abc", "1e999", "NaN", "Infinity", "--1", "1.2.3,4,5", "٣" * 40, "0x10"])
def test_what_is_no_number_is_none(typed: str) -> None:
    assert decimal(typed) is None


def test_one_wrong_critical_item_fails_the_exam_whatever_the_points() -> None:
    single = {"options": ["a", "b"], "right": ["a"]}
    key = [KeyItem(f"q{n}", "single", single, 1, critical=n == 1) for n in range(1, 11)]
    answers = {f"q{n}": "a" for n in range(2, 11)} | {"q1": "b"}
    outcome = mark(key, answers, 80)
    assert outcome.percent == 90
    assert (outcome.passed, outcome.critical_failed) == (False, True)


def test_the_pass_mark_is_compared_unrounded() -> None:
    key = [
        KeyItem(f"q{n}", "multiple", {"options": ["a", "b", "c"], "right": ["a", "b", "c"]}, 1, critical=False)
        for n in range(3)
    ]
    answers = {"q0": "a b c", "q1": "a b c", "q2": "a"}
    assert mark(key, answers, 78).percent == Fraction(700, 9)
    assert not mark(key, answers, 78).passed
    assert mark(key, answers, 77).passed


MATCH = {"prompts": ["p1", "p2"], "choices": ["c1", "c2", "c3"], "pairs": {"p1": "c2", "p2": "c1"}}
SPOT = {"columns": 4, "rows": 3, "hazards": [["B2", "C2"], ["D3"]], "figure": "village"}
CLOZE = {"gaps": {"1": {"options": ["o1", "o2"], "right": ["o2"]}, "2": {"accepted": ["Stop"]}, "3": {"answer": "5"}}}
STRUCTURES: dict[str, dict[str, object]] = {
    "single": {"options": ["a", "b"], "right": ["a"]},
    "multiple": FOUR,
    "true-false": {"options": ["true", "false"], "right": ["true"]},
    "matching": MATCH,
    "ordering": {"options": ["o1", "o2", "o3"]},
    "numeric": {"answer": "8", "tolerance": "1"},
    "short-text": {"accepted": ["Minalanmış ərazi"]},
    "hotspot": SPOT,
    "cloze": CLOZE,
}
ALPHABET = st.sampled_from(
    ["o1", "o2", "p1", "c2", "=", " ", "-", "B2", "D3", "{", "}", '"', ":", ",", "1", "true", "a", "۸"]
)


@given(st.one_of(st.text(max_size=60), st.lists(ALPHABET, max_size=12).map("".join)), st.sampled_from(list(STRUCTURES)))
def test_no_answer_whatever_breaks_reading_or_marking(value: str, kind: str) -> None:
    structure = STRUCTURES[kind]
    assert questions.readable(questions.shape(kind, structure), value) in (True, False)
    assert 0 <= questions.share(kind, structure, value) <= 1


@pytest.mark.parametrize(
    ("kind", "value", "share"),
    [
        ("matching", "p1=c2 p2=c1", Fraction(1)),
        ("matching", "p1=c2", Fraction(1, 2)),
        ("matching", "p1=c1 p2=c2", Fraction(0)),
        ("ordering", "o1 o2 o3", Fraction(1)),
        ("ordering", "o1 o3 o2", Fraction(1, 3)),
        ("ordering", "- o2 -", Fraction(1, 3)),
        ("short-text", "minalanmis erazi", Fraction(1)),
        ("short-text", "MİNALANMIŞ  ƏRAZİ.", Fraction(0)),
        ("hotspot", "C2 D3", Fraction(1)),
        ("hotspot", "B2 C2", Fraction(1, 2)),
        ("hotspot", "B2 A1", Fraction(0)),
        ("cloze", '{"1":"o2","2":"STOP","3":"۵"}', Fraction(1)),
        ("cloze", '{"2":"stop"}', Fraction(1, 3)),
    ],
)
def test_places_found_count_exactly(kind: str, value: str, share: Fraction) -> None:
    assert questions.readable(questions.shape(kind, STRUCTURES[kind]), value)
    assert questions.share(kind, STRUCTURES[kind], value) == share


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("single", "a b"),
        ("matching", "p1=c9"),
        ("matching", "p1=c1 p1=c2"),
        ("ordering", "o1 o1 o2"),
        ("ordering", "o1 o2"),
        ("hotspot", "E1"),
        ("hotspot", "A1 B1 C1"),
        ("cloze", '{"9":"x"}'),
        ("cloze", '{"1":"o3"}'),
        ("cloze", "[1]"),
        ("short-text", "x" * 401),
    ],
)
def test_what_can_not_be_an_answer_is_not_read(kind: str, value: str) -> None:
    assert not questions.readable(questions.shape(kind, STRUCTURES[kind]), value)


def test_all_or_nothing_is_all_or_nothing() -> None:
    assert questions.share("multiple", FOUR | {"whole": True}, "o1") == 0
    assert questions.share("multiple", FOUR | {"whole": True}, "o2 o1") == 1


def test_a_written_answer_waits_for_a_person_and_an_empty_one_does_not() -> None:
    key = [KeyItem("q1", "written", {"rubric": {"a": 3, "b": 1}}, 4, critical=False)]
    assert mark(key, {"q1": "What I saw"}, 50).waiting == ("q1",)
    assert mark(key, {}, 50).waiting == ()
    judged = mark(key, {"q1": "What I saw"}, 50, {"q1": Fraction(3)})
    assert (judged.percent, judged.passed, judged.waiting) == (75, True, ())


@pytest.mark.parametrize(
    ("kind", "structure", "word"),
    [
        ("single", {"options": ["a", "b"], "right": ["a", "b"]}, "exactly one"),
        ("single", {"options": ["a"], "right": ["a"]}, "2 to"),
        ("multiple", {"options": ["a", "b"], "right": []}, "at least one"),
        ("single", {"options": ["a", "b"], "right": ["c"]}, "none of the options"),
        ("numeric", {"answer": "many"}, "must be a number"),
        ("numeric", {"answer": "1", "tolerance": "-1"}, "tolerance"),
        ("matching", {"prompts": ["a", "b"], "choices": ["a", "b"], "pairs": {"a": "a"}}, "every prompt"),
        ("hotspot", SPOT | {"hazards": [["Z9"]]}, "squares of the grid"),
        ("hotspot", SPOT | {"hazards": [["A1"], ["A1"]]}, "two places"),
        ("cloze", {"gaps": {"1": {"options": ["a"], "right": ["a"]}}}, "gap 1"),
        ("written", {"rubric": {"a": 0}}, "criterion"),
        ("single", {"options": ["a", "b"], "right": ["a"], "points": 0}, "points"),
    ],
)
def test_a_question_that_can_not_be_marked_is_named(kind: str, structure: dict[str, object], word: str) -> None:
    assert word in (questions.fault(kind, structure) or "")
