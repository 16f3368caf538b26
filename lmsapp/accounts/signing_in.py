"""Signing in and out, with a password or a PIN; choosing one's own; ending sessions.

Wrong tries are slowed per account and per address. Who is signed in stays signed in while a stranger guesses.
"""

import hashlib
import secrets as randomness
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from lmsapp.accounts import secrets
from lmsapp.accounts.events import SecretChosen
from lmsapp.accounts.models import Letter, Person, SignIn, Tries
from lmsapp.accounts.numbers import read_number
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand, signed_in
from lmsapp.core.errors import Busy, Invalid
from lmsapp.core.events import publish
from lmsapp.core.translations import N_

ACCOUNT_TRIES = 8
ADDRESS_TRIES = 60
WINDOW = timedelta(minutes=15)
SLOWED_FOR = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(days=1)
WRONG = N_("The number or address and the PIN or password do not match. Check both, or ask for a new slip.")


@dataclass(frozen=True)
class Checked:
    """The outcome of comparing secrets, made in a reading transaction: the hash is slow, the write lock is not held."""

    login_key: str
    address_key: str
    person_id: int | None
    language: str | None = None
    new_hash: str | None = None


def normal_login(typed: str) -> str:
    """A person number in Latin digits, or an e-mail address with its letters A–Z made small."""
    number = read_number(typed)
    return number or "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in typed.strip())


def check(session: Session, login: str, secret: str, address: str) -> Checked:
    """Compares what was typed; raises Busy when too many wrong tries came lately. Writes nothing."""
    login = normal_login(login)
    keys = _key("account", login), _key("address", address)
    now = clock.now()
    closed = session.scalar(select(Tries.closed_until).where(Tries.key.in_(keys), Tries.closed_until > now).limit(1))
    if closed is not None:
        raise Busy(N_("Too many wrong tries. Wait five minutes and try again; who is signed in can go on."))
    known = (Person.id, Person.language, Person.secret_hash, Person.active)
    person = session.execute(select(*known).where(or_(Person.number == login, Person.email == login))).first()
    right = secrets.matches(person.secret_hash if person is not None and person.active else None, secret)
    if not right or person is None:
        return Checked(*keys, person_id=None)
    stale = secrets.outdated(person.secret_hash or "")
    return Checked(*keys, person.id, person.language, secrets.hashed(secret) if stale else None)


def sign_in(session: Session, checked: Checked, *, device: str, address: str, days: int) -> str:
    """Writes the outcome: a session whose ticket is returned, or one more wrong try and `Invalid`.

    The wrong try must be kept: the caller commits before it tells.
    """
    now = clock.now()
    if checked.person_id is None:
        _count_wrong_try(session, checked, now)
        audit.record(session, "sign-in.refused", Actor(address=address), on=("login", checked.login_key[:12]))
        return ""
    session.execute(delete(Tries).where(Tries.key == checked.login_key))
    if checked.new_hash:
        session.execute(update(Person).where(Person.id == checked.person_id).values(secret_hash=checked.new_hash))
    ticket = randomness.token_urlsafe(32)
    session.execute(
        insert(SignIn).values(
            ticket_hash=hashlib.sha256(ticket.encode()).hexdigest(),
            person_id=checked.person_id,
            begun_at=now,
            fresh_at=now,
            seen_at=now,
            ends_at=now + timedelta(days=days),
            device=device[:200],
        )
    )
    audit.record(
        session, "sign-in", Actor(person_id=checked.person_id, address=address), on=("person", checked.person_id)
    )
    return ticket


def sign_out(session: Session, actor: Actor, ticket_hash: str) -> None:
    """Ends this session at once."""
    demand(signed_in(actor))
    session.execute(
        update(SignIn).where(SignIn.ticket_hash == ticket_hash, SignIn.ended_at.is_(None)).values(ended_at=clock.now())
    )
    audit.record(session, "sign-out", actor, on=("person", actor.person_id))


def end_sessions(session: Session, actor: Actor, *, but: str | None = None) -> int:
    """Ends all of one's own sessions but the one whose ticket hash is given; returns how many."""
    demand(signed_in(actor))
    wanted = update(SignIn).where(SignIn.person_id == actor.person_id, SignIn.ended_at.is_(None))
    if but:
        wanted = wanted.where(SignIn.ticket_hash != but)
    ended = session.execute(wanted.values(ended_at=clock.now())).rowcount  # type: ignore[attr-defined]
    audit.record(session, "sessions.ended", actor, on=("person", actor.person_id), after={"ended": ended})
    return int(ended)


def choose_secret(session: Session, actor: Actor, new: str, *, kind: str, ticket_hash: str) -> None:
    """Sets one's own PIN or password; all other sessions end. Raises Invalid with what is wrong with it."""
    demand(signed_in(actor))
    person = session.get_one(Person, actor.person_id)
    fault = secrets.fault_of_pin(new) if kind == "pin" else secrets.fault_of_password(new, person.email, person.name)
    if fault:
        raise Invalid(fault, {"new": fault})
    if kind == "pin" and any(m.role != "trainee" for m in actor.memberships):
        raise Invalid(N_("Staff use a password."), {"new": N_("Staff use a password.")})
    if secrets.matches(person.secret_hash, new):
        raise Invalid(N_("Choose another than before."), {"new": N_("Choose another than before.")})
    person.secret_kind, person.secret_hash, person.must_choose_secret = kind, secrets.hashed(new), False
    void_letters(session, person.id)
    end_sessions(session, actor, but=ticket_hash)
    audit.record(session, "secret.chosen", actor, on=("person", person.id))
    publish(session, SecretChosen(person.id))


def void_letters(session: Session, person_id: int) -> None:
    """Links to choose a password stop working once a secret was chosen or a newer link was sent."""
    session.execute(
        update(Letter).where(Letter.person_id == person_id, Letter.used_at.is_(None)).values(used_at=clock.now())
    )


def close_sessions(session: Session, person_id: int) -> None:
    """Ends all of a person's sessions, since her secret or her account is no longer what they began with."""
    session.execute(
        update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None)).values(ended_at=clock.now())
    )


def _count_wrong_try(session: Session, checked: Checked, now: datetime) -> None:
    session.execute(delete(Tries).where(Tries.since < now - FORGOTTEN_AFTER))
    for key, most in ((checked.login_key, ACCOUNT_TRIES), (checked.address_key, ADDRESS_TRIES)):
        row = session.get(Tries, key)
        if row is None:
            row = Tries(key=key, count=0, since=now)
            session.add(row)
        if now - row.since > WINDOW:
            row.count, row.since = 0, now
        row.count += 1
        if row.count >= most:
            row.closed_until = now + SLOWED_FOR


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()
