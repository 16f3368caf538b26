"""`lmsapp accounts add`: the first administrator, and whoever the machine's keeper has to add."""

import click

from lmsapp import installation
from lmsapp.accounts import queries, registering, secrets
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import Role
from lmsapp.core import clock
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.sessions import transaction


@click.group()
def accounts() -> None:
    """People and their accounts."""


@accounts.command("add")
@click.option("--name", required=True, help="Full name, in the person's own script.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True, help="Her language.")
@click.option("--email", required=True, help="The address she signs in with.")
@click.option("--role", type=click.Choice([r.value for r in Role]), default=Role.ADMINISTRATOR.value, show_default=True)
@click.option("--centre", default="", help="Name of the centre, when it is not set up yet.")
def add(name: str, language: str, email: str, role: str, centre: str) -> None:
    """Add a person of the centre; asks for her password, or prints a PIN for a trainee."""
    opened = installation.opened()
    secret = "" if role == Role.TRAINEE else _ask_password(email, name)
    with transaction(opened.sessions) as session:
        try:
            organisation = queries.centre(session)
        except NotFound:
            if not centre:
                raise Invalid("No centre is set up yet. Name it with --centre.") from None
            organisation = registering.register_organisation(
                session,
                KEEPER,
                code="centre",
                kind="centre",
                country=None,
                names={"en": centre},
                since=clock.now().date(),
            )
        new = NewPerson(name=name, name_language=language, email=email)
        person = registering.register(session, KEEPER, new, organisation, Role(role))
        if secret:
            person.secret_kind, person.secret_hash = "password", secrets.hashed(secret)
        else:
            click.echo(f"one-time PIN: {registering.issue_pin(session, KEEPER, person)}")
        click.echo(f"{person.name} has the person number {person.number}.")


def _ask_password(email: str, name: str) -> str:
    """A good password, typed twice; nothing is written before."""
    secret: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    fault = secrets.fault_of_password(secret, email, name)
    if fault:
        raise Invalid(fault)
    return secret
