"""Checking certificates for anyone: by the QR code's text, by the printed code, by the serial, by the file itself."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time

from sqlalchemy.orm import Session

from lmsapp.certificates import payload, queries, serials, verdicts
from lmsapp.certificates.models import Award
from lmsapp.certificates.payload import NotAPayload, Payload
from lmsapp.certificates.verdicts import NOT_OURS, Verdict
from lmsapp.core import clock
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing


@dataclass(frozen=True)
class Checked:
    """The verdict, and the award itself when the paper or its code was shown (then all that is printed may be repeated)."""

    verdict: Verdict
    award: Award | None = None
    serial_only: bool = False


def text_of(typed: str) -> str:
    """The payload in what was scanned or pasted: a link's fragment, or the text itself."""
    typed = typed.strip()
    if "#" in typed:
        return typed.rpartition("#")[2]
    return "" if ":" in typed else typed  # a link without a fragment


def genuine(text: str, ring: KeyRing) -> Payload | None:
    """The payload when its signature is ours and was made while the key was trusted; else None."""
    try:
        found, signature, message = payload.from_text(text)
    except NotAPayload:
        return None
    key = ring.find(found.key_id)
    made = datetime.combine(found.issued, time(12), UTC)
    trusted = key is not None and (key.compromised_at is None or made <= key.compromised_at)
    return found if trusted and ring.verify(found.key_id, signature, payload.SIGNED_AS + message) else None


def check_text(session: Session, typed: str, ring: KeyRing, settings: Settings) -> Checked:
    """Checks whatever was scanned, pasted or typed. The same work is done for what is unknown."""
    code = serials.read_code(typed)
    serial = serials.read_serial(typed)
    if code is not None:
        award = queries.by_code(session, code)
        return _of_award(award, ring, settings)
    if serial is not None:
        award = queries.by_serial(session, str(serial))
        checked = _of_award(award, ring, settings)
        return Checked(checked.verdict, serial_only=True)
    return check_payload(session, text_of(typed), ring, settings)


def check_payload(session: Session, text: str, ring: KeyRing, settings: Settings) -> Checked:
    """Checks a QR code's payload against the keys and the server's own records."""
    found = genuine(text, ring)
    if found is None:
        return Checked(NOT_OURS)
    award = queries.by_serial(session, str(found.serial))
    if award is None or award.payload != text:
        return Checked(NOT_OURS)
    return _of_award(award, ring, settings)


def check_file(session: Session, content: bytes, ring: KeyRing, settings: Settings) -> Checked:
    """Checks a PDF: it must be, byte for byte, a document that was issued."""
    award = queries.by_document(session, hashlib.sha256(content).hexdigest())
    return _of_award(award, ring, settings)


def _of_award(award: Award | None, ring: KeyRing, settings: Settings) -> Checked:
    if award is None:
        return Checked(NOT_OURS)
    found = genuine(award.payload, ring)
    if found is None:
        return Checked(NOT_OURS)
    lapse = queries.lapse_of(award.events)
    verdict = verdicts.judge(
        found,
        genuine=True,
        lapses={award.serial: lapse} if lapse else {},
        today=clock.now().date(),
        list_date=None,
        stale_after=settings.stale_list_days,
    )
    return Checked(verdict, award)
