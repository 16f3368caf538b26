"""An answer beside the truth, for all ten kinds."""

import pytest

from lmsapp.exams import corrections, truths
from lmsapp.exams.corrections import Change, Corrected
from lmsapp.exams.marks import KeyItem, mark


def said(text: str) -> dict[str, str]:
    return {"text": text, "language": "en"}


def named(letter: str, *texts: str) -> list[dict[str, object]]:
    return [{"name": f"{letter}{n}", "text": said(text)} for n, text in enumerate(texts, 1)]


def key(kind: str, structure: dict[str, object]) -> KeyItem:
    return KeyItem("q1", kind, structure, 1, critical=False)


@pytest.mark.parametrize("kind", ["single", "true-false", "multiple"])
def test_options_show_what_was_chosen_and_what_is_right(kind: str) -> None:
    sheet = {"options": named("o", "danger", "water")}
    found = truths.beside(sheet, key(kind, {"options": ["o1", "o2"], "right": ["o1"]}), "o2")
    assert [(o.text["text"], o.chosen, o.right) for o in found.options] == [
        ("danger", False, True),
        ("water", True, False),
    ]


def test_pairs_order_and_gaps_show_every_place() -> None:
    sheet = {"prompts": named("p", "red", "white"), "choices": named("c", "danger", "cleared")}
    pairs = truths.beside(sheet, key("matching", {"pairs": {"p1": "c1", "p2": "c2"}}), "p1=c2")
    assert [(line.mine, line.right[0]["text"], line.ok) for line in pairs.lines] == [
        (said("cleared"), "danger", False), ("", "cleared", False),
    ]  # fmt: skip
    order = truths.beside({"options": named("o", "stop", "call")}, key("ordering", {"options": ["o2", "o1"]}), "o2 -")
    assert [(line.label, line.mine, line.ok) for line in order.lines] == [(1, said("call"), True), (2, "", False)]
    gaps = {
        "1": {"options": ["o1"], "right": ["o1"]},
        "2": {"accepted": ["cleared"]},
        "3": {"answer": "5", "tolerance": "1"},
    }
    cloze = truths.beside(
        {"gaps": {"1": named("o", "surveyed")}}, key("cloze", {"gaps": gaps}), '{"1":"o1","2":"sold","3":"5,5"}'
    )
    assert [line.ok for line in cloze.lines] == [True, False, True]
    assert cloze.lines[1].right == ("cleared",) and cloze.lines[2].right == ("5 ± 1",)


def test_what_was_typed_marked_or_written_stands_as_it_was() -> None:
    number = truths.beside({}, key("numeric", {"answer": "2.89", "tolerance": "0"}), "۲٫۸۹").lines[0]
    assert (number.mine, number.right, number.ok) == ("۲٫۸۹", ("2.89",), True)
    word = truths.beside({}, key("short-text", {"accepted": ["UXO", "UXO"]}), "").lines[0]
    assert (word.mine, word.right, word.ok) == ("", ("UXO",), False)
    spot = truths.beside({}, key("hotspot", {"hazards": [["C4", "C5"], ["F2"]]}), "C4 A1")
    assert (spot.squares, spot.places) == (("C4", "A1"), (("C4", "C5"), ("F2",)))
    assert truths.beside({}, key("written", {"rubric": {"a": 1}}), "I stop.").lines[0].mine == "I stop."


def test_a_corrected_key_is_what_is_shown_and_marked() -> None:
    printed = {"options": ["a", "b", "c"], "right": ["a"]}
    frozen = key("single", {"options": ["o3", "o1", "o2"], "right": ["o3"]})
    also = corrections.applied(frozen, printed, [Corrected(Change.ALSO, {"right": ["c"]})])
    assert also is not None
    worth = {name: mark([also], {"q1": name}, 100).passed for name in ("o1", "o2", "o3")}
    assert worth == {"o1": False, "o2": True, "o3": True}
    shown = truths.beside({"options": named("o", "x", "y", "z")}, also, "o2")
    assert [option.right for option in shown.options] == [False, True, True]
    instead = corrections.applied(frozen, printed, [Corrected(Change.INSTEAD, {"right": ["b"]})])
    assert instead is not None and not mark([instead], {"q1": "o3"}, 100).passed
    assert corrections.applied(frozen, printed, [Corrected(Change.VOID, {})]) is None
    assert corrections.applied(frozen, printed, [Corrected(Change.VOID, {}), Corrected(Change.PRINTED, {})]) == frozen


def test_points_a_person_gave_stand_before_the_keys() -> None:
    item = key("single", {"options": ["o1", "o2"], "right": ["o1"]})
    from fractions import Fraction

    assert mark([item], {"q1": "o1"}, 50, {"q1": Fraction(0)}).points == 0


@pytest.mark.parametrize(
    ("kind", "value", "chosen"),
    [("multiple", "o1 o3", "a b"), ("single", "", "-"), ("numeric", "5", ""), ("numeric", " ", "-")],
)
def test_what_was_chosen_is_told_in_the_keys_of_the_bank(kind: str, value: str, chosen: str) -> None:
    printed, frozen = {"options": ["a", "b", "c"]}, {"options": ["o3", "o1", "o2"]}
    assert (
        corrections.chosen(kind, printed if kind != "numeric" else {}, frozen if kind != "numeric" else {}, value)
        == chosen
    )
