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


@given(st.text(max_size=60), st.sampled_from(["single", "multiple", "true-false", "numeric"]))
def test_no_answer_whatever_breaks_marking(value: str, kind: str) -> None:
    structure = {"answer": "8", "tolerance": "1"} if kind == "numeric" else {"options": ["a", "b"], "right": ["a"]}
    assert 0 <= questions.share(kind, structure, value) <= 1


@pytest.mark.parametrize(
    ("kind", "structure", "word"),
    [
        ("single", {"options": ["a", "b"], "right": ["a", "b"]}, "exactly one"),
        ("single", {"options": ["a"], "right": ["a"]}, "2 to"),
        ("multiple", {"options": ["a", "b"], "right": []}, "at least one"),
        ("single", {"options": ["a", "b"], "right": ["c"]}, "none of the options"),
        ("numeric", {"answer": "many"}, "must be a number"),
        ("numeric", {"answer": "1", "tolerance": "-1"}, "tolerance"),
    ],
)
def test_a_question_that_can_not_be_marked_is_named(kind: str, structure: dict[str, object], word: str) -> None:
    assert word in (questions.fault(kind, structure) or "")
