"""Watching for accounts that try doors: many refusals in a short time are told to the administrators, once a burst."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts.events import RefusedOften
from lmsapp.accounts.models import Person
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor
from lmsapp.core.events import publish
from lmsapp.web.errors import Refused

MANY, WITHIN = 20, timedelta(minutes=10)
QUIET = timedelta(hours=1)  # a burst is over when so long nothing was told of it
SHOWN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Alarm:
    """An account that was refused often: who, when it was noticed."""

    person: Person
    at: datetime


def count(session: Session, event: Refused) -> None:
    """After each refusal: tells the administrators when these were too many."""
    now = clock.now()
    if len(_times(session, "refused", now - WITHIN, event.person_id)) < MANY:
        return
    if _times(session, "refused.often", now - QUIET, event.person_id):
        return
    audit.record(session, "refused.often", Actor(event.person_id), on=("person", event.person_id))
    publish(session, RefusedOften(event.person_id))


def alarms(session: Session) -> Sequence[Alarm]:
    """Bursts of the last days, the latest first; of who was erased nothing is known."""
    rows = session.execute(
        select(Person, audit.AuditLine.at)
        .join(audit.AuditSubject, audit.AuditSubject.person_id == Person.id)
        .join(audit.AuditLine, audit.AuditLine.actor_token == audit.AuditSubject.token)
        .where(audit.AuditLine.action == "refused.often", audit.AuditLine.at >= clock.now() - SHOWN_FOR)
        .order_by(audit.AuditLine.position.desc())
        .limit(20)
    )
    return [Alarm(row.Person, row.at) for row in rows]


def _times(session: Session, action: str, since: datetime, person_id: int) -> Sequence[datetime]:
    lines = select(audit.AuditLine.at).join(audit.AuditSubject, audit.AuditSubject.token == audit.AuditLine.actor_token)
    chosen = lines.where(
        audit.AuditLine.action == action, audit.AuditLine.at > since, audit.AuditSubject.person_id == person_id
    )
    return session.scalars(chosen.limit(MANY)).all()
