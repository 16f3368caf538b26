"""Item analysis: figures equal those worked out by hand and by a second, slower way; taking out leaves what was before."""

import statistics as plain
from math import isclose, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmsapp.exams import charts
from lmsapp.exams.statistics import (
    POINT,
    WHOLE,
    Compared,
    ExamCount,
    ItemCount,
    Method,
    Seen,
    Verdict,
    all_together,
    compared,
    count,
    discrimination,
    facility,
    options,
    stored,
    summary,
    together,
)

Papers = list[list[Seen]]


def counted(papers: Papers, passed: int = 0) -> tuple[dict[tuple[int, int], ItemCount], ExamCount]:
    items: dict[tuple[int, int], ItemCount] = {}
    exam = ExamCount()
    for place, paper in enumerate(papers):
        count(items, exam, paper, passed=place < passed)
    return items, exam


def paper(*right: int) -> list[Seen]:
    """A paper of the same questions, one point each: 1 right, 0 wrong."""
    return [Seen(number, 1, 1, earned * POINT, "a" if earned else "b") for number, earned in enumerate(right, 1)]


# Six candidates, four questions. Worked out with pencil and paper:
# sums 4 3 3 2 1 0, mean 13/6; variance of sums (n - 1) = 78/36 = 2.1667; p = 5/6 4/6 3/6 1/6;
# item variances (n - 1) = 1/6, 4/15, 3/10, 1/6 -> sum 0.9; alpha = 4/3 * (1 - 0.9/2.1667) = 0.779487
SIX = [paper(1, 1, 1, 1), paper(1, 1, 1, 0), paper(1, 1, 1, 0), paper(1, 1, 0, 0), paper(1, 0, 0, 0), paper(0, 0, 0, 0)]


def test_a_worked_example_of_a_fixed_exam() -> None:
    items, exam = counted(SIX, passed=3)
    found = summary(exam, items.values())
    assert found is not None and (found.n, found.passed, found.method) == (6, 3, Method.ALPHA)
    assert isclose(found.mean, 100 * 13 / 24) and found.deviation is not None
    assert isclose(found.deviation, 25 * sqrt(13 / 6))
    assert found.reliability is not None and isclose(found.reliability, 4 / 3 * (1 - 0.9 / (13 / 6)))
    assert found.error is not None and isclose(found.error, found.deviation * sqrt(1 - found.reliability))
    assert [round(facility(item) or 0, 4) for item in items.values()] == [0.8333, 0.6667, 0.5, 0.1667]
    # question 3 with the rest of the paper: x = 1 1 1 0 0 0, rest = 3 2 2 2 1 0 (of 3)
    expected = plain.correlation([1, 1, 1, 0, 0, 0], [3, 2, 2, 2, 1, 0])
    found_r = discrimination(items[3, 1])
    assert found_r is not None and isclose(found_r, expected, abs_tol=1e-4)


def test_papers_drawn_at_random_have_the_reliability_of_kuder_and_richardson_21() -> None:
    """All right or wrong, everybody her own questions: KR-21 = k/(k-1) (1 - M(k-M)/(k s²)), s² over n."""
    sums, k = [10, 9, 9, 7, 6, 4, 3, 8], 10
    papers = [[Seen(100 * p + i, 1, 1, POINT * (i < s), "") for i in range(k)] for p, s in enumerate(sums)]
    items, exam = counted(papers)
    found = summary(exam, items.values())
    mean, variance = plain.mean(sums), plain.pvariance(sums)
    kr21 = k / (k - 1) * (1 - mean * (k - mean) / (k * variance))
    n = len(sums)
    # the coefficient divides by n - 1 between persons, KR-21 as printed by n: the same after that factor
    assert found is not None and found.method is Method.NESTED and found.reliability is not None
    within, between = (1 - kr21) * variance, variance * n / (n - 1)
    assert isclose(1 - found.reliability, within / between, rel_tol=1e-6)


def test_below_five_attempts_nothing_is_said_of_scores() -> None:
    items, exam = counted(SIX[:4])
    assert summary(exam, items.values()) is None
    assert discrimination(items[1, 1]) is None


def test_a_question_everybody_has_right_tells_nothing() -> None:
    items, _exam = counted([paper(1, place % 2, 1) for place in range(8)])
    assert facility(items[1, 1]) == 1.0 and discrimination(items[1, 1]) is None


def test_the_options_say_who_chose_them() -> None:
    items, _exam = counted(SIX)
    a, b, nobody, omitted = options(items[3, 1], ["a", "b", "c"])
    assert (a.n, b.n, nobody.n, omitted.n) == (3, 3, 0, 0)
    assert isclose(a.rest, (1 + 2 / 3 + 2 / 3) / 3, abs_tol=1e-4) and isclose(b.rest, (2 / 3 + 1 / 3) / 3, abs_tol=1e-4)


