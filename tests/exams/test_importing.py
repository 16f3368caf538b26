"""Questions of other programs come into a bank: said first, all or nothing, the same again changes nothing."""

import io
import re
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from lmsapp.core import audit
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Invalid, NotAllowed
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.storage import Folder
from lmsapp.exams import banking, exporting, importing, queries
from lmsapp.exams.formats.items import Outcome
from lmsapp.exams.importing import DRAFTS, PUBLISHED, Wish
from lmsapp.exams.models import Bank, Question, QuestionDraft
from tests import cast as casting
from tests.exams.formats.test_moodle_xml import IMG, TRUE, file, png
from tests.house import House

GIFT = "::own-key:: Stop and go back? {=yes ~no}\n\n$CATEGORY: $course$/top/Ordnance\n\nHow many? {#=5 =9}\n\nOne? {T}\n\nA text"
XML = f"<quiz><question type='truefalse'><name><text>With a sign</text></name><questiontext format='html'><text><![CDATA[Look {IMG}]]></text>{file(png())}</questiontext>{TRUE}</question></quiz>"


@pytest.fixture
def bank(session: Session) -> Bank:
    return queries.bank(session, "tst-100")


def take(session: Session, bank: Bank, text: str, storage: Folder, state: str = PUBLISHED) -> dict[str, int]:
    wish = Wish("en", "law", state, "questions.gift")
    found = importing.read(text.encode(), "en")
    planned = importing.plan(session, KEEPER, bank, found.items, wish)
    return dict(importing.take(session, KEEPER, bank, planned, wish, storage))


def test_what_is_taken_is_in_the_bank_and_the_same_again_changes_nothing(
    session: Session, bank: Bank, tmp_path: Path
) -> None:
    storage = Folder(tmp_path / "files")
    assert take(session, bank, GIFT, storage) == {"new": 2, "refused": 2}
    questions = {
        q.key: q
        for q in session.scalars(select(Question).where(Question.bank_id == bank.id, Question.origin == "here"))
    }
    assert questions["own-key"].topic == "law"
    assert next(q.topic for key, q in questions.items() if key != "own-key") == "ordnance"
    assert take(session, bank, GIFT, storage) == {"unchanged": 2, "refused": 2}
    assert take(session, bank, GIFT.replace("~no", "~perhaps"), storage) == {"changed": 1, "unchanged": 1, "refused": 2}
    assert banking.entry_of(session, questions["own-key"])["options"][1]["text"] == "perhaps"


def test_drafts_are_kept_once_and_not_asked(session: Session, bank: Bank, tmp_path: Path) -> None:
    storage = Folder(tmp_path / "files")
    before = session.scalar(select(func.count(Question.id)))
    assert take(session, bank, GIFT, storage, DRAFTS) == {"new": 2, "refused": 2}
    assert take(session, bank, GIFT, storage, DRAFTS) == {"unchanged": 2, "refused": 2}
    assert take(session, bank, GIFT.replace("~no", "~perhaps"), storage, DRAFTS) == {
        "changed": 1,
        "unchanged": 1,
        "refused": 2,
    }
    drafts = session.scalars(select(QuestionDraft)).all()
    assert sorted(draft.entry["kind"] for draft in drafts) == ["single", "true-false"]
    assert {draft.origin for draft in drafts} == {"questions.gift"}
    assert session.scalar(select(func.count(Question.id))) == before


def test_a_picture_is_stored_and_goes_out_again(session: Session, bank: Bank, tmp_path: Path) -> None:
    storage = Folder(tmp_path / "files")
    assert take(session, bank, XML, storage) == {"new": 1}
    question = session.scalars(select(Question).where(Question.origin == "here")).one()
    picture = question.versions[-1].structure["picture"]
    with storage.open(picture["digest"]) as stored:
        assert stored.read() == png()
    session.refresh(bank)
    written, report = exporting.export(session, KEEPER, bank, "moodle-xml", storage)
    again = importing.read(written, "en").items
    assert [item.picture.content for item in again if item.picture] == [png()]
    assert {item.outcome for item in report} == {Outcome.TAKEN}


