"""Reading about people: always narrowed by `policy.visible_…` when a person asks."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, selectinload

from lmsapp.accounts import policy
from lmsapp.accounts.models import Membership, Organisation, OrganisationName, Person, SignIn
from lmsapp.accounts.numbers import read_number
from lmsapp.accounts.roles import Role
from lmsapp.core import clock
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.access import Membership as Held
from lmsapp.core.collation import fold
from lmsapp.core.errors import NotFound


def centre(session: Session) -> Organisation:
    """The one organisation that teaches and awards; raises NotFound before it was set up."""
    found = session.scalar(select(Organisation).where(Organisation.kind == "centre"))
    if found is None:
        raise NotFound("No centre has been set up yet.")
    return found


def centre_name(session: Session, language: str) -> str | None:
    """Today's name of the centre in a language; None before it was set up."""
    found = session.scalar(select(Organisation.id).where(Organisation.kind == "centre"))
    return None if found is None else names_of(session, [found], language).get(found)


def actor_of(session: Session, person: Person, signed_in_at: datetime | None = None, address: str = "") -> Actor:
    """The actor a person is today: her memberships that run, with the centre's id."""
    rows = session.execute(
        select(Membership, Organisation.kind)
        .join(Organisation)
        .where(Membership.person_id == person.id, policy.running(), Organisation.active)
    ).all()
    held = [(row.Membership, row.kind) for row in rows] if person.active else []
    return actor_with(session, person.id, held, signed_in_at, address)


def actor_with(
    session: Session,
    person_id: int,
    held: Sequence[tuple[Any, str]],
    signed_in_at: datetime | None = None,
    address: str = "",
) -> Actor:
    """The actor with these memberships, each beside the kind of its organisation."""
    centre_id = next((one.organisation_id for one, kind in held if kind == "centre"), None)
    if centre_id is None:
        centre_id = session.scalar(select(Organisation.id).where(Organisation.kind == "centre"))
    memberships = tuple(Held(one.role, one.organisation_id, tuple(one.languages or ())) for one, _kind in held)
    return Actor(person_id, memberships, centre_id, signed_in_at, address=address)


def asker(session: Session, asked_by: int | None) -> Actor:
    """For jobs: who asked for them, with the rights of today; what nobody asked for the machine's keeper did."""
    if asked_by is None:
        return KEEPER
    person = session.get(Person, asked_by)
    return actor_of(session, person) if person is not None else Actor()


def person(session: Session, actor: Actor, number: str) -> Person:
    """The person with this number, if the actor may see her; NotFound otherwise, as if there were none."""
    found = session.scalar(
        policy.visible_people(actor)
        .where(Person.number == number)
        .options(selectinload(Person.memberships).selectinload(Membership.organisation))
    )
    if found is None:
        raise NotFound
    return found


def people(
    actor: Actor, *, search: str = "", role: str | None = None, organisation: str | None = None
) -> Select[Person]:
    """Persons the actor may see, found by folded name, number or address, sorted by name."""
    query = policy.visible_people(actor).order_by(Person.sort_key, Person.id)
    for word in fold(search).split():
        number = read_number(word)
        query = query.where(Person.number == number if number else Person.search_key.contains(word, autoescape=True))
    if role or organisation:
        members = select(Membership.person_id).join(Organisation).where(policy.running())
        members = members.where(Membership.role == role) if role else members
        members = members.where(Organisation.code == organisation) if organisation else members
        query = query.where(Person.id.in_(members))
    return query.options(selectinload(Person.memberships))


def organisations(session: Session, actor: Actor) -> Sequence[Organisation]:
    """Organisations the actor may see, the centre first, then by country and code."""
    rows = session.scalars(policy.visible_organisations(actor).options(selectinload(Organisation.names)))
    return sorted(rows, key=lambda o: (o.kind != "centre", o.kind, o.country or "", o.code))


def organisation(session: Session, actor: Actor, code: str) -> Organisation:
    """The organisation with this code, if the actor may see it."""
    found = session.scalar(policy.visible_organisations(actor).where(Organisation.code == code))
    if found is None:
        raise NotFound
    return found


def at_centre(session: Session, role: Role) -> Sequence[Person]:
    """Who holds a role at the centre today."""
    held = (
        select(Membership.person_id)
        .join(Organisation)
        .where(Organisation.kind == "centre", Membership.role == role, policy.running())
    )
    return session.scalars(select(Person).where(Person.id.in_(held), Person.active).order_by(Person.id)).all()


@cache
def _names() -> Select[*tuple[Any, ...]]:
    return (
        select(OrganisationName.organisation_id, OrganisationName.language, OrganisationName.name)
        .where(
            OrganisationName.organisation_id.in_(bindparam("ids", expanding=True)),
            OrganisationName.valid_from <= bindparam("today"),
        )
        .order_by(OrganisationName.valid_from)
    )


def names_of(session: Session, ids: Iterable[int], language: str) -> dict[int, str]:
    """Today's names of organisations in a language (English, else any, where that is missing)."""
    rows = session.execute(_names(), {"ids": list(ids), "today": clock.now().date()}).all()
    names: dict[int, str] = {}
    for wanted in (None, "en", language):
        names |= {row.organisation_id: row.name for row in rows if wanted in (None, row.language)}
    return names


def sign_ins(session: Session, person_id: int) -> Sequence[SignIn]:
    """A person's live sign-ins, the latest first."""
    now = clock.now()
    return session.scalars(
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.ends_at > now)
        .order_by(SignIn.seen_at.desc())
    ).all()


def running_roles(person: Person) -> list[str]:
    """The roles a person holds today, once each."""
    now = clock.now()
    held = (m.role for m in person.memberships if m.since <= now and (m.until is None or m.until > now))
    return sorted(set(held))
