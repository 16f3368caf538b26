"""Correcting a person: who may, what is kept of the mistake, and what was printed before stays."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import correcting, policy, queries, registering
from lmsapp.accounts.correcting import Details
from lmsapp.accounts.models import Person
from lmsapp.certificates.models import Award
from lmsapp.core.access import KEEPER
from lmsapp.core.audit import AuditLine, AuditPersonal
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.mailing import Mail
from tests import cast as casting
from tests.browsing import send, text_of
from tests.cast import Member
from tests.house import House, Worlds

Cast = dict[str, Member]
Browser = Callable[[str], FlaskClient]


def person(session: Session, cast: Cast, key: str = "trainee") -> Person:
    return session.get_one(Person, cast[key].person_id)


def details(one: Person, **other: object) -> Details:
    return replace(Details(**{name: getattr(one, name) for name in Details.__dataclass_fields__}), **other)  # type: ignore[arg-type]


def test_administrators_correct_and_another_agency_s_only_who_is_hers_alone(session: Session, cast: Cast) -> None:
    for key, member in cast.items():
        assert bool(policy.may_correct_person(member.actor, person(session, cast))) == (key == "administrator"), key
    another = person(session, cast, "another_trainee")
    agency_s = cast["other_administrator"].actor
    assert policy.may_correct_person(agency_s, another)
    registering.grant(session, KEEPER, another, casting.Role.TRAINEE, casting.organisation(session, "nmc"))
    with pytest.raises(NotAllowed, match="Ask the centre"):
        correcting.correct(session, agency_s, another, details(another, name="X"), "typing mistake")


def test_names_and_birth_are_put_right_and_found_again_and_the_mistake_stays_in_the_log(
    session: Session, cast: Cast
) -> None:
    one = person(session, cast)
    was = one.name
    done = correcting.correct(
        session, cast["administrator"].actor, one, details(one, name="زهرا رحیمی", latin_name="Zahra Rahimi", birth=PartialDate(1991, 4)), "passport"
    )  # fmt: skip
    assert done == ["birth", "latin_name", "name"]
    found = session.scalars(queries.people(KEEPER, search="zahra rahimi")).all()
    assert [p.id for p in found] == [one.id]
    line = session.scalars(select(AuditLine).where(AuditLine.action == "person.corrected")).one()
    assert was not in (line.after or "") and "passport" not in (line.after or "")
    kept = session.get_one(AuditPersonal, line.position).details or ""
    assert was in kept and "زهرا" in kept and "passport" in kept
    assert correcting.correct(session, KEEPER, one, details(one), "") == []


@pytest.mark.parametrize(
    ("other", "field"),
    [({"name": ""}, "name"), ({"email": "Instructor@Example.ORG"}, "email"), ({"father_name": "X"}, "reason")],
)
def test_what_can_t_be_kept_is_named_beside_its_field(
    session: Session, cast: Cast, other: dict[str, object], field: str
) -> None:
    one = person(session, cast)
    with pytest.raises(Invalid) as refused:
        correcting.correct(session, KEEPER, one, details(one, **other), "" if field == "reason" else "because")
    assert list(refused.value.fields) == [field]


def test_a_new_address_is_told_to_the_old_one_too_and_links_sent_there_die(session: Session, cast: Cast) -> None:
    one = person(session, cast, "instructor")
    old = one.email
    registering.invite(session, KEEPER, one, "https://x/{token}")
    token = session.scalars(select(Mail.text).order_by(Mail.id.desc())).first().split("https://x/")[1].split()[0]  # type: ignore[union-attr]
    registering.letter(session, token)
    correcting.correct(session, KEEPER, one, details(one, email="New@Example.org"), "new address")
    told = session.scalars(select(Mail.recipient).order_by(Mail.id.desc()).limit(2)).all()
    assert sorted(told) == sorted([old, "new@example.org"])
    with pytest.raises(Conflict):
        registering.letter(session, token)
    with pytest.raises(Invalid, match="signs in with a password"):
        correcting.correct(session, KEEPER, one, details(one, email=None), "left")


def test_a_certificate_keeps_the_name_it_was_printed_with(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("administrator")
    number, serial = worlds.things["own"]["number"], worlds.things["own"]["serial"]
    path = f"/en/people/{number}/correct"
    page = text_of(browser, path)
    assert "keep what stands on them" in page
    with house.opened.sessions() as session:
        facts = session.scalars(select(Award.facts).where(Award.serial == serial)).one()
        one = session.scalars(select(Person).where(Person.number == number)).one()
    fields: dict[str, object] = {
        "name": "نیا نام", "name_language": "prs", "latin_name": "New Name", "father_name": "", "sex": "", "birth-year": "۱۹۹۰", "birth-month": "",
        "birth-day": "", "nationality": "", "email": one.email, "phone": "", "language": "ps", "reason": "",
    }  # fmt: skip
    reply = send(browser, path, **fields)
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422 and 'id="reason-error"' in page and "نیا نام" in page
    assert send(browser, path, **{**fields, "reason": "passport seen"}).status_code == 303
    assert "نیا نام" in text_of(browser, f"/en/people/{number}")
    with house.opened.sessions() as session:
        assert session.scalars(select(Award.facts).where(Award.serial == serial)).one() == facts
