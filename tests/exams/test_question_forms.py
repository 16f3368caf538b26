"""The forms of ten kinds: whatever is typed is kept on the page, nothing breaks them, and they need no script."""

import unicodedata
from html import escape, unescape
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lmsapp.core.sessions import transaction
from lmsapp.exams import banking
from lmsapp.exams.models import Exam, Question, QuestionDraft
from lmsapp.exams.question_forms import FORMS
from lmsapp.exams.questions import Kind
from tests.house import House

WORDS = {
    "hostile": "<script>alert(1)</script>' OR '1'='1 {{ 7*7 }} %(name)s",
    "rtl": "\u202eماین‌پاکی\u202c — ښه ځای، ۸۰۰۰ م²",
    "marks": "e\u0301 [[ ]] [[x]] [[99]] [[1]] [[1]] ]] **bold",
}
PLACE = "/en/banks/tst-100/write/"


def fields(kind: str, word: str) -> dict[str, object]:
    """Every field of a kind, filled with one word."""
    own: dict[str, dict[str, object]] = {
        Kind.SINGLE: {f"options-{n}-text": word for n in (1, 2, 3)} | {"options-right": "2"},
        Kind.MULTIPLE: {f"options-{n}-text": word for n in (1, 2, 3)} | {"options-2-right": "yes", "whole": "yes"},
        Kind.TRUE_FALSE: {"answer": word},
        Kind.MATCHING: {"pairs-1-prompt": word, "pairs-1-choice": word, "pairs-2-prompt": word, "choices": f"{word}\n{word}"},
        Kind.ORDERING: {f"items-{n}-text": word for n in (1, 2)} | {"items-1-key": "a", "items-2-key": "a"},
        Kind.NUMERIC: {"answer": word, "tolerance": word, "unit": word},
        Kind.SHORT_TEXT: {"accepted": f"{word}\n{word}\n\n"},
        Kind.HOTSPOT: {"columns": "12", "rows": "3", "squares": ["A1", "Z99", "B1", word]},
        Kind.CLOZE: {"gaps-1-name": "1", "gaps-1-way": "choose", "gaps-1-right": word, "gaps-1-wrong": f"{word}\nx", "gaps-2-name": word, "gaps-2-way": word},
        Kind.WRITTEN: {"rubric-1-text": word, "rubric-1-points": "many", "rubric-2-text": word},
    }  # fmt: skip
    points = {} if kind == Kind.WRITTEN else {"points": "1"}
    whole = {"stem": f"{word} [[1]]", "feedback": word, "alt": word, "topic": "", "figure": ""}
    return whole | points | own[kind]


@pytest.fixture
def author(house: House) -> tuple[FlaskClient, str]:
    return house.browser("instructor")


def send(author: tuple[FlaskClient, str], path: str, act: str, given: dict[str, object]) -> TestResponse:
    browser, token = author
    return browser.post(path, data=given | {"csrf_token": token, "do": act})


@pytest.mark.parametrize("word", list(WORDS))
@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_is_typed_stands_on_the_page_again(author: tuple[FlaskClient, str], kind: str, word: str) -> None:
    given = fields(kind, WORDS[word])
    for act in ("preview", "look:prs", "more:options:0", "less:options:9", "up:items:2", "publish", "nonsense"):
        reply = send(author, f"{PLACE}{kind}", act, given)
        assert reply.status_code in (200, 422), act
        page = reply.get_data(as_text=True)
        assert "<script>alert" not in page
        assert unescape(page).count(unicodedata.normalize("NFC", WORDS[word])) >= 2, act


@pytest.mark.parametrize("kind", list(Kind))
def test_an_empty_form_is_kept_as_a_draft_and_says_what_it_lacks(
    house: House, author: tuple[FlaskClient, str], kind: str
) -> None:
    reply = send(author, f"{PLACE}{kind}", "save", {"points": "1"} if kind != Kind.WRITTEN else {})
    if kind == Kind.HOTSPOT:
        assert reply.status_code == 422
        reply = send(author, f"{PLACE}{kind}", "save", {"points": "1", "columns": "8", "rows": "6"})
    assert reply.status_code == 303
    page = author[0].get(urlsplit(reply.headers["Location"]).path).get_data(as_text=True)
    assert "Before it can be published" in page
    assert "Write the question." in page
    again = send(
        author, urlsplit(reply.headers["Location"]).path, "publish", {"points": "1"} if kind != Kind.WRITTEN else {}
    )
    assert again.status_code == 422


@pytest.mark.parametrize("kind", list(Kind))
def test_what_is_too_long_is_refused_and_stays_to_be_shortened(author: tuple[FlaskClient, str], kind: str) -> None:
    reply = send(author, f"{PLACE}{kind}", "save", fields(kind, "x" * 30_000))
    assert reply.status_code == 422
    assert "x" * 30_000 in reply.get_data(as_text=True)


def test_a_field_nobody_asked_for_and_a_kind_nobody_knows_are_refused(author: tuple[FlaskClient, str]) -> None:
    assert send(author, f"{PLACE}single", "save", {"options-99-text": "x"}).status_code == 400
    assert send(author, f"{PLACE}essay", "save", {}).status_code == 404


