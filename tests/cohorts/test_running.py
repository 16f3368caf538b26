"""Running a cohort: who may, the roster, the staff, hours with their history, progress through lessons."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.accounts.models import Person
from lmsapp.accounts.registering import NewPerson
from lmsapp.catalogue import publishing
from lmsapp.catalogue.models import Edition, Lesson
from lmsapp.catalogue.sources import Sources
from lmsapp.cohorts import attending, enrolling, policy, progress, queries, roster
from lmsapp.cohorts.models import Cohort, Enrolment, HoursEntry
from lmsapp.core import clock
from lmsapp.core.access import KEEPER
from lmsapp.core.audit import AuditLine, AuditPersonal
from lmsapp.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests import cast as casting
from tests import world
from tests.cast import Member

Cast = dict[str, Member]
TODAY = date(2026, 11, 25)


@pytest.fixture
def edition(session: Session) -> Edition:
    for course in Sources(world.CONTENT).courses():
        publishing.load(session, KEEPER, course, 0)
    return session.scalars(select(Edition)).one()


def new(**other: object) -> enrolling.NewCohort:
    return replace(enrolling.NewCohort(TODAY, TODAY + timedelta(days=9), "Hall A", ("ka", "prs"), 2), **other)  # type: ignore[arg-type]


@pytest.fixture
def cohort(session: Session, cast: Cast, edition: Edition) -> Cohort:
    """A cohort of the instructor's own, with two seats."""
    return enrolling.start(session, cast["instructor"].actor, edition, new(partner=casting.organisation(session, "ge")))


@pytest.fixture
def enrolment(session: Session, cast: Cast, cohort: Cohort) -> Enrolment:
    return enrolling.enrol(session, cast["instructor"].actor, cohort, person(session, cast, "trainee"), "ka")


def person(session: Session, cast: Cast, key: str) -> Person:
    return session.get_one(Person, cast[key].person_id)


# ---------- starting ----------


def test_whoever_starts_a_cohort_as_an_instructor_teaches_it_and_codes_count_up(
    session: Session, cast: Cast, cohort: Cohort
) -> None:
    assert [(s.person_id, s.part) for s in cohort.staff] == [(cast["instructor"].person_id, "instructor")]
    second = enrolling.start(session, cast["manager"].actor, cohort.edition, new())
    assert (cohort.code, second.code, second.staff) == ("TST-100-2026-01", "TST-100-2026-02", [])


def test_days_in_the_wrong_order_are_refused_beside_their_field(session: Session, cast: Cast, edition: Edition) -> None:
    with pytest.raises(Invalid) as refused:
        enrolling.start(session, cast["instructor"].actor, edition, new(ends_on=TODAY - timedelta(days=1)))
    assert "ends_on" in refused.value.fields


def test_a_planned_cohort_runs_from_its_first_day_without_anybody_s_act(
    session: Session, cast: Cast, edition: Edition
) -> None:
    with clock.held(clock.now()):
        today = clock.now().date()
        later = enrolling.start(session, cast["manager"].actor, edition, new(starts_on=today + timedelta(days=3), ends_on=today + timedelta(days=9)))  # fmt: skip
        assert later.phase == "planned"
        clock.forward(timedelta(days=3))
        assert later.phase == "running"


def test_who_may_see_and_run_a_cohort(session: Session, cast: Cast, cohort: Cohort) -> None:
    sees = {"instructor", "manager", "administrator", "auditor", "partner"}
    for key, member in cast.items():
        assert bool(policy.may_see_cohort(member.actor, cohort)) == (key in sees), key
        assert (cohort in session.scalars(policy.visible_cohorts(member.actor))) == (key in sees), key
        assert bool(policy.may_run(member.actor, cohort)) == (key in {"instructor", "manager"}), key


# ---------- staff ----------


def test_the_manager_gives_a_cohort_its_instructor_who_then_runs_it(
    session: Session, cast: Cast, cohort: Cohort
) -> None:
    other = cast["other_instructor"]
    assert not policy.may_run(other.actor, cohort)
    enrolling.assign(session, cast["manager"].actor, cohort, person(session, cast, "other_instructor"), "instructor")
    assert policy.may_run(other.actor, cohort)
    enrolling.take_off(session, cast["manager"].actor, cohort, person(session, cast, "other_instructor"), "instructor")
    assert not policy.may_run(other.actor, cohort)


