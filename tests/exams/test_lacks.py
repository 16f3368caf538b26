"""What a question still lacks is said of the field where it is to be written; nothing that lacks something can be kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmsapp.exams import changes, entries
from lmsapp.exams.lacks import lacks, settled
from lmsapp.exams.questions import Kind, places
from tests.exams.test_drafting import TOPICS, WHOLE, entry


@pytest.mark.parametrize("kind", list(Kind))
def test_a_whole_question_lacks_nothing_and_half_of_one_does(kind: str) -> None:
    assert lacks(settled(entry(kind)), TOPICS) == []
    for part in WHOLE[kind]:
        if part in ("whole", "choices", "tolerance", "unit", "columns", "rows"):
            continue
        half = settled({name: value for name, value in entry(kind).items() if name != part})
        assert lacks(half, TOPICS), part


@pytest.mark.parametrize(
    ("kind", "part", "value", "field"),
    [
        ("single", "options", [{"text": "a", "right": True}, {"text": "b", "right": True}], "options"),
        ("single", "options", [{"text": "a", "right": True}, {"text": "a"}], "options"),
        ("multiple", "options", [{"text": "a"}, {"text": "b"}], "options"),
        ("multiple", "options", [{"text": "a"}, {"text": "", "right": True}], "options"),
        ("true-false", "answer", "perhaps", "answer"),
        ("matching", "pairs", [{"prompt": "a", "choice": "x"}, {"prompt": "", "choice": "y"}], "pairs"),
        ("ordering", "items", ["one"], "items"),
        ("numeric", "answer", "many", "answer"),
        ("numeric", "tolerance", "-1", "tolerance"),
        ("short-text", "accepted", [], "accepted"),
        ("hotspot", "hazards", [], "squares"),
        ("hotspot", "alt", "", "alt"),
        ("cloze", "stem", "No gap here", "stem"),
        ("cloze", "stem", "Twice [[1]] [[1]] [[2]] [[3]]", "stem"),
        ("cloze", "stem", "Another [[1]] [[2]] [[3]] [[4]]", "gaps"),
        ("written", "rubric", [{"text": "a", "points": 0}], "rubric"),
        ("written", "rubric", [{"text": "a", "points": "two"}], "rubric"),
        ("single", "topic", "none", "topic"),
    ],
)
def test_each_lack_names_its_field(kind: str, part: str, value: object, field: str) -> None:
    assert field in {one.field for one in lacks(settled(entry(kind, **{part: value})), TOPICS)}


@pytest.mark.parametrize("kind", list(Kind))
def test_what_lacks_nothing_can_be_kept_and_is_readable(kind: str) -> None:
    whole = settled(entry(kind))
    assert entries.fault(whole, TOPICS) is None
    assert changes.between(whole, whole) == []
    assert {one.part for one in changes.between(whole, whole | {"stem": "Other", "critical": True})} == {
        "stem",
        "critical",
    }


@given(st.sets(st.sampled_from(["A1", "B1", "C1", "A2", "C2", "C3", "D4"])))
def test_squares_that_share_an_edge_are_one_place_and_none_is_lost(marked: set[str]) -> None:
    found = places(marked)
    assert sorted(square for place in found for square in place) == sorted(marked)
    if marked == {"A1", "B1", "C2", "D4"}:
        assert len(found) == 3


def test_places_follow_edges_not_corners() -> None:
    assert places(["A1", "B1", "B2", "D1", "C3"]) == [["A1", "B1", "B2"], ["D1"], ["C3"]]
