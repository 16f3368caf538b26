"""Sitting an exam: what is acknowledged is there, what is closed stays closed, one attempt is handed in once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.errors import Conflict, Invalid, NotAllowed, NotFound
from lmsapp.exams import invigilating, marking, queries, saving, sitting
from lmsapp.exams.batches import Batch, Closing, Given
from lmsapp.exams.models import Attempt, Mark, Submission
from tests import cast as casting
from tests import world


def test_beginning_twice_gives_the_same_paper(session: Session, attempt: Attempt) -> None:
    again = sitting.begin(session, Actor(person_id=attempt.person_id), attempt.sitting, drafts_allowed=True)
    assert again.id == attempt.id


def test_who_is_not_enrolled_finds_no_exam(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    with pytest.raises(NotFound):
        sitting.begin(session, cast["another_trainee"].actor, attempt.sitting, drafts_allowed=True)  # type: ignore[attr-defined]


def test_handing_in_twice_gives_the_same_receipt_and_one_mark(session: Session, attempt: Attempt) -> None:
    actor = Actor(person_id=attempt.person_id)
    world.answer_rightly(session, attempt)
    first = sitting.hand_in(session, actor, attempt, "once")
    assert sitting.hand_in(session, actor, attempt, "twice") is first
    assert marking.mark(session, attempt) is not None
    assert marking.mark(session, attempt) is None
    marks = session.scalars(select(Mark).where(Mark.attempt_id == attempt.id)).all()
    assert [(m.passed, queries.percent(m)) for m in marks] == [(True, 100)]
    assert session.scalar(select(func.count()).select_from(Submission).where(Submission.attempt_id == attempt.id)) == 1


def closing(session: Session, attempt: Attempt, last_seq: int = 1, **answers: str) -> Closing:
    """What a device claims when it hands in."""
    return Closing("key-1", "device-1", last_seq, sitting.answers_hash(answers))


def test_a_device_hands_in_only_what_has_arrived_and_agrees(session: Session, attempt: Attempt) -> None:
    actor = Actor(person_id=attempt.person_id)
    item = next(i for i in attempt.paper.sheet["items"] if "options" in i)
    given = Given(1, item["item"], item["options"][0]["name"])
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch("device-1", (given,)))
    answers = {given.item: given.value}
    with pytest.raises(sitting.Missing) as missing:
        sitting.hand_in(session, actor, attempt, "key-1", closing(session, attempt, 2, **answers))
    assert missing.value.acked_to == 1
    with pytest.raises(sitting.Differing):
        sitting.hand_in(session, actor, attempt, "key-1", closing(session, attempt))
    made = sitting.hand_in(session, actor, attempt, "key-1", closing(session, attempt, **answers))
    assert sitting.receipt_of(attempt, made)["answered"] == 1
    assert sitting.hand_in(session, actor, attempt, "key-2", closing(session, attempt, 9)) is made


def test_after_the_time_what_was_saved_is_handed_in_whatever_a_device_claims(
    session: Session, attempt: Attempt
) -> None:
    with clock.held(attempt.deadline_at + timedelta(minutes=1)):
        made = sitting.hand_in(
            session, Actor(person_id=attempt.person_id), attempt, "key-1", closing(session, attempt, 7)
        )
    assert made.by_expiry


def test_an_expired_attempt_is_closed_once_however_often_it_is_swept(session: Session, attempt: Attempt) -> None:
    assert sitting.due(session, attempt.sitting_id) == []
    with clock.held(attempt.deadline_at + timedelta(seconds=attempt.grace_seconds)):
        assert sitting.due(session, attempt.sitting_id) == [attempt.id]
        assert not sitting.close(session, KEEPER, attempt.id)
        clock.forward(timedelta(days=3))
        assert sitting.close(session, KEEPER, attempt.id)
        assert not sitting.close(session, KEEPER, attempt.id)
        assert sitting.due(session, attempt.sitting_id) == []
    assert attempt.state == "submitted"


def test_a_paused_attempt_does_not_expire(session: Session, attempt: Attempt) -> None:
    attempt.sitting.paused_at = clock.now()
    session.flush()
    with clock.held(attempt.deadline_at + timedelta(days=1)):
        assert queries.state_now(attempt) == "paused"
        assert attempt.id not in sitting.due(session, attempt.sitting_id)
        assert not sitting.close(session, KEEPER, attempt.id)


def test_a_room_with_a_code_lets_in_who_was_told_it(session: Session, attempt: Attempt) -> None:
    actor, held = Actor(person_id=attempt.person_id), attempt.sitting
    for one in session.scalars(select(Attempt).where(Attempt.person_id == attempt.person_id)):  # she had passed another
        invigilating.void(session, KEEPER, one, "Sent to another room.")
    held.room_code = "482 915".replace(" ", "")
    for wrong in ("", "482916", "x" * 500, "۴۸۲"):
        with pytest.raises(Invalid, match="code of the room"):
            sitting.begin(session, actor, held, drafts_allowed=True, room_code=wrong)
    assert sitting.begin(session, actor, held, drafts_allowed=True, room_code="۴۸۲ ۹۱۵").state == "open"


def test_nobody_else_hands_in(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    other = cast["another_trainee"].actor  # type: ignore[attr-defined]
    with pytest.raises(NotAllowed):
        sitting.hand_in(session, other, attempt, "x")


def test_results_wait_until_everybody_is_done(session: Session, attempt: Attempt, cast: dict[str, object]) -> None:
    instructor = cast["instructor"].actor  # type: ignore[attr-defined]
    with pytest.raises(Conflict, match="still sitting"):
        marking.release(session, instructor, attempt.sitting, without_papers=True)
    with clock.held(attempt.deadline_at + timedelta(minutes=5)):
        with pytest.raises(marking.PapersOut, match="reconciled yet: 1"):
            marking.release(session, instructor, attempt.sitting)
        assert (attempt.state, attempt.sitting.released_at) == ("open", None)
        assert marking.release(session, instructor, attempt.sitting, without_papers=True) == 1
    assert attempt.state == "released"


@pytest.mark.own_database
def test_looking_for_what_has_expired_reads_no_table_from_end_to_end(session: Session, attempt: Attempt) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_more: object) -> None:
        asked.append((statement, values))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    sitting.due(session)
    event.remove(connection, "before_cursor_execute", note)
    assert len(asked) == 1
    statement, values = asked[0]
    on_sqlite = connection.dialect.name == "sqlite"
    if not on_sqlite:  # a table of three rows is read whole for good reason; the question is whether it must be
        session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' if on_sqlite else ''}{statement}", values).all()
    steps = " ".join(str(row[-1]) for row in plan)
    assert "ix_attempt_open_deadline" in steps
    assert "SCAN" not in steps.replace("Index Scan", "").replace("Bitmap Heap Scan", "")
    assert "Seq Scan" not in steps


def test_one_reads_her_own_sittings_and_attempts_only(
    session: Session, attempt: Attempt, cast: dict[str, casting.Member]
) -> None:
    mine, tried = queries.own_sittings(session, Actor(person_id=attempt.person_id))
    assert attempt.sitting in mine
    assert attempt in tried
    assert {one.person_id for one in tried} == {attempt.person_id}
    assert queries.own_sittings(session, Actor(person_id=cast["manager"].person_id)) == ([], [])


def test_the_best_mark_of_the_final_exam_counts_and_who_waits_for_a_marker_is_told(
    session: Session, attempt: Attempt
) -> None:
    sitting.hand_in(session, Actor(person_id=attempt.person_id), attempt, "k1")
    cohort = attempt.sitting.cohort_id
    before = queries.of_cohort(session, cohort)
    mark = marking.mark(session, attempt)
    after = queries.of_cohort(session, cohort)
    earlier, result = before.results[attempt.enrolment_id], after.results[attempt.enrolment_id]
    assert (before.handed_in, after.handed_in) == ({attempt.sitting_id: 1}, {})
    assert result.attempts == earlier.attempts + 1
    assert result.percent == max(earlier.percent, queries.percent(mark))
