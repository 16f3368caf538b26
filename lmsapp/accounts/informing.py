"""Letters to a person: in her language, when she has an address and her account is open."""

from typing import Any

from sqlalchemy.orm import Session

from lmsapp.accounts import queries
from lmsapp.accounts.models import Person
from lmsapp.core import letters, mailing


def inform(session: Session, person: Person, letter: str, *, once: str | None = None, **values: Any) -> None:
    """Writes the letter with the act that causes it; with `once`, repeating the act writes no second one."""
    if not person.email or not person.active:
        return
    centre = queries.centre_name(session, person.language) or ""
    subject, text = letters.written(
        letter, person.language, name=person.name, number=person.number, centre=centre, **values
    )
    mailing.send(session, person.email, subject, text, person.language, once=once)
