"""A paper is drawn by its seed alone, and nothing on it tells what is right."""

import json

from hypothesis import given
from hypothesis import strategies as st

from lmsapp.exams.papers import Candidate, Need, digest, draw, freeze, shortages


def bank(right: int = 0, size: int = 12) -> list[Candidate]:
    """Questions of two topics whose right option is the one at place `right`."""
    options = ["a", "b", "c"]
    return [
        Candidate(
            n, 1, "single", "law" if n % 2 else "safety", 1 + n % 3, critical=n == 3,
            structure={"options": options, "right": [options[right]]},
            words={"stem": {"text": f"Stem {n}"}, "feedback": {"text": "F"}} | {f"option.{o}": {"text": f"Option {o} {n}"} for o in options},
        )
        for n in range(1, size + 1)
    ]  # fmt: skip


@given(st.text(max_size=20))
def test_the_same_seed_gives_the_same_paper(seed: str) -> None:
    needs = [Need(3, "law"), Need(2)]
    assert freeze(draw(needs, bank(), seed), seed, "en") == freeze(draw(needs, bank()[::-1], seed), seed, "en")


@given(st.text(max_size=20))
def test_the_sheet_is_the_same_whichever_option_is_right(seed: str) -> None:
    sheets = [freeze(draw([Need(6)], bank(right), seed), seed, "en").sheet for right in (0, 1, 2)]
    assert sheets[0] == sheets[1] == sheets[2]


def test_a_blueprint_is_filled_exactly_and_no_question_comes_twice() -> None:
    drawn = draw([Need(4, "law"), Need(4, "safety"), Need(2, difficulty=2)], bank(), "seed")
    assert len({c.question_id for c in drawn}) == len(drawn) == 10
    assert sum(c.topic == "law" for c in drawn) >= 4


def test_what_a_bank_lacks_is_said() -> None:
    assert shortages([Need(9, "law")], bank()) == [(Need(9, "law"), 6)]


def test_one_changed_letter_changes_the_digest() -> None:
    paper = freeze(draw([Need(3)], bank(), "s"), "s", "en")
    altered = json.loads(json.dumps(paper.sheet).replace("Stem", "Stam"))
    assert digest(paper.sheet) == paper.digest != digest(altered)
