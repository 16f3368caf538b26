"""The log of acts: append-only, each row chained to the one before by SHA-256, written in the act's own transaction.

Rows name people by a random token; the token's person stands in a side table outside the chained bytes, so that erasing a
person there leaves the chain whole. No secrets are written here.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.orm import Base

FIRST = "0" * 64


class AuditHead(Base):
    """One row: how far the chain reaches. Locking it puts writers in line."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))


class AuditLine(Base):
    """One act."""

    __tablename__ = "audit_line"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(60), index=True)
    actor_token: Mapped[str | None] = mapped_column(String(24), index=True)
    object_kind: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(String(80), index=True)
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditSubject(Base):
    """Who a token stands for, and the address the act came from; outside the chain, so that it can be erased."""

    __tablename__ = "audit_subject"

    token: Mapped[str] = mapped_column(String(24), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(unique=True)


@dataclass(frozen=True)
class Report:
    """What a check of the chain found: how many lines are whole, and the first that is not, with the reason."""

    lines: int
    fault_at: int | None = None
    reason: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing was changed, removed, inserted, swapped or cut."""
        return self.fault_at is None


def record(
    session: Session, action: str, actor: Actor, *, on: tuple[str, object], before: Any = None, after: Any = None
) -> AuditLine:
    """Adds one act to the chain in the caller's transaction: who, what, on what, before and after."""
    session.flush()
    head = session.execute(
        select(AuditHead).where(AuditHead.id == 1).with_for_update().execution_options(populate_existing=True)
    ).scalar()
    if head is None:
        head = AuditHead(id=1, position=0, hash=FIRST)
        session.add(head)
        session.flush()
    line = AuditLine(
        position=head.position + 1,
        at=clock.now().replace(microsecond=0),
        action=action,
        actor_token=_token(session, actor),
        object_kind=on[0],
        object_id=str(on[1]),
        before=_canonical(before),
        after=_canonical(after),
        previous_hash=head.hash,
        hash="",
    )
    line.hash = digest(line)
    head.position, head.hash = line.position, line.hash
    session.add(line)
    session.flush()
    return line


def digest(line: AuditLine) -> str:
    """The hash a line must have: SHA-256 over the hash before it and its own canonical contents."""
    contents = [
        line.previous_hash,
        line.position,
        line.at.isoformat(),
        line.action,
        line.actor_token,
        line.object_kind,
        line.object_id,
        line.before,
        line.after,
    ]
    return hashlib.sha256(json.dumps(contents, ensure_ascii=False).encode()).hexdigest()


def verify(session: Session, expected_head: tuple[int, str] | None = None) -> Report:
    """Walks the whole chain. `expected_head` is a head kept elsewhere: a cut tail or a rewritten chain shows against it."""
    previous, count = FIRST, 0
    for line in session.scalars(select(AuditLine).order_by(AuditLine.position).execution_options(yield_per=1000)):
        count += 1
        if line.position != count:
            return Report(count - 1, count, "a line is missing or stands in another place")
        if line.previous_hash != previous:
            return Report(count - 1, count, "the line does not follow from the one before")
        if digest(line) != line.hash:
            return Report(count - 1, count, "the line was changed")
        if expected_head is not None and expected_head[0] == count and expected_head[1] != line.hash:
            return Report(count - 1, count, "the chain was written anew: it differs from the head kept elsewhere")
        previous = line.hash
    head = session.scalar(select(AuditHead).where(AuditHead.id == 1))
    if (head.position, head.hash) != (count, previous) if head else count:
        return Report(count, count + 1, "the end of the chain was cut")
    if expected_head is not None and expected_head[0] > count:
        return Report(count, count + 1, "the end of the chain was cut: the head kept elsewhere reaches further")
    return Report(count)


def newest_first() -> Select[tuple[AuditLine]]:
    """All lines, the newest first."""
    return select(AuditLine).order_by(AuditLine.position.desc())


def forget(session: Session, person_id: int) -> None:
    """Erases who a token stood for; the chain stays whole."""
    session.execute(update(AuditSubject).where(AuditSubject.person_id == person_id).values(person_id=None))


def head(session: Session) -> tuple[int, str]:
    """How far the chain reaches and its last hash: export it daily and keep it elsewhere."""
    found = session.scalar(select(AuditHead).where(AuditHead.id == 1))
    return (found.position, found.hash) if found else (0, FIRST)


def count(session: Session) -> int:
    """How many lines there are."""
    return session.scalar(select(func.count()).select_from(AuditLine)) or 0


def _token(session: Session, actor: Actor) -> str | None:
    if actor.keeper:
        return "keeper"
    if actor.person_id is None:
        return None
    found = session.scalar(select(AuditSubject.token).where(AuditSubject.person_id == actor.person_id))
    if found is None:
        found = secrets.token_hex(8)
        session.add(AuditSubject(token=found, person_id=actor.person_id))
    return found


def _canonical(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
