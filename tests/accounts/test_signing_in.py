"""Signing in: what opens the door, what is slowed, and what a guesser can't learn."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import secrets, sessions, signing_in
from lmsapp.accounts.models import Person, SignIn, Tries
from lmsapp.core import clock
from lmsapp.core.audit import AuditLine, AuditPersonal
from lmsapp.core.errors import Busy, Invalid
from tests import cast as casting
from tests.cast import Member

Cast = dict[str, Member]
HERE = "192.0.2.1"


def attempt(session: Session, login: str, secret: str, address: str = HERE) -> str:
    """One try through both halves; the ticket, or nothing."""
    checked = signing_in.check(session, login, secret, address)
    ticket = signing_in.sign_in(session, checked, device="test", address=address, days=14)
    session.flush()
    return ticket


@pytest.mark.real_secrets
def test_secrets_are_kept_as_argon2id_at_19_mib_2_passes_1_lane() -> None:
    found = extract_parameters(secrets.hashed(casting.PASSWORD))
    assert (found.type.name, found.memory_cost, found.time_cost, found.parallelism) == ("ID", 19 * 1024, 2, 1)


@pytest.mark.real_secrets
def test_an_old_hash_is_made_anew_at_sign_in(session: Session, cast: Cast) -> None:
    manager = session.get_one(Person, cast["manager"].person_id)
    manager.secret_hash = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(casting.PASSWORD)
    session.flush()
    assert attempt(session, "manager@example.org", casting.PASSWORD)
    session.refresh(manager)
    assert extract_parameters(manager.secret_hash or "").memory_cost == 19 * 1024
    assert secrets.matches(manager.secret_hash, casting.PASSWORD)


@pytest.mark.parametrize("typed", ["604118", "۶۰۴۱۱۸", "٦٠٤١١٨", " 604118 "])
def test_a_pin_may_be_typed_in_the_digits_of_any_of_our_scripts(session: Session, cast: Cast, typed: str) -> None:
    assert attempt(session, cast["trainee"].number, typed)


def test_a_password_is_the_same_however_its_letters_are_composed() -> None:
    stored = secrets.hashed("çətin şifrə yoxdur")
    assert secrets.matches(stored, "çətin şifrə yoxdur")
    assert not secrets.matches(stored, "cetin sifre yoxdur")


def test_an_unknown_name_costs_one_hash_as_a_known_one_does(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *a: (counted.append("hash"), verify(*a))[1])
    work = {}
    for login in ("manager@example.org", "nobody@example.org", "99999999", "stranger@example.org"):
        counted.clear()
        assert not attempt(session, login, "wrong wrong wrong")
        work[login] = len(counted)
    assert set(work.values()) == {1}


def test_a_thousand_wrong_tries_are_slowed_and_the_right_one_with_them(session: Session, cast: Cast) -> None:
    number, outcomes = cast["trainee"].number, []
    with clock.held(clock.now()):
        for n in range(1000):
            try:
                attempt(session, number, f"{n:06d}", f"198.51.100.{n % 250}")
                outcomes.append("checked")
            except Busy:
                outcomes.append("slowed")
        assert outcomes.count("checked") == signing_in.ACCOUNT_TRIES
        with pytest.raises(Busy):
            attempt(session, number, casting.PIN)
        clock.forward(signing_in.SLOWED_FOR + timedelta(seconds=1))
        assert attempt(session, number, casting.PIN)


def test_one_address_that_tries_everybody_is_slowed_too(session: Session, cast: Cast) -> None:
    for n in range(signing_in.ADDRESS_TRIES):
        attempt(session, f"nobody{n}@example.org", "wrong wrong wrong")
    with pytest.raises(Busy):
        attempt(session, "manager@example.org", casting.PASSWORD)
    assert attempt(session, "manager@example.org", casting.PASSWORD, "203.0.113.9")


def test_tries_are_forgotten_after_a_day(session: Session, cast: Cast) -> None:
    with clock.held(clock.now()):
        attempt(session, "nobody@example.org", "wrong wrong wrong")
        clock.forward(timedelta(days=2))
        attempt(session, "somebody@example.org", "wrong wrong wrong", "203.0.113.9")
    assert len(session.scalars(select(Tries)).all()) == 2


def test_the_log_says_who_came_and_that_somebody_was_refused_and_holds_no_secret(session: Session, cast: Cast) -> None:
    attempt(session, "manager@example.org", "wrong wrong wrong")
    attempt(session, "manager@example.org", casting.PASSWORD)
    lines = session.scalars(select(AuditLine).order_by(AuditLine.position.desc()).limit(2)).all()
    assert [line.action for line in lines] == ["sign-in", "sign-in.refused"]
    whole = str([vars(line) for line in lines]) + str([vars(p) for p in session.scalars(select(AuditPersonal))])
    assert casting.PASSWORD not in whole
    assert "wrong wrong" not in whole
    assert "manager@example.org" not in whole


# ---------- choosing one's own ----------


def test_choosing_a_secret_ends_all_other_sessions_and_keeps_this_one(session: Session, cast: Cast) -> None:
    here, there = (attempt(session, "manager@example.org", casting.PASSWORD) for _ in range(2))
    digest = [row.ticket_hash for row in session.scalars(select(SignIn).order_by(SignIn.id))]
    assert here != there
    signing_in.choose_secret(
        session, cast["manager"].actor, "another four quiet words", kind="password", ticket_hash=digest[0]
    )
    assert sessions.find(session, digest[0], "", 12) is not None
    assert sessions.find(session, digest[1], "", 12) is None


@pytest.mark.parametrize(
    ("key", "kind", "secret"),
    [
        ("trainee", "pin", "12345"), ("trainee", "pin", "123456"), ("trainee", "pin", "۱۲۳۴۵۶"), ("trainee", "pin", "000000"), ("trainee", "pin", "abcdef"),
        ("trainee", "pin", casting.PIN), ("manager", "pin", "604119"), ("manager", "password", "short"), ("manager", "password", "aaaaaaaaaaaaaaa"),
        ("manager", "password", "x Sevda Həsənova x"), ("manager", "password", "manager@example.org!"), ("manager", "password", "x y z " * 50),
        ("manager", "password", casting.PASSWORD),
    ],
)  # fmt: skip
def test_a_weak_or_old_secret_is_refused_with_a_reason(
    session: Session, cast: Cast, key: str, kind: str, secret: str
) -> None:
    with pytest.raises(Invalid) as refused:
        signing_in.choose_secret(session, cast[key].actor, secret, kind=kind, ticket_hash="")
    assert "new" in refused.value.fields


def test_a_made_pin_is_never_a_weak_one() -> None:
    assert not [pin for pin in (secrets.new_pin() for _ in range(300)) if secrets.fault_of_pin(pin)]
