"""Changing and cancelling a cohort: what can be changed when, who objects, what stays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp import app
from lmsapp.catalogue import publishing
from lmsapp.catalogue.models import Edition
from lmsapp.catalogue.sources import Sources
from lmsapp.certificates.models import Award
from lmsapp.cohorts import attending, changing, enrolling, policy, queries
from lmsapp.cohorts.models import Cohort, HoursEntry
from lmsapp.core import clock
from lmsapp.core.access import KEEPER
from lmsapp.core.audit import AuditLine
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.sessions import transaction
from lmsapp.exams import composing, sitting
from lmsapp.exams.models import Attempt, Sitting
from tests import cast as casting
from tests import world
from tests.browsing import send, text_of
from tests.cast import Member
from tests.house import House, Worlds

Cast = dict[str, Member]


@pytest.fixture
def cohort(session: Session, cast: Cast) -> Iterator[Cohort]:
    """A cohort of the small course, with the trainee learning in Georgian."""
    app.listen()
    for course in Sources(world.CONTENT).courses():
        publishing.load(session, KEEPER, course, 0)
    edition = session.scalars(select(Edition)).one()
    today = clock.now().date()
    new = enrolling.NewCohort(today + timedelta(days=5), today + timedelta(days=9), "Hall A", ("ka", "prs"), 5)
    made = enrolling.start(session, cast["instructor"].actor, edition, new)
    trainee = session.get_one(casting.Person, cast["trainee"].person_id)
    enrolling.enrol(session, KEEPER, made, trainee, "ka")
    return made


def second_edition(session: Session, cohort: Cohort) -> Edition:
    first = cohort.edition
    columns = {c.key: getattr(first, c.key) for c in Edition.__table__.columns if c.key != "id"}
    second = Edition(**{**columns, "number": 2})
    session.add(second)
    session.flush()
    return second


def test_the_manager_alone_may_change_and_cancel(session: Session, cast: Cast, cohort: Cohort) -> None:
    for key, member in cast.items():
        assert bool(policy.may_change(member.actor, cohort)) == (key == "manager"), key
    with pytest.raises(NotAllowed):
        changing.cancel(session, cast["instructor"].actor, cohort, "no hall")


def test_a_change_is_kept_with_what_was_before(session: Session, cast: Cast, cohort: Cohort) -> None:
    plan = changing.plan_of(cohort)
    manager = cast["manager"].actor
    assert changing.change(session, manager, cohort, plan) == frozenset()
    assert changing.change(session, manager, cohort, replace(plan, place="Hall B", seats=2)) == {"place", "seats"}
    line = session.scalars(select(AuditLine).order_by(AuditLine.position.desc())).first()
    assert line is not None and (line.action, line.before, line.after) == (
        "cohort.changed",
        '{"place": "Hall A", "seats": "5"}',
        '{"place": "Hall B", "seats": "2"}',
    )


@pytest.mark.parametrize("field", ["seats", "languages", "ends_on"])
def test_what_the_roster_does_not_fit_is_named_beside_its_field(
    session: Session, cast: Cast, cohort: Cohort, field: str
) -> None:
    another = session.get_one(casting.Person, cast["another_trainee"].person_id)
    enrolling.enrol(session, KEEPER, cohort, another, "prs")
    wrong = {"seats": 1, "languages": ["prs"], "ends_on": cohort.starts_on - timedelta(days=1)}
    with pytest.raises(Invalid) as refused:
        changing.change(
            session, cast["manager"].actor, cohort, replace(changing.plan_of(cohort), **{field: wrong[field]})
        )
    assert list(refused.value.fields) == [field]
    assert changing.plan_of(cohort).seats == 5


def test_the_edition_can_be_changed_until_something_has_begun(session: Session, cast: Cast, cohort: Cohort) -> None:
    first, second, manager = cohort.edition, second_edition(session, cohort), cast["manager"].actor
    changing.change(session, manager, cohort, replace(changing.plan_of(cohort), edition_id=second.id))
    assert cohort.edition is second
    changing.change(session, manager, cohort, replace(changing.plan_of(cohort), edition_id=first.id))
    [enrolment] = queries.enrolments(session, cohort.id)
    attending.enter_hours(session, KEEPER, cohort, {enrolment.id: "1"})
    with pytest.raises(Invalid) as refused:
        changing.change(session, manager, cohort, replace(changing.plan_of(cohort), edition_id=second.id))
    assert "edition" in refused.value.fields


def test_a_cancelled_cohort_stands_and_nobody_comes_in(session: Session, cast: Cast, cohort: Cohort) -> None:
    manager = cast["manager"].actor
    changing.cancel(session, manager, cohort, "The hall burnt down")
    assert (cohort.phase, cohort.cancelled_because) == ("cancelled", "The hall burnt down")
    another = session.get_one(casting.Person, cast["another_trainee"].person_id)
    for act in (
        lambda: enrolling.enrol(session, manager, cohort, another, "prs"),
        lambda: changing.change(session, manager, cohort, changing.plan_of(cohort)),
        lambda: changing.cancel(session, manager, cohort, "again"),
        lambda: enrolling.close(session, manager, cohort),
    ):
        with pytest.raises(NotAllowed, match="cancelled"):
            act()
    assert queries.enrolment_of(session, cast["trainee"].actor, cohort.code).state == "enrolled"


# ---------- as the pages say it; the worlds hold a cohort with an open exam and a certificate ----------


def own(worlds: Worlds) -> str:
    return str(worlds.things["own"]["code"])


def without(house: House, *, awards: bool = False, exams: bool = False) -> None:
    """Takes away what objects to cancelling."""
    with transaction(house.opened.sessions) as session:
        if awards:
            for award in session.scalars(select(Award)):
                award.cohort_id = None
        if exams:
            for attempt in session.scalars(select(Attempt).where(Attempt.state == "open")):
                attempt.state = "void"


def test_certificates_and_an_open_exam_stand_in_the_way_of_cancelling(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("manager")
    path = f"/en/cohorts/{own(worlds).lower()}/cancel"
    page = text_of(browser, path)
    assert "1 trainee on the roster gets a letter" in page and "1 exam that is set will not be held" in page
    reply = send(browser, path, reason="")
    assert reply.status_code == 422 and "Write the reason" in reply.get_data(as_text=True)
    reply = send(browser, path, reason="No hall")
    assert reply.status_code == 422 and "Somebody sits an exam" in reply.get_data(as_text=True)
    assert 'value="No hall"' in reply.get_data(as_text=True)
    without(house, exams=True)
    reply = send(browser, path, reason="No hall")
    assert "Certificates of this cohort have been awarded" in reply.get_data(as_text=True)
    with house.opened.sessions() as session:
        assert session.scalars(select(Cohort.state).where(Cohort.code == own(worlds))).one() == "running"


def test_a_trainee_reads_that_her_course_is_cancelled_and_why(house: House, worlds: Worlds) -> None:
    without(house, awards=True, exams=True)
    manager, _token = house.browser("manager")
    path = f"/prs/cohorts/{own(worlds).lower()}"
    assert send(manager, f"{path}/cancel", reason="<b>برف</b>").status_code == 303
    assert "&lt;b&gt;برف" in text_of(manager, path)
    assert manager.get(f"{path}/change").status_code == 403
    trainee, _token = house.browser("trainee")
    for page in ("/en/", f"/en/learn/{own(worlds).lower()}"):
        text = text_of(trainee, page)
        assert "This course is cancelled" in text and "&lt;b&gt;برف" in text
    assert "Final exam: open now" not in text_of(trainee, "/en/")


def test_nobody_begins_an_exam_of_a_cancelled_cohort(house: House, worlds: Worlds) -> None:
    without(house, awards=True, exams=True)
    with transaction(house.opened.sessions) as session:
        cohort = session.scalars(select(Cohort).where(Cohort.code == own(worlds))).one()
        changing.cancel(session, KEEPER, cohort, "No hall")
        held = session.get_one(Sitting, worlds.things["own"]["sitting_id"])
        actor = casting.members(session)["trainee"].actor
        with pytest.raises(Conflict, match="cancelled"):
            sitting.begin(session, actor, held, drafts_allowed=True)
        with pytest.raises(Conflict, match="cancelled"):
            composing.hold(session, KEEPER, cohort, held.opens_at, held.closes_at)


def test_a_manager_moves_a_cohort_in_persian_digits_and_sees_what_is_wrong(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("manager")
    path = f"/prs/cohorts/{own(worlds).lower()}"
    fields: dict[str, object] = {
        "edition": "1", "place": "سالون ب", "languages": ["en", "prs", "ps"], "seats": "۱۲", "starts_on-day": "۱", "starts_on-month": "12",
        "starts_on-year": "۲۰۲۶", "ends_on-day": "۹", "ends_on-month": "12", "ends_on-year": "۲۰۲۶",
    }  # fmt: skip
    assert send(browser, f"{path}/change", **fields).status_code == 303
    assert "سالون ب" in text_of(browser, path)
    reply = send(browser, f"{path}/change", **{**fields, "seats": "۰", "place": "", "edition": "9"})
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422
    assert all(f'id="{name}-error"' in page for name in ("seats", "place", "edition")) and 'value="۰"' in page


def test_an_exam_that_is_set_keeps_the_edition(house: House, worlds: Worlds) -> None:
    with transaction(house.opened.sessions) as session:
        cohort = session.scalars(select(Cohort).where(Cohort.code == own(worlds))).one()
        session.execute(HoursEntry.__table__.delete())
        second = second_edition(session, cohort)
        with pytest.raises(Invalid, match="exam of this edition") as refused:
            changing.change(session, KEEPER, cohort, replace(changing.plan_of(cohort), edition_id=second.id))
        assert "edition" in refused.value.fields
        session.rollback()