def test_a_bank_goes_out_and_comes_back_unchanged(session: Session, bank: Bank, tmp_path: Path) -> None:
    for form in ("gift", "moodle-xml"):
        written, report = exporting.export(session, KEEPER, bank, form, Folder(tmp_path))
        assert len(report) == len(bank.questions)
        assert take(session, bank, written.decode(), Folder(tmp_path)) == {"unchanged": len(bank.questions)}


def test_instructors_draft_and_only_training_managers_publish(
    session: Session, bank: Bank, cast: dict[str, casting.Member]
) -> None:
    items = importing.read(GIFT.encode(), "en").items
    instructor = cast["instructor"].actor
    assert len(importing.plan(session, instructor, bank, items, Wish("en", "law", DRAFTS))) == 4
    with pytest.raises(NotAllowed):
        importing.plan(session, instructor, bank, items, Wish("en", "law", PUBLISHED))
    with pytest.raises(NotAllowed):
        importing.plan(session, cast["trainee"].actor, bank, items, Wish("en", "law", DRAFTS))
    with pytest.raises(NotAllowed):
        exporting.export(session, cast["trainee"].actor, bank, "gift", Folder(Path()))
    with pytest.raises(Invalid, match="another language"):
        importing.plan(session, cast["manager"].actor, bank, items, Wish("prs", "law", PUBLISHED))


# ---------- the pages ----------


