"""From a ticket to a reader: the look-up every signed-in request makes, in two plain statements."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from lmsapp.accounts import queries
from lmsapp.accounts.models import Person, SignIn
from lmsapp.core import clock
from lmsapp.core.access import Actor

SEEN_EVERY = timedelta(minutes=2)


def find(session: Session, ticket_hash: str, address: str, idle_hours: int) -> tuple[SignIn, Person, Actor] | None:
    """The live session, its person and what she may be today; None when it ended, idled out, or the account is closed."""
    now = clock.now()
    row = session.execute(
        select(SignIn, Person)
        .join(Person, Person.id == SignIn.person_id)
        .where(
            SignIn.ticket_hash == ticket_hash,
            SignIn.ended_at.is_(None),
            SignIn.ends_at > now,
            SignIn.seen_at > now - timedelta(hours=idle_hours),
            Person.active,
        )
    ).first()
    if row is None:
        return None
    found, person = row
    return found, person, queries.actor_of(session, person, found.fresh_at, address)


def seen(connection: Connection, sign_in_id: int, at: datetime) -> None:
    """Notes when a session was last used; run by the group-commit writer."""
    connection.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.seen_at < at).values(seen_at=at))
