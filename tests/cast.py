"""The cast of every permission test: one person for each way of standing to the centre."""

from dataclasses import dataclass
from datetime import date, timedelta

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import queries, registering
from lmsapp.accounts.models import Organisation, Person
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import Role
from lmsapp.core import clock
from lmsapp.core.access import ANYONE, KEEPER, Actor

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "four quiet words here"
PIN = "604118"

# Each with name, language, role and organisation.
PEOPLE = {
    "trainee": ("نینو کاپانادزه", "prs", Role.TRAINEE, "ge"),
    "another_trainee": ("ګلالۍ احمدزۍ", "ps", Role.TRAINEE, "af"),
    "instructor": ("Günay Məmmədova", "az", Role.INSTRUCTOR, "nmc"),
    "other_instructor": ("Elçin Quliyev", "az", Role.INSTRUCTOR, "nmc"),
    "assessor": ("Rəşad Əliyev", "az", Role.ASSESSOR, "nmc"),
    "translator": ("ფარიდა ნური", "ka", Role.TRANSLATOR, "nmc"),
    "technical_reviewer": ("Ayşe Yıldırım", "tr", Role.TECHNICAL_REVIEWER, "nmc"),
    "partner": ("გიორგი ბერიძე", "ka", Role.PARTNER, "ge"),
    "manager": ("Sevda Həsənova", "az", Role.MANAGER, "nmc"),
    "administrator": ("Kamran Quliyev", "az", Role.ADMINISTRATOR, "nmc"),
    "auditor": ("Aysel Hüseynova", "az", Role.AUDITOR, "nmc"),
    "other_partner": ("نجیب ستانکزی", "prs", Role.PARTNER, "af"),
    "other_administrator": ("زهرا حسینی", "prs", Role.ADMINISTRATOR, "af"),
    "former_instructor": ("İbrahim Şahin", "tr", Role.INSTRUCTOR, "nmc"),
    "stranger": ("Ana Horvat", "en", None, "nmc"),
}
ORGANISATIONS = {"nmc": ("centre", "AZ"), "ge": ("partner", "GE"), "af": ("partner", "AF")}


@dataclass(frozen=True)
class Member:
    """One of the cast: the row and what she may today."""

    person_id: int | None
    number: str
    actor: Actor


def assemble(session: Session) -> None:
    """Writes organisations and people; called once for the template database."""
    hashed = {"password": QUICK.hash(PASSWORD), "pin": QUICK.hash(PIN)}
    organisations = {
        code: registering.register_organisation(
            session,
            KEEPER,
            code=code,
            kind=kind,
            country=country,
            names={"en": f"Agency {code.upper()}"},
            since=date(2000, 1, 1),
        )
        for code, (kind, country) in ORGANISATIONS.items()
    }
    for key, (name, language, role, at) in PEOPLE.items():
        new = NewPerson(
            name=name, name_language=language, latin_name=key.replace("_", " ").title(), email=f"{key}@example.org"
        )
        person = registering.register(session, KEEPER, new, organisations[at], role or Role.TRAINEE)
        person.secret_kind = "pin" if role is Role.TRAINEE else "password"
        person.secret_hash = hashed[person.secret_kind]
        if role is None:
            session.delete(person.memberships[0])
        if key == "former_instructor":
            person.memberships[0].since -= timedelta(days=30)
            person.memberships[0].until = clock.now() - timedelta(seconds=1)
        session.flush()


def members(session: Session) -> dict[str, Member]:
    """The whole cast by key, `anonymous` included."""
    found = {"anonymous": Member(None, "", ANYONE)}
    for person in session.scalars(select(Person).where(Person.email.like("%@example.org"))):
        actor = queries.actor_of(session, person, clock.now())
        found[(person.email or "").partition("@")[0]] = Member(person.id, person.number, actor)
    return {key: found[key] for key in ("anonymous", *PEOPLE)}


def person(session: Session, key: str) -> Person:
    """One of the cast."""
    return session.scalars(select(Person).where(Person.email == f"{key}@example.org")).one()


def organisation(session: Session, code: str) -> Organisation:
    """One of the cast's organisations."""
    return session.scalars(select(Organisation).where(Organisation.code == code)).one()
