"""A faulty question is put right: seen first, then done; nothing overwritten; a second person where somebody passes or fails."""

from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import audit
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.events import _listeners, subscribe
from lmsapp.exams import analysing, judging, marking, regrading
from lmsapp.exams.events import MarkCorrected
from lmsapp.exams.models import AttemptEvent, Correction, Mark
from tests.exams import hall as halls
from tests.exams.hall import WRITTEN, Hall

AUTO = ("sign", "both", "true", "metres", "word")


def sat(session: Session, pass_mark: int) -> Hall:
    """Three candidates have sat: all right but the written one (5 of 10), four right, and three."""
    made = halls.build(session)
    made.held.exam.pass_mark = pass_mark
    for place in range(3):
        made.sit(place, right=AUTO[place:])
    return made


@pytest.fixture
def hall(session: Session) -> Hall:
    """Only the first passes, and just so."""
    return sat(session, 50)


@pytest.fixture
def easy(session: Session) -> Hall:
    """Everybody passes, whatever becomes of a question."""
    return sat(session, 10)


def change(hall: Hall, key: str, kind: str, content: dict[str, Any] | None = None, **more: Any) -> Correction:
    version = regrading.printed(hall.session, hall.question(key).id, 1)
    assert version is not None
    return regrading.draft(hall.held, version, kind, content or {}, **{"reason": "Two answers were right.", **more})


def marks(hall: Hall, place: int) -> list[Mark]:
    return list(
        hall.session.scalars(
            select(Mark).join(marking.Attempt, marking.Attempt.id == Mark.attempt_id).where(
                marking.Attempt.person_id == hall.people[place].id
            ).order_by(Mark.version)
        )
    )  # fmt: skip


def worth(mark: Mark) -> tuple[Fraction, int, bool]:
    return Fraction(mark.points_numerator, mark.points_denominator), mark.possible, mark.passed


def test_looking_changes_nothing(hall: Hall) -> None:
    seen = regrading.preview(hall.session, hall.assessor, hall.held, change(hall, "sign", "void"))
    assert len(seen) == 3 and {one.changes for one in seen} == {True}
    assert [len(marks(hall, place)) for place in range(3)] == [1, 1, 1]
    assert hall.session.scalars(select(Correction)).all() == []


def test_a_question_taken_out_counts_for_nobody(easy: Hall) -> None:
    regrading.ask(easy.session, easy.assessor, easy.held, change(easy, "sign", "void"))
    assert [worth(marks(easy, place)[-1]) for place in range(3)] == [(4, 9, True), (4, 9, True), (3, 9, True)]
    first, second = marks(easy, 0)
    assert (first.cause, second.cause, second.reason) == ("marked", "corrected", "Two answers were right.")
    assert easy.item(easy.held.attempts[0], "sign") not in second.items


def test_who_would_pass_or_fail_waits_for_a_second_person(hall: Hall) -> None:
    asked = regrading.ask(hall.session, hall.assessor, hall.held, change(hall, "sign", "void"))  # 5/10 -> 4/9 fails
    assert asked.state == "asked" and len(marks(hall, 0)) == 1
    with pytest.raises(Conflict, match="somebody else"):
        regrading.decide(hall.session, hall.assessor, hall.held, asked.id, agreed=True)
    with pytest.raises(Conflict, match="waits for a second person"):
        regrading.ask(hall.session, hall.second, hall.held, change(hall, "sign", "printed"))
    regrading.decide(hall.session, hall.instructor, hall.held, asked.id, agreed=True)
    assert worth(marks(hall, 0)[-1]) == (4, 9, False)
    with pytest.raises(Conflict, match="decided already"):
        regrading.decide(hall.session, hall.second, hall.held, asked.id, agreed=True)


def test_a_refused_correction_leaves_the_marks(hall: Hall) -> None:
    asked = regrading.ask(hall.session, hall.assessor, hall.held, change(hall, "sign", "void"))
    regrading.decide(hall.session, hall.second, hall.held, asked.id, agreed=False)
    assert (asked.state, len(marks(hall, 0))) == ("refused", 1)


