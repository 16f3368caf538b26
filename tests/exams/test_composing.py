"""Composing: what a bank can't fill is refused and named; what is drawn speaks the candidate's language; papers stay."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Edition
from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock, settings
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.exams import banking, composing
from lmsapp.exams.composing import Infeasible, Plan
from lmsapp.exams.models import Attempt, Bank, Exam
from lmsapp.exams.papers import Need, Shortage
from lmsapp.translation import revising
from lmsapp.translation.models import Translation
from tests import world
from tests.cast import Member


@pytest.fixture
def edition(session: Session) -> Edition:
    """The test course, with its bank in six languages."""
    return session.scalars(select(Edition)).one()


def plan(session: Session, **more: Any) -> Plan:
    bank = session.scalars(select(Bank)).one()
    usual: dict[str, Any] = {
        "bank_id": bank.id, "lines": [Need(3, "law"), Need(2, "ordnance")], "fixed": [], "critical": 0,
        "languages": ["en", "prs"], "minutes": 30, "grace_seconds": 30, "pass_mark": 70, "attempts": 2, "wait_hours": 0,
        "shuffle": True, "parallel": False, "offline": False, "release": "instructor", "room_code": False,
    }  # fmt: skip
    return Plan(**usual | more)


def compose(session: Session, edition: Edition, member: Member, **more: Any) -> Exam:
    return composing.compose(session, member.actor, edition, "final", plan(session, **more), drafts_allowed=True)


def test_a_composed_exam_draws_what_was_wanted(session: Session, edition: Edition, cast: dict[str, Member]) -> None:
    bank = session.scalars(select(Bank)).one()
    fixed = bank.questions[0]
    exam = compose(session, edition, cast["manager"], fixed=[fixed.key])
    assert exam.questions == 6
    for seed in ("a", "b", "c"):
        paper = composing.paper(session, exam, "prs", seed, drafts_allowed=True)
        asked = [key["question"] for key in paper.key.values()]
        assert len(set(asked)) == 6
        assert fixed.id in asked
        assert sum(key["topic"] == "law" for key in paper.key.values()) in (3, 4)
        assert paper == composing.paper(session, exam, "prs", seed, drafts_allowed=True)


def test_training_managers_alone_compose(session: Session, edition: Edition, cast: dict[str, Member]) -> None:
    for key in ("instructor", "assessor", "trainee", "auditor", "administrator", "anonymous"):
        with pytest.raises(NotAllowed):
            compose(session, edition, cast[key])


def test_what_a_bank_cant_fill_is_refused_and_the_line_named(
    session: Session, edition: Edition, cast: dict[str, Member]
) -> None:
    with pytest.raises(Infeasible) as refused:
        compose(session, edition, cast["manager"], lines=[Need(1, "law"), Need(150, "ordnance")])
    assert {one.line for one in refused.value.short["prs"]} == {1}
    with pytest.raises(Infeasible) as refused:
        compose(session, edition, cast["manager"], critical=6)
    assert refused.value.short["en"][0].part == "critical"
    with pytest.raises(Invalid, match="no living question"):
        compose(session, edition, cast["manager"], fixed=["no-such-key"])
    with pytest.raises(Invalid, match="topic"):
        compose(session, edition, cast["manager"], lines=[Need(1, "cookery")])
    with pytest.raises(Invalid, match="1 to 200"):
        compose(session, edition, cast["manager"], lines=[])
    assert session.scalars(select(Exam)).all() == []


def test_a_question_without_its_translation_does_not_count_in_that_language(
    session: Session, edition: Edition, cast: dict[str, Member]
) -> None:
    bank = session.scalars(select(Bank)).one()
    question = next(q for q in bank.questions if q.topic == "law")
    wanted = composing.sketched(session, bank, [Need(1, "law")], [], 0)
    before = composing.feasibility(session, bank.id, wanted, ["en", "ps"], drafts_allowed=True)
    entry = banking.entry_of(session, question)
    entry["options"] = [*entry["options"], {"text": "a new answer"}]
    banking.put(session, KEEPER, bank, entry, "en")
    after = composing.feasibility(session, bank.id, wanted, ["en", "ps"], drafts_allowed=True)
    assert after["en"].there == before["en"].there
    assert after["ps"].there == [before["ps"].there[0] - 1]


def test_a_question_without_its_translation_is_on_no_paper_in_that_language(
    session: Session, edition: Edition, cast: dict[str, Member]
) -> None:
    bank = session.scalars(select(Bank)).one()
    exam = compose(session, edition, cast["manager"], lines=[Need(2, "law")], languages=["en", "prs"])
    untold = next(q for q in bank.questions if q.topic == "law")
    entry = banking.entry_of(session, untold)
    entry["options"] = [*entry["options"], {"text": "a new answer"}]
    banking.put(session, KEEPER, bank, entry, "en")
    asked = {
        language: [
            {
                key["question"]
                for key in composing.paper(session, exam, language, seed, drafts_allowed=True).key.values()
            }
            for seed in map(str, range(20))
        ]
        for language in ("en", "prs")
    }
    assert any(untold.id in paper for paper in asked["en"])
    assert not any(untold.id in paper for paper in asked["prs"])
    assert {len(paper) for paper in asked["prs"]} == {2}


def test_withheld_safety_texts_dont_count_and_drafts_do_where_they_are_allowed(
    session: Session, edition: Edition
) -> None:
    bank = session.scalars(select(Bank)).one()
    question = next(q for q in bank.questions if not q.critical)
    banking.put(session, KEEPER, bank, banking.entry_of(session, question) | {"safety": True}, "en")
    wanted = composing.sketched(session, bank, [Need(1)], [question.key], 0)
    for allowed, short in ((True, []), (False, [Shortage("fixed", 1, 0)])):
        reach = composing.feasibility(session, bank.id, wanted, ["prs"], drafts_allowed=allowed)
        assert reach["prs"].short == short
    for one in session.scalars(select(Translation)):
        one.state = "approved"
    session.flush()
    assert composing.feasibility(session, bank.id, wanted, ["prs"], drafts_allowed=False)["prs"].short == []


def test_parallel_text_carries_the_source_beside_each_word_and_nothing_of_the_key(
    session: Session, edition: Edition, cast: dict[str, Member]
) -> None:
    exam = compose(session, edition, cast["manager"], parallel=True)
    sheet = composing.paper(session, exam, "prs", "seed", drafts_allowed=True).sheet
    for item in sheet["items"]:
        for text in (item["stem"], *(option["text"] for option in item.get("options", ()))):
            beside = text.get("parallel") or text.get("source")
            assert (text["language"], beside["language"]) == ("prs", "en")
    assert "FEEDBACK-KEY-MARK" not in json.dumps(sheet)
    english = composing.paper(session, exam, "en", "seed", drafts_allowed=True).sheet
    assert '"parallel"' not in json.dumps(english)
    exam.parallel = False
    assert '"parallel"' not in json.dumps(composing.paper(session, exam, "prs", "seed", drafts_allowed=True).sheet)


def test_composing_again_leaves_papers_that_were_handed_out(
    session: Session, tmp_path: Path, cast: dict[str, Member]
) -> None:
    things = world.build(session, settings.load(tmp_path / "keys-folder", {}))
    attempt = session.scalars(select(Attempt).where(Attempt.code == things["own"]["attempt"])).one()
    before = json.dumps([attempt.paper.sheet, attempt.paper.key, attempt.paper.digest])
    compose(session, attempt.sitting.cohort.edition, cast["manager"], minutes=5)
    session.expire_all()
    assert json.dumps([attempt.paper.sheet, attempt.paper.key, attempt.paper.digest]) == before


def test_a_sitting_has_a_room_code_when_its_exam_says_so_and_is_refused_in_a_language_it_was_not_composed_for(
    session: Session, tmp_path: Path, cast: dict[str, Member]
) -> None:
    world.build(session, settings.load(tmp_path / "keys-folder", {}))
    cohort = session.scalars(select(Cohort)).first()
    assert cohort is not None
    now = clock.now()
    ends = (now, now + timedelta(hours=1))
    exam = compose(session, cohort.edition, cast["manager"], room_code=True, languages=["en", "prs", "ps"])
    code = composing.hold(session, KEEPER, cohort, *ends).room_code
    assert code is not None
    assert code.isdigit()
    assert composing.hold(session, KEEPER, cohort, *ends, room_code=False).room_code is None
    exam.languages = ["en"]
    with pytest.raises(Conflict, match="not composed for"):
        composing.hold(session, KEEPER, cohort, *ends)
    pretest = composing.hold(session, KEEPER, cohort, *ends, code="pre-test")
    assert pretest.exam.code == "pre-test"


def test_words_changed_by_hand_are_found_in_the_draw(
    session: Session, edition: Edition, cast: dict[str, Member]
) -> None:
    exam = compose(session, edition, cast["manager"])
    question = exam.bank.questions[0]
    exam.fixed = [question.key]
    revising.put_translation(session, KEEPER, question.document, "prs", {"stem": "پرسش نو"})
    sheet = composing.paper(session, exam, "prs", "seed", drafts_allowed=True).sheet
    assert "پرسش نو" in json.dumps(sheet, ensure_ascii=False)