def send(browser: FlaskClient, token: str, content: bytes, language: str = "en", **fields: str) -> str:
    """Sends a file and follows to what is shown."""
    data = {
        "csrf_token": token,
        "file": (io.BytesIO(content), "my questions.gift"),
        "language": "en",
        "topic": "law",
        **fields,
    }
    reply = browser.post(f"/{language}/banks/tst-100/import", data=data, follow_redirects=True)
    assert reply.status_code in (200, 422)
    return unescape(reply.get_data(as_text=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_file_is_looked_at_before_anything_is_kept(house: House, language: str) -> None:
    browser, token = house.browser("manager")
    page = send(browser, token, GIFT.encode(), language, state="published")
    assert page.count("<tr>") == 5
    assert page.count('class="state bad"') == 2
    assert "my questions.gift" in page
    with house.opened.sessions() as session:
        assert session.scalar(select(func.count(Question.id)).where(Question.origin == "here")) == 0


def test_one_button_takes_them_and_a_second_time_there_is_nothing_to_keep(house: House) -> None:
    browser, token = house.browser("manager")
    data = {
        "csrf_token": token,
        "file": (io.BytesIO(GIFT.encode()), "a.gift"),
        "language": "en",
        "topic": "law",
        "state": "published",
    }
    report = browser.post("/en/banks/tst-100/import", data=data).headers["Location"]
    shown = unescape(browser.get(report).get_data(as_text=True))
    assert "Put 2 questions into the bank" in shown
    assert "2 items are left out" in shown
    assert "Several numbers apart from each other are right" in shown
    page = browser.post(report, data={"csrf_token": token}, follow_redirects=True).get_data(as_text=True)
    assert "2 questions are in the bank" in page
    assert "There is nothing to keep" in browser.get(report).get_data(as_text=True)
    again = browser.post(report, data={"csrf_token": token}, follow_redirects=True)
    assert again.status_code == 200
    with house.opened.sessions() as session:
        assert session.scalar(select(func.count(Question.id)).where(Question.origin == "here")) == 2
        lines = session.scalars(select(audit.AuditLine.after).where(audit.AuditLine.action == "bank.imported")).all()
        assert len(lines) == 1 and "a.gift" in str(lines[0])


def test_an_instructors_file_becomes_drafts_whatever_she_sends(house: House) -> None:
    browser, token = house.browser("instructor")
    assert "What becomes of them" not in browser.get("/en/banks/tst-100/import").get_data(as_text=True)
    page = send(browser, token, GIFT.encode())
    assert "Keep 2 questions as drafts" in page
    data = {
        "csrf_token": token,
        "file": (io.BytesIO(GIFT.encode()), "a.gift"),
        "language": "en",
        "topic": "law",
        "state": "published",
    }
    assert browser.post("/en/banks/tst-100/import", data=data).status_code == 400


def test_anothers_report_and_a_made_up_one_lead_back_to_the_form(house: House) -> None:
    browser, token = house.browser("manager")
    data = {
        "csrf_token": token,
        "file": (io.BytesIO(GIFT.encode()), "a.gift"),
        "language": "en",
        "topic": "law",
        "state": "published",
    }
    report = browser.post("/en/banks/tst-100/import", data=data).headers["Location"]
    other, others_token = house.browser("instructor")
    for path in (report, "/en/banks/tst-100/import/made-up"):
        for reply in (other.get(path), other.post(path, data={"csrf_token": others_token})):
            assert reply.status_code == 303
            assert reply.headers["Location"].endswith("/banks/tst-100/import")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bad_file_is_said_in_the_readers_language_and_what_was_chosen_stays(house: House, language: str) -> None:
    browser, token = house.browser("manager")
    page = send(browser, token, b"One? {T}\n\nSoru \xfe? {T}", language, topic="ordnance", state="published")
    assert "FE" in page and 'role="alert"' in page
    assert re.search(r'value="ordnance"\s+selected', page)
    assert re.search(r'value="published"\s+checked', page)
    assert ("is not written in UTF-8" in page) == (language == "en")


def test_the_export_page_says_what_each_file_holds_and_who_took_it(house: House) -> None:
    browser, token = house.browser("instructor")
    page = browser.get("/en/banks/tst-100/export").get_data(as_text=True)
    assert "Take the GIFT file" in page and "Take the Moodle XML file" in page
    reply = browser.post("/en/banks/tst-100/export", data={"csrf_token": token, "format": "gift"})
    assert reply.mimetype == "text/plain"
    assert "tst-100.gift" in reply.headers["Content-Disposition"]
    assert "choice-law-0-p" in reply.get_data(as_text=True)
    reply = browser.post("/en/banks/tst-100/export", data={"csrf_token": token, "format": "word"})
    assert reply.status_code == 422
    with house.opened.sessions() as session:
        assert len(session.scalars(select(audit.AuditLine).where(audit.AuditLine.action == "bank.exported")).all()) == 1


def test_a_large_bank_is_written_with_as_few_statements_as_a_small_one(session: Session, tmp_path: Path) -> None:
    bank = queries.bank(session, "tst-100")

    def statements() -> int:
        session.flush()
        session.expire_all()
        asked: list[str] = []
        connection = session.connection()

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            asked.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        written, _items = exporting.export(session, KEEPER, bank, "gift", Folder(tmp_path))
        event.remove(connection, "before_cursor_execute", note)
        assert written.count(b"::law-0") == 1
        return len(asked)

    before = statements()
    entry = banking.entry_of(session, bank.questions[0])
    for number in range(30):
        banking.put(session, KEEPER, bank, entry | {"key": f"more-{number}"}, "en")
    assert statements() == before


def test_a_papers_picture_is_served_as_what_it_is_to_those_who_may_see_the_paper(house: House, worlds: object) -> None:
    own = worlds.things["own"]  # type: ignore[attr-defined]
    address = f"/en/exams/{own['attempt']}/pictures/{own['picture']}"
    trainee, _token = house.browser("trainee")
    reply = trainee.get(address, buffered=True)
    assert (reply.status_code, reply.mimetype) == (200, "image/gif")
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert trainee.get(f"/en/exams/{own['attempt']}/pictures/{'0' * 64}", buffered=True).status_code == 404
    stranger, _token = house.browser("another_trainee")
    assert stranger.get(address, buffered=True).status_code == 404
