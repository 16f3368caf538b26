"""The log of acts: append-only, each row chained to the one before by SHA-256, written in the act's own transaction.

Lines name people by a random token. Whose token it is, where the act came from and any personal value stand in side tables
outside the chained octets, so that erasing a person there leaves the chain whole. No secrets are written here.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, String, Text, bindparam, delete, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import Invalid
from lmsapp.core.orm import Base, table
from lmsapp.core.signing import KeyRing
from lmsapp.core.translations import N_

FIRST = "0" * 64
SECRETS = frozenset({"password", "pin", "secret", "token", "ticket", "cookie", "totp"})


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
    """Who a token stands for; outside the chain, so that it can be erased."""

    __tablename__ = "audit_subject"

    token: Mapped[str] = mapped_column(String(24), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(unique=True)


class AuditPersonal(Base):
    """What a line says about a person: the address the act came from, and values; outside the chain, erased with her."""

    __tablename__ = "audit_personal"

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[str | None] = mapped_column(String(24), index=True)
    address: Mapped[str | None] = mapped_column(String(45))
    details: Mapped[str | None] = mapped_column(Text)


# Every act writes here: without the ceremony of mapped objects.
_HEADS = table(AuditHead)
_LINES = table(AuditLine)
_PERSONAL = table(AuditPersonal)
_SUBJECTS = table(AuditSubject)
_MOVE = update(_HEADS).where(_HEADS.c.id == 1)
_ADD, _KEEP, _CALL = insert(_LINES), insert(_PERSONAL), insert(_SUBJECTS)
_NAMED = select(_SUBJECTS.c.token).where(_SUBJECTS.c.person_id == bindparam("person"))
_END = (
    select(_HEADS.c.position, _HEADS.c.hash, _NAMED.scalar_subquery())
    .where(_HEADS.c.id == 1)
    .with_for_update(of=_HEADS)
)


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
    session: Session,
    action: str,
    actor: Actor,
    *,
    on: tuple[str, object],
    before: Any = None,
    after: Any = None,
    personal: Any = None,
    about: int | None = None,
) -> None:
    """Adds one act to the chain in the caller's transaction: who, what, on what, before and after.

    Names, reasons in free words and other `personal` values are kept apart, as those of the person `about` (else the
    actor's own), and go when she is erased.
    """
    session.flush()
    position, previous, token = _taken_up(session, actor)
    line = AuditLine(
        position=position + 1,
        at=clock.now().replace(microsecond=0),
        action=action,
        actor_token=token,
        object_kind=on[0],
        object_id=str(on[1]),
        before=_canonical(before),
        after=_canonical(after),
        previous_hash=previous,
    )
    line.hash = digest(line)
    session.execute(_MOVE, {"position": line.position, "hash": line.hash})
    session.execute(_ADD, {column.name: getattr(line, column.name) for column in _LINES.c})
    if actor.address or personal is not None:
        whose = token if about is None else _person_token(session, about)
        kept = {"token": whose, "address": actor.address[:45] or None, "details": _canonical(personal)}
        session.execute(_KEEP, {"position": line.position} | kept)


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


def verify(session: Session, *kept: tuple[int, str]) -> Report:
    """Walks the whole chain. Against heads `kept` elsewhere a cut tail and a rewritten chain show."""
    previous, count, heads = FIRST, 0, dict(kept)
    with session.scalars(select(AuditLine).order_by(AuditLine.position).execution_options(yield_per=1000)) as lines:
        for line in lines:
            count += 1
            if reason := _fault(line, count, previous, heads):
                return Report(count - 1, count, reason)
            previous = line.hash
    head = session.scalar(select(AuditHead).where(AuditHead.id == 1))
    if (head.position, head.hash) != (count, previous) if head else count:
        return Report(count, count + 1, "the end of the chain was cut")
    if max(heads, default=0) > count:
        return Report(count, count + 1, "the end of the chain was cut: the head kept elsewhere reaches further")
    return Report(count)


def _fault(line: AuditLine, position: int, previous: str, heads: dict[int, str]) -> str:
    if line.position != position:
        return "a line is missing or stands in another place"
    if line.previous_hash != previous:
        return "the line does not follow from the one before"
    if digest(line) != line.hash:
        return "the line was changed"
    if heads.get(position, line.hash) != line.hash:
        return "the chain was written anew: it differs from the head kept elsewhere"
    return ""


def signed_head(session: Session, ring: KeyRing) -> str:
    """How far the chain reaches, signed: a line of JSON to print, mail or keep elsewhere each day."""
    position, last = head(session)
    body = {"position": position, "hash": last, "at": clock.now().replace(microsecond=0).isoformat()}
    key_id, signature = ring.sign(_head_octets(body))
    return json.dumps(body | {"key": key_id, "signature": signature.hex()})


def read_head(text: str, ring: KeyRing) -> tuple[int, str]:
    """The head in such a line, for `verify`. Raises Invalid when one of our keys did not sign it."""
    try:
        body = json.loads(text)
        key_id, signature = str(body.pop("key")), bytes.fromhex(body.pop("signature"))
        kept = int(body["position"]), str(body["hash"])
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Invalid(N_("This is no head of the log of acts.")) from problem
    if not ring.verify(key_id, signature, _head_octets(body)):
        raise Invalid(N_("This head of the log of acts was not signed by this installation, or was altered."))
    return kept


def kept_heads(folder: Path, ring: KeyRing) -> list[tuple[int, str]]:
    """The heads kept in a folder day by day, for `verify`. Raises Invalid naming the file that was altered."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(read_head(path.read_text(encoding="utf-8"), ring))
        except (Invalid, UnicodeDecodeError) as problem:
            raise Invalid("%(path)s: %(problem)s", path=str(path), problem=str(problem)) from problem
    return found


def _head_octets(body: dict[str, Any]) -> bytes:
    return b"lmsapp audit head\n" + json.dumps(body, sort_keys=True).encode()


def newest_first(kinds: tuple[str, ...] = (), about: str = "", by: int | None = None) -> Select[AuditLine]:
    """Lines, the newest first: all of them, or those on some kinds of things, on the one with this number, or by a person."""
    query = select(AuditLine).order_by(AuditLine.position.desc())
    query = query.where(AuditLine.object_kind.in_(kinds)) if kinds else query
    if by is not None:
        tokens = select(AuditSubject.token).where(AuditSubject.person_id == by)
        query = query.where(AuditLine.actor_token.in_(tokens))
    return query.where(AuditLine.object_id == about) if about else query


def subjects(session: Session, tokens: set[str]) -> dict[str, int]:
    """Whom tokens stand for, by token; who was erased is not among them."""
    rows = session.execute(select(AuditSubject.token, AuditSubject.person_id).where(AuditSubject.token.in_(tokens)))
    return {row.token: row.person_id for row in rows if row.person_id is not None}


def forget(session: Session, person_id: int) -> None:
    """Erases who a token stood for and what was kept about her; the chain stays whole."""
    token = select(AuditSubject.token).where(AuditSubject.person_id == person_id).scalar_subquery()
    session.execute(
        delete(AuditPersonal).where(AuditPersonal.token == token).execution_options(synchronize_session=False)
    )
    session.execute(update(AuditSubject).where(AuditSubject.person_id == person_id).values(person_id=None))


def head(session: Session) -> tuple[int, str]:
    """How far the chain reaches and its last hash: export it daily and keep it elsewhere."""
    found = session.scalar(select(AuditHead).where(AuditHead.id == 1))
    return (found.position, found.hash) if found else (0, FIRST)


def count(session: Session) -> int:
    """How many lines there are."""
    return session.scalar(select(func.count()).select_from(AuditLine)) or 0


def _taken_up(session: Session, actor: Actor) -> tuple[int, str, str | None]:
    """How far the chain reaches, locked until the transaction ends so that writers stand in line, and the actor's token."""
    whose = {"person": actor.person_id or 0}
    found = session.execute(_END, whose).first()
    if found is None:  # the very first act; two may be writing it
        session.execute(
            text("INSERT INTO audit_head (id, position, hash) VALUES (1, 0, :hash) ON CONFLICT DO NOTHING"),
            {"hash": FIRST},
        )
        found = session.execute(_END, whose).one()
    position, last, known = found
    if known is None and actor.person_id is not None:  # looked for again: whoever had the lock may have written it
        known = _person_token(session, actor.person_id)
    return position, last, "keeper" if actor.keeper else known


def _person_token(session: Session, person_id: int) -> str:
    found: str | None = session.scalar(_NAMED, {"person": person_id})
    if found is None:
        found = secrets.token_hex(8)
        session.execute(_CALL, {"token": found, "person_id": person_id})
    return found


def _canonical(value: Any) -> str | None:
    _refuse_secrets(value)
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _refuse_secrets(value: Any) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if SECRETS & set(str(name).lower().replace("-", "_").split("_")):
                raise ValueError(f"“{name}” may not be written to the log of acts")
            _refuse_secrets(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_secrets(inner)
