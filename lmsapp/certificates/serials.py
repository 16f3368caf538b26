"""Serials and verification codes: their forms and check characters (PRODUCT.md 4.6). Pure.

A serial is `NMC-2026-QU-00413-K`: prefix, year, kind, number without gaps in that year and kind, check character.
A verification code is 16 random characters of Crockford's base 32 (80 bits), printed in fours.
"""

import secrets
from dataclasses import dataclass

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
KINDS = {"attendance": "AT", "achievement": "AC", "qualification": "QU", "eore-card": "EO"}
_KIND_OF = {short: kind for kind, short in KINDS.items()}
_READ_AS = str.maketrans("OILU", "011V")


@dataclass(frozen=True)
class Serial:
    """A serial taken apart."""

    prefix: str
    year: int
    kind: str
    number: int

    def __str__(self) -> str:
        body = f"{self.prefix}-{self.year}-{KINDS[self.kind]}-{self.number:05d}"
        return f"{body}-{check_character(body)}"


def check_character(body: str) -> str:
    """The last character of a serial: ISO/IEC 7064 MOD 37,36 over its letters and digits."""
    product = 36
    for character in body.replace("-", ""):
        total = (product + ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return ALPHABET[(37 - product) % 36]


def read_serial(typed: str) -> Serial | None:
    """The serial somebody typed, small letters and blanks allowed; None when it is none or its check character is wrong."""
    plain = _upper(typed).replace(" ", "-").strip("-")
    parts = [part for part in plain.split("-") if part]
    if len(parts) != 5 or parts[2] not in _KIND_OF or not (parts[1].isdigit() and parts[3].isdigit()):
        return None
    if any(c not in ALPHABET for part in parts for c in part) or len(parts[1]) != 4 or len(parts[3]) > 7:
        return None
    found = Serial(parts[0], int(parts[1]), _KIND_OF[parts[2]], int(parts[3]))
    return found if str(found).endswith(f"-{parts[4]}") else None


def new_code() -> str:
    """A fresh verification code, 80 random bits."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(16))


def read_code(typed: str) -> str | None:
    """The verification code somebody typed (O read as 0, I and L as 1, U as V); None when it is none."""
    plain = _upper(typed).translate(_READ_AS).replace("-", "").replace(" ", "")
    return plain if len(plain) == 16 and all(c in CROCKFORD for c in plain) else None


def in_fours(code: str) -> str:
    """A verification code as it is printed."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _upper(text: str) -> str:
    return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text.strip())
