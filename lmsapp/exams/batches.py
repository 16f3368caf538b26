"""What a candidate's device sends as JSON, read into values or refused. Pure.

Everything here comes from outside: wrong types, huge or deeply nested contents, lone surrogates and NUL are refused.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_
from lmsapp.exams.questions import LONGEST, LONGEST_SHORT

MOST_EVENTS = 50
MOST_OCTETS = 4 * 1024 * 1024
LAST_SEQ = 100_000
LONGEST_VALUE = max(*LONGEST.values(), LONGEST_SHORT)
UNREADABLE = N_("What this device sent can't be read. Reload the page.")
_DEVICE = re.compile(r"[A-Za-z0-9-]{4,40}")
_KEY = re.compile(r"[A-Za-z0-9-]{4,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Given:
    """One answer as a device gave it; `client_at` and `client_mono` are its own clocks, which order nothing."""

    seq: int
    item: str
    value: str
    client_at: str = ""
    client_mono: int | None = None


@dataclass(frozen=True)
class Batch:
    """Answers of one device in its own order. `epoch` is the one it believes to hold, 0 when it does not know."""

    device: str
    events: tuple[Given, ...]
    epoch: int = 0
    take_over: bool = False


@dataclass(frozen=True)
class Closing:
    """A hand-in: the device's last number, and the digest of the answers as it knows them."""

    idempotency_key: str
    device: str
    last_seq: int
    answers_hash: str


def batch(octets: bytes) -> Batch:
    """The answers a device sent. Raises Invalid."""
    content = json_object(octets)
    events, take_over = content.get("events"), content.get("take_over", False)
    if not isinstance(events, list) or len(events) > MOST_EVENTS or not isinstance(take_over, bool):
        raise Invalid(UNREADABLE)
    return Batch(
        _matching(_DEVICE, content.get("device")),
        tuple(sorted((_given(event) for event in events), key=lambda given: given.seq)),
        whole(content.get("epoch", 0), 0),
        take_over,
    )


def closing(octets: bytes) -> Closing:
    """A device's hand-in. Raises Invalid."""
    content = json_object(octets)
    return Closing(
        _matching(_KEY, content.get("idempotency_key")),
        _matching(_DEVICE, content.get("device")),
        whole(content.get("last_seq"), 0),
        _matching(_DIGEST, content.get("answers_hash")),
    )


def _given(event: Any) -> Given:
    if not isinstance(event, dict):
        raise Invalid(UNREADABLE)
    mono = event.get("mono")
    return Given(
        whole(event.get("seq"), 1),
        text(event.get("item"), 40),
        text(event.get("value"), LONGEST_VALUE),
        text(event.get("at", ""), 40),
        None if mono is None else whole(mono, 0, most=10**15),
    )


def json_object(octets: bytes) -> dict[str, Any]:
    """What came as JSON, if it is an object at all."""
    try:
        content = json.loads(octets)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise Invalid(UNREADABLE)
    return content


def text(value: Any, most: int) -> str:
    """A text that can be stored, not longer than it may be."""
    if not isinstance(value, str) or len(value) > most or _UNSTORABLE.search(value):
        raise Invalid(UNREADABLE)
    return value


def _matching(form: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise Invalid(UNREADABLE)
    return value


def whole(value: Any, least: int, most: int = LAST_SEQ) -> int:
    """A whole number between two limits."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Invalid(UNREADABLE)
    return value