def test_only_who_holds_the_role_is_offered_and_taken(session: Session, cast: Cast, cohort: Cohort) -> None:
    offered = {(one.id, part) for one, part in queries.assignable(session)}
    assert offered == {
        (cast["instructor"].person_id, "instructor"), (cast["other_instructor"].person_id, "instructor"), (cast["assessor"].person_id, "assessor"),
    }  # fmt: skip
    for key, part in (("former_instructor", "instructor"), ("assessor", "instructor"), ("trainee", "assessor")):
        with pytest.raises(Conflict, match="does not hold this role"):
            enrolling.assign(session, cast["manager"].actor, cohort, person(session, cast, key), part)


# ---------- roster ----------


def test_the_roster_takes_each_once_in_its_languages_until_the_seats_are_taken(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment
) -> None:
    instructor = cast["instructor"].actor
    with pytest.raises(Conflict, match="on the roster already"):
        enrolling.enrol(session, instructor, cohort, enrolment.person, "ka")
    with pytest.raises(Invalid) as refused:
        enrolling.enrol(session, instructor, cohort, person(session, cast, "another_trainee"), "tr")
    assert "language" in refused.value.fields
    enrolling.enrol(session, instructor, cohort, person(session, cast, "another_trainee"), "prs")
    with pytest.raises(Conflict, match="seats are taken"):
        enrolling.enrol(session, instructor, cohort, person(session, cast, "stranger"), "ka")


def test_a_number_nobody_has_and_a_member_of_staff_look_the_same(session: Session, cast: Cast, cohort: Cohort) -> None:
    said = set()
    for number in ("04821999", cast["manager"].number):
        with pytest.raises(Invalid) as refused:
            enrolling.trainee(session, cast["instructor"].actor, cohort, number)
        said.add(refused.value.message)
    assert len(said) == 1


def test_somebody_new_is_registered_and_enrolled_in_one_step_or_not_at_all(
    session: Session, cast: Cast, cohort: Cohort
) -> None:
    agency = casting.organisation(session, "ge")
    made = enrolling.enrol_new(session, cast["instructor"].actor, cohort, NewPerson("ლევან", "ka"), agency, "ka")
    assert made.person.memberships[0].organisation is agency
    before = session.scalar(select(func.count()).select_from(Person))
    savepoint = session.begin_nested()
    with pytest.raises(Invalid):
        enrolling.enrol_new(session, cast["instructor"].actor, cohort, NewPerson("გია", "ka"), agency, "tr")
    savepoint.rollback()
    assert session.scalar(select(func.count()).select_from(Person)) == before


def test_who_is_taken_off_comes_back_with_all_her_records(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment
) -> None:
    instructor = cast["instructor"].actor
    attending.enter_hours(session, instructor, cohort, {enrolment.id: "12"})
    enrolling.withdraw(session, instructor, cohort, enrolment, "ill, says Dr Nino")
    assert not queries.enrolments(session, cohort.id)
    with pytest.raises(NotFound):
        queries.enrolment_of(session, cast["trainee"].actor, cohort.code)
    again = enrolling.enrol(session, instructor, cohort, enrolment.person, "prs")
    assert again is enrolment
    assert list(queries.with_hours(session, cohort.id).values()) == [Decimal(12)]


def test_a_reason_in_free_words_stands_apart_from_the_chain(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment
) -> None:
    enrolling.withdraw(session, cast["instructor"].actor, cohort, enrolment, "ill, says Dr Nino")
    line = session.scalars(select(AuditLine).order_by(AuditLine.position.desc())).first()
    assert line is not None
    assert "Nino" not in f"{line.before}{line.after}"
    assert "Nino" in (session.get_one(AuditPersonal, line.position).details or "")


def test_slips_go_to_who_has_chosen_no_pin_and_a_single_one_to_who_forgot_it(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment
) -> None:
    instructor = cast["instructor"].actor
    assert enrolling.print_slips(session, instructor, cohort, [enrolment]) == []
    slip = enrolling.print_slip(session, instructor, cohort, enrolment)
    assert (slip.person, slip.language, len(slip.pin)) == (enrolment.person, "ka", 6)
    assert [one.person for one in enrolling.print_slips(session, instructor, cohort, [enrolment])] == [enrolment.person]
    with pytest.raises(NotAllowed):
        enrolling.print_slip(session, cast["other_instructor"].actor, cohort, enrolment)


