"""Marking written answers: anonymous, blind, append-only; complete when nothing waits."""

from fractions import Fraction

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict, Invalid, NotAllowed, NotFound
from lmsapp.exams import judging, marking, policy
from lmsapp.exams.judging import Task
from lmsapp.exams.models import Attempt, Judgement, Mark
from tests.exams import hall as halls
from tests.exams.hall import WRITTEN, Hall

AUTO = ("sign", "both", "true", "metres", "word")  # five points; the written answer is worth five more


@pytest.fixture
def hall(session: Session) -> Hall:
    """A hall nobody has entered."""
    return halls.build(session)


def tasks(hall: Hall, actor: Actor) -> list[Task]:
    return [task for pile in judging.piles(hall.session, actor, hall.held) for task in pile.mine(actor)]


def judge(hall: Hall, actor: Actor, task: Task, a: int, b: int, remark: str = "") -> Judgement:
    question = hall.question(WRITTEN).id
    return judging.judge(hall.session, actor, hall.held, question, task.reference, {"a": a, "b": b}, remark)


def newest(hall: Hall, attempt: Attempt) -> Mark:
    found = marking.newest(hall.session, attempt.id)
    assert found is not None
    return found


def test_an_exam_waits_for_its_written_answer_and_is_marked_with_it(hall: Hall) -> None:
    attempt = hall.sit(right=AUTO, written="I stop and call.")
    assert (attempt.state, marking.newest(hall.session, attempt.id)) == ("submitted", None)
    judge(hall, hall.assessor, tasks(hall, hall.assessor)[0], 3, 2, "Well said.")
    mark = newest(hall, attempt)
    assert (attempt.state, mark.passed, mark.possible) == ("marked", True, 10)
    item = hall.item(attempt, WRITTEN)
    assert mark.judged == {item: {"rule": "one", "by": [hall.assessor.person_id]}}
    assert tasks(hall, hall.second) == []


def test_an_empty_written_answer_waits_for_nobody(hall: Hall) -> None:
    attempt = hall.sit(right=AUTO, written="  \n ")
    assert attempt.state == "marked" and not newest(hall, attempt).passed


def test_on_the_border_a_second_marker_reads_without_seeing_the_first(hall: Hall) -> None:
    attempt = hall.sit(right=AUTO, written="I stop.")
    judge(hall, hall.assessor, tasks(hall, hall.assessor)[0], 2, 0)  # 7 of 10, the pass mark
    assert attempt.state == "submitted"
    assert tasks(hall, hall.assessor) == []
    judge(hall, hall.second, tasks(hall, hall.second)[0], 1, 0)
    mark = newest(hall, attempt)
    assert Fraction(mark.points_numerator, mark.points_denominator) == Fraction(13, 2) and not mark.passed
    assert mark.judged[hall.item(attempt, WRITTEN)]["rule"] == "mean"


def test_two_who_differ_much_are_decided_by_a_third(hall: Hall) -> None:
    attempt = hall.sit(right=AUTO, written="I stop.")
    judge(hall, hall.assessor, tasks(hall, hall.assessor)[0], 2, 0)
    judge(hall, hall.second, tasks(hall, hall.second)[0], 3, 2)
    assert attempt.state == "submitted" and tasks(hall, hall.second) == []
    judge(hall, hall.instructor, tasks(hall, hall.instructor)[0], 3, 1)
    mark = newest(hall, attempt)
    assert mark.passed and mark.points_numerator == 9
    assert mark.judged[hall.item(attempt, WRITTEN)] == {"rule": "third", "by": [hall.instructor.person_id]}


def test_a_critical_answer_is_always_read_twice(session: Session) -> None:
    hall = halls.build(session, critical=WRITTEN)
    attempt = hall.sit(right=AUTO, written="I stop.")
    judge(hall, hall.assessor, tasks(hall, hall.assessor)[0], 3, 2)
    assert attempt.state == "submitted"
    judge(hall, hall.second, tasks(hall, hall.second)[0], 3, 1)
    mark = newest(hall, attempt)
    assert mark.critical_failed and not mark.passed


def test_nobody_reads_the_same_answer_twice_or_changes_what_she_gave(hall: Hall) -> None:
    hall.sit(right=AUTO, written="I stop.")
    task = tasks(hall, hall.assessor)[0]
    judge(hall, hall.assessor, task, 2, 0)
    with pytest.raises(Conflict):
        judge(hall, hall.assessor, task, 3, 2)
    assert hall.session.scalar(select(func.count()).select_from(Judgement)) == 1


@pytest.mark.parametrize("points", [{"a": 4, "b": 0}, {"a": -1, "b": 0}, {"a": 1}, {"a": 1, "b": 1, "c": 1}])
def test_points_outside_the_rubric_are_refused(hall: Hall, points: dict[str, int]) -> None:
    hall.sit(written="I stop.")
    task, question = tasks(hall, hall.assessor)[0], hall.question(WRITTEN).id
    with pytest.raises(Invalid):
        judging.judge(hall.session, hall.assessor, hall.held, question, task.reference, points)
    assert hall.session.scalar(select(func.count()).select_from(Judgement)) == 0


def test_only_who_is_assigned_marks(hall: Hall, cast: dict[str, object]) -> None:
    hall.sit(written="I stop.")
    for key in ("trainee", "other_instructor", "manager", "auditor", "translator", "former_instructor"):
        with pytest.raises(NotAllowed):
            judging.piles(hall.session, cast[key].actor, hall.held)  # type: ignore[attr-defined]
    with pytest.raises(NotFound):
        judging.judge(hall.session, hall.assessor, hall.held, hall.question(WRITTEN).id, "0" * 16, {"a": 1, "b": 1})


def test_results_are_not_released_while_answers_wait(hall: Hall) -> None:
    hall.sit(right=AUTO, written="I stop.")
    with pytest.raises(Conflict, match="Written answers"):
        marking.release(hall.session, hall.instructor, hall.held)


def test_results_shown_at_once_are_released_as_soon_as_they_are_marked(hall: Hall) -> None:
    hall.held.exam.release = "at-once"
    assert hall.sit(0, right=AUTO).state == "released"
    second = hall.sit(1, right=AUTO, written="I stop.")
    judge(hall, hall.assessor, tasks(hall, hall.assessor)[0], 3, 2)
    assert second.state == "released"


def test_a_result_shown_at_once_tells_no_answers_while_others_can_begin(hall: Hall) -> None:
    hall.held.exam.release = "at-once"
    attempt = hall.sit(0, right=AUTO)
    candidate = Actor(person_id=attempt.person_id)
    assert policy.may_read_result(candidate, attempt)
    assert not policy.may_read_answers(candidate, attempt) and not policy.may_read_key(candidate, attempt)
    with clock.held(hall.held.closes_at):
        assert policy.may_read_answers(candidate, attempt) and policy.may_read_key(candidate, attempt)


def test_the_order_of_answers_says_nothing_of_who_came_first(session: Session) -> None:
    hall = halls.build(session, candidates=8)
    for place in range(8):
        hall.sit(place, written=f"answer {place}")
    told = tasks(hall, hall.assessor)
    assert [t.reference for t in told] == sorted(t.reference for t in told) and len({t.reference for t in told}) == 8
    assert all(len(t.reference) == 16 and t.attempt.code not in t.reference for t in told)
