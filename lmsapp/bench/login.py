"""E15: one sign-in, beside the hash it can't do without; then two hundred in half a minute, while others answer an exam."""

import asyncio
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from lmsapp.accounts import secrets
from lmsapp.accounts.models import Person
from lmsapp.accounts.roles import Role
from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate, Line
from lmsapp.bench.measuring import Cost, Row, Spread, in_turn, share, timed
from lmsapp.bench.school import PIN, School
from lmsapp.bench.served import SERVE, Server, served

TIMES = 5
STORM, STORM_SECONDS = 200, 30
ANSWERING, ANSWER_EVERY, QUIET_SECONDS = 50, 1.0, 15
MOST_STORMS = 3
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(frozen=True)
class Span:
    """What the server did in some seconds: its processor ms, and how long each answer and sign-in waited."""

    cpu: float
    answers: list[float]
    sign_ins: list[float]


def run(school: School, repeat: int, seed: int) -> Iterator[Row]:
    """A trainee signs in with person number and PIN, in a browser that has the form already; then many do."""
    number, hashed = school.person_with(Role.TRAINEE).number, secrets.hashed(PIN)

    def sign_in() -> None:
        browser = school.browser()
        found = TOKEN.search(browser.get("/en/sign-in").get_data(as_text=True))
        token = found[1] if found else ""
        reply = browser.post("/en/sign-in", data={"login": number, "secret": PIN, "csrf_token": token})
        if reply.status_code != 303:
            raise RuntimeError(f"the sign-in answers {reply.status_code}")

    ours, limit = in_turn(
        lambda: timed(sign_in, TIMES), lambda: timed(lambda: secrets.matches(hashed, PIN), TIMES), repeat
    )
    yield Row("login", "page and sign-in (E15)", "CPU ms", ours, "the hash alone", limit)
    yield from _storms(school, min(repeat, MOST_STORMS), seed, hashed)


def _storms(school: School, repeat: int, seed: int, hashed: str) -> Iterator[Row]:
    """Quiet and storm in turn; a sign-in costs what the server used more than for the answers alone."""
    each, hashes, quiet_waits, waits, slowest = [], [], [], [], 0.0
    for turn in range(repeat):
        crowd = [Candidate(seat, seed + turn) for seat in storm.room(school, ANSWERING)]
        forms = _forms(school)
        with served([*SERVE, "--no-worker"], school.opened.settings.data) as server:
            quiet = asyncio.run(_span(server, crowd, QUIET_SECONDS, []))
            hashes.append(timed(lambda: secrets.matches(hashed, PIN), TIMES))
            stormy = asyncio.run(_span(server, crowd, STORM_SECONDS, forms))
        answers = quiet.cpu / len(quiet.answers) * len(stormy.answers)
        each.append(Cost((stormy.cpu - answers) / len(forms)))
        quiet_waits.append(Cost(share(quiet.answers, 0.99)))
        waits.append(Cost(share(stormy.answers, 0.99)))
        slowest = max(slowest, *stormy.sign_ins)
    yield Row(
        "login", f"{STORM} sign-ins in {STORM_SECONDS} s (E15)", "CPU ms", Spread.of(each), "the hash alone",
        Spread.of(hashes), {"slowest_ms": round(slowest)},
    )  # fmt: skip
    what = "answers' p99 beside them (E15)"
    yield Row("login", what, "wall ms", Spread.of(waits), "p99 without them", Spread.of(quiet_waits))


def _forms(school: School) -> list[tuple[str, bytes]]:
    """The cookie and the filled form of everybody who will sign in."""
    with school.opened.sessions() as database:
        numbers = database.scalars(select(Person.number).where(Person.secret_kind.is_not(None)).limit(STORM)).all()
    serializer = school.app.session_interface.get_signing_serializer(school.app)  # type: ignore[attr-defined]
    forms = []
    for number in numbers:
        with school.app.test_request_context():
            token = generate_csrf()
            cookie = f"{school.app.config['SESSION_COOKIE_NAME']}={serializer.dumps(dict(session))}"
        forms.append((cookie, urlencode({"login": number, "secret": PIN, "csrf_token": token}).encode()))
    return forms


async def _span(server: Server, crowd: Sequence[Candidate], seconds: float, forms: Sequence[tuple[str, bytes]]) -> Span:
    """Everybody answers once a second, each at her own moment; the sign-ins come evenly."""
    cpu, sign_ins = server.processor_seconds(), list[float]()
    for one in crowd:
        one.ledger.waited.clear()

    async def answer(one: Candidate) -> None:
        line, chance = Line(server.port, one.seat.cookie), random.Random(one.seat.code)  # noqa: S311 - spread, not secret
        await asyncio.sleep(chance.uniform(0, ANSWER_EVERY))
        until = time.perf_counter() + seconds
        for event in one.answers(rounds=1_000):
            if time.perf_counter() > until:
                break
            await one.give(line, event)
            await asyncio.sleep(ANSWER_EVERY)
        line.close()

    async def sign_in(cookie: str, body: bytes, after: float) -> None:
        await asyncio.sleep(after)
        began, line = time.perf_counter(), Line(server.port, cookie)
        status, _text = await line.ask("POST", "/en/sign-in", body, FORM)
        sign_ins.append((time.perf_counter() - began) * 1000)
        line.close()
        if status != 303:
            raise RuntimeError(f"the sign-in answers {status}")

    knocks = (sign_in(*form, n * seconds / len(forms)) for n, form in enumerate(forms))
    await asyncio.gather(*(answer(one) for one in crowd), *knocks)
    waits = [wait for one in crowd for wait in one.ledger.waited]
    return Span((server.processor_seconds() - cpu) * 1000, waits, sign_ins)