def test_rows_are_added_taken_away_and_moved_without_a_script(author: tuple[FlaskClient, str]) -> None:
    given = {"stem": "Order", **{f"items-{n}-text": word for n, word in enumerate(("first", "second", "third"), 1)}}
    page = send(author, f"{PLACE}ordering", "up:items:3", given).get_data(as_text=True)
    assert page.index(">third<") < page.index(">second<")
    page = send(author, f"{PLACE}ordering", "less:items:1", given).get_data(as_text=True)
    assert ">first</textarea>" not in page
    before = page.count('name="items-')
    page = send(author, f"{PLACE}ordering", "more:items:0", given).get_data(as_text=True)
    assert page.count('name="items-') > before


def test_a_question_written_in_the_form_is_published_and_found(house: House) -> None:
    author, manager = house.browser("instructor"), house.browser("manager")
    given = {
        "language": "prs", "stem": "کدام علامت خطر است؟", "topic": "law", "points": "۲", "difficulty": "3", "critical": "yes",
        "options-1-text": "سرخ", "options-2-text": "سفید", "options-right": "1", "feedback": "سرخ.",
    }  # fmt: skip
    place = urlsplit(send(author, f"{PLACE}single", "save", given).headers["Location"]).path
    assert send(author, f"{place}/publish", "publish", {}).status_code in (403, 404, 400)
    look = manager[0].get(f"{place}/publish").get_data(as_text=True)
    assert "کدام علامت خطر است؟" in look
    reply = manager[0].post(f"{place}/publish", data={"csrf_token": manager[1]})
    assert reply.status_code == 303
    with transaction(house.opened.sessions) as session:
        question = session.scalars(select(Question).order_by(Question.id.desc())).first()
        assert question is not None
        entry = banking.entry_of(session, question)
        assert (entry["points"], entry["critical"], question.document.source_language) == (2, True, "prs")
        assert session.scalars(select(QuestionDraft).where(QuestionDraft.question_id == question.id)).all() == []
    page = author[0].get("/en/banks/tst-100?q=علامت خطر").get_data(as_text=True)
    assert "کدام علامت خطر است؟" in page
    page = author[0].get(urlsplit(reply.headers["Location"]).path).get_data(as_text=True)
    assert escape(question.key) in page


def test_retiring_can_be_undone_at_once(house: House) -> None:
    browser, token = house.browser("manager")
    with transaction(house.opened.sessions) as session:
        number = session.scalars(select(Question.id)).first()
    place = f"/en/questions/{number}"
    reply = browser.post(f"{place}/retire", data={"csrf_token": token}, follow_redirects=True)
    assert "Undo" in reply.get_data(as_text=True)
    assert "can be drawn again" in browser.post(
        f"{place}/bring-back", data={"csrf_token": token}, follow_redirects=True
    ).get_data(as_text=True)


def test_an_infeasible_exam_is_refused_with_its_line_and_a_feasible_one_kept(house: House) -> None:
    manager = house.browser("manager")
    place = "/en/courses/tst-100/editions/1/exams/final"
    given: dict[str, object] = {
        "bank": "1", "lines-1-count": "۹۹", "lines-1-topic": "law", "critical": "0", "languages": ["en", "prs"], "minutes": "40",
        "grace_seconds": "30", "pass_mark": "80", "attempts": "2", "wait_hours": "0", "release": "instructor", "shuffle": "yes",
    }  # fmt: skip
    page = send(manager, place, "preview", given).get_data(as_text=True)
    assert "99 wanted" in page
    refused = send(manager, place, "save", given)
    assert refused.status_code == 422
    assert "Line 1, \u2068دری\u2069" in unescape(refused.get_data(as_text=True))
    for garbage in (
        {"lines-1-count": "-3"},
        {"bank": "zwölf"},
        {"languages": []},
        {"fixed-1-text": "<b>"},
        {"lines-1-topic": "x" * 500},
    ):
        assert send(manager, place, "save", given | {"lines-1-count": "3"} | garbage).status_code == 422
    assert send(manager, place, "save", given | {"lines-1-count": "3", "room_code": "yes"}).status_code == 303
    with transaction(house.opened.sessions) as session:
        exam = session.scalars(select(Exam)).first()
        assert exam is not None
        assert (exam.questions, exam.languages, exam.room_code) == (3, ["en", "prs"], True)


def test_a_bank_is_opened_and_its_topics_renamed(house: House) -> None:
    manager = house.browser("manager")
    given: dict[str, object] = {
        "code": "eore-1",
        "language": "en",
        "title": "Educators",
        "topics-1-text": "Listening",
        "course": "",
    }
    assert send(manager, "/en/banks/new", "more:topics:0", given).status_code == 200
    for wrong in (
        {"code": "new"},
        {"code": "A B"},
        {"code": "tst-100"},
        {"topics-1-text": ""},
        {"title": ""},
        {"topics-2-text": "Listening"},
    ):
        assert send(manager, "/en/banks/new", "save", given | wrong).status_code == 422, wrong
    assert send(manager, "/en/banks/new", "save", given).status_code == 303
    changed = {"title": "Educators", "topics-1-text": "Hearing people", "topics-2-text": "گوش دادن", "course": ""}
    assert send(manager, "/en/banks/eore-1/settings", "save", changed).status_code == 303
    page = manager[0].get("/en/banks/eore-1").get_data(as_text=True)
    assert "Hearing people" in page
    assert "گوش دادن" in page


def test_there_is_a_form_for_every_kind() -> None:
    assert set(FORMS) == set(Kind)
