"""Passwords and PINs: Argon2id, and what makes a good one. A few hashes at a time, so that exams are not starved."""

import secrets as randomness
import threading
import unicodedata
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from lmsapp.core.formatting import latin_digits
from lmsapp.core.translations import N_

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = threading.BoundedSemaphore(2)
SHORTEST_PASSWORD = 10
PIN_DIGITS = 6


def as_meant(secret: str) -> str:
    """A secret however it was typed: composed characters, and a PIN in the digits of any of our scripts."""
    composed = unicodedata.normalize("NFC", secret)
    plain = latin_digits(composed.strip())
    return plain if len(plain) == PIN_DIGITS and plain.isascii() and plain.isdigit() else composed


def hashed(secret: str) -> str:
    """The Argon2id hash of a password or PIN (19 MiB, 2 passes, 1 lane)."""
    with _at_once:
        return _hasher.hash(as_meant(secret))


def matches(stored: str | None, secret: str) -> bool:
    """Whether the secret is right; the same work is done when there is no such account."""
    with _at_once:
        try:
            _hasher.verify(stored or _nobody(), as_meant(secret))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


@cache
def _nobody() -> str:
    """The hash of a secret that nobody knows."""
    return _hasher.hash(randomness.token_hex(16))


def outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's and should be made anew."""
    return _hasher.check_needs_rehash(stored)


def new_pin() -> str:
    """A random PIN of six digits that is neither a run nor one digit repeated."""
    while True:
        pin = f"{randomness.randbelow(1_000_000):06d}"
        if fault_of_pin(pin) is None:
            return pin


def fault_of_pin(pin: str) -> str | None:
    """Why this PIN can't be taken, as a message; None when it can."""
    pin = as_meant(pin)
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        return N_("A PIN has 6 digits.")
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if len(steps) == 1 and steps <= {-1, 0, 1}:
        return N_("Choose digits that are not in a row and not all the same.")
    return None


def fault_of_password(password: str, *known: str | None) -> str | None:
    """Why this password can't be taken; `known` are names and addresses it must not repeat."""
    if len(password) < SHORTEST_PASSWORD:
        return N_("Write at least 10 characters. Three or four words are a good password.")
    if len(password) > 200:
        return N_("Write at most 200 characters.")
    if len(set(password)) < 4:
        return N_("Use more different characters.")
    if any(k and k.strip() and k.strip() in password for k in known):
        return N_("The password must not hold your name or address.")
    return None
