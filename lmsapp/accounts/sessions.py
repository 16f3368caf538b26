"""From a ticket to a reader: the look-up every signed-in request makes, in one statement and plain rows."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, select, update
from sqlalchemy.orm import Session

from lmsapp.accounts import policy, queries
from lmsapp.accounts.models import Membership, Organisation, Person, SignIn
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.orm import table

SEEN_EVERY = timedelta(minutes=2)
_NOW: BindParameter[datetime] = bindparam("now")


_sign_ins, _people = table(SignIn), table(Person)
# What makes a sign-in live; `known_by` gives the values.
ALIVE = (
    _sign_ins.c.ticket_hash == bindparam("ticket_hash"),
    _sign_ins.c.ended_at.is_(None),
    _sign_ins.c.ends_at > _NOW,
    _sign_ins.c.seen_at > bindparam("not_idle_since"),
    _people.c.active,
)


def known_by(ticket_hash: str, idle_hours: int) -> dict[str, Any]:
    """The values with which `ALIVE` finds the sign-in of a ticket now."""
    now = clock.now()
    return {"ticket_hash": ticket_hash, "now": now, "not_idle_since": now - timedelta(hours=idle_hours)}


@cache
def _live() -> Select[*tuple[Any, ...]]:
    return (
        select(
            SignIn.id.label("session_id"),
            SignIn.fresh_at,
            SignIn.seen_at,
            Person.id,
            Person.name,
            Person.name_language,
            Person.latin_name,
            Person.number,
            Person.language,
            Person.time_zone,
            Person.calendar,
            Person.must_choose_secret,
            Membership.role,
            Membership.organisation_id,
            Membership.languages,
            Organisation.kind,
        )
        .join_from(SignIn, Person, Person.id == SignIn.person_id)
        .outerjoin(Membership, and_(Membership.person_id == Person.id, policy.running(_NOW)))
        .outerjoin(Organisation, and_(Organisation.id == Membership.organisation_id, Organisation.active))
        .where(*ALIVE)
    )


def find(session: Session, ticket_hash: str, address: str, idle_hours: int) -> tuple[Any, Actor] | None:
    """The live session with its person, and what she may today; None when it ended, idled out, or the account is closed."""
    rows = session.connection().execute(_live(), known_by(ticket_hash, idle_hours)).all()
    if not rows:
        return None
    held = [(row, row.kind) for row in rows if row.role is not None and row.kind is not None]
    return rows[0], queries.actor_with(session, rows[0].id, held, rows[0].fresh_at, address)


def alive(connection: Connection, known: Mapping[str, Any]) -> bool:
    """Whether a ticket's sign-in is live, for writers that found nothing under it."""
    mine = select(_sign_ins.c.id).join(_people, _people.c.id == _sign_ins.c.person_id).where(*ALIVE)
    return connection.execute(mine, known).first() is not None


def seen(connection: Connection, sign_in_id: int, at: datetime) -> None:
    """Notes when a session was last used; run by the group-commit writer."""
    mine = (_sign_ins.c.id == sign_in_id, _sign_ins.c.seen_at < at)
    connection.execute(update(_sign_ins).where(*mine).values(seen_at=at))
