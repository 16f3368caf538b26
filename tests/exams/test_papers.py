"""A paper is drawn by its seed alone, and nothing on it tells what is right."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lmsapp.exams.papers import Blueprint, Candidate, Need, Shortage, digest, draw, freeze, shortages, speaks


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
    wanted = Blueprint([Need(3, "law"), Need(2)], fixed=[4], critical=1)
    assert freeze(draw(wanted, bank(), seed), seed, "en") == freeze(draw(wanted, bank()[::-1], seed), seed, "en")


@given(st.text(max_size=20))
def test_the_sheet_is_the_same_whichever_option_is_right(seed: str) -> None:
    sheets = [
        freeze(draw(Blueprint([Need(6)], critical=1), bank(right), seed), seed, "en").sheet for right in (0, 1, 2)
    ]
    assert sheets[0] == sheets[1] == sheets[2]


def test_a_blueprint_is_filled_exactly_and_no_question_comes_twice() -> None:
    drawn = draw(Blueprint([Need(4, "law"), Need(4, "safety"), Need(2, difficulty=2)]), bank(), "seed")
    assert len({c.question_id for c in drawn}) == len(drawn) == 10
    assert sum(c.topic == "law" for c in drawn) >= 4


def test_what_a_bank_lacks_is_said() -> None:
    assert shortages(Blueprint([Need(1), Need(9, "law")]), bank()) == [Shortage("line", 9, 6, line=1)]
    assert shortages(Blueprint([Need(1)], fixed=[3, 99], critical=2), bank()) == [
        Shortage("fixed", 2, 1),
        Shortage("critical", 2, 1),
    ]


@given(st.text(max_size=20))
def test_fixed_questions_stand_in_every_paper_and_critical_ones_as_many_as_wanted(seed: str) -> None:
    questions = [replace(one, critical=one.question_id in (3, 5, 8)) for one in bank()]
    drawn = draw(Blueprint([Need(2, "law"), Need(2)], fixed=[2, 8], critical=3), questions, seed)
    assert len(drawn) == 6
    assert {2, 8} <= {one.question_id for one in drawn}
    assert sum(one.critical for one in drawn) == 3


def test_every_question_comes_sooner_or_later() -> None:
    drawn = {
        one.question_id for n in range(200) for one in draw(Blueprint([Need(3, "law")], critical=1), bank(), str(n))
    }
    assert drawn == {1, 3, 5, 7, 9, 11}


def test_lines_that_overlap_make_room_for_each_other() -> None:
    questions = [one for one in bank() if one.question_id in (1, 2)]
    assert {one.question_id for one in draw(Blueprint([Need(1), Need(1, "law")]), questions, "s")} == {1, 2}


def test_a_question_counts_for_a_language_only_when_all_its_texts_are_in_it() -> None:
    whole = {name: {"text": name, "language": "ps"} for name in ("stem", "option.a")}
    one = replace(bank()[0], words=whole)
    assert speaks(one, "ps")
    assert not speaks(replace(one, words=whole | {"feedback": {"text": "", "language": "en"}}), "ps")


def test_one_changed_letter_changes_the_digest() -> None:
    paper = freeze(draw(Blueprint([Need(3)]), bank(), "s"), "s", "en")
    altered = json.loads(json.dumps(paper.sheet).replace("Stem", "Stam"))
    assert digest(paper.sheet) == paper.digest != digest(altered)