def test_another_answer_counts_beside_the_right_one(session: Session) -> None:
    hall = halls.build(session)
    hall.held.exam.pass_mark = 10
    hall.sit(0, right=AUTO)
    wrong = hall.sit(1, right=AUTO[1:], choose={"sign": "b"})
    assert worth(marks(hall, 1)[-1])[0] == 4 and wrong.state == "marked"
    regrading.ask(session, hall.assessor, hall.held, change(hall, "sign", "also", {"right": ["b"]}))
    assert [worth(marks(hall, place)[-1])[0] for place in (0, 1)] == [5, 5], "the printed answer keeps its point"
    assert len(marks(hall, 0)) == 1, "a mark that stays as it was gets no new version"


def test_a_wrong_key_is_replaced(easy: Hall) -> None:
    regrading.ask(easy.session, easy.assessor, easy.held, change(easy, "true", "instead", {"right": ["true"]}))
    assert [worth(marks(easy, place)[-1])[0] for place in range(3)] == [4, 3, 2]
    regrading.ask(easy.session, easy.assessor, easy.held, change(easy, "true", "printed", {}))
    assert [worth(marks(easy, place)[-1])[0] for place in range(3)] == [5, 4, 3]
    assert [mark.version for mark in marks(easy, 0)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("key", "content", "value"),
    [
        ("metres", {"answer": "1", "tolerance": "0.5"}, "۱٫۲"),
        ("word", {"accepted": ["UneXploded  explosive ordnance"]}, "unexploded explosive ordnance"),
    ],
)
def test_numbers_and_words_can_be_accepted_later(
    session: Session, key: str, content: dict[str, Any], value: str
) -> None:
    hall = halls.build(session)
    hall.held.exam.pass_mark = 5
    hall.sit(0, right=("sign",), more={key: value})
    before = worth(marks(hall, 0)[-1])[0]
    regrading.ask(session, hall.assessor, hall.held, change(hall, key, "also", content))
    assert worth(marks(hall, 0)[-1])[0] == before + 1


def test_a_faulty_translation_is_put_right_for_its_own_papers(easy: Hall) -> None:
    regrading.ask(easy.session, easy.assessor, easy.held, change(easy, "sign", "void", language="prs"))
    assert [worth(marks(easy, place)[-1])[1] for place in range(3)] == [10, 9, 10]


def test_one_candidates_points_are_corrected_with_a_reason(hall: Hall) -> None:
    attempt = next(a for a in hall.held.attempts if a.person_id == hall.people[1].id)
    item = hall.item(attempt, "word")
    with pytest.raises(Invalid):
        regrading.points(hall.held, attempt, item, "1,5")
    asked = regrading.ask(
        hall.session,
        hall.assessor,
        hall.held,
        regrading.points(hall.held, attempt, item, "۰٫۵", "Half of it is right."),
    )
    assert asked.state == "applied" and worth(marks(hall, 1)[-1])[0] == Fraction(7, 2)
    assert len(marks(hall, 0)) == 1


def test_corrections_are_made_by_the_sittings_assessors_with_a_reason(hall: Hall, cast: dict[str, Any]) -> None:
    for key in ("instructor", "manager", "other_instructor", "auditor", "trainee"):
        with pytest.raises(NotAllowed):
            regrading.ask(hall.session, cast[key].actor, hall.held, change(hall, "sign", "void"))
    with pytest.raises(Invalid):
        regrading.ask(hall.session, hall.assessor, hall.held, change(hall, "sign", "void", reason=""))


