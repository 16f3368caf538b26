"""Registering people and organisations, granting roles, issuing slips and letters."""

import hashlib
import secrets as randomness
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.accounts import policy, secrets, signing_in
from lmsapp.accounts.events import RoleEnded, RoleGranted, SecretChosen
from lmsapp.accounts.informing import inform
from lmsapp.accounts.models import Letter, Membership, Organisation, OrganisationName, Person
from lmsapp.accounts.numbers import number_of
from lmsapp.accounts.roles import Role, grantable
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand, signed_in
from lmsapp.core.collation import fold, sort_key
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.events import publish
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import N_

FIRST_NUMBER = 482_100
INVITED_FOR = timedelta(days=14)
RESET_FOR = timedelta(hours=2)


@dataclass(frozen=True)
class NewPerson:
    """What is written on the registration form; the name and its language are enough."""

    name: str
    name_language: str
    latin_name: str | None = None
    father_name: str | None = None
    sex: str | None = None
    birth: PartialDate | None = None
    nationality: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Slip:
    """What stands on one login slip: it is printed once and never stored in clear."""

    person: Person
    pin: str
    language: str


def register_organisation(
    session: Session, actor: Actor, *, code: str, kind: str, country: str | None, names: dict[str, str], since: date
) -> Organisation:
    """Adds the centre, a partner or a donor with its names by language."""
    demand(policy.may_administer(actor))
    if session.scalar(select(Organisation.id).where(Organisation.code == code)):
        message = N_("There is an organisation with the code %(code)s already.")
        raise Invalid(message, {"code": message}, code=code)
    organisation = Organisation(code=code, kind=kind, country=country)
    organisation.names = [OrganisationName(language=k, name=v, valid_from=since) for k, v in names.items()]
    session.add(organisation)
    session.flush()
    audit.record(session, "organisation.registered", actor, on=("organisation", organisation.id), after={"code": code})
    return organisation


def suspend(session: Session, actor: Actor, organisation: Organisation, *, active: bool) -> None:
    """Suspends an organisation: its people have no rights through it from the next request on; or opens it again."""
    demand(policy.may_administer(actor))
    if organisation.kind == "centre":
        raise Conflict(N_("The centre itself can't be suspended."))
    if organisation.active != active:
        organisation.active = active
        act = "organisation.opened" if active else "organisation.suspended"
        audit.record(session, act, actor, on=("organisation", organisation.id))


def register(session: Session, actor: Actor, new: NewPerson, organisation: Organisation, role: Role) -> Person:
    """Adds a person with her first role; her number is the next free one."""
    demand(policy.may_register(actor, organisation))
    in_centre = organisation.kind == "centre"
    if role not in grantable(in_centre=in_centre):
        raise Invalid(N_("This role exists at the centre only."), {"role": N_("This role exists at the centre only.")})
    if role is not Role.TRAINEE:
        demand(policy.may_grant(actor, None, role, organisation))
    if not new.name:
        raise Invalid(N_("Write the person's name."), {"name": N_("Write the person's name.")})
    email = small(new.email)
    if email and session.scalar(select(Person.id).where(Person.email == email)):
        raise Invalid(N_("Another person has this address."), {"email": N_("Another person has this address.")})
    person = Person(
        number=_next_number(session),
        name=new.name,
        name_language=new.name_language,
        latin_name=new.latin_name or None,
        father_name=new.father_name or None,
        sex=new.sex or None,
        birth=new.birth,
        nationality=new.nationality or None,
        email=email,
        phone=new.phone or None,
        language=new.language if new.language in LANGUAGES else new.name_language,
        created_at=clock.now(),
        sort_key="",
        search_key="",
    )
    refresh_keys(person)
    session.add(person)
    session.flush()
    _add_membership(session, person, organisation, role, [])
    audit.record(
        session, "person.registered", actor, on=("person", person.id), after={"role": role, "at": organisation.code}
    )
    return person


def refresh_keys(person: Person) -> None:
    """Sort and search keys follow the name."""
    person.sort_key = sort_key(person.name, person.name_language)
    words = (person.name, person.latin_name, person.number, person.email)
    person.search_key = fold(" ".join(w for w in words if w))[:1000]


def grant(
    session: Session,
    actor: Actor,
    person: Person,
    role: Role,
    organisation: Organisation,
    languages: list[str] | None = None,
) -> Membership:
    """Gives a role; having it already changes nothing."""
    demand(policy.may_grant(actor, person, role, organisation))
    for membership in person.memberships:
        if (membership.role, membership.organisation_id, membership.until) == (role, organisation.id, None):
            return membership
    membership = _add_membership(session, person, organisation, role, languages or [])
    audit.record(
        session, "role.granted", actor, on=("person", person.id), after={"role": role, "at": organisation.code}
    )
    publish(session, RoleGranted(membership.id))
    return membership


def withdraw(session: Session, actor: Actor, person: Person, membership: Membership) -> None:
    """Ends a role; it stops working at the next request."""
    demand(policy.may_grant(actor, person, Role(membership.role), membership.organisation))
    if membership.until is None:
        membership.until = clock.now()
        audit.record(session, "role.withdrawn", actor, on=("person", person.id), before={"role": membership.role})
        publish(session, RoleEnded(membership.id))