def test_a_closed_cohort_stands(session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment) -> None:
    enrolling.close(session, KEEPER, cohort)
    manager = cast["manager"].actor
    for act in (
        lambda: enrolling.enrol(session, manager, cohort, person(session, cast, "another_trainee"), "prs"),
        lambda: enrolling.withdraw(session, manager, cohort, enrolment, "x"),
        lambda: attending.enter_hours(session, manager, cohort, {enrolment.id: "1"}),
        lambda: enrolling.print_slips(session, manager, cohort, [enrolment]),
        lambda: enrolling.assign(session, manager, cohort, person(session, cast, "other_instructor"), "instructor"),
    ):
        with pytest.raises(NotAllowed, match="closed"):
            act()


# ---------- hours ----------


def test_hours_may_be_typed_in_any_digits_and_keep_their_history(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment
) -> None:
    instructor = cast["instructor"].actor
    assert attending.enter_hours(session, instructor, cohort, {enrolment.id: "۱۲٫۵"}) == 1
    assert attending.enter_hours(session, instructor, cohort, {enrolment.id: "12.5"}) == 0
    assert attending.enter_hours(session, instructor, cohort, {enrolment.id: ""}) == 0
    with pytest.raises(Invalid, match="nothing was saved"):
        attending.enter_hours(session, instructor, cohort, {enrolment.id: "10"})
    assert attending.enter_hours(session, instructor, cohort, {enrolment.id: "10"}, "left early") == 1
    kept = session.scalars(select(HoursEntry).order_by(HoursEntry.id)).all()
    assert [(entry.hours, entry.reason) for entry in kept] == [(Decimal("12.5"), None), (Decimal(10), "left early")]
    assert list(queries.with_hours(session, cohort.id).values()) == [Decimal(10)]


@pytest.mark.parametrize("typed", ["-1", "1e3", "NaN", "Infinity", "ten", "100000", "1,2,3", "½"])
def test_what_is_no_number_of_hours_is_named_and_nothing_is_stored(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment, typed: str
) -> None:
    second = enrolling.enrol(session, cast["instructor"].actor, cohort, person(session, cast, "another_trainee"), "prs")
    with pytest.raises(Invalid) as refused:
        attending.enter_hours(session, cast["instructor"].actor, cohort, {enrolment.id: "5", second.id: typed})
    assert list(refused.value.fields) == [f"hours-{second.id}"]
    assert not session.scalars(select(HoursEntry)).all()


def test_hours_and_risk_in_figures() -> None:
    first, last = date(2026, 11, 2), date(2026, 11, 11)
    assert roster.hours_needed(60, 80) == 48
    assert [roster.hours_by(60, first, last, first + timedelta(days=n)) for n in (-1, 0, 5, 10, 99)] == [
        0,
        0,
        30,
        60,
        60,
    ]
    assert roster.behind(Decimal(23), Decimal(30), 80)
    assert not roster.behind(Decimal(24), Decimal(30), 80)
    assert not roster.behind(None, Decimal(30), 80)
    assert [
        roster.shade(*case).level for case in ((0, 0, 5), (0, 1, 5), (1, 1, 5), (3, 3, 5), (5, 5, 5), (0, 0, 0))
    ] == [0, 1, 2, 3, 4, 0]
    assert roster.average([]) is None


# ---------- progress ----------


def test_one_goes_on_where_one_was_and_what_is_done_stays_done(
    session: Session, cast: Cast, cohort: Cohort, enrolment: Enrolment
) -> None:
    first, second = session.scalars(select(Lesson).order_by(Lesson.id)).all()[:2]
    way = lambda: queries.path(session, enrolment)  # noqa: E731
    assert way().next_lesson is first
    now = clock.now()
    progress.note(session.connection(), enrolment.id, first.id, 340, now)
    session.expire_all()
    assert (way().next_lesson, way().latest.position, way().done) == (first, 340, frozenset())  # type: ignore[union-attr]
    progress.note(session.connection(), enrolment.id, first.id, 900, now, done=True)
    session.expire_all()
    assert (way().next_lesson, way().done) == (second, {first.id})
    progress.note(session.connection(), enrolment.id, first.id, 10, now + timedelta(minutes=1))
    session.expire_all()
    assert way().done == {first.id}
    [standing] = queries.standings(session, cohort)
    assert standing.lessons_done == 1