def strata(tables: list[tuple[int, int, int, int]]) -> tuple[ItemCount, ItemCount]:
    """Two languages from 2x2 tables by band: (reference right, wrong, focal right, wrong)."""
    reference, focal = ItemCount(), ItemCount()
    for band, (a, b, c, d) in enumerate(tables):
        for item, right, wrong in ((reference, a, b), (focal, c, d)):
            item.n += right + wrong
            item.right += right
            item.x += right * POINT
            item.bands[str(band)] = [right + wrong, right]
    return reference, focal


def test_a_worked_example_of_mantel_and_haenszel() -> None:
    """Two bands; alpha = (30*20/80 + 20*10/60) / (10*20/80 + 20*10/60); worked out by hand."""
    tables = [(30, 10, 20, 20), (20, 20, 10, 10)]
    reference, focal = strata(tables)
    ka, prs = compared({"prs": focal, "ka": reference})
    alpha = (30 * 20 / 80 + 20 * 10 / 60) / (10 * 20 / 80 + 20 * 10 / 60)
    assert prs.language == "prs" and (prs.n, prs.others) == (60, 80)
    assert prs.delta is not None and isclose(prs.delta, -2.35 * log(alpha))
    assert ka.delta is not None and isclose(ka.delta, 2.35 * log(alpha))


@pytest.mark.parametrize(
    ("tables", "verdict"),
    [
        ([(45, 5, 10, 40), (48, 2, 20, 30)], Verdict.HARDER),
        ([(10, 40, 45, 5), (20, 30, 48, 2)], Verdict.EASIER),
        ([(40, 10, 38, 12), (45, 5, 44, 6)], Verdict.ALIKE),
        ([(50, 0, 0, 50)], Verdict.HARDER),
        ([(10, 2, 2, 10)], Verdict.FEW),
    ],
)
def test_a_language_is_flagged_when_it_is_much_harder_and_not_by_chance(
    tables: list[tuple[int, int, int, int]], verdict: Verdict
) -> None:
    reference, focal = strata(tables)
    found = {one.language: one for one in compared({"prs": focal, "en": reference})}
    assert found["prs"].verdict is verdict
    assert isinstance(found["prs"], Compared)


earned = st.integers(0, 3).map(lambda third: third * POINT // 3)
seen = st.builds(
    Seen, st.integers(1, 12), st.integers(1, 2), st.just(1), earned, st.sampled_from(["a", "b", "a b", "-", ""])
)
papers = st.lists(st.lists(seen, min_size=2, max_size=8, unique_by=lambda one: one[:2]), min_size=1, max_size=12)


@given(papers, st.data())
def test_taking_papers_out_leaves_exactly_what_was_there(all_papers: Papers, data: st.DataObject) -> None:
    kept = data.draw(st.lists(st.sampled_from(range(len(all_papers))), unique=True))
    items, exam = counted(all_papers)
    for place, one in enumerate(all_papers):
        if place not in kept:
            count(items, exam, one, -1, passed=False)
    expected_items, expected = counted([all_papers[place] for place in kept])
    assert exam == expected
    assert {key: one for key, one in items.items() if one.n} == expected_items


@given(papers)
def test_parts_together_are_the_whole(all_papers: Papers) -> None:
    whole_items, whole = counted(all_papers)
    parts = [counted(all_papers[::2]), counted(all_papers[1::2])]
    assert all_together(exam for _items, exam in parts) == whole
    for key, one in whole_items.items():
        assert stored(together(items[key] for items, _exam in parts if key in items)) == stored(one)


@given(papers)
def test_figures_equal_a_second_way_of_finding_them(all_papers: Papers) -> None:
    items, exam = counted(all_papers)
    for key, item in items.items():
        pairs = []
        for one in all_papers:
            own = [s for s in one if (s.question, s.version) == key]
            if own:
                rest = sum(s.earned for s in one) - own[0].earned
                pairs.append((own[0].earned, rest * WHOLE // (POINT * (len(one) - 1))))
        xs, rests = zip(*pairs, strict=True)
        assert isclose(facility(item) or 0, plain.mean(xs) / POINT, abs_tol=1e-9)
        found = discrimination(item)
        if len(xs) >= 5 and len(set(xs)) > 1 and len(set(rests)) > 1:
            assert found is not None and isclose(found, plain.correlation(xs, rests), abs_tol=1e-6)
            assert -1.000001 <= found <= 1.000001
        else:
            assert found is None
    assert sum(exam.bars.values()) == exam.n == len(all_papers)


def test_charts_are_mirrored_and_stay_inside() -> None:
    left = charts.histogram({"0": 1, "19": 7}, 20, 80, rtl=False)
    right = charts.histogram({"0": 1, "19": 7}, 20, 80, rtl=True)
    for one, other in zip(left.bars, right.bars, strict=True):
        assert isclose(one.x + one.width + other.x, charts.WIDE) and 0 <= one.x <= charts.WIDE
        assert charts.TOP <= one.y <= charts.HIGH and one.passed == (one.first >= 80)
    dots = charts.scatter([(1, 0.5, 0.3), (2, 1.0, -0.9)], 0.2, rtl=False).dots
    assert [dot.weak for dot in dots] == [False, True]
    assert all(0 <= dot.x <= charts.WIDE and 0 <= dot.y <= charts.HIGH for dot in dots)
