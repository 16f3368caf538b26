"""A bundle: the answers a device gave without the server, chained and signed, and every doubt about it. Pure.

    {"format": FORMAT, "grant": {…}, "key": id, "signature": hex,
     "events": [{"seq", "item", "value", "offset", "at", "signature"}, …],
     "end": {"count", "offset", "answers_hash", "code", "signature"}}

The grant is the server's; the device signs each event's hash, which holds the hash before it, the first the grant's. So an
event can't be changed, left out, moved or made by another device. `offset` is how many milliseconds after the grant, as the
device counted. That proves the order and completeness of what this device says, and how long it took at least; not the
time of day.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from lmsapp.core.errors import Invalid
from lmsapp.core.formatting import latin_digits
from lmsapp.core.signing import verifies_device
from lmsapp.exams import batches, questions
from lmsapp.exams.batches import LAST_SEQ, LONGEST_VALUE, Given

FORMAT = "lmsapp exam bundle 1"
MOST_OCTETS = 16 * 1024 * 1024
MOST_OFFSET = 40 * 24 * 3600 * 1000


class Doubt(StrEnum):
    """Why a bundle is held for a person to judge."""

    UNREADABLE = "unreadable"
    GRANT = "grant"
    FOREIGN = "foreign"
    SIGNATURE = "signature"
    CHAIN = "chain"
    END = "end"
    ORDER = "order"
    TOO_LONG = "too-long"
    BACK_DATED = "back-dated"
    EXPIRED = "expired"
    PAPER = "paper"
    TAKEN_OVER = "taken-over"
    CLOSED = "closed"
    CLASH = "clash"
    CODE = "code"


@dataclass(frozen=True)
class Event:
    """One answer of a bundle, when it was given by the device's own count, and the device's signature of it."""

    given: Given
    offset: int
    signature: str


@dataclass(frozen=True)
class Read:
    """A bundle whose form is right; nothing of it is believed yet."""

    grant: Mapping[str, Any]
    key_id: str
    signature: str
    events: Sequence[Event]
    end: Mapping[str, Any]

    def answers(self) -> dict[str, str]:
        """The last answer to each item, by the device's own order."""
        last = {event.given.item: event.given.value for event in self.events}
        return {item: value for item, value in last.items() if value}


@dataclass(frozen=True)
class Known:
    """What the server knows of the attempt a bundle claims to be of."""

    grant: Mapping[str, Any]
    public_key: str
    paper: str
    shapes: Mapping[str, Any]
    allowed_seconds: int
    holder: tuple[str, int]
    is_open: bool
    closing_code: str = ""


def octets_of(grant: Mapping[str, Any]) -> bytes:
    """The octets of a grant that are signed."""
    return b"lmsapp exam grant\n" + canonical(grant).encode()


