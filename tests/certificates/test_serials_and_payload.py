"""Serials, codes and the signed payload: one changed character is seen."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmsapp.certificates import payload, serials, verdicts
from lmsapp.certificates.payload import NotAPayload, Payload
from lmsapp.certificates.serials import Serial
from lmsapp.certificates.verdicts import Answer, Lapse
from lmsapp.core.signing import KeyRing

NAMES = ["ნინო კაპანაძე", "علی‌رضا حسینی", "ګلالۍ احمدزۍ", "Əli Həsənov", "İbrahim Işık", "Ana Horvat"]


def test_a_serial_reads_back_however_it_was_typed() -> None:
    serial = Serial("NMC", 2026, "qualification", 413)
    for typed in (str(serial), str(serial).lower(), f" {serial} ", str(serial).replace("-", " ")):
        assert serials.read_serial(typed) == serial


@given(st.integers(0, 18), st.sampled_from(serials.ALPHABET))
def test_one_changed_character_of_a_serial_is_seen(at: int, letter: str) -> None:
    text = str(Serial("NMC", 2026, "achievement", 417))
    changed = text[:at] + letter + text[at + 1 :]
    if changed != text and text[at] != "-":
        found = serials.read_serial(changed)
        assert found is None or str(found) != text
        assert found is None or at < 0


def test_a_code_is_read_with_the_letters_that_look_alike() -> None:
    assert serials.read_code("7f3k-92qd-xm4t-oabi") == "7F3K92QDXM4T0AB1"
    assert serials.read_code("7F3K-92QD-XM4T") is None
    assert len({serials.new_code() for _ in range(200)}) == 200


def signed(folder: Path, name: str = NAMES[0]) -> tuple[str, KeyRing]:
    """A payload's text and the ring that signed it."""
    ring = KeyRing.load_or_create(folder)
    facts = Payload(
        Serial("NMC", 2026, "qualification", 413), name, "Nino Kapanadze", "DEM-110", Decimal("189.75"), Fraction(271, 3),
        date(2026, 6, 5), date(2027, 6, 4), demonstration=False, key_id=ring.current.id,
    )  # fmt: skip
    _key, signature = ring.sign(payload.SIGNED_AS + facts.message())
    return payload.as_text(facts, signature), ring


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_is_small_and_reads_back_whole(tmp_path: Path, name: str) -> None:
    text, _ring = signed(tmp_path, name)
    found, signature, _message = payload.from_text(text)
    assert (found.name, found.hours, found.valid_until) == (name, Decimal("189.75"), date(2027, 6, 4))
    assert len(found.message()) + len(signature) <= 200


def test_every_changed_character_of_a_payload_is_seen(tmp_path: Path) -> None:
    text, ring = signed(tmp_path)
    for at in range(len(text)):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        try:
            found, signature, message = payload.from_text(changed)
        except NotAPayload:
            continue
        assert not ring.verify(found.key_id, signature, payload.SIGNED_AS + message), at


@given(st.text(max_size=300))
def test_garbage_is_no_payload(text: str) -> None:
    with pytest.raises(NotAPayload):
        payload.from_text(text)


def test_a_known_lapse_goes_before_a_stale_list(tmp_path: Path) -> None:
    facts = payload.from_text(signed(tmp_path)[0])[0]
    ask = {"genuine": True, "today": date(2026, 11, 23), "stale_after": 7}
    revoked = {str(facts.serial): Lapse("revoked", date(2026, 9, 1))}
    assert verdicts.judge(facts, lapses={}, list_date=date(2026, 11, 20), **ask).answer is Answer.VALID
    assert verdicts.judge(facts, lapses={}, list_date=date(2026, 11, 1), **ask).answer is Answer.STALE_LIST
    assert verdicts.judge(facts, lapses={}, list_date=None, **ask).answer is Answer.VALID
    assert verdicts.judge(facts, lapses=revoked, list_date=date(2026, 1, 1), **ask).answer is Answer.LAPSED
    late = verdicts.judge(
        facts, lapses={}, list_date=date(2026, 1, 1), genuine=True, today=date(2027, 6, 5), stale_after=7
    )
    assert (late.answer, late.lapse) == (Answer.LAPSED, Lapse("expired", date(2027, 6, 4)))
    assert (
        verdicts.judge(facts, lapses={}, list_date=None, genuine=False, today=date(2026, 11, 23), stale_after=7)
        == verdicts.NOT_OURS
    )
