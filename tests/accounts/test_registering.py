"""Registering people, granting and withdrawing roles, slips and letters: who may, and what stands afterwards."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import policy, queries, registering, secrets, sessions
from lmsapp.accounts.models import Letter, Person, SignIn
from lmsapp.accounts.numbers import check_digit, read_number
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import AT_PARTNERS, Role
from lmsapp.core import clock
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.audit import AuditLine
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.mailing import Mail
from tests import cast as casting
from tests.cast import Member

Cast = dict[str, Member]
NINO = NewPerson(name="ნინო კაპანაძე", name_language="ka", latin_name="Nino Kapanadze", birth=PartialDate(1990, 5))


def person(session: Session, cast: Cast, key: str) -> Person:
    return session.get_one(Person, cast[key].person_id)


def acts(session: Session) -> list[str]:
    return list(session.scalars(select(AuditLine.action).order_by(AuditLine.position)))


# ---------- registering ----------


def test_a_person_needs_a_name_and_gets_the_next_number_with_its_check_digit(session: Session, cast: Cast) -> None:
    centre = casting.organisation(session, "nmc")
    first = registering.register(session, KEEPER, NINO, centre, Role.TRAINEE)
    second = registering.register(session, KEEPER, NewPerson("گلالی", "prs"), centre, Role.TRAINEE)
    assert int(second.number[:7]) == int(first.number[:7]) + 1
    assert all(read_number(one.number) == one.number for one in (first, second))
    assert (first.language, second.language, first.birth) == ("ka", "prs", PartialDate(1990, 5))
    assert queries.running_roles(first) == ["trainee"]
    with pytest.raises(Invalid) as refused:
        registering.register(session, KEEPER, NewPerson("", "ka"), centre, Role.TRAINEE)
    assert "name" in refused.value.fields


@pytest.mark.parametrize("typed", ["04821009", "4821008", "048210080", "abcdefgh", "", "０４８２１００８x"])
def test_a_number_with_a_slip_of_the_pen_is_no_number(typed: str) -> None:
    assert read_number(typed) is None


def test_every_single_wrong_digit_and_most_swaps_are_noticed() -> None:
    number = "0482100" + check_digit("0482100")
    wrong = {number[:at] + digit + number[at + 1 :] for at in range(8) for digit in "0123456789"} - {number}
    assert not [one for one in wrong if read_number(one)]


def test_an_address_belongs_to_one_person_however_it_is_written(session: Session, cast: Cast) -> None:
    centre = casting.organisation(session, "nmc")
    with pytest.raises(Invalid) as refused:
        registering.register(session, KEEPER, replace(NINO, email="Manager@Example.ORG"), centre, Role.TRAINEE)
    assert "email" in refused.value.fields


def test_who_registers_whom_and_where(session: Session, cast: Cast) -> None:
    allowed = {
        "nmc": {"instructor", "other_instructor", "manager", "administrator"},
        "ge": {"instructor", "other_instructor", "manager", "administrator"},
        "af": {"instructor", "other_instructor", "manager", "administrator", "other_administrator"},
    }
    for code, key in product(allowed, cast):
        answer = policy.may_register(cast[key].actor, casting.organisation(session, code))
        assert bool(answer) == (key in allowed[code]), (code, key)


def test_a_manager_registers_trainees_and_nobody_above_them(session: Session, cast: Cast) -> None:
    centre = casting.organisation(session, "nmc")
    manager = cast["manager"].actor
    registering.register(session, manager, NINO, centre, Role.TRAINEE)
    for role in set(Role) - {Role.TRAINEE}:
        with pytest.raises(NotAllowed):
            registering.register(session, manager, NINO, centre, role)


# ---------- roles (checklist 7) ----------


def test_every_role_to_oneself_and_to_others_equals_the_grant_table(session: Session, cast: Cast) -> None:
    """The centre's administrator grants anything but to herself; another agency's its own few roles to its own people."""
    for key, role, code, whom in product(cast, Role, ("nmc", "ge", "af"), (None, "another_trainee")):
        target = person(session, cast, whom or key) if (whom or cast[key].person_id) else None
        if target is None:
            continue
        answer = policy.may_grant(cast[key].actor, target, role, casting.organisation(session, code))
        fits = code == "nmc" or role in AT_PARTNERS
        others = target.id != cast[key].person_id
        expected = others and fits and (key == "administrator" or (key == "other_administrator" and code == "af"))
        assert bool(answer) == expected, (key, role, code, whom)


def test_a_granted_role_works_a_withdrawn_one_does_not_and_both_are_written_down(session: Session, cast: Cast) -> None:
    administrator, target = cast["administrator"].actor, person(session, cast, "stranger")
    centre = casting.organisation(session, "nmc")
    held = registering.grant(session, administrator, target, Role.INSTRUCTOR, centre)
    assert queries.actor_of(session, target).is_a(Role.INSTRUCTOR)
    assert registering.grant(session, administrator, target, Role.INSTRUCTOR, centre) is held
    with clock.held(clock.now()):
        registering.withdraw(session, administrator, target, held)
        assert not queries.actor_of(session, target).is_a(Role.INSTRUCTOR)
    assert acts(session)[-2:] == ["role.granted", "role.withdrawn"]


def test_granting_asks_for_a_fresh_sign_in(session: Session, cast: Cast) -> None:
    stale = replace(cast["administrator"].actor, signed_in_at=clock.now() - timedelta(hours=1))
    with pytest.raises(NotAllowed) as refused:
        registering.grant(
            session, stale, person(session, cast, "stranger"), Role.TRAINEE, casting.organisation(session, "nmc")
        )
    assert refused.value.code == "fresh-sign-in-needed"


def test_an_agency_closes_accounts_of_its_own_people_only(session: Session, cast: Cast) -> None:
    theirs, mine = cast["other_administrator"].actor, cast["administrator"].actor
    registering.deactivate(session, theirs, person(session, cast, "another_trainee"), active=False)
    both = person(session, cast, "instructor")
    registering.grant(session, mine, both, Role.TRAINEE, casting.organisation(session, "af"))
    session.flush()
    with pytest.raises(NotAllowed):
        registering.deactivate(session, theirs, both, active=False)
    registering.deactivate(session, mine, both, active=False)
    assert queries.actor_of(session, both).memberships == ()


def test_an_organisation_that_is_suspended_gives_no_rights(session: Session, cast: Cast) -> None:
    casting.organisation(session, "ge").active = False
    session.flush()
    actor = queries.actor_of(session, person(session, cast, "partner"))
    assert actor.memberships == ()
    assert not policy.may_list_people(actor)


def test_lists_and_single_answers_agree_for_the_whole_cast(session: Session, cast: Cast) -> None:
    people = session.scalars(select(Person)).all()
    for key, member in cast.items():
        seen = set(session.scalars(policy.visible_people(member.actor)))
        for one in people:
            assert bool(policy.may_see_person(member.actor, one)) == (one in seen), (key, one.email)


# ---------- slips ----------


def live(session: Session, cast: Cast, key: str) -> SignIn:
    now = clock.now()
    made = SignIn(
        ticket_hash=key, person_id=cast[key].person_id, begun_at=now, fresh_at=now, seen_at=now, ends_at=now + timedelta(days=1)
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def test_a_slip_ends_the_old_pin_and_the_old_sessions(session: Session, cast: Cast) -> None:
    trainee = person(session, cast, "trainee")
    live(session, cast, "trainee")
    pin = registering.issue_pin(session, cast["instructor"].actor, trainee)
    assert secrets.matches(trainee.secret_hash, pin)
    assert not secrets.matches(trainee.secret_hash, casting.PIN)
    assert trainee.must_choose_secret
    assert sessions.find(session, "trainee", "", 12) is None
    assert pin not in str([line.after for line in session.scalars(select(AuditLine))])


def test_staff_get_no_slip_and_strangers_print_none(session: Session, cast: Cast) -> None:
    with pytest.raises(Conflict, match="signs in with a password"):
        registering.issue_pin(session, cast["administrator"].actor, person(session, cast, "manager"))
    for key in ("trainee", "assessor", "auditor", "partner", "former_instructor", "stranger", "anonymous"):
        with pytest.raises(NotAllowed):
            registering.issue_pin(session, cast[key].actor, person(session, cast, "another_trainee"))


# ---------- letters with a link (checklist 18) ----------

LINK = "https://nmc.example/en/letters/{token}"


def token_in(session: Session) -> str:
    """The token in the newest letter."""
    text = session.scalars(select(Mail).order_by(Mail.id.desc())).first().text  # type: ignore[union-attr]
    return text.split("/letters/")[1].split()[0]


def test_a_reset_link_is_long_stored_hashed_and_works_once(session: Session, cast: Cast) -> None:
    manager = person(session, cast, "manager")
    live(session, cast, "manager")
    registering.ask_reset(session, " Manager@EXAMPLE.org ", LINK)
    token = token_in(session)
    assert len(token) >= 32
    assert token not in [one.token_hash for one in session.scalars(select(Letter))]
    assert registering.use_letter(session, token, "another four quiet words") is manager
    assert secrets.matches(manager.secret_hash, "another four quiet words")
    assert sessions.find(session, "manager", "", 12) is None
    with pytest.raises(Conflict, match="used or has expired"):
        registering.use_letter(session, token, "yet another four words")


@pytest.mark.parametrize(("kind", "lives"), [("reset", timedelta(hours=2)), ("invitation", timedelta(days=14))])
def test_links_end_with_their_time(session: Session, cast: Cast, kind: str, lives: timedelta) -> None:
    manager = person(session, cast, "manager")
    with clock.held(clock.now()):
        if kind == "reset":
            registering.ask_reset(session, manager.email or "", LINK)
        else:
            registering.invite(session, cast["administrator"].actor, manager, LINK)
        token = token_in(session)
        clock.forward(lives - timedelta(seconds=1))
        assert registering.letter(session, token)
        clock.forward(timedelta(seconds=2))
        with pytest.raises(Conflict, match="used or has expired"):
            registering.letter(session, token)


def test_a_newer_link_and_a_chosen_password_end_the_older_links(session: Session, cast: Cast) -> None:
    registering.ask_reset(session, "manager@example.org", LINK)
    first = token_in(session)
    registering.invite(session, cast["administrator"].actor, person(session, cast, "manager"), LINK)
    second = token_in(session)
    with pytest.raises(Conflict):
        registering.letter(session, first)
    registering.use_letter(session, second, "another four quiet words")
    assert not session.scalars(select(Letter).where(Letter.used_at.is_(None))).all()


def test_nobody_is_written_to_who_is_unknown_closed_or_of_the_demonstration(session: Session, cast: Cast) -> None:
    person(session, cast, "assessor").active = False
    person(session, cast, "auditor").is_demonstration = True
    session.flush()
    for address in ("nobody@example.org", "", "assessor@example.org", "auditor@example.org", "' OR 1=1 --", "%"):
        registering.ask_reset(session, address, LINK)
    assert not session.scalars(select(Mail)).all()


def test_a_bad_password_keeps_the_link_alive(session: Session, cast: Cast) -> None:
    registering.ask_reset(session, "manager@example.org", LINK)
    token = token_in(session)
    with pytest.raises(Invalid):
        registering.use_letter(session, token, "short")
    assert registering.letter(session, token)


def test_who_may_see_nobody_invites_nobody(session: Session, cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        registering.invite(session, Actor(), person(session, cast, "manager"), LINK)
