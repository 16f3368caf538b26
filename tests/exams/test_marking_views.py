"""Marking, corrections, results and analysis in a browser without JavaScript: who sees what, and when."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from lmsapp import installation, wiring
from lmsapp.core import sheets
from lmsapp.core.jobs import Job
from lmsapp.core.sessions import transaction, writing
from lmsapp.exams import analysing, marking
from lmsapp.exams.models import Attempt, Bank, ItemTotal, Mark, Sitting
from tests.exams import hall as halls

AUTO = ("sign", "both", "true", "metres", "word")
SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def held(opened: installation.Installation) -> int:
    """Three have handed in: one waits for a written answer, one is marked, one waits too. Returns the sitting."""
    with transaction(opened.sessions) as session:
        hall = halls.build(session)
        hall.sit(0, right=AUTO, written="I stop and call 102.\n<b>fast</b>")
        hall.sit(1, right=AUTO)
        hall.sit(2, right=AUTO[2:], written="ایستاد می‌شوم.", choose={"sign": "b"})
        return hall.held.id


def token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].partition('"')[0]


def read(client: FlaskClient, path: str, status: int = 200) -> str:
    reply = client.get(path)
    assert reply.status_code == status, (path, reply.status_code)
    return reply.get_data(as_text=True)


def test_the_marker_sees_the_answer_and_its_language_and_nobodys_name(
    held: int, signed_in: SignIn, opened: installation.Installation
) -> None:
    client = signed_in("assessor")
    pile = read(client, f"/en/exams/sittings/{held}/marking")
    link = re.search(rf"/en/exams/sittings/{held}/marking/\d+", pile)
    assert link and "Mark 2 answers" in pile
    page = read(client, link[0])
    with opened.sessions() as session:
        hidden = [part for a in session.scalars(select(Attempt)) for part in (a.code, a.person.name, a.person.number)]
    for text in (pile, page):
        assert not [part for part in hidden if part in text or f"{part[:4]} {part[4:]}" in text]
    assert "stops and does not touch" in page and ("&lt;b&gt;fast" in page or "ایستاد" in page)
    assert "<b>fast" not in page


def test_points_are_kept_one_answer_at_a_time_and_the_exam_is_marked(
    held: int, signed_in: SignIn, opened: installation.Installation
) -> None:
    client = signed_in("assessor")
    for _round in range(2):
        pile = read(client, f"/en/exams/sittings/{held}/marking")
        link = re.search(rf"/en/exams/sittings/{held}/marking/\d+", pile)
        assert link
        page = read(client, link[0])
        form = {"csrf_token": token(page), "answer": page.split('name="answer" value="')[1].split('"')[0]}
        missing = client.post(link[0], data=form | {"criterion-a": "3", "remark": "Kept as typed."})
        assert missing.status_code == 422 and "Kept as typed." in missing.get_data(as_text=True)
        done = client.post(link[0], data=form | {"criterion-a": "3", "criterion-b": "2", "remark": ""})
        assert done.status_code == 303
        again = client.post(link[0], data=form | {"criterion-a": "0", "criterion-b": "0", "remark": ""})
        assert again.status_code == 303
    with opened.sessions() as session:
        assert {a.state for a in session.scalars(select(Attempt).where(Attempt.sitting_id == held))} == {"marked"}
        assert len(session.scalars(select(Mark)).all()) == 3
    assert "2 of 2 answers are marked" in read(client, f"/en/exams/sittings/{held}/marking")


def test_a_faulty_question_is_corrected_after_its_list_was_seen(
    held: int, signed_in: SignIn, opened: installation.Installation
) -> None:
    client = signed_in("assessor")
    listed = read(client, f"/en/exams/sittings/{held}/corrections")
    link = next(part for part in re.findall(rf"/en/exams/sittings/{held}/corrections/\d+/1", listed))
    page = read(client, link)
    form = {
        "csrf_token": token(page),
        "kind": "void",
        "language": "",
        "reason": "Two are right.",
        "seen": "",
        "go": "do",
    }
    seen = client.post(link, data=form)
    text = seen.get_data(as_text=True)
    assert seen.status_code == 200 and "What would change" in text and "1 mark changes" in text
    with opened.sessions() as session:
        assert len(session.scalars(select(Mark)).all()) == 1
    digest = text.split('name="seen" value="')[1].split('"')[0]
    other = client.post(link, data=form | {"seen": digest, "language": "prs"})
    assert other.status_code == 200, "another correction than the one that was looked at is shown, not done"
    assert client.post(link, data=form | {"seen": digest}).status_code == 303
    with opened.sessions() as session:
        assert [m.cause for m in session.scalars(select(Mark).order_by(Mark.version))] == ["marked", "corrected"]
    assert "Two are right." in read(client, f"/en/exams/sittings/{held}/corrections")


def released(opened: installation.Installation, held: int, place: int = 0) -> tuple[str, str]:
    """Gives the waiting answers no points, releases, and returns one attempt's code and its candidate's number."""
    with writing(), opened.sessions() as session:
        sitting = session.get_one(Sitting, held)
        for attempt in session.scalars(select(Attempt).where(Attempt.sitting_id == held)):
            if attempt.state == "submitted":
                changes = marking.corrections_of(session, sitting)
                marking.write(session, attempt, marking.assess(session, attempt, changes), by=None, cause="marked")
            attempt.state = "released"
        attempt = session.scalars(select(Attempt).where(Attempt.sitting_id == held).order_by(Attempt.id)).all()[place]
        session.commit()
        return attempt.code, attempt.person.number


def test_before_release_the_candidate_sees_nothing_and_after_it_everything(
    held: int, signed_in: SignIn, opened: installation.Installation
) -> None:
    with opened.sessions() as session:
        code = session.scalars(select(Attempt.code).where(Attempt.sitting_id == held).order_by(Attempt.id)).first()
    for key in ("trainee", "another_trainee", "translator", "other_instructor"):
        assert signed_in(key).get(f"/en/exams/{code}/result").status_code in (403, 404)
    code, _number = released(opened, held, 2)
    page = read(signed_in("instructor"), f"/en/exams/{code}/result")
    for words in (
        "your answer, wrong",
        "this is right",
        "danger",
        "About sign.",
        "unexploded ordnance",
        "By topic",
        "Not passed",
    ):
        assert words in page, words
    manager = read(signed_in("manager"), f"/en/exams/{code}/result")
    assert "Not passed" in manager and "About sign." not in manager and "danger" not in manager
    auditor = read(signed_in("auditor"), f"/en/exams/{code}/result")
    assert "What does a red sign" in auditor and "About sign." not in auditor


def test_the_analysis_is_a_page_and_a_spreadsheet_in_the_readers_direction(
    held: int, signed_in: SignIn, opened: installation.Installation
) -> None:
    released(opened, held)
    with transaction(opened.sessions) as session:
        session.scalars(select(Bank).where(Bank.code == "hall")).one().is_demonstration = True
    client = signed_in("instructor")
    page = read(client, "/en/banks/hall/analysis")
    assert "What does a red sign" in page and "few answers: uncertain" in page and "Too few attempts" in page
    item = read(client, "/en/banks/hall/analysis/sign/1")
    assert "too few answers to compare" in item and "left out" in item
    for language, rtl in (("en", False), ("prs", True)):
        reply = client.get(f"/{language}/banks/hall/analysis.xlsx")
        assert reply.status_code == 200 and "attachment" in reply.headers["Content-Disposition"]
        tables = sheets.read(reply.data)
        assert [len(table.rows) for table in tables] == [7, 16, 13, 4]
        assert tables[0].rows[1][5] == 3
        assert (b"rightToLeft" in _sheet(reply.data)) is rtl
    assert client.get("/en/banks/hall/analysis?papers=prs&exam=x").status_code == 200
    assert client.get("/en/banks/hall/analysis/nothing/1").status_code == 404


def _sheet(content: bytes) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


def test_everybody_is_told_what_waits_for_her(held: int, signed_in: SignIn) -> None:
    assert "Mark written answers" in read(signed_in("assessor"), "/en/")
    assert "Mark written answers" not in read(signed_in("manager"), "/en/")
    assert "Mark written answers" not in read(signed_in("other_instructor"), "/en/")


def test_the_manager_has_everything_counted_anew(
    held: int, signed_in: SignIn, opened: installation.Installation
) -> None:
    with writing(), opened.sessions() as session:
        exam = session.get_one(Sitting, held).exam_id
        expected = analysing.from_marks(session, [exam])
        session.execute(delete(ItemTotal))
        session.commit()
    client = signed_in("manager")
    page = read(client, "/en/banks/hall/analysis")
    assert client.post("/en/banks/hall/analysis", data={"csrf_token": token(page)}).status_code == 303
    with opened.sessions() as session:
        job = session.scalars(select(Job).where(Job.name == analysing.ANEW)).one()
    assert wiring.connect(opened).run(opened.sessions, job.id)
    with opened.sessions() as session:
        assert analysing.kept(session, [exam]) == expected and expected.items