@pytest.mark.parametrize(
    ("key", "kind", "content"),
    [
        ("sign", "also", {}),
        ("sign", "also", {"right": ["z"]}),
        ("sign", "also", {"right": ["a", "b"]}),
        ("metres", "instead", {"answer": "wide", "tolerance": "0"}),
        ("metres", "instead", {"answer": "1", "tolerance": "-1"}),
        ("word", "also", {"accepted": [" "]}),
        (WRITTEN, "also", {"right": ["a"]}),
        ("sign", "void", {"right": ["a"]}),
    ],
)
def test_an_impossible_correction_is_refused(hall: Hall, key: str, kind: str, content: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        change(hall, key, kind, content)


def test_everything_is_written_down_and_told(hall: Hall) -> None:
    told: list[MarkCorrected] = []
    listen = lambda _session, event: told.append(event)  # noqa: E731
    subscribe(MarkCorrected, listen)
    try:
        asked = regrading.ask(hall.session, hall.assessor, hall.held, change(hall, "sign", "void"))
        regrading.decide(hall.session, hall.instructor, hall.held, asked.id, agreed=True)
    finally:
        _listeners[MarkCorrected].remove(listen)
    assert sorted((one.passed, one.flipped) for one in told) == [(False, False), (False, False), (False, True)]
    lines = [line.action for line in hall.session.scalars(select(audit.AuditLine).order_by(audit.AuditLine.position))]
    assert [lines.count(word) for word in ("correction.asked", "mark.corrected", "correction.applied")] == [1, 3, 1]
    reasons = hall.session.scalars(select(AttemptEvent.reason).where(AttemptEvent.reason.is_not(None))).all()
    assert reasons.count("Two answers were right.") == 3


def test_taking_out_a_written_question_ends_the_wait_for_it(session: Session) -> None:
    hall = halls.build(session)
    waits = hall.sit(0, right=AUTO, written="I stop.")
    hall.sit(1, right=AUTO)
    asked = regrading.ask(session, hall.assessor, hall.held, change(hall, WRITTEN, "void"))
    if asked.state == "asked":
        regrading.decide(session, hall.second, hall.held, asked.id, agreed=True)
    assert waits.state == "marked" and worth(marks(hall, 0)[-1]) == (5, 5, True)
    back = regrading.ask(session, hall.assessor, hall.held, change(hall, WRITTEN, "printed"))
    with pytest.raises(Conflict, match="never marked"):
        regrading.decide(session, hall.second, hall.held, back.id, agreed=True)


def test_running_totals_equal_a_count_from_the_marks_after_everything(session: Session, cast: dict[str, Any]) -> None:
    hall = halls.build(session, candidates=6)
    hall.held.exam.pass_mark = 20
    attempts = [hall.sit(place, right=AUTO[place % 3 :], written="I stop." if place % 2 else "") for place in range(6)]
    for pile in judging.piles(session, hall.assessor, hall.held):
        for task in pile.mine(hall.assessor):
            judging.judge(session, hall.assessor, hall.held, pile.question_id, task.reference, {"a": 2, "b": 1})
    regrading.ask(session, hall.assessor, hall.held, change(hall, "sign", "void", language="en"))
    regrading.ask(session, hall.assessor, hall.held, change(hall, "word", "also", {"accepted": ["x"]}))
    from lmsapp.exams import invigilating

    marked = next(a for a in attempts if a.state == "marked")
    invigilating.void(session, cast["manager"].actor, marked, "Wrong room")
    session.flush()
    exam = hall.held.exam_id
    running, counted = analysing.kept(session, [exam]), analysing.from_marks(session, [exam])
    assert running.items == counted.items
    assert running == counted and sum(one.n for one in counted.exams.values()) >= 3
    analysing.count_anew(session, [exam])
    assert analysing.kept(session, [exam]) == counted


def test_the_analysis_shows_every_question_with_its_number_of_answers(hall: Hall) -> None:
    found = analysing.analysis(hall.session, hall.instructor, [hall.held.exam])
    assert found.attempts.n == 3 and found.summary is None and len(found.rows) == 6
    assert {row.question.key: row.counted.right for row in found.rows}["both"] == 2
    only = analysing.analysis(hall.session, hall.instructor, [hall.held.exam], "prs")
    assert only.attempts.n == 1 and {row.counted.n for row in only.rows} == {1}
