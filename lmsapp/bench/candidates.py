"""Simulated candidates: they send what a browser would send, and keep a ledger of what the server acknowledged.

The ledger is theirs alone: nothing the server says later can change it. Whatever is not acknowledged is sent again.
"""

import asyncio
import hashlib
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from lmsapp.accounts.models import SignIn
from lmsapp.core import clock
from lmsapp.exams import questions
from lmsapp.exams.models import Attempt
from lmsapp.exams.questions import Kind
from lmsapp.web.login import TICKET, ticket_hash

PATIENCE_SECONDS = 15
CHANGED, REPLAYED = 0.10, 0.02
HONEST = (429, 503, 507)


class Unanswered(Exception):
    """No whole answer came: cut, refused, timed out, or not HTTP."""


class Line:
    """One keep-alive connection of HTTP/1.1, as small as it can be so that the load costs little beside the server."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port, self._cookie = port, cookie
        self.headers: dict[str, str] = {}  # of the last answer
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> tuple[int, bytes]:
        """Status and body of one answer; raises Unanswered."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._ask(method, path, body, headers)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as problem:
            self.close()
            raise Unanswered from problem

    async def _ask(self, method: str, path: str, body: bytes, headers: str) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        length = f"Content-Length: {len(body)}\r\n" if method != "GET" else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {self._cookie}\r\n{length}{headers}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        self.headers = found
        text = await reader.readexactly(int(found.get("content-length", "0")))
        if found.get("connection", "").lower() == "close":
            self.close()
        return int(lines[0].split(" ")[1]), text

    def close(self) -> None:
        """Lets go of the connection; the next question opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@dataclass
class Seat:
    """What a candidate brings to the room: her attempt, her signed-in browser, what her paper asks."""

    code: str
    cookie: str
    token: str
    shapes: Mapping[str, Any]


@dataclass
class Ledger:
    """What one candidate was told is saved: sequence number to item and value; how long each answer took in ms.

    `forgotten` are numbers that the server had acknowledged and later did not know.
    """

    acked: dict[int, tuple[str, str]] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)
    receipt: bytes = b""
    waited: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Candidate:
    """Answers every item of her paper in an order of her own, changes some answers, repeats some requests, hands in."""

    def __init__(self, seat: Seat, seed: int) -> None:
        self.seat, self.ledger = seat, Ledger()
        self._chance = random.Random(f"{seed}:{seat.code}")  # noqa: S311 - the same candidate every time
        self._device = f"bench-{self._chance.randrange(10**9)}"
        self._epoch, self.acked_to, self.last_status = 0, 0, 0
        self.events: list[dict[str, Any]] = []

    def answers(self, rounds: int = 1) -> Iterator[dict[str, Any]]:
        """Her answers one by one, numbered."""
        for _ in range(rounds):
            items = sorted(self.seat.shapes)
            self._chance.shuffle(items)
            for item in [*items, *(item for item in items if self._chance.random() < CHANGED)]:
                value = any_answer(self.seat.shapes[item], self._chance)
                event = {"seq": len(self.events) + 1, "item": item, "value": value, "at": "", "mono": 0}
                self.events.append(event)
                yield event

    async def give(self, line: Line, event: dict[str, Any]) -> None:
        """Sends one answer, and before it everything above the server's number, until it is acknowledged."""
        while event["seq"] > self.acked_to:
            await self.flush(line)
        if self._chance.random() < REPLAYED:
            await self.send(line, [event])

    async def flush(self, line: Line) -> None:
        """Sends what the server does not know yet."""
        await self.send(line, self.events[self.acked_to :][:50])

    async def send(self, line: Line, events: Sequence[dict[str, Any]]) -> None:
        """One request; what its answer acknowledges goes into the ledger, everything else counts as not sent."""
        began = time.perf_counter()
        try:
            path = f"/en/exams/{self.seat.code}/events"
            status, text = await line.ask("POST", path, self._body(events), self._headers())
        except Unanswered:
            await asyncio.sleep(0.1)
            return
        self.last_status = status
        if status != 200:
            self._refused(status, text)
            await asyncio.sleep(0.1)
            return
        said = _object(text)
        if "acked_to" not in said:  # somebody else's page, as a captive portal sends it
            return
        self.ledger.waited.append((time.perf_counter() - began) * 1000)
        self._epoch = said["epoch"]
        self._told(said["acked_to"])

    def _told(self, acked_to: int) -> None:
        self.acked_to = acked_to
        for one in self.events[:acked_to]:
            self.ledger.acked.setdefault(one["seq"], (one["item"], one["value"]))
        self.ledger.forgotten |= {seq for seq in self.ledger.acked if seq > acked_to}

    def _refused(self, status: int, text: bytes) -> None:
        """A server that says it can't write just now is honest; whatever else it refuses is a fault."""
        if status not in HONEST:
            self.ledger.refused.append(f"{status} {text[:120]!r}")

    async def hand_in(self, line: Line) -> None:
        """Hands in until a receipt came."""
        wish = {
            "idempotency_key": f"bench-{self.seat.code}",
            "device": self._device,
            "last_seq": len(self.events),
            "answers_hash": answers_hash(self.final()),
        }
        while not self.ledger.receipt:
            try:
                path = f"/en/exams/{self.seat.code}/hand-in"
                status, text = await line.ask("POST", path, json.dumps(wish).encode(), self._headers())
            except Unanswered:
                await asyncio.sleep(0.1)
                continue
            if status == 200:
                self.ledger.receipt = text
                return
            if status == 409 and (said := _object(text)) and said.get("error") == "missing":
                self._told(said["acked_to"])
                await self.send(line, self.events[self.acked_to :][:50])
            else:
                self._refused(status, text)
                await asyncio.sleep(0.1)

    def final(self) -> dict[str, str]:
        """The answers that must count in the end: the last one to each item."""
        return {event["item"]: event["value"] for event in self.events}

    def _body(self, events: Sequence[dict[str, Any]]) -> bytes:
        return json.dumps({"device": self._device, "epoch": self._epoch, "events": events}).encode()

    def _headers(self) -> str:
        return f"Content-Type: application/json\r\nAccept: application/json\r\nX-CSRFToken: {self.seat.token}\r\n"


