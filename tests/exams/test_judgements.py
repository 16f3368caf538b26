"""Written answers: who has to read, whose points stand."""

from fractions import Fraction

import pytest

from lmsapp.exams import judgements
from lmsapp.exams.judgements import Part, Read, Rule
from lmsapp.exams.marks import KeyItem

TELL = KeyItem("q1", "written", {"rubric": {"a": 3, "b": 2}}, 5, critical=False)
CRITICAL = KeyItem("q1", "written", {"rubric": {"a": 3, "b": 2}}, 5, critical=True)
CHOICES = [
    KeyItem(f"q{n}", "single", {"options": ["o1", "o2"], "right": ["o1"]}, 1, critical=False) for n in range(2, 7)
]


def reads(*points: int) -> dict[str, Read]:
    return {part: Read(place, {"a": total}) for place, (part, total) in enumerate(zip(Part, points, strict=False), 1)}


@pytest.mark.parametrize(
    ("item", "points", "border", "part", "settled"),
    [
        (TELL, (), False, Part.FIRST, None),
        (TELL, (4,), False, None, (Fraction(4), Rule.ONE, (1,))),
        (TELL, (4,), True, Part.SECOND, None),
        (CRITICAL, (4,), False, Part.SECOND, None),
        (TELL, (4, 3), True, None, (Fraction(7, 2), Rule.MEAN, (1, 2))),
        (TELL, (4, 4), True, None, (Fraction(4), Rule.MEAN, (1, 2))),
        (TELL, (5, 3), True, Part.THIRD, None),
        (TELL, (5, 0, 2), True, None, (Fraction(2), Rule.THIRD, (3,))),
    ],
)
def test_who_reads_next_and_whose_points_stand(item, points, border, part, settled) -> None:  # type: ignore[no-untyped-def]
    assert judgements.next_part(item, reads(*points), border=border) == part
    found = judgements.settled(item, reads(*points), border=border)
    assert (found and (found.points, found.rule, found.by)) == settled


@pytest.mark.parametrize(
    ("right", "first", "pass_mark", "border"),
    [
        (5, 2, 70, True),  # 7 of 10: exactly the pass mark, one point less fails
        (5, 2, 75, True),  # 70 against 75: five percent away, and more points would pass
        (5, 2, 76, False),  # six percent away
        (5, 5, 40, False),  # passes whatever was written
        (0, 5, 55, False),  # fails whatever was written
    ],
)
def test_a_second_marker_reads_where_it_can_decide(right: int, first: int, pass_mark: int, border: bool) -> None:
    answers = {"q1": "I stop."} | {f"q{n}": "o1" if n < 2 + right else "o2" for n in range(2, 7)}
    assert judgements.on_border([TELL, *CHOICES], answers, pass_mark, {"q1": reads(first)}) is border


def test_the_border_is_not_known_before_the_first_marker_has_read_everything() -> None:
    assert not judgements.on_border([TELL, *CHOICES], {"q1": "I stop."}, 0, {})
    assert not judgements.on_border(CHOICES, {"q2": "o1"}, 20, {})
