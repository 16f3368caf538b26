"""Drafting: what an author wrote is kept, whole or not; a training manager alone puts it into the bank."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.exams import bank_queries, banking, drafting, entries
from lmsapp.exams.bank_queries import Wanted
from lmsapp.exams.lacks import lacks
from lmsapp.exams.models import Bank, Question, QuestionDraft
from lmsapp.exams.questions import Kind
from lmsapp.translation import revising
from tests import cast as casting
from tests.cast import Member
from tests.exams import hall as halls

WHOLE: dict[str, dict[str, object]] = {
    Kind.SINGLE: {"options": [{"text": "Stop", "right": True}, {"text": "Run"}]},
    Kind.MULTIPLE: {"options": [{"text": "Stop", "right": True}, {"text": "Warn", "right": True}, {"text": "Run"}], "whole": True},
    Kind.TRUE_FALSE: {"answer": False},
    Kind.MATCHING: {"pairs": [{"prompt": "red", "choice": "danger"}, {"prompt": "white", "choice": "cleared"}], "choices": ["river"]},
    Kind.ORDERING: {"items": [{"text": "stop"}, {"text": "warn"}, {"text": "report"}]},
    Kind.NUMERIC: {"answer": "8000", "tolerance": "5", "unit": "m²"},
    Kind.SHORT_TEXT: {"accepted": ["risk education", "EORE"]},
    Kind.HOTSPOT: {"figure": "sign", "alt": "A field", "columns": 4, "rows": 3, "hazards": [["B2", "C2"], ["A1"]]},
    Kind.CLOZE: {
        "stem": "Say [[1]] and wait [[2]] minutes for the [[3]].",
        "gaps": {
            "1": {"options": [{"text": "stop", "right": True}, {"text": "run"}]},
            "2": {"answer": "5", "tolerance": "1"},
            "3": {"accepted": ["team"]},
        },
    },
    Kind.WRITTEN: {"rubric": [{"text": "names the sign", "points": 2}, {"text": "says whom to tell", "points": 1}]},
}  # fmt: skip
TOPICS = {"conduct": "Conduct", "signs": "Signs"}


def entry(kind: str, **more: object) -> dict[str, object]:
    return {"kind": str(kind), "topic": "conduct", "stem": "What do you do?", "difficulty": 2} | WHOLE[kind] | more


@pytest.fixture
def bank(session: Session, cast: dict[str, Member]) -> Bank:
    """An empty bank."""
    return banking.put_bank(session, cast["manager"].actor, "site-1", "en", "Site bank", TOPICS, None)


def published(
    session: Session, cast: dict[str, Member], bank: Bank, kind: str = Kind.SINGLE, **more: object
) -> Question:
    draft = drafting.save(session, cast["instructor"].actor, bank, entry(kind, **more), "en")
    return drafting.publish(session, cast["manager"].actor, draft)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_question_of_each_kind_goes_from_a_draft_into_the_bank_and_back(
    session: Session, cast: dict[str, Member], bank: Bank, kind: str
) -> None:
    question = published(session, cast, bank, kind)
    assert question.key == "conduct-1"
    assert session.scalars(select(QuestionDraft)).all() == []
    again = banking.entry_of(session, question)
    assert entries.structure(again) == entries.structure(entry(kind))
    assert lacks(again, bank.topics) == []


@pytest.mark.parametrize("kind", list(Kind))
def test_half_a_question_is_kept_and_not_published(
    session: Session, cast: dict[str, Member], bank: Bank, kind: str
) -> None:
    draft = drafting.save(session, cast["instructor"].actor, bank, {"kind": str(kind), "stem": "Half"}, "prs")
    assert draft.entry["stem"] == "Half"
    with pytest.raises(Conflict):
        drafting.publish(session, cast["manager"].actor, draft)
    for language in ("en", "prs"):
        item = drafting.preview(session, draft.entry, "prs", language, None, drafts_allowed=True)
        assert item["stem"] == {"text": "Half", "language": "prs"}


def test_an_instructor_drafts_but_does_not_publish_and_others_leave_her_draft_alone(
    session: Session, cast: dict[str, Member], bank: Bank
) -> None:
    draft = drafting.save(session, cast["instructor"].actor, bank, entry(Kind.SINGLE), "en")
    with pytest.raises(NotAllowed):
        drafting.publish(session, cast["instructor"].actor, draft)
    for key in ("other_instructor", "trainee", "auditor", "anonymous"):
        with pytest.raises(NotAllowed):
            drafting.save(session, cast[key].actor, bank, entry(Kind.SINGLE), "en", draft=draft)
        with pytest.raises(NotAllowed):
            drafting.drop(session, cast[key].actor, draft)


def test_a_draft_sent_back_says_why_until_it_is_kept_again(
    session: Session, cast: dict[str, Member], bank: Bank
) -> None:
    draft = drafting.save(session, cast["instructor"].actor, bank, entry(Kind.SINGLE), "en")
    with pytest.raises(Invalid):
        drafting.send_back(session, cast["manager"].actor, draft, "")
    drafting.send_back(session, cast["manager"].actor, draft, "Say which sign.")
    assert draft.remark == "Say which sign."
    drafting.save(session, cast["instructor"].actor, bank, entry(Kind.SINGLE, stem="Which sign?"), "en", draft=draft)
    assert draft.remark == ""


def test_publishing_a_next_version_shows_before_what_changes_and_keeps_the_history(
    session: Session, cast: dict[str, Member], bank: Bank
) -> None:
    question = published(session, cast, bank)
    changed = banking.entry_of(session, question)
    changed["options"] = [*changed["options"], {"text": "Shout"}]
    changed["stem"] = "What do you do first?"
    with clock.held(clock.now() + timedelta(hours=1)):
        draft = drafting.save(session, cast["instructor"].actor, bank, changed, "az", question=question)
        assert {one.part for one in drafting.compare(session, draft)} == {"stem", "options"}
        drafting.publish(session, cast["manager"].actor, draft)
    history = bank_queries.history(session, question)
    assert history[0].version == 2
    assert {change.part for change in history[0].changes} == {"stem", "options"}
    assert history[0].person_id == cast["manager"].person_id
    assert len(history) == 2
    assert draft.language == "en"


def test_a_copy_is_a_draft_of_another_question(session: Session, cast: dict[str, Member], bank: Bank) -> None:
    question = published(session, cast, bank)
    copy = drafting.duplicate(session, cast["instructor"].actor, question)
    assert copy.question_id is None
    assert "key" not in copy.entry
    assert drafting.publish(session, cast["manager"].actor, copy).key == "conduct-2"


def test_a_preview_shows_what_is_translated_in_its_language_and_new_words_as_written(
    session: Session, cast: dict[str, Member], bank: Bank
) -> None:
    question = published(session, cast, bank)
    revising.put_translation(session, cast["manager"].actor, question.document, "prs", {"stem": "چه می‌کنید؟"})
    now = banking.entry_of(session, question)
    item = drafting.preview(session, now, "en", "prs", question, drafts_allowed=True)
    assert item["stem"]["text"] == "چه می‌کنید؟"
    item = drafting.preview(session, now | {"stem": "Anew?"}, "en", "prs", question, drafts_allowed=True)
    assert item["stem"] == {"text": "Anew?", "language": "en"}


def test_a_bank_is_searched_by_words_of_every_language_and_narrowed(
    session: Session, cast: dict[str, Member], bank: Bank
) -> None:
    first = published(session, cast, bank, Kind.NUMERIC, stem="How many metres?", critical=True, competence="EOD-1")
    second = published(session, cast, bank, Kind.SINGLE, stem="Ərazi nə vaxt təhlükəlidir?", topic="signs")
    revising.put_translation(session, cast["manager"].actor, first.document, "prs", {"stem": "چند متر؟ ماین‌پاکی"})
    banking.refresh_search(session, first)

    def found(**wanted: object) -> list[str]:
        return [one.key for one in session.scalars(bank_queries.narrowed(bank, Wanted(**wanted)))]  # type: ignore[arg-type]

    assert found(search="ماین پاکي") == found(search="METRES many") == [first.key]
    assert found(search="erazi tehlukelidir") == [second.key]
    assert found(search="100%_") == []
    assert found(topic="signs") == found(kind="single") == [second.key]
    assert found(critical=True) == found(competence="EOD-1") == [first.key]
    assert found(lacking="prs") == [first.key, second.key]
    assert found(lacking="en") == []
    banking.retire(session, cast["manager"].actor, first)
    assert (found(), found(retired=True)) == ([second.key], [first.key])
    counts = bank_queries.counts(session, bank, ["en", "prs"])
    assert (counts.living, counts.retired, counts.lacking) == (1, 1, {"en": 0, "prs": 1})


def test_a_question_that_every_paper_of_an_exam_asks_is_not_retired(session: Session) -> None:
    hall = halls.build(session)
    manager, question = casting.members(session)["manager"].actor, hall.question("sign")
    hall.held.exam.fixed = ["sign"]
    session.flush()
    with pytest.raises(Conflict, match=f"an exam of {hall.held.exam.edition.course.code}"):
        banking.retire(session, manager, question)
    assert not question.retired
    hall.held.exam.fixed = []
    session.flush()
    banking.retire(session, manager, question)
    assert question.retired


def test_a_topic_with_questions_stays(session: Session, cast: dict[str, Member], bank: Bank) -> None:
    published(session, cast, bank)
    manager = cast["manager"].actor
    with pytest.raises(Invalid):
        banking.put_bank(session, manager, "site-1", "en", "Site bank", {"signs": "Signs"}, None)
    with pytest.raises(NotAllowed):
        banking.put_bank(session, cast["instructor"].actor, "site-2", "en", "Other", TOPICS, None)
    banking.put_bank(session, manager, "site-1", "en", "New title", {"conduct": "Safe conduct"}, None)
    assert bank.topics == ["conduct"]
