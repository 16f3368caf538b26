"""The demonstration's accounts: their passwords and PINs are public on purpose."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload, sessionmaker

from lmsapp.accounts.models import Person
from lmsapp.accounts.queries import running_roles
from lmsapp.demo.secrets import PASSWORD, PIN

SHOWN_ROLES = ("training-manager", "instructor", "partner", "administrator", "trainee")


def listed(sessions: sessionmaker[Session]) -> list[dict[str, str]]:
    """Each account's role, language, login and password or PIN."""
    with sessions() as session:
        found = session.scalars(
            select(Person)
            .where(Person.is_demonstration)
            .options(selectinload(Person.memberships))
            .order_by(Person.number)
        ).all()
        return [
            {
                "role": ", ".join(running_roles(person)),
                "language": person.language,
                "login": (person.number if person.email is None else person.email) or "",
                "secret": PIN if person.email is None else PASSWORD,
                "kind": person.secret_kind or "",
                "name": person.latin_name or person.name,
            }
            for person in found
        ]


def line(row: dict[str, str]) -> str:
    """One account on one line."""
    return f"{row['role']:20} {row['language']:4} {row['login']:38} {row['secret']:26} {row['name']}"


def tell(sessions: sessionmaker[Session]) -> None:
    """A few accounts to begin with, at the start of the server."""
    rows = listed(sessions)
    click.echo("Demonstration accounts (public; all of them: lmsapp demo people):", err=True)
    seen: set[tuple[str, str]] = set()
    for role in SHOWN_ROLES:
        for row in rows:
            if row["role"] == role and (role, row["language"]) not in seen:
                seen.add((role, row["language"]))
                click.echo(f"  {line(row)}", err=True)