def _object(text: bytes) -> dict[str, Any]:
    """What an answer says as JSON; nothing when it is somebody else's page."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def answers_hash(answers: Mapping[str, str]) -> str:
    """What candidate and server must agree on: see `sitting.answers_hash`, computed here as a browser computes it."""
    listed = sorted([item, value] for item, value in answers.items() if value)
    return hashlib.sha256(json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def any_answer(shape: Mapping[str, Any], chance: random.Random) -> str:
    """Some answer that fits an item, right or wrong."""
    kind = shape["kind"]
    if kind == Kind.MULTIPLE:
        return " ".join(sorted(chance.sample(shape["options"], chance.randint(1, len(shape["options"])))))
    if kind == Kind.MATCHING:
        return " ".join(f"{prompt}={chance.choice(shape['choices'])}" for prompt in shape["prompts"])
    if kind == Kind.ORDERING:
        return " ".join(chance.sample(shape["options"], len(shape["options"])))
    if kind == Kind.HOTSPOT:
        return chance.choice(questions.squares(shape["columns"], shape["rows"]))
    if kind == Kind.CLOZE:
        return questions.in_gaps(
            {gap: chance.choice(names) if names else "stop" for gap, names in shape["gaps"].items()}
        )
    return chance.choice(shape["options"]) if "options" in shape else str(chance.randrange(100))


def seated(database: Session, app: Flask, attempts: Sequence[Attempt]) -> list[Seat]:
    """Signs every candidate in, as a browser would be after the sign-in page."""
    now, seats = clock.now(), []
    for attempt in attempts:
        ticket = f"bench-{attempt.code}"
        database.add(
            SignIn(
                ticket_hash=ticket_hash(ticket),
                person_id=attempt.person_id,
                begun_at=now,
                fresh_at=now,
                seen_at=now,
                ends_at=now + timedelta(days=1),
            )
        )
        with app.test_request_context():
            session[TICKET] = ticket
            token = generate_csrf()
            signed = app.session_interface.get_signing_serializer(app).dumps(dict(session))  # type: ignore[attr-defined]
        seats.append(Seat(attempt.code, f"{app.config['SESSION_COOKIE_NAME']}={signed}", token, attempt.paper.shapes))
    return seats
