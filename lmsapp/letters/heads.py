"""Once a day the head of the log of acts is signed, kept as a file, and mailed to the auditors: a cut tail shows against it."""

from pathlib import Path

from sqlalchemy.orm import Session, sessionmaker

from lmsapp.accounts import queries as people
from lmsapp.accounts.informing import inform
from lmsapp.accounts.roles import Role
from lmsapp.core import audit, clock
from lmsapp.core.jobs import Registry
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import put_whole


def register(registry: Registry, settings: Settings) -> None:
    """Connects the daily head to the worker's sweep."""

    def sweep(sessions: sessionmaker[Session]) -> None:
        keep_todays(sessions, settings)

    registry.add_sweep(sweep)


def keep_todays(sessions: sessionmaker[Session], settings: Settings) -> Path | None:
    """Today's head, kept and mailed unless it was; nothing before the first act. Late or twice, each auditor gets one letter."""
    day = clock.now().date().isoformat()
    path = settings.audit_heads / f"{day}.json"
    if path.exists():
        return None
    with sessions() as session:
        if audit.head(session) == (0, audit.FIRST):
            return None
    with transaction(sessions) as session:
        head = audit.signed_head(session, KeyRing.load_or_create(settings.keys))
        for person in people.at_centre(session, Role.AUDITOR):
            inform(session, person, "audit_head", once=f"audit-head-{day}-{person.id}", head=head)
    put_whole(path, f"{head}\n".encode())
    return path
