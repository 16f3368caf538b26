"""Handing files out: who took what for which agency, so that she can be told when it is replaced."""

from datetime import datetime

from sqlalchemy import Connection, insert

from lmsapp.accounts.roles import Role
from lmsapp.core.access import Actor
from lmsapp.materials.models import Download


def agency_of(actor: Actor) -> int | None:
    """The organisation somebody takes files for: the one she is officer of, else the first she belongs to."""
    return next(iter((*actor.organisations(Role.PARTNER), *actor.organisations())), None)


def begins(wanted: str | None) -> bool:
    """Whether a request begins a download: one that asks for a later part (RFC 9110, 14.2) goes on with an earlier one."""
    return wanted is None or wanted.replace(" ", "").startswith("bytes=0-")


def record(connection: Connection, actor: Actor, file_id: int, at: datetime) -> None:
    """Writes down that the actor took a file; nothing is kept of visitors who did not sign in."""
    if actor.person_id is not None:
        values = {"file_id": file_id, "person_id": actor.person_id, "organisation_id": agency_of(actor), "at": at}
        connection.execute(insert(Download).values(**values))
