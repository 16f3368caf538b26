"""The log of acts: any line changed, removed, inserted, swapped or cut is named; erasing a person leaves it whole."""

import json
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import audit
from lmsapp.core.access import ANYONE, KEEPER, Actor
from lmsapp.core.audit import AuditLine, AuditPersonal, AuditSubject
from lmsapp.core.errors import Invalid
from lmsapp.core.sessions import transaction, writing
from lmsapp.core.signing import KeyRing

Maker = sessionmaker[Session]
LINES = 120
COLUMNS = ("at", "action", "actor_token", "object_kind", "object_id", "before", "after", "previous_hash", "hash")


def fill(maker: Maker, lines: int = LINES) -> None:
    with transaction(maker) as session:
        for n in range(lines):
            actor = Actor(person_id=n % 7 + 1, address="192.0.2.7")
            audit.record(
                session, "award.issued", actor, on=("award", n), before={"n": n}, after={"نام": n, "b": [1, None]}
            )


@pytest.fixture
def filled(maker: Maker) -> Maker:
    fill(maker)
    return maker


def verify(maker: Maker, expected: tuple[int, str] | None = None) -> audit.Report:
    with maker() as session:
        return audit.verify(session, *([expected] if expected else []))


def tampered(
    maker: Maker, change: Callable[[Session], object], expected: tuple[int, str] | None = None
) -> audit.Report:
    """What the check says after a change that is then undone."""
    with transaction(maker) as session:
        change(session)
        session.flush()
        session.expire_all()
        found = audit.verify(session, *([expected] if expected else []))
        session.rollback()
    return found


def test_an_untouched_chain_is_whole(filled: Maker) -> None:
    found = verify(filled)
    assert (found.whole, found.lines, found.fault_at) == (True, LINES, None)


def test_an_empty_chain_is_whole(maker: Maker) -> None:
    assert verify(maker).whole


def test_a_line_goes_when_its_act_is_undone(filled: Maker) -> None:
    with writing(), filled() as session:
        audit.record(session, "award.issued", KEEPER, on=("award", 1))
        session.rollback()
    assert verify(filled).lines == LINES


def test_any_column_changed_in_any_line_is_named(filled: Maker) -> None:
    rng, tried = random.Random(7), 0
    for position in range(1, LINES + 1):
        column = COLUMNS[position % len(COLUMNS)]
        value = f"'2020-01-0{rng.randint(1, 9)} 00:00:00'" if column == "at" else f"'{rng.getrandbits(64):064x}'"
        if column == "actor_token":
            value = "'changed'"
        if column in {"action", "object_kind"}:
            value = "'other'"
        sql = text(f"UPDATE audit_line SET {column} = {value} WHERE position = {position}")
        found = tampered(filled, lambda s, sql=sql: s.execute(sql))
        assert found.fault_at == position, (column, found)
        tried += 1
    assert tried == LINES


def test_any_line_removed_is_named(filled: Maker) -> None:
    for position in range(1, LINES + 1):
        found = tampered(filled, lambda s, p=position: s.execute(text(f"DELETE FROM audit_line WHERE position = {p}")))
        assert found.fault_at == position


def test_a_line_removed_and_the_rest_moved_up_is_named(filled: Maker) -> None:
    def change(session: Session, position: int) -> None:
        session.execute(text(f"DELETE FROM audit_line WHERE position = {position}"))
        for later in range(position + 1, LINES + 1):
            session.execute(text(f"UPDATE audit_line SET position = {later - 1} WHERE position = {later}"))

    for position in (1, 2, 60, LINES - 1):
        assert tampered(filled, lambda s, p=position: change(s, p)).fault_at == position


def test_any_two_lines_swapped_are_named(filled: Maker) -> None:
    rng = random.Random(11)

    def swap(session: Session, one: int, other: int) -> None:
        for before, after in ((one, -1), (other, one), (-1, other)):
            session.execute(text(f"UPDATE audit_line SET position = {after} WHERE position = {before}"))

    for _ in range(60):
        one, other = sorted(rng.sample(range(1, LINES + 1), 2))
        assert tampered(filled, lambda s, a=one, b=other: swap(s, a, b)).fault_at == one


def test_a_line_inserted_is_named_even_with_a_fitting_hash(filled: Maker) -> None:
    def insert(session: Session, position: int) -> None:
        for later in range(LINES, position - 1, -1):
            session.execute(text(f"UPDATE audit_line SET position = {later + 1} WHERE position = {later}"))
        before = session.scalar(select(AuditLine.hash).where(AuditLine.position == position - 1)) or audit.FIRST
        line = AuditLine(
            position=position, at=audit.clock.now().replace(microsecond=0), action="award.issued", object_kind="award",
            object_id="x", previous_hash=before, hash="",
        )  # fmt: skip
        line.hash = audit.digest(line)
        session.add(line)

    for position in (1, 2, 60, LINES):
        found = tampered(filled, lambda s, p=position: insert(s, p))
        assert found.fault_at == position + 1


