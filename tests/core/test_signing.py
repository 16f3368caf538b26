"""Key rings: made once, kept apart, changed without losing what old keys signed."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lmsapp.core import clock
from lmsapp.core.errors import Invalid
from lmsapp.core.signing import KeyRing

BEGIN = datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_a_signature_is_verified_after_the_program_started_again(tmp_path: Path) -> None:
    key_id, signature = KeyRing.load_or_create(tmp_path / "keys").sign(b"award 1")
    again = KeyRing.load_or_create(tmp_path / "keys")
    assert len(signature) == 64
    assert again.verify(key_id, signature, b"award 1")
    assert again.current.id == key_id


def test_one_changed_bit_or_a_foreign_key_does_not_verify(tmp_path: Path) -> None:
    ring = KeyRing.load_or_create(tmp_path / "ours")
    key_id, signature = ring.sign(b"award")
    for at in range(64):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not ring.verify(key_id, bytes(changed), b"award")
    assert not ring.verify(key_id, signature, b"awarD")
    assert not ring.verify(key_id, b"", b"award")
    assert not ring.verify("00000000", signature, b"award")
    assert not KeyRing.load_or_create(tmp_path / "theirs").verify(key_id, signature, b"award")


def test_after_a_rotation_old_signatures_verify_and_the_old_private_part_is_gone(tmp_path: Path) -> None:
    with clock.held(BEGIN):
        ring = KeyRing.load_or_create(tmp_path)
        old, signature = ring.sign(b"award")
        for _ in range(3):
            clock.forward(timedelta(days=30))
            ring.rotate()
        new, _ = ring.sign(b"award")
    again = KeyRing.load_or_create(tmp_path)
    assert new != old
    assert again.verify(old, signature, b"award")
    assert len(again.public_keys()) == 4
    assert [p.stem for p in tmp_path.glob("*.key")] == [new]
    first = again.public_keys()[0]
    assert first.id == old
    assert first.trusted_at(BEGIN)
    assert not first.trusted_at(BEGIN + timedelta(days=31))


def test_nothing_dated_after_a_key_was_compromised_is_trusted(tmp_path: Path) -> None:
    with clock.held(BEGIN):
        ring = KeyRing.load_or_create(tmp_path)
        old = ring.current.id
        clock.forward(timedelta(days=10))
        ring.mark_compromised(old, BEGIN + timedelta(days=5))
    found = KeyRing.load_or_create(tmp_path).find(old)
    assert found is not None
    assert found.trusted_at(BEGIN + timedelta(days=4))
    assert not found.trusted_at(BEGIN + timedelta(days=6))
    assert ring.current.id != old
    with pytest.raises(Invalid, match="no key"):
        ring.mark_compromised("ffffffff", BEGIN)


def test_private_parts_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    ring = KeyRing.load_or_create(tmp_path / "keys")
    private = tmp_path / "keys" / f"{ring.current.id}.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    private.chmod(0o644)
    with pytest.raises(Invalid, match="chmod 600"):
        KeyRing.load_or_create(tmp_path / "keys")


def test_processes_that_start_together_make_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _n: KeyRing.load_or_create(tmp_path / "keys"), range(8)))
    assert len({ring.current.id for ring in rings}) == 1


def test_a_crash_between_the_two_parts_leaves_no_half_key(tmp_path: Path) -> None:
    (tmp_path / "deadbeef.key").write_text("00" * 32)
    (tmp_path / "deadbeef.part").write_text("half")
    assert KeyRing.load_or_create(tmp_path).current.id != "deadbeef"


def test_public_parts_alone_go_on_verifying_and_a_new_key_signs(tmp_path: Path) -> None:
    ring = KeyRing.load_or_create(tmp_path)
    key_id, signature = ring.sign(b"award")
    (tmp_path / f"{key_id}.key").unlink()
    restored = KeyRing.load_or_create(tmp_path)
    assert restored.verify(key_id, signature, b"award")
    assert restored.current.id != key_id


@pytest.mark.parametrize("damage", [b"", b"{}", b"[]", b'{"id": 1}', b"\xff\xfe"])
def test_a_damaged_public_part_is_named(tmp_path: Path, damage: bytes) -> None:
    ring = KeyRing.load_or_create(tmp_path)
    (tmp_path / f"{ring.current.id}.json").write_bytes(damage)
    with pytest.raises(Invalid, match="damaged"):
        KeyRing.load_or_create(tmp_path)


@pytest.mark.parametrize("damage", ["", "zz", "00" * 31, "00" * 32])
def test_a_damaged_private_part_is_named(tmp_path: Path, damage: str) -> None:
    ring = KeyRing.load_or_create(tmp_path)
    (tmp_path / f"{ring.current.id}.key").write_text(damage)
    with pytest.raises(Invalid, match="damaged"):
        KeyRing.load_or_create(tmp_path)


def test_a_public_part_of_another_key_is_refused(tmp_path: Path) -> None:
    ring, other = KeyRing.load_or_create(tmp_path / "a"), KeyRing.load_or_create(tmp_path / "b")
    mine, theirs = tmp_path / "a" / f"{ring.current.id}.json", tmp_path / "b" / f"{other.current.id}.json"
    mine.write_text(theirs.read_text().replace(other.current.id, ring.current.id))
    with pytest.raises(Invalid, match="damaged"):
        KeyRing.load_or_create(tmp_path / "a")
