"""R13: more is asked than can be served: readers are told to come again, candidates come first, and nothing acknowledged is lost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from statistics import median

from lmsapp.accounts.roles import Role
from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate, Line, Unanswered
from lmsapp.bench.school import School
from lmsapp.bench.served import SERVE, Server
from lmsapp.bench.storm import Tally
from tests.reliability.conftest import SEED, planted

PAGE = "/en/courses/maf-101"
COMES_AGAIN_AFTER = 0.5  # seconds: less patient than it is told to be


class Sitting(Candidate):
    """A candidate who counts how often she was turned away."""

    turned_away = 0

    def _refused(self, status: int, text: bytes) -> None:
        self.turned_away += status == 503
        super()._refused(status, text)


@dataclass
class Readers:
    """What those who read pages were told."""

    served: int = 0
    turned_away: int = 0
    not_told_when: int = 0
    other: int = 0
    waited: list[float] = field(default_factory=list)

    async def read(self, port: int, cookie: str, over: asyncio.Event) -> None:
        """Asks for the same page again and again."""
        line, now = Line(port, cookie), asyncio.get_running_loop().time
        while not over.is_set():
            begun = now()
            try:
                status, _text = await line.ask("GET", PAGE)
            except Unanswered:
                self.other += 1
                continue
            if status == 503:
                self.turned_away += 1
                self.not_told_when += not line.headers.get("retry-after", "").isdigit()
                await asyncio.sleep(COMES_AGAIN_AFTER)
                continue
            self.served += status == 200
            self.other += status != 200
            self.waited.append((now() - begun) * 1000)
        line.close()


def overloaded(
    school: School, words: list[str], size: int, crowd: int, answers: int
) -> tuple[Tally, Readers, list[Sitting]]:
    """An exam of so many beside a crowd of readers; the tally, what readers and candidates were told."""
    candidates = [Sitting(seat, SEED) for seat in storm.room(school, size)]
    teacher = school.browser(school.person_with(Role.INSTRUCTOR).id).get_cookie("session")
    assert teacher is not None
    server, readers = Server(words, school.opened.settings.data), Readers()
    server.start()

    async def sit(candidate: Sitting) -> None:
        line = Line(server.port, candidate.seat.cookie)
        for event in islice(candidate.answers(1_000), answers):
            await candidate.give(line, event)
        await candidate.hand_in(line)
        line.close()

    async def everybody() -> None:
        over = asyncio.Event()
        reading = [
            asyncio.create_task(readers.read(server.port, f"session={teacher.value}", over)) for _ in range(crowd)
        ]
        await asyncio.sleep(1)
        await asyncio.gather(*(sit(one) for one in candidates))
        over.set()
        await asyncio.gather(*reading)

    try:
        asyncio.run(everybody())
        storm.wait_until_marked(school, len(candidates))
    finally:
        server.stop()
    tally = Tally(candidates=len(candidates)).with_ledgers(candidates)
    return storm.verify(school, candidates, tally), readers, candidates


def told(tally: Tally, readers: Readers, candidates: list[Sitting]) -> dict[str, object]:
    """For a line of JSON."""
    waited = [ms for one in candidates for ms in one.ledger.waited]
    return tally.facts() | {
        "pages": readers.served,
        "readers_turned_away": readers.turned_away,
        "not_told_when": readers.not_told_when,
        "other_answers": readers.other,
        "candidates_turned_away": sum(one.turned_away for one in candidates),
        "answer_ms": round(median(waited)),
        "page_ms": round(median(readers.waited)),
    }


def test_readers_are_told_to_come_again_and_candidates_come_first(
    school: School, long: bool, tell: Callable[..., None]
) -> None:
    size, crowd, answers = (100, 700, 100) if long else (10, 350, 8)
    tally, readers, candidates = overloaded(school, SERVE, size, crowd, answers)
    tell("R13 overload", **told(tally, readers, candidates))
    assert tally.sound, tally
    assert readers.turned_away > 0 and readers.served > 0
    assert readers.not_told_when == readers.other == sum(one.turned_away for one in candidates) == 0


def test_a_server_that_lets_everybody_wait_is_found_out(school: School, tell: Callable[..., None]) -> None:
    tally, readers, candidates = overloaded(school, planted("first-come"), 10, 350, 1)
    tell("R13 planted: first come, first served", **told(tally, readers, candidates))
    assert readers.turned_away == 0
