"""Preparing and printing papers: drawn and frozen as on screen, all or none, the same octets however often they are printed."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lmsapp import installation
from lmsapp.core import clock, pdf, settings
from lmsapp.core.errors import Conflict, Invalid, NotAllowed, NotFound
from lmsapp.core.jobs import Job
from lmsapp.core.sessions import transaction
from lmsapp.core.storage import Folder
from lmsapp.exams import papers, printing, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import Attempt, AttemptEvent, PaperFile, Sitting
from lmsapp.wiring import connect
from tests import cast as casting
from tests import world
from tests.house import House, Worlds

Cast = dict[str, casting.Member]
needs_press = pytest.mark.skipif(not pdf.available(), reason=f"PDF is switched off: {pdf.missing()}")


@pytest.fixture
def things(session: Session, tmp_path: Path) -> dict[str, object]:
    """The first world, in which one paper is prepared already."""
    return world.build(session, settings.load(tmp_path / "keys-folder", {}))["own"]


@pytest.fixture
def held(session: Session, things: dict[str, object]) -> Sitting:
    """A sitting in which nobody has a paper yet."""
    found = session.get_one(Sitting, things["sitting_id"])
    session.execute(update(Attempt).where(Attempt.sitting_id == found.id).values(state="void"))
    session.expire_all()
    return found


def test_a_prepared_paper_is_drawn_and_frozen_as_one_on_screen(
    session: Session, held: Sitting, things: dict[str, object], cast: Cast
) -> None:
    (made,) = printing.prepare(session, cast["instructor"].actor, held, [things["enrolment_id"]], drafts_allowed=True)
    assert (made.state, made.mode, made.paper.digest) == ("prepared", "paper", papers.digest(made.paper.sheet))
    on_screen = session.scalars(select(Attempt).where(Attempt.code == things["attempt"])).one()
    assert made.paper.sheet.keys() == on_screen.paper.sheet.keys()
    assert (
        len(made.paper.sheet["items"]) == len(on_screen.paper.sheet["items"])
        and made.paper.seed != on_screen.paper.seed
    )
    step = session.scalars(select(AttemptEvent).where(AttemptEvent.attempt_id == made.id)).one()
    assert (step.before, step.after, step.person_id) == (None, "prepared", cast["instructor"].person_id)


def test_who_has_a_paper_gets_no_second_one_and_nobody_is_prepared_by_halves(
    session: Session, held: Sitting, things: dict[str, object], cast: Cast
) -> None:
    me, chosen = cast["instructor"].actor, [things["enrolment_id"]]
    with pytest.raises(Invalid):
        printing.prepare(session, me, held, [*chosen, 987654], drafts_allowed=True)
    with pytest.raises(Invalid):
        printing.prepare(session, me, held, [], drafts_allowed=True)
    (seat,) = printing.seats(session, held)
    assert seat.attempt is None and seat.hindrance == ""
    printing.prepare(session, me, held, chosen, drafts_allowed=True)
    (seat,) = printing.seats(session, held)
    assert seat.attempt is not None and seat.hindrance
    with pytest.raises(Conflict, match="one already"):
        printing.prepare(session, me, held, chosen, drafts_allowed=True)


def test_only_who_holds_the_exam_prepares_and_only_until_it_closes(
    session: Session, held: Sitting, things: dict[str, object], cast: Cast
) -> None:
    chosen = [things["enrolment_id"]]
    for who in ("assessor", "other_instructor", "trainee", "auditor", "administrator"):
        with pytest.raises(NotAllowed):
            printing.prepare(session, cast[who].actor, held, chosen, drafts_allowed=True)
        with pytest.raises(NotAllowed):
            printing.ask(session, cast[who].actor, held, "normal")
    with clock.held(held.closes_at + timedelta(seconds=1)), pytest.raises(Conflict, match="over"):
        printing.prepare(session, cast["manager"].actor, held, chosen, drafts_allowed=True)
    with pytest.raises(Conflict, match="prepared for this sitting yet"):
        printing.ask(session, cast["manager"].actor, held, "normal")


def test_a_candidate_reads_none_of_her_paper_before_the_exam_and_writes_none_of_it_on_screen(
    session: Session, held: Sitting, things: dict[str, object], cast: Cast
) -> None:
    (made,) = printing.prepare(session, cast["instructor"].actor, held, [things["enrolment_id"]], drafts_allowed=True)
    events = (Given(1, "q1", ""),)
    kept = saving.save(session.connection(), made.code, made.person_id, Batch("device-1", events))
    assert kept.refusal == "closed" and sitting.answers_of(session, made.id) == {}
    with pytest.raises(NotAllowed):
        sitting.hand_in(session, cast["trainee"].actor, made, "mine")


def test_asking_twice_for_the_same_papers_is_one_job(
    session: Session, held: Sitting, things: dict[str, object], cast: Cast
) -> None:
    printing.prepare(session, cast["instructor"].actor, held, [things["enrolment_id"]], drafts_allowed=True)
    first = printing.ask(session, cast["instructor"].actor, held, "normal")
    assert printing.ask(session, cast["manager"].actor, held, "normal").id == first.id
    assert printing.ask(session, cast["manager"].actor, held, "large").id != first.id


@needs_press
def test_files_are_made_once_by_the_worker_kept_by_content_and_never_hold_a_key(
    opened: installation.Installation, chosen: settings.Settings
) -> None:
    with transaction(opened.sessions) as session:
        things = world.build(session, chosen)["own"]
        held = session.get_one(Sitting, things["sitting_id"])
        paper = session.scalars(select(Attempt).where(Attempt.code == things["paper"])).one()
        for file in session.scalars(select(PaperFile)):
            session.delete(file)
        answers = {
            word for key in paper.paper.key.values() for word in key["structure"].get("right", ()) if len(word) > 3
        }
        job = printing.ask(session, casting.members(session)["instructor"].actor, held, "normal")
        number = job.id
    assert connect(opened).run(opened.sessions, number)
    storage = Folder(chosen.files)
    with transaction(opened.sessions) as session:
        job = session.get_one(Job, number)
        assert (job.state, job.done, job.total) == ("done", 1, 1), job.note
        files = list(session.scalars(select(PaperFile)))
        assert {(file.purpose, file.size) for file in files} == {("booklet", "normal"), ("sheet", "normal")}
        facts = printing.facts(session, chosen, files[0].attempt_id)
        for file in files:
            kept = storage.path(file.digest).read_bytes()
            assert hashlib.sha256(printing.rendered(facts, file.purpose, file.size)).hexdigest() == file.digest, (
                "other bytes the second time"
            )
            assert b"FEEDBACK-KEY-MARK" not in kept and not any(answer.encode() in kept for answer in answers)
        held = session.get_one(Sitting, things["sitting_id"])
        assert printing.joined(session, storage, held, "sheet", "normal") == printing.joined(
            session, storage, held, "sheet", "normal"
        )
        with pytest.raises(NotFound):
            printing.joined(session, storage, held, "sheet", "large")
    assert printing.build(opened.sessions, chosen, int(str(things["sitting_id"])), "normal") == 0


# ---------- the pages ----------


def test_a_paper_goes_from_the_list_to_the_decision_in_a_browser_without_a_script(house: House, worlds: Worlds) -> None:
    things = worlds.things["own"]
    browser, token = house.browser("instructor")
    listed = browser.get(f"/en/exams/sittings/{things['sitting_id']}/papers").get_data(as_text=True)
    assert str(things["paper"])[:5] in listed and "Answer sheet" in listed
    whole = browser.get(f"/en/exams/sittings/{things['sitting_id']}/papers/sheet-normal.pdf")
    assert whole.mimetype == "application/pdf" and whole.data.startswith(b"%PDF")
    assert browser.get(f"/en/exams/papers/{things['paper']}/sheet-large.pdf").status_code == 404

    found = browser.post("/prs/exams/papers", data={"csrf_token": token, "code": f"{things['paper']}".lower()})
    assert found.headers["Location"].endswith(f"/prs/exams/papers/{things['paper']}/key")
    wrong = browser.post("/prs/exams/papers", data={"csrf_token": token, "code": "ABCDE 23456"})
    assert wrong.status_code == 422 and "کود را دوباره ببینید" in wrong.get_data(as_text=True)

    page = browser.get(found.headers["Location"]).get_data(as_text=True)
    fields = [part.split('"')[0] for part in page.split('<input id="q')[1:]]
    typed = {f"q{name}": "-" for name in fields} | {"time": "10:35", "csrf_token": token}
    garbage = browser.post(found.headers["Location"], data=typed | {f"q{fields[0]}": "<b>zz"})
    assert garbage.status_code == 422 and "&lt;b&gt;zz" in garbage.get_data(as_text=True)
    assert browser.post(found.headers["Location"], data=typed | {"state": "released"}).status_code == 400
    assert browser.post(found.headers["Location"], data=typed).status_code == 303
    assert "شخص دیگری" in browser.get(found.headers["Location"]).get_data(as_text=True)
    assert browser.post(found.headers["Location"], data=typed).status_code == 409

    other, others = house.browser("assessor")
    second = other.get(found.headers["Location"]).get_data(as_text=True)
    assert 'value="10:35"' not in second and 'value="-"' not in second, "the second person saw what the first typed"
    kept = other.post(found.headers["Location"], data=typed | {"csrf_token": others, f"q{fields[0]}": "?"})
    assert kept.status_code == 303
    address = f"/prs/exams/papers/{things['paper']}/reconcile"
    deciding = browser.get(address).get_data(as_text=True)
    assert deciding.count('<fieldset class="decide') in (1, 2)
    answers = {f"q{fields[0]}-choice": "first", f"q{fields[0]}-reason": "the sheet is blank there"}
    if "handed-in-choice" in deciding:
        answers |= {"handed-in-choice": "first", "handed-in-reason": "the clock in the room was wrong"}
    assert browser.post(address, data={"csrf_token": token}).status_code == 422
    assert browser.post(address, data={"csrf_token": token, **answers}).status_code == 303
    assert "تسلیم شده" in browser.get(f"/prs/exams/sittings/{things['sitting_id']}/papers").get_data(as_text=True)
    assert browser.post(address, data={"csrf_token": token, **answers}).status_code in (400, 409)


def test_results_are_released_beside_papers_that_are_out_only_when_somebody_says_so(
    house: House, worlds: Worlds
) -> None:
    things = worlds.things["own"]
    room = f"/en/exams/sittings/{things['sitting_id']}"
    browser, token = house.browser("instructor")
    with clock.held(clock.now()):
        with house.opened.sessions() as session:
            clock.forward(session.get_one(Sitting, things["sitting_id"]).closes_at - clock.now() + timedelta(hours=1))
        page = browser.get(room).get_data(as_text=True)
        assert "1 paper is not keyed and reconciled yet" in page
        refused = browser.post(f"{room}/release", data={"csrf_token": token})
        assert refused.status_code == 422
        assert "reconciled yet: 1. Key them first" in refused.get_data(as_text=True)
        with house.opened.sessions() as session:
            assert session.get_one(Sitting, things["sitting_id"]).released_at is None
        done = browser.post(f"{room}/release", data={"csrf_token": token, "release-without_papers": "yes"})
        assert done.status_code == 303
    with house.opened.sessions() as session:
        assert session.get_one(Sitting, things["sitting_id"]).released_at is not None
        states = session.execute(select(Attempt.mode, Attempt.state).where(Attempt.sitting_id == things["sitting_id"]))
        assert ("paper", "prepared") in {tuple(row) for row in states}
