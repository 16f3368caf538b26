"""Letters: each act writes to whom it happened, in her language, with a link that leads there."""

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp import wiring
from lmsapp.accounts import correcting, registering, signing_in
from lmsapp.accounts.models import Membership, Person
from lmsapp.accounts.roles import Role
from lmsapp.certificates import revoking
from lmsapp.certificates.events import AwardIssued
from lmsapp.certificates.models import Award
from lmsapp.cohorts import changing, enrolling
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import events, queues
from lmsapp.core.access import KEEPER
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.mailing import Mail
from lmsapp.core.sessions import transaction, writing
from lmsapp.exams.events import ResultsReleased
from lmsapp.exams.models import Attempt
from lmsapp.letters import telling
from lmsapp.materials import distributing, withdrawing
from lmsapp.materials.events import EditionEnded
from lmsapp.materials.models import Material, PrintedFile
from tests import cast
from tests.house import House, Worlds

Act = Callable[[Session, dict[str, object]], None]


def member(session: Session, key: str) -> Person:
    return session.get_one(Person, cast.members(session)[key].person_id)


def own_award(session: Session, things: dict[str, object]) -> Award:
    return session.scalars(select(Award).where(Award.serial == things["serial"])).one()


def grant(session: Session, _things: dict[str, object]) -> None:
    registering.grant(session, KEEPER, member(session, "trainee"), Role.PARTNER, cast.organisation(session, "ge"))


def withdraw_role(session: Session, things: dict[str, object]) -> None:
    held = session.get_one(Membership, things["membership_id"])
    registering.withdraw(session, KEEPER, held.person, held)


def choose(session: Session, _things: dict[str, object]) -> None:
    actor = cast.members(session)["trainee"].actor
    signing_in.choose_secret(session, actor, "730219", kind="pin", ticket_hash="")


def enrol(session: Session, things: dict[str, object]) -> None:
    cohort = session.scalars(select(Cohort).where(Cohort.code == things["code"])).one()
    one = session.scalars(select(Enrolment).where(Enrolment.id == things["enrolment_id"])).one()
    enrolling.withdraw(session, KEEPER, cohort, one, "by mistake")
    enrolling.enrol(session, KEEPER, cohort, one.person, one.language)


def move(session: Session, things: dict[str, object]) -> None:
    cohort = session.scalars(select(Cohort).where(Cohort.code == things["code"])).one()
    changing.change(session, KEEPER, cohort, replace(changing.plan_of(cohort), place="Hall <b>B</b>"))


def cancel(session: Session, things: dict[str, object]) -> None:
    cohort = session.scalars(select(Cohort).where(Cohort.code == things["code"])).one()
    for one in session.scalars(select(Award)):
        one.cohort_id = None
    for attempt in session.scalars(select(Attempt).where(Attempt.state == "open")):
        attempt.state = "void"
    changing.cancel(session, KEEPER, cohort, "Qar <b>yağır</b>")


def release(session: Session, things: dict[str, object]) -> None:
    attempt = session.scalars(select(Attempt).where(Attempt.code == things["released"])).one()
    for _ in range(2):  # releasing again tells nobody twice
        events.publish(session, ResultsReleased(attempt.sitting_id))


def award(session: Session, things: dict[str, object]) -> None:
    found = own_award(session, things)
    events.publish(session, AwardIssued(found.id, found.person_id))


def state(*kinds: str) -> Act:
    def act(session: Session, things: dict[str, object]) -> None:
        for kind in kinds:
            revoking.change(session, KEEPER, own_award(session, things), kind, "Səhv <b>ad</b>")

    return act


def take(session: Session) -> Material:
    """The trainee takes the leaflet."""
    leaflet = session.scalars(select(Material).where(Material.slug == "sample-leaflet")).one()
    file = session.scalars(select(PrintedFile).where(PrintedFile.edition_id == leaflet.editions[0].id)).first()
    assert file is not None
    for _ in range(2):
        distributing.record(session.connection(), cast.members(session)["trainee"].actor, file.id, file.made_at)
    return leaflet


def withdraw_material(session: Session, _things: dict[str, object]) -> None:
    withdrawing.withdraw(session, KEEPER, take(session).editions[0], "Səhv <b>şəkil</b>")


