"""From a ticket to a reader: the look-up every signed-in request makes, in one statement."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, select, update
from sqlalchemy.orm import Session

from lmsapp.accounts import policy, queries
from lmsapp.accounts.models import Membership, Organisation, Person, SignIn
from lmsapp.core import clock
from lmsapp.core.access import Actor

SEEN_EVERY = timedelta(minutes=2)


def find(session: Session, ticket_hash: str, address: str, idle_hours: int) -> tuple[SignIn, Person, Actor] | None:
    """The live session, its person and what she may be today; None when it ended, idled out, or the account is closed."""
    now = clock.now()
    rows = session.execute(
        select(SignIn, Person, Membership, Organisation.kind)
        .join(Person, Person.id == SignIn.person_id)
        .outerjoin(Membership, and_(Membership.person_id == Person.id, policy.running()))
        .outerjoin(Organisation, and_(Organisation.id == Membership.organisation_id, Organisation.active))
        .where(
            SignIn.ticket_hash == ticket_hash,
            SignIn.ended_at.is_(None),
            SignIn.ends_at > now,
            SignIn.seen_at > now - timedelta(hours=idle_hours),
            Person.active,
        )
    ).all()
    if not rows:
        return None
    held = [(row.Membership, row.kind) for row in rows if row.Membership is not None and row.kind is not None]
    found, person = rows[0].SignIn, rows[0].Person
    return found, person, queries.actor_with(session, person, held, found.fresh_at, address)


def seen(connection: Connection, sign_in_id: int, at: datetime) -> None:
    """Notes when a session was last used; run by the group-commit writer."""
    connection.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.seen_at < at).values(seen_at=at))
