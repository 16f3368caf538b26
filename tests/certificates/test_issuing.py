"""Awarding at close-out: who has earned what, serials without gaps, nobody twice, revoked is seen."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.certificates import issuing, queries, revoking, serials, verifying
from lmsapp.certificates.eligibility import Rules, Standing, decide
from lmsapp.certificates.models import Award
from lmsapp.certificates.verdicts import Answer
from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock, settings
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Conflict, FreshSignInNeeded, Invalid, NotAllowed
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.exams import marking
from lmsapp.exams.models import Attempt
from tests import world

CORE = Rules("attendance-and-achievement", written_test=True, practical_test=False)


@pytest.mark.parametrize(
    ("hours", "sat", "passed", "released", "kind"),
    [
        ("57", True, True, True, "achievement"),
        ("56.99", True, True, True, None),
        ("60", True, False, True, "attendance"),
        ("60", False, False, False, "attendance"),
        ("60", True, True, False, None),
        (None, True, True, True, None),
    ],
)
def test_hours_and_exam_decide_the_kind(
    hours: str | None, sat: bool, passed: bool, released: bool, kind: str | None
) -> None:
    standing = Standing(Decimal(hours) if hours else None, Decimal(57), sat, passed, released)
    assert decide(standing, CORE).kind == kind


def test_a_qualification_needs_its_practical_test() -> None:
    rules = Rules("qualification", written_test=True, practical_test=True)
    standing = Standing(Decimal(190), Decimal(180), sat=True, passed=True, released=True)
    assert decide(standing, rules).kind is None
    assert (
        decide(
            Standing(Decimal(190), Decimal(180), sat=True, passed=True, released=True, practical_passed=True), rules
        ).kind
        == "qualification"
    )


@pytest.fixture
def chosen_settings(tmp_path: Path) -> Settings:
    """Settings with keys of their own."""
    return settings.load(tmp_path / "issuing", {}, base_url="https://nmc.example")


@pytest.fixture
def cohort(session: Session, chosen_settings: Settings) -> Cohort:
    """A cohort whose only trainee has passed and has enough hours, nobody writing any more."""
    things = world.build(session, chosen_settings)
    found = session.scalars(select(Cohort).where(Cohort.code == things["own"]["code"])).one()
    attempt = session.scalars(select(Attempt).where(Attempt.code == things["own"]["attempt"])).one()
    with clock.held(attempt.deadline_at + timedelta(minutes=2)):
        marking.release(session, KEEPER, attempt.sitting, without_papers=True)
    return found


def test_close_out_awards_once_and_closes(
    session: Session, cohort: Cohort, chosen_settings: Settings, cast: dict[str, object]
) -> None:
    ring = KeyRing.load_or_create(chosen_settings.keys)
    manager = cast["manager"].actor  # type: ignore[attr-defined]
    made = issuing.close_out(session, manager, cohort, chosen_settings, ring)
    assert [(a.kind, a.number) for a in made] == [("achievement", 1)]
    assert cohort.state == "closed"
    with pytest.raises((Conflict, NotAllowed)):
        issuing.close_out(session, manager, cohort, chosen_settings, ring)
    assert issuing.gaps(session) == []


def test_only_the_training_manager_awards_and_only_after_a_fresh_sign_in(
    session: Session, cohort: Cohort, chosen_settings: Settings, cast: dict[str, object]
) -> None:
    ring = KeyRing.load_or_create(chosen_settings.keys)
    for key in ("instructor", "administrator", "auditor", "partner", "trainee"):
        with pytest.raises(NotAllowed):
            issuing.close_out(session, cast[key].actor, cohort, chosen_settings, ring)  # type: ignore[attr-defined]
    with clock.held(clock.now() + timedelta(hours=1)), pytest.raises(FreshSignInNeeded):
        issuing.close_out(session, cast["manager"].actor, cohort, chosen_settings, ring)  # type: ignore[attr-defined]


def test_a_void_number_is_a_row_with_its_reason(session: Session, cohort: Cohort, chosen_settings: Settings) -> None:
    ring = KeyRing.load_or_create(chosen_settings.keys)
    with pytest.raises(Invalid):
        issuing.void_next(session, KEEPER, clock.now().year, "achievement", "NMC", "")
    issuing.void_next(session, KEEPER, clock.now().year, "achievement", "NMC", "The printer took two sheets.")
    made = issuing.close_out(session, KEEPER, cohort, chosen_settings, ring)
    assert [a.number for a in made] == [2]
    assert issuing.gaps(session) == []


def test_a_certificate_is_proved_and_disproved(session: Session, cohort: Cohort, chosen_settings: Settings) -> None:
    ring = KeyRing.load_or_create(chosen_settings.keys)
    award = issuing.close_out(session, KEEPER, cohort, chosen_settings, ring)[0]
    ask = lambda text: verifying.check_text(session, text, ring, chosen_settings)  # noqa: E731
    link = award.facts["link"] + award.payload
    assert ask(link).verdict.answer is Answer.VALID
    assert ask(serials.in_fours(award.code)).award is award
    alone = ask(award.serial)
    assert (alone.verdict.answer, alone.serial_only, alone.award) == (Answer.VALID, True, None)
    assert ask(link[:-3] + ("A" if link[-3] != "A" else "B") + link[-2:]).verdict.answer is Answer.NOT_OURS
    revoking.change(session, KEEPER, award, "suspended", "To be looked into.")
    assert ask(link).verdict.answer is Answer.LAPSED
    revoking.change(session, KEEPER, award, "reinstated", "Cleared.")
    assert ask(link).verdict.answer is Answer.VALID
    revoking.change(session, KEEPER, award, "revoked", "Obtained by fraud.")
    assert ask(link).verdict.lapse.state == "revoked"  # type: ignore[union-attr]
    with pytest.raises(Conflict):
        revoking.change(session, KEEPER, award, "reinstated", "No.")
    lapses, issued = revoking.read_list(revoking.make_list(session, ring, 7), ring)
    assert lapses[award.serial].state == "revoked"
    assert issued == clock.now().date()


def test_an_altered_list_is_not_believed(session: Session, chosen_settings: Settings) -> None:
    ring = KeyRing.load_or_create(chosen_settings.keys)
    text = revoking.make_list(session, ring, 7)
    for altered in (
        text.replace("sequence", "sequenca"),
        text.replace('"version":1', '"version":2'),
        "{}",
        "[]",
        "null",
        "",
        text[:-5],
    ):
        with pytest.raises(revoking.NotAList):
            revoking.read_list(altered, ring)


def test_guessing_codes_and_walking_serials_finds_no_name(
    session: Session, cohort: Cohort, chosen_settings: Settings
) -> None:
    ring = KeyRing.load_or_create(chosen_settings.keys)
    issuing.close_out(session, KEEPER, cohort, chosen_settings, ring)
    for _ in range(300):
        assert verifying.check_text(session, serials.new_code(), ring, chosen_settings).award is None
    for number in range(1, 60):
        serial = str(serials.Serial("NMC", clock.now().year, "achievement", number))
        assert verifying.check_text(session, serial, ring, chosen_settings).award is None


def test_validity_ends_the_day_before_the_same_day(session: Session) -> None:
    assert issuing.months_later(date(2026, 6, 5), 12) == date(2027, 6, 4)
    assert issuing.months_later(date(2024, 2, 29), 12) == date(2025, 2, 27)
    assert issuing.months_later(date(2026, 12, 31), 6) == date(2027, 6, 29)


def test_the_state_of_an_award_is_folded_from_its_events(
    session: Session, cohort: Cohort, chosen_settings: Settings
) -> None:
    award = session.scalars(select(Award)).first()
    assert award is not None
    assert queries.state_of(award) == "valid"
    assert session.scalar(select(func.count()).select_from(Award)) == 2
