"""Correcting what is kept about a person. What was printed or awarded before keeps its own words."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import policy, signing_in
from lmsapp.accounts.informing import inform
from lmsapp.accounts.models import Person
from lmsapp.accounts.registering import refresh_keys, small
from lmsapp.core import audit
from lmsapp.core.access import Actor, demand
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.translations import N_


@dataclass(frozen=True)
class Details:
    """Everything about a person that can be corrected."""

    name: str
    name_language: str
    latin_name: str | None
    father_name: str | None
    sex: str | None
    birth: PartialDate | None
    nationality: str | None
    email: str | None
    phone: str | None
    language: str


def correct(session: Session, actor: Actor, person: Person, details: Details, reason: str) -> list[str]:
    """Puts right what is different, with the reason; returns the fields. The person is told, at her old address too."""
    demand(policy.may_correct_person(actor, person))
    new = {field.name: getattr(details, field.name) for field in fields(Details)} | {"email": small(details.email)}
    different = sorted(name for name, value in new.items() if value != getattr(person, name))
    if not different:
        return []
    _check(session, person, new, reason)
    before = {name: _plain(getattr(person, name)) for name in different}
    if "email" in different:
        inform(session, person, "details_corrected")
        signing_in.void_letters(session, person.id)
    for name in different:
        setattr(person, name, new[name])
    refresh_keys(person)
    audit.record(
        session,
        "person.corrected",
        actor,
        on=("person", person.id),
        after={"fields": different},
        personal={"before": before, "after": {name: _plain(new[name]) for name in different}, "reason": reason[:400]},
        about=person.id,
    )
    inform(session, person, "details_corrected")
    return different


def _check(session: Session, person: Person, new: dict[str, Any], reason: str) -> None:
    missing = {"name": N_("Write the person's name.")} if not new["name"] else {}
    missing |= {"reason": N_("Write the reason.")} if not reason else {}
    if missing:
        raise Invalid(next(iter(missing.values())), missing)
    if new["email"] == person.email:
        return
    if person.is_demonstration:
        raise Conflict(N_("Demonstration accounts keep the address they sign in with."))
    if new["email"] and session.scalar(select(Person.id).where(Person.email == new["email"], Person.id != person.id)):
        message = N_("Another person has this address.")
        raise Invalid(message, {"email": message})
    if not new["email"] and person.secret_kind == "password":  # noqa: S105 - the kind, not the word
        message = N_("This person signs in with a password, for which an address is needed.")
        raise Invalid(message, {"email": message})


def _plain(value: object) -> str | None:
    return None if value is None else str(value)
