"""What the QR code of a certificate carries: its facts in a compact, canonical binary form with an Ed25519 signature. Pure.

Layout (big-endian): version 1 octet · key id 4 · flags 1 (bit 0 demonstration, bits 1–2 kind) · issued 2 and valid until 2
(days since 2000-01-01, 0 for none) · hours in quarters 2 · result in hundredths of a percent 2 (65535 for none) · year 2 ·
number 3 · then prefix, course code, name, Latin name, each with its length in one octet, UTF-8 · signature 64.
As text it is base 64 (RFC 4648, URL alphabet, no padding).
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from lmsapp.certificates.serials import KINDS, Serial

VERSION = 1
SIGNED_AS = b"lmsapp certificate v1\n"
_EPOCH = date(2000, 1, 1)
_HEAD = struct.Struct(">B4sBHHHHH3s")
_KINDS = tuple(KINDS)
NO_RESULT = 0xFFFF
SIGNATURE = 64
LONGEST_TEXT = 4000


class NotAPayload(ValueError):
    """The text is no payload of ours: cut, altered, or something else."""


@dataclass(frozen=True)
class Payload:
    """The facts that are signed: what a checkpoint without a network can rely on."""

    serial: Serial
    name: str
    latin_name: str
    course: str
    hours: Decimal
    result: Fraction | None
    issued: date
    valid_until: date | None
    demonstration: bool
    key_id: str

    def message(self) -> bytes:
        """The octets that are signed: unique for these facts."""
        kind = _KINDS.index(self.serial.kind)
        result = NO_RESULT if self.result is None else int(self.result * 100)
        head = _HEAD.pack(
            VERSION,
            bytes.fromhex(self.key_id),
            int(self.demonstration) | kind << 1,
            (self.issued - _EPOCH).days,
            (self.valid_until - _EPOCH).days if self.valid_until else 0,
            int(self.hours * 4),
            result,
            self.serial.year,
            self.serial.number.to_bytes(3, "big"),
        )
        texts = (self.serial.prefix, self.course, self.name, self.latin_name)
        return head + b"".join(_counted(text) for text in texts)


def _counted(text: str) -> bytes:
    octets = text.encode()
    if len(octets) > 255:
        octets = octets[:255].decode(errors="ignore").encode()
    return bytes([len(octets)]) + octets


def as_text(payload: Payload, signature: bytes) -> str:
    """What stands in the QR link's fragment."""
    return base64.urlsafe_b64encode(payload.message() + signature).rstrip(b"=").decode()


def from_text(text: str) -> tuple[Payload, bytes, bytes]:
    """Payload, signature and the octets that were signed; raises NotAPayload for anything that is not whole and canonical."""
    text = text.strip()
    if not text.isascii() or not 20 < len(text) < LONGEST_TEXT:
        raise NotAPayload("not a payload")
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload = _read(octets[:-SIGNATURE])
    except (binascii.Error, struct.error, UnicodeDecodeError, ValueError, IndexError, OverflowError) as problem:
        raise NotAPayload("not a payload") from problem
    if payload.message() != octets[:-SIGNATURE] or as_text(payload, octets[-SIGNATURE:]) != text:
        raise NotAPayload("not canonical")
    return payload, octets[-SIGNATURE:], octets[:-SIGNATURE]


def _read(octets: bytes) -> Payload:
    version, key_id, flags, issued, until, hours, result, year, number = _HEAD.unpack_from(octets)
    if version != VERSION or flags >> 1 >= len(_KINDS):
        raise NotAPayload("another version")
    texts, at = [], _HEAD.size
    for _ in range(4):
        length = octets[at]
        part = octets[at + 1 : at + 1 + length]
        if len(part) != length:
            raise NotAPayload("cut")
        texts.append(part.decode())
        at += 1 + length
    if at != len(octets):
        raise NotAPayload("something follows")
    return Payload(
        serial=Serial(texts[0], year, _KINDS[flags >> 1], int.from_bytes(number, "big")),
        course=texts[1],
        name=texts[2],
        latin_name=texts[3],
        hours=Decimal(hours) / 4,
        result=None if result == NO_RESULT else Fraction(result, 100),
        issued=_EPOCH + timedelta(days=issued),
        valid_until=_EPOCH + timedelta(days=until) if until else None,
        demonstration=bool(flags & 1),
        key_id=key_id.hex(),
    )