def supersede(session: Session, _things: dict[str, object]) -> None:
    events.publish(session, EditionEnded(take(session).editions[0].id, "superseded"))


def correct(session: Session, _things: dict[str, object]) -> None:
    person = member(session, "trainee")
    known = {name: getattr(person, name) for name in correcting.Details.__dataclass_fields__}
    correcting.correct(session, KEEPER, person, correcting.Details(**known | {"father_name": "X"}), "passport")


# In an order in which each is possible after the ones before it.
ACTS: dict[str, Act] = {
    "secret chosen": choose,
    "enrolled": enrol,
    "cohort moved": move,
    "details corrected": correct,
    "results released": release,
    "award issued": award,
    "suspended": state("suspended"),
    "reinstated": state("reinstated"),
    "revoked": state("revoked"),
    "material superseded": supersede,
    "material withdrawn": withdraw_material,
    "cohort cancelled": cancel,
    "role granted": grant,
    "role ended": withdraw_role,
}


def delivered(house: House) -> list[EmailMessage]:
    """What lies in the outbox for the trainee after the worker ran."""
    queues.run_all(house.opened.sessions, wiring.connect(house.opened))
    files = sorted(house.settings.outbox.glob("*.eml"))
    letters = [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in files]
    return [one for one in letters if one["To"] == "trainee@example.org"]  # type: ignore[misc]


@pytest.mark.parametrize("code", LANGUAGES)
def test_who_it_happened_to_is_told_in_her_language(code: str, house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("trainee")
    with transaction(house.opened.sessions) as session:
        session.execute(Mail.__table__.delete())
        member(session, "trainee").language = code
    for told, (what, act) in enumerate(ACTS.items(), start=1):
        with transaction(house.opened.sessions) as session:
            act(session, worlds.things["own"])
        letters = delivered(house)
        assert len(letters) == told, what
        text = readable(letters[-1], code)
        for link in re.findall(r"http://127\.0\.0\.1:8000(\S+)", text):
            assert f"/{code}/" in link
            assert what == "secret chosen" or browser.get(link).status_code == 200, (what, link)
        if what == "secret chosen":  # which signed her out everywhere
            browser, _token = house.browser("trainee")


def readable(letter: EmailMessage, code: str) -> str:
    """The text of a letter which is whole, in its language and direction, in both of its parts."""
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    page = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert letter["Content-Language"] == code
    assert f'<html lang="{LANGUAGES[code].tag}" dir="{LANGUAGES[code].direction}">' in page
    assert "نینو" in text and "Agency NMC" in text
    assert "%(" not in text + letter["Subject"] and "<b>" not in page
    if code != "en":
        assert not re.search(r"\b(your|the|you|Reason|Place)\b", text + letter["Subject"]), text
    return str(text)


def test_nobody_is_written_to_without_an_address_or_with_a_closed_account(house: House) -> None:
    with transaction(house.opened.sessions) as session:
        session.execute(Mail.__table__.delete())
        trainee, closed = member(session, "trainee"), member(session, "another_trainee")
        trainee.email, closed.active = None, False
        for person in (trainee, closed):
            registering.grant(session, KEEPER, person, Role.PARTNER, cast.organisation(session, "ge"))
        assert not session.scalars(select(Mail)).all()


def test_an_act_that_is_undone_tells_nobody(house: House) -> None:
    with house.opened.sessions() as session, writing():
        session.execute(Mail.__table__.delete())
        grant(session, {})
        session.rollback()
    assert not [one for one in delivered(house) if "role" in one["Subject"]]


def test_the_agency_s_officer_hears_of_what_her_people_took(house: House) -> None:
    with transaction(house.opened.sessions) as session:
        session.execute(Mail.__table__.delete())
        withdraw_material(session, {})
    with house.opened.sessions() as session:
        told = sorted(session.scalars(select(Mail.recipient)))
    assert told == ["partner@example.org", "trainee@example.org"]


def test_two_applications_of_one_installation_write_one_letter(app: Flask, house: House) -> None:
    telling.listen(house.settings)
    telling.listen(house.settings)
    with transaction(house.opened.sessions) as session:
        session.execute(Mail.__table__.delete())
        choose(session, {})
    with house.opened.sessions() as session:
        assert len(session.scalars(select(Mail)).all()) == 1
