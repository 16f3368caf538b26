"""R6: a disk that takes long to sync: who saves together waits together, nobody for a lock that is given up."""

import asyncio
import random
from collections.abc import Callable
from itertools import islice
from statistics import quantiles

from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate, Line
from lmsapp.bench.school import School
from lmsapp.bench.served import Server
from lmsapp.bench.storm import Tally
from tests.reliability.conftest import SEED, planted

THINKS = 10.0  # seconds between two answers at most, at least twice as fast as people answer
LIMIT_MS = 1000


class Counting(Candidate):
    """A candidate who counts how often she was told to come again."""

    turned_away = 0

    def _refused(self, status: int, text: bytes) -> None:
        self.turned_away += 1
        super()._refused(status, text)


def exam(
    school: School, faults: str, milliseconds: int, size: int, answers: int, thinks: float = THINKS
) -> tuple[Tally, dict[str, float]]:
    """Everybody answers so many times on such a disk; the tally, and what was measured beside."""
    folder = school.opened.settings.data
    candidates = [Counting(seat, SEED) for seat in storm.room(school, size)]
    server = Server([*planted(faults), "--no-worker"], folder, {"SLOW_DISK_MS": str(milliseconds)})
    chance = random.Random(SEED)
    (folder / "commits").unlink(missing_ok=True)
    server.start()

    async def answer(candidate: Counting, line: Line) -> None:
        for event in islice(candidate.answers(1_000), answers):
            await asyncio.sleep(chance.uniform(0, thinks))
            await candidate.give(line, event)

    async def everybody() -> int:
        lines = [Line(server.port, one.seat.cookie) for one in candidates]
        await asyncio.gather(*(answer(one, line) for one, line in zip(candidates, lines, strict=True)))
        told = (folder / "commits").stat().st_size
        await asyncio.gather(*(one.hand_in(line) for one, line in zip(candidates, lines, strict=True)))
        for line in lines:
            line.close()
        return told

    try:
        commits = asyncio.run(everybody())
    finally:
        server.stop()
    storm.mark_all(school)
    tally = storm.verify(school, candidates, Tally(candidates=size, faults=commits).with_ledgers(candidates))
    waited = sorted(ms for one in candidates for ms in one.ledger.waited)
    return tally, {
        "sync_ms": milliseconds,
        "p50_ms": round(waited[len(waited) // 2]),
        "p95_ms": round(quantiles(waited, n=20)[-1]),
        "saves_a_commit": round(tally.acknowledged / commits, 1),
        "turned_away": sum(one.turned_away for one in candidates),
    }


def test_saves_are_committed_together_when_the_disk_is_slow(
    school: School, long: bool, tell: Callable[..., None]
) -> None:
    for milliseconds in (20, 100, 500) if long else (100,):
        size, answers, thinks = (200, 10, THINKS) if long else (40, 4, 0.5)
        tally, found = exam(school, "slow-disk", milliseconds, size, answers, thinks)
        tell("R6 slow disk", **tally.facts(), **found)
        assert tally.sound, tally
        assert found["turned_away"] == 0
        assert long or found["saves_a_commit"] > 2
        assert not long or milliseconds > 100 or found["p95_ms"] < LIMIT_MS


def test_saves_that_are_committed_one_by_one_are_found_out(school: School, tell: Callable[..., None]) -> None:
    tally, found = exam(school, "slow-disk,one-by-one", 100, 20, 3, 0.1)
    tell("R6 planted: one by one", **tally.facts(), **found)
    assert found["saves_a_commit"] <= 1