def test_a_cut_end_is_named(filled: Maker) -> None:
    found = tampered(filled, lambda s: s.execute(text(f"DELETE FROM audit_line WHERE position > {LINES - 5}")))
    assert (found.fault_at, "cut" in found.reason) == (LINES - 4, True)


def test_a_cut_end_with_its_head_put_back_shows_against_a_signed_head(filled: Maker, tmp_path: Path) -> None:
    ring = KeyRing.load_or_create(tmp_path / "keys")
    with filled() as session:
        kept = audit.signed_head(session, ring)

    def cut(session: Session) -> None:
        session.execute(text(f"DELETE FROM audit_line WHERE position > {LINES - 5}"))
        session.execute(
            text(
                f"UPDATE audit_head SET position = {LINES - 5}, hash = (SELECT hash FROM audit_line WHERE position = {LINES - 5})"
            )
        )

    expected = audit.read_head(kept, ring)
    assert tampered(filled, cut).whole
    assert tampered(filled, cut, expected).fault_at == LINES - 4
    assert verify(filled, expected).whole
    fill(filled, 3)
    assert verify(filled, expected).whole


def test_a_chain_written_anew_shows_against_a_signed_head(filled: Maker, tmp_path: Path) -> None:
    ring = KeyRing.load_or_create(tmp_path / "keys")
    with filled() as session:
        kept = audit.signed_head(session, ring)

    def rewrite(session: Session) -> None:
        before = audit.FIRST
        for line in session.scalars(select(AuditLine).order_by(AuditLine.position)):
            line.object_id = "13" if line.position == 50 else line.object_id
            line.previous_hash = before
            before = line.hash = audit.digest(line)
        session.execute(text(f"UPDATE audit_head SET hash = '{before}'"))

    assert tampered(filled, rewrite).whole
    assert not tampered(filled, rewrite, audit.read_head(kept, ring)).whole


def test_a_head_that_was_altered_or_signed_by_others_is_refused(filled: Maker, tmp_path: Path) -> None:
    ring, other = KeyRing.load_or_create(tmp_path / "keys"), KeyRing.load_or_create(tmp_path / "others")
    with filled() as session:
        kept, foreign = audit.signed_head(session, ring), audit.signed_head(session, other)
    altered = json.dumps(json.loads(kept) | {"position": 3})
    for bad in (
        foreign,
        altered,
        "",
        "[]",
        "{}",
        "null",
        kept.replace("signature", "sign"),
        '{"key": 1, "signature": "zz"}',
    ):
        with pytest.raises(Invalid):
            audit.read_head(bad, ring)
    ring.rotate()
    assert audit.read_head(kept, ring)[0] == LINES


def test_many_threads_append_one_after_the_other_even_at_the_very_beginning(maker: Maker) -> None:
    barrier = threading.Barrier(12)

    def work(number: int) -> None:
        barrier.wait()
        for n in range(5):
            with transaction(maker) as session:
                audit.record(session, "saved", Actor(person_id=number + 1), on=("thing", n))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (verify(maker).whole, verify(maker).lines) == (True, 60)


def test_erasing_a_person_leaves_the_chain_whole_and_nothing_of_her(maker: Maker) -> None:
    with transaction(maker) as session:
        her = Actor(person_id=5, address="198.51.100.77")
        audit.record(session, "sign-in", her, on=("person", 5))
        audit.record(
            session, "withdrawn", Actor(person_id=6), on=("enrolment", 1), personal={"reason": "زخمي"}, about=5
        )
        audit.record(session, "sign-in", Actor(person_id=6, address="203.0.113.9"), on=("person", 6))
    with transaction(maker) as session:
        assert session.scalar(select(func.count()).select_from(AuditPersonal)) == 3
        audit.forget(session, 5)
    with maker() as session:
        assert [p.address for p in session.scalars(select(AuditPersonal))] == ["203.0.113.9"]
        assert 5 not in session.scalars(select(AuditSubject.person_id)).all()
        assert audit.verify(session).whole
        everything = " ".join(
            str(row) for table in (AuditLine, AuditPersonal) for row in session.execute(select(*table.__table__.c))
        )
    assert "198.51.100.77" not in everything
    assert "زخمي" not in everything


def test_after_people_were_erased_an_act_of_nobody_is_not_said_to_be_theirs(session: Session) -> None:
    for person in (5, 6):
        audit.record(session, "sign-in", Actor(person_id=person), on=("person", person))
        audit.forget(session, person)
    audit.record(session, "sign-in.refused", Actor(), on=("login", "x"))
    assert session.scalars(audit.newest_first()).first().actor_token is None  # type: ignore[union-attr]
    assert audit.verify(session).whole


@pytest.mark.parametrize("name", ["password", "new_password", "pin", "reset-token", "Secret", "totp_secret"])
def test_a_secret_is_never_written(maker: Maker, name: str) -> None:
    for place in ({name: "x"}, {"a": [{name: "x"}]}):
        with pytest.raises(ValueError, match="may not be written"), transaction(maker) as session:
            audit.record(session, "changed", ANYONE, on=("person", 1), after=place)
    assert verify(maker).lines == 0
