"""R11: cut lines, swallowed replies and somebody else's pages: nobody is told “saved” who is not, and everything arrives in the end."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate, Line, Unanswered
from lmsapp.bench.school import School
from lmsapp.bench.served import SERVE, Server
from lmsapp.bench.storm import Tally
from tests.reliability.conftest import SEED
from tests.reliability.proxies import BadNetwork


class Credulous(Candidate):
    """The planted fault: a page that takes any 200 for “saved”."""

    async def send(self, line: Line, events: Any) -> None:
        try:
            status, _text = await line.ask(
                "POST", f"/en/exams/{self.seat.code}/events", self._body(events), self._headers()
            )
        except Unanswered:
            return
        if status == 200:
            self._told(len(self.events))


def through_a_bad_network(school: School, kind: type[Candidate], size: int, rounds: int) -> tuple[Tally, int]:
    """Everybody answers through the network, which heals before they hand in; the tally, and how often it failed."""
    server = Server(SERVE, school.opened.settings.data)
    candidates = [kind(seat, SEED) for seat in storm.room(school, size)]
    server.start()
    network = BadNetwork(server.port, SEED)

    async def sit(candidate: Candidate, healed: asyncio.Barrier) -> None:
        line = Line(network.port, candidate.seat.cookie)
        for event in candidate.answers(rounds):
            await candidate.give(line, event)
        await healed.wait()
        network.healed = True
        await candidate.hand_in(line)
        line.close()

    async def all_sit() -> None:
        healed = asyncio.Barrier(len(candidates))
        async with asyncio.timeout(300):
            await asyncio.gather(*(sit(one, healed) for one in candidates))

    try:
        asyncio.run(all_sit())
        storm.wait_until_marked(school, len(candidates))
    finally:
        network.close()
        server.stop()
    tally = Tally(candidates=len(candidates), faults=network.faults).with_ledgers(candidates)
    return storm.verify(school, candidates, tally), network.faults


def test_nobody_is_told_saved_who_is_not(school: School, long: bool, tell: Callable[..., None]) -> None:
    tally, faults = through_a_bad_network(school, Candidate, 60 if long else 10, 20 if long else 1)
    tell("R11 cuts, swallowed replies, foreign pages", **tally.facts())
    assert faults > 20
    assert tally.sound, tally


def test_a_page_that_believes_any_answer_is_found_out(school: School, tell: Callable[..., None]) -> None:
    tally, _faults = through_a_bad_network(school, Credulous, 5, 1)
    tell("R11 planted: any 200 counts as saved", **tally.facts())
    assert tally.lost > 0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A swallowed reply is given up soon, so that the test ends."""
    monkeypatch.setattr("lmsapp.bench.candidates.PATIENCE_SECONDS", 3)
