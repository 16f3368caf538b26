"""A printed letter names one option, whatever is right; what is typed from a sheet is read back, refused or held for a person."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmsapp.exams import booklets, keyed, papers, questions
from lmsapp.exams.booklets import LETTERS, Fill, Row
from lmsapp.exams.keyed import Fault, Reading, State, Unread
from tests.exams.kinds import candidates

SCRIPTS = st.sampled_from(list(LETTERS))
ROW = Row("q1", "q1", 1, Fill.ONE, ("o1", "o2", "o3", "o4"))
SOME = Row("q2", "q2", 2, Fill.SOME, ("o1", "o2", "o3", "o4"))
PAIRS = Row("q3", "q3", 3, Fill.PAIRS, ("c1", "c2", "c3"), prompts=("p1", "p2"))
PLACES = Row("q4", "q4", 4, Fill.PLACES, ("o1", "o2", "o3"))
SQUARES = Row("q5", "q5", 5, Fill.SQUARES, columns=8, rows=6, most=2)
NUMBER, TEXT, WRITTEN = (Row("q", "q", 6, fill) for fill in (Fill.NUMBER, Fill.TEXT, Fill.WRITTEN))
EVERY = (ROW, SOME, PAIRS, PLACES, SQUARES, NUMBER, TEXT, WRITTEN)


@given(
    seed=st.text("0123456789abcdef", min_size=4, max_size=8),
    language=st.sampled_from(["prs", "ka", "az"]),
    chance=st.randoms(),
)
def test_a_printed_letter_names_one_option_and_every_option_has_one_whatever_is_right(
    seed: str, language: str, chance: random.Random
) -> None:
    drawn = candidates(language)
    frozen = papers.freeze(drawn, seed, language)
    other = papers.freeze([moved_key(one, chance) for one in drawn], seed, language)
    assert booklets.rows(frozen.sheet) == booklets.rows(other.sheet), "letters moved with the key"
    for row in booklets.rows(frozen.sheet):
        own = booklets.letters("latin", len(row.names))
        read = [keyed.read(Row("x", "x", 1, Fill.ONE, row.names), letter, "latin").value for letter in own]
        assert read == list(row.names) and len(set(read)) == len(read) == len(set(own))


def moved_key(one: papers.Candidate, chance: random.Random) -> papers.Candidate:
    """The same question with another key."""
    structure = dict(one.structure)
    if "right" in structure:
        structure["right"] = chance.sample(structure["options"], len(structure["right"]))
    if "pairs" in structure:
        structure["pairs"] = {prompt: chance.choice(structure["choices"]) for prompt in structure["prompts"]}
    if one.kind == "numeric":
        structure["answer"] = str(chance.randint(0, 999))
    if one.kind == "hotspot":
        structure["hazards"] = [
            [square] for square in chance.sample(questions.squares(8, 6), len(structure["hazards"]))
        ]
    return papers.Candidate(**{**vars(one), "structure": structure})


@pytest.mark.parametrize("script", LETTERS)
def test_every_script_has_a_letter_for_each_of_the_most_options(script: str) -> None:
    assert len(set(LETTERS[script])) == questions.MOST_OPTIONS


@pytest.mark.parametrize(
    ("row", "typed", "script", "value"),
    [
        (ROW, "الف", "arabic", "o1"),
        (ROW, "ا", "arabic", "o1"),
        (ROW, "آ", "arabic", "o1"),
        (ROW, "ج", "arabic", "o3"),
        (ROW, "c", "arabic", "o3"),
        (ROW, "გ", "georgian", "o3"),
        (ROW, "Გ", "georgian", "o3"),
        (ROW, "C", "georgian", "o3"),
        (ROW, " d ", "latin", "o4"),
        (SOME, "ج الف", "arabic", "o1 o3"),
        (SOME, "جالف", "arabic", "o1 o3"),
        (SOME, "დ,ა", "georgian", "o1 o4"),
        (SOME, "ca", "latin", "o1 o3"),
        (PAIRS, "ج -", "arabic", "p1=c3"),
        (PAIRS, "bb", "latin", "p1=c2 p2=c2"),
        (PLACES, "გ ა ბ", "georgian", "o3 o1 o2"),
        (PLACES, "c-a", "latin", "o3 - o1"),
        (SQUARES, "f2 c4", "latin", "F2 C4"),
        (SQUARES, "ج۴", "arabic", "C4"),
        (SQUARES, "C4F2", "georgian", "F2 C4"),
        (NUMBER, "۱٬۰۰۰٬۰۰۰", "arabic", "1000000"),
        (NUMBER, "-2,50", "latin", "-2.5"),
        (NUMBER, "0", "latin", "0"),
        (TEXT, "  میثاق   اتاوا ", "arabic", "میثاق اتاوا"),
        (WRITTEN, "+", "arabic", keyed.ON_PAPER),
    ],
)
def test_a_row_is_read_as_it_is_printed(row: Row, typed: str, script: str, value: str) -> None:
    assert keyed.read(row, typed, script) == Reading(State.READ, value)


def test_the_twelfth_letter_of_the_abjad_is_not_the_first() -> None:
    row = Row("q1", "q1", 1, Fill.ONE, tuple(f"o{n}" for n in range(1, 13)))
    assert [keyed.read(row, letter, "arabic").value for letter in LETTERS["arabic"]] == list(row.names)


@pytest.mark.parametrize(
    ("typed", "state"),
    [
        ("-", State.BLANK),
        ("–", State.BLANK),
        ("?", State.UNREADABLE),
        ("؟", State.UNREADABLE),
        ("*", State.MULTIPLE),
        ("×", State.MULTIPLE),
    ],
)
@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.fill)
def test_what_is_no_answer_is_keyed_as_such_in_every_row(row: Row, typed: str, state: State) -> None:
    assert keyed.read(row, typed, "arabic") == Reading(state)


@pytest.mark.parametrize(
    ("row", "typed", "fault"),
    [
        (ROW, "", Fault.EMPTY),
        (ROW, " \u200c ", Fault.EMPTY),
        (ROW, "ab", Fault.ONE),
        (ROW, "e", Fault.LETTER),
        (ROW, "3", Fault.LETTER),
        (ROW, "ش", Fault.LETTER),
        (SOME, "aa", Fault.TWICE),
        (SOME, "a-", Fault.LETTER),
        (PAIRS, "a", Fault.COUNT),
        (PLACES, "aab", Fault.TWICE),
        (PLACES, "ab", Fault.COUNT),
        (SQUARES, "C9", Fault.SQUARE),
        (SQUARES, "4C", Fault.SQUARE),
        (SQUARES, "A1 B1 C1", Fault.SQUARES),
        (SQUARES, "A1 a1", Fault.TWICE),
        (NUMBER, "eight", Fault.NUMBER),
        (TEXT, "x" * 401, Fault.LONG),
        (WRITTEN, "x" * 20_001, Fault.LONG),
    ],
)
def test_what_cannot_stand_in_a_row_is_refused_with_its_reason(row: Row, typed: str, fault: Fault) -> None:
    with pytest.raises(Unread) as problem:
        keyed.read(row, typed, "arabic")
    assert problem.value.fault is fault


@settings(max_examples=600)
@given(row=st.sampled_from(EVERY), typed=st.text(max_size=40), script=SCRIPTS)
def test_whatever_is_typed_is_an_answer_or_refused(row: Row, typed: str, script: str) -> None:
    shapes = {
        Fill.ONE: {"kind": "single", "options": row.names}, Fill.SOME: {"kind": "multiple", "options": row.names},
        Fill.PAIRS: {"kind": "matching", "prompts": row.prompts, "choices": row.names}, Fill.PLACES: {"kind": "ordering", "options": row.names},
        Fill.SQUARES: {"kind": "hotspot", "columns": 8, "rows": 6, "marks": 2}, Fill.NUMBER: {"kind": "numeric"},
        Fill.TEXT: {"kind": "short-text"}, Fill.WRITTEN: {"kind": "written"},
    }  # fmt: skip
    try:
        found = keyed.read(row, typed, script)
    except Unread:
        return
    assert questions.readable(shapes[row.fill], found.value)
    assert bool(found.value) == (found.state is State.READ)
    if found.state is State.READ and row.fill not in (Fill.TEXT, Fill.WRITTEN):
        again = keyed.read(row, booklets.lettered(row, found.value, LETTERS[script]), script)
        assert again == found, "what is shown for deciding is what was typed"


def test_two_readings_are_compared_without_regard_to_what_marking_cannot_tell_apart() -> None:
    same = Reading(State.READ, "Ottawa"), Reading(State.READ, "ottawa")
    assert keyed.agree(TEXT, *same) and not keyed.agree(ROW, Reading(State.READ, "o1"), Reading(State.READ, "o2"))
    assert not keyed.agree(WRITTEN, Reading(State.READ, "+"), Reading(State.READ, "four facts"))
    doubtful = {"q1": Reading(State.MULTIPLE)}
    assert keyed.to_decide([ROW], doubtful, doubtful) == [ROW], "what both find doubtful waits for a person"
    with pytest.raises(ValueError, match="not decided"):
        keyed.answers([ROW], doubtful)


@pytest.mark.parametrize(
    ("text", "code", "digest"),
    [
        ("7K3MPQ2X9A.9C1E77AB", "7K3MPQ2X9A", "9c1e77ab"),
        (" 7k3mp q2x9a ", "7K3MPQ2X9A", ""),
        ("7K3MP-Q2X9A. 9c1e 77ab", "7K3MPQ2X9A", "9c1e77ab"),
        ("", "", ""),
    ],
)
def test_a_code_is_found_in_what_was_scanned_or_typed(text: str, code: str, digest: str) -> None:
    assert booklets.code_in(text) == (code, digest)