def change_profile(
    session: Session, actor: Actor, *, language: str, time_zone: str | None, calendar: str | None, phone: str | None
) -> None:
    """Sets how the actor herself reads: language, time zone, calendar; and her telephone."""
    demand(signed_in(actor))
    person = session.get_one(Person, actor.person_id)
    person.language, person.time_zone, person.calendar, person.phone = language, time_zone, calendar, phone
    audit.record(session, "profile.changed", actor, on=("person", person.id))


def deactivate(session: Session, actor: Actor, person: Person, *, active: bool) -> None:
    """Closes or reopens an account; closing ends its sessions."""
    demand(policy.may_close_account(actor, person))
    if person.active == active:
        return
    person.active = active
    if not active:
        signing_in.close_sessions(session, person.id)
    audit.record(session, "account.opened" if active else "account.closed", actor, on=("person", person.id))


def issue_pin(session: Session, actor: Actor, person: Person) -> str:
    """A one-time PIN for a login slip; it is returned once and stored as a hash. She chooses her own at first sign-in."""
    demand(policy.may_issue_secret(actor, person))
    if any(m.role != Role.TRAINEE and m.until is None for m in person.memberships):
        raise Conflict(
            N_("%(name)s is staff or partner and signs in with a password. Send a reset letter."), name=person.name
        )
    if person.secret_kind is not None and not person.must_choose_secret and person.is_demonstration:
        raise Conflict(N_("Demonstration accounts keep their public PIN."))
    pin = secrets.new_pin()
    person.secret_kind, person.secret_hash, person.must_choose_secret = "pin", secrets.hashed(pin), True
    signing_in.close_sessions(session, person.id)
    audit.record(session, "slip.issued", actor, on=("person", person.id))
    return pin


def invite(session: Session, actor: Actor, person: Person, link: str) -> None:
    """Sends an invitation letter; `link` holds `{token}` and comes from the settings' address, never from a request."""
    demand(policy.may_issue_secret(actor, person))
    if not person.email:
        raise Conflict(N_("%(name)s has no e-mail address. Print a login slip instead."), name=person.name)
    inform(session, person, "invitation", link=_with_token(session, person, "invitation", link))
    audit.record(session, "invitation.sent", actor, on=("person", person.id))


def ask_reset(session: Session, login: str, link: str) -> None:
    """Sends a reset letter when an account has this address; who asks can't tell whether it has."""
    email = small(login)
    person = session.scalar(select(Person).where(Person.email == email, Person.active)) if email else None
    if person is not None and not person.is_demonstration:
        inform(session, person, "reset", link=_with_token(session, person, "reset", link))
        audit.record(session, "reset.asked", Actor(), on=("person", person.id))


def letter(session: Session, token: str) -> Letter:
    """The unused, unexpired letter with this token; raises Conflict in one wording for all others."""
    found = session.scalar(
        select(Letter).where(
            Letter.token_hash == _digest(token), Letter.used_at.is_(None), Letter.expires_at > clock.now()
        )
    )
    if found is None:
        raise Conflict(N_("This link was used or has expired. Ask for a new one."))
    return found


def use_letter(session: Session, token: str, password: str) -> Person:
    """Sets the password of the letter's person and ends her sessions; the link never works again."""
    used = letter(session, token)
    person = session.get_one(Person, used.person_id)
    fault = secrets.fault_of_password(password, person.email, person.name)
    if fault:
        raise Invalid(fault, {"new": fault})
    signing_in.void_letters(session, person.id)
    person.secret_kind, person.secret_hash, person.must_choose_secret = "password", secrets.hashed(password), False
    signing_in.close_sessions(session, person.id)
    audit.record(session, "secret.reset", Actor(person_id=person.id), on=("person", person.id))
    publish(session, SecretChosen(person.id))
    return person


def _with_token(session: Session, person: Person, kind: str, link: str) -> str:
    """The link with a token of 192 random bits, of which only the digest is kept; earlier links stop working."""
    signing_in.void_letters(session, person.id)
    token = randomness.token_urlsafe(24)
    now = clock.now()
    session.add(
        Letter(
            token_hash=_digest(token),
            person_id=person.id,
            kind=kind,
            made_at=now,
            expires_at=now + (INVITED_FOR if kind == "invitation" else RESET_FOR),
        )
    )
    return link.replace("{token}", token)


def _add_membership(
    session: Session, person: Person, organisation: Organisation, role: Role, languages: list[str]
) -> Membership:
    membership = Membership(organisation=organisation, role=role, languages=languages, since=clock.now())
    person.memberships.append(membership)
    session.flush()
    return membership


def _next_number(session: Session) -> str:
    last = session.scalar(select(func.max(Person.number)))
    return number_of(int(last[:7]) + 1 if last else FIRST_NUMBER)


def small(email: str | None) -> str | None:
    """An address as it is stored: trimmed, Latin capitals made small."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in email.strip()) if email else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