def canonical(value: Any) -> str:
    """JSON that is the same wherever it is made: keys in order, no blanks, letters as they are."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def first_hash(grant: Mapping[str, Any]) -> str:
    """Where a chain begins."""
    return hashlib.sha256(octets_of(grant)).hexdigest()


def next_hash(previous: str, *parts: Any) -> str:
    """The hash of one link: over the link before and what this one says."""
    return hashlib.sha256(canonical([previous, *parts]).encode()).hexdigest()


def read(octets: bytes) -> Read:
    """A bundle from a file. Raises Invalid for what has not its form."""
    content = batches.json_object(octets)
    if content.get("format") != FORMAT or not isinstance(content.get("events"), list):
        raise Invalid(batches.UNREADABLE)
    grant, end = content.get("grant"), content.get("end")
    if not isinstance(grant, dict) or not isinstance(end, dict) or len(content["events"]) > LAST_SEQ:
        raise Invalid(batches.UNREADABLE)
    return Read(
        grant,
        batches.text(content.get("key"), 16),
        batches.text(content.get("signature"), 200),
        [_event(event) for event in content["events"]],
        {
            "count": batches.whole(end.get("count"), 0),
            "offset": batches.whole(end.get("offset"), 0, MOST_OFFSET),
            "answers_hash": batches.text(end.get("answers_hash"), 64),
            "code": batches.text(end.get("code"), 40),
            "signature": batches.text(end.get("signature"), 200),
        },
    )


def _event(event: Any) -> Event:
    if not isinstance(event, dict):
        raise Invalid(batches.UNREADABLE)
    given = Given(
        batches.whole(event.get("seq"), 1),
        batches.text(event.get("item"), 40),
        batches.text(event.get("value"), LONGEST_VALUE),
        batches.text(event.get("at"), 40),
        batches.whole(event.get("offset"), 0, MOST_OFFSET),
    )
    return Event(given, given.client_mono or 0, batches.text(event.get("signature"), 200))


def doubts(
    bundle: Read,
    known: Known,
    received_at: datetime,
    ours: Callable[[str, bytes, bytes], bool],
    answers_hash: Callable[[Mapping[str, str]], str],
) -> list[Doubt]:
    """Everything about a bundle that is not as it must be; it is taken in by itself only when there is nothing."""
    found = dict.fromkeys(_of_the_grant(bundle, known, ours))
    found |= dict.fromkeys(_of_the_chain(bundle, known))
    found |= dict.fromkeys(_of_the_times(bundle, known, received_at))
    if bundle.end["answers_hash"] != answers_hash(bundle.answers()):
        found[Doubt.END] = None
    if any(not _on_paper(event.given, known.shapes) for event in bundle.events):
        found[Doubt.PAPER] = None
    if known.holder != (bundle.grant.get("device"), bundle.grant.get("epoch")):
        found[Doubt.TAKEN_OVER] = None
    if known.closing_code and latin_digits("".join(bundle.end["code"].split())) != known.closing_code:
        found[Doubt.CODE] = None
    if not known.is_open:
        found[Doubt.CLOSED] = None
    return list(found)


def _of_the_grant(bundle: Read, known: Known, ours: Callable[[str, bytes, bytes], bool]) -> Iterator[Doubt]:
    if not ours(bundle.key_id, _octets(bundle.signature), octets_of(bundle.grant)):
        yield Doubt.GRANT
    if canonical(bundle.grant) != canonical(known.grant):
        yield Doubt.FOREIGN
    if bundle.grant.get("paper") != known.paper:
        yield Doubt.PAPER


def _of_the_chain(bundle: Read, known: Known) -> Iterator[Doubt]:
    public, link = _octets(known.public_key), first_hash(bundle.grant)
    for place, event in enumerate(bundle.events, start=1):
        if event.given.seq != place:
            yield Doubt.CHAIN
        link = link_of(link, event.given, event.offset)
        if not verifies_device(public, _octets(event.signature), link.encode()):
            yield Doubt.SIGNATURE
    end = bundle.end
    link = end_of(link, end)
    if end["count"] != len(bundle.events) or not verifies_device(public, _octets(end["signature"]), link.encode()):
        yield Doubt.END


def link_of(previous: str, given: Given, offset: int) -> str:
    """The hash a device signs for one answer."""
    return next_hash(previous, given.seq, given.item, given.value, offset, given.client_at)


def end_of(previous: str, end: Mapping[str, Any]) -> str:
    """The hash a device signs when it closes its bundle."""
    return next_hash(previous, "end", end["count"], end["offset"], end["answers_hash"], end["code"])


def _of_the_times(bundle: Read, known: Known, received_at: datetime) -> Iterator[Doubt]:
    offsets = [*(event.offset for event in bundle.events), bundle.end["offset"]]
    if any(later < earlier for earlier, later in pairwise(offsets)):
        yield Doubt.ORDER
    if offsets[-1] > known.allowed_seconds * 1000:
        yield Doubt.TOO_LONG
    passed = (received_at - datetime.fromisoformat(known.grant["granted_at"])).total_seconds()
    if max(offsets) > passed * 1000:
        yield Doubt.BACK_DATED
    if received_at > datetime.fromisoformat(known.grant["expires_at"]):
        yield Doubt.EXPIRED


def _on_paper(given: Given, shapes: Mapping[str, Any]) -> bool:
    return given.item in shapes and questions.readable(shapes[given.item], given.value)


def importable(bundle: Read, shapes: Mapping[str, Any]) -> list[Given]:
    """The answers that can be read at all, numbered as they stand: what a person can accept."""
    return [event.given for event in bundle.events if _on_paper(event.given, shapes)]


def _octets(text: str) -> bytes:
    """The octets of a hexadecimal text, nothing where it is written in any but the one way."""
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        return b""
    return octets if octets.hex() == text else b""
