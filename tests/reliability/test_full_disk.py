"""R5: the disk runs full in mid-exam: nothing that was acknowledged is lost, what fails says so, and it goes on when there is room."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lmsapp.bench import school as schools
from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate, Line
from lmsapp.bench.served import SERVE, Server
from lmsapp.bench.storm import Tally
from tests.reliability.conftest import SEED, planted

PATIENCE = 20  # tries to get one answer acknowledged: a server that lies is believed no longer
HANDED_IN_WITHIN = 30  # seconds
BALLAST = 200_000  # octets; each step leaves a little less room than the last
# Octets beside the school: what is written in the end must find its place when the ballast is gone.
ROOM, ROOM_LONG = 6_000_000, 24_000_000


@pytest.fixture
def small_disk(tmp_path: Path, built: Path, long: bool) -> Iterator[Path]:
    """A disk in memory with the school on it and hardly any room beside; needs the right to mount."""
    place = tmp_path / "disk"
    place.mkdir()
    size = sum(one.stat().st_size for one in built.rglob("*") if one.is_file()) + (ROOM_LONG if long else ROOM)
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("a small disk can't be mounted here")
    shutil.copytree(built, place / "school")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int) -> Path:
    """Takes all room but `leave` octets."""
    free = os.statvfs(place)
    ballast = place / "ballast"
    ballast.write_bytes(b"x" * max(0, free.f_bavail * free.f_frsize - leave))
    return ballast


async def sit(candidate: Candidate, line: Line, told: set[int]) -> None:
    """Answers until something is refused."""
    for event in candidate.answers(6):
        for _ in range(PATIENCE):
            if event["seq"] <= candidate.acked_to:
                break
            await candidate.flush(line)
            if candidate.last_status >= 400:
                told.add(candidate.last_status)
                return


def exam_on_a_small_disk(
    place: Path, words: list[str], points: int, within: float | None = None
) -> tuple[Tally, set[int]]:
    """Everybody writes until the disk is full, then there is room again, and so on; the tally, and what was answered then.

    A server that lies is left after so many seconds `within`: with what it says it knows, no exam comes to its end.
    """
    school = schools.reopened(place / "school")
    candidates = [Candidate(seat, SEED) for seat in storm.room(school, 8)]
    server, told = Server(words, school.opened.settings.data), set[int]()
    server.start()

    async def exam(lines: list[Line]) -> None:
        for point in range(points):
            ballast = fill(place, BALLAST - point * BALLAST // points)
            await asyncio.gather(*(sit(one, line, told) for one, line in zip(candidates, lines, strict=True)))
            assert server.answers("healthz")  # reading goes on
            ballast.unlink()
            await asyncio.gather(*(one.flush(line) for one, line in zip(candidates, lines, strict=True)))
        with suppress(TimeoutError):  # a server that lied can't agree with what she holds
            async with asyncio.timeout(HANDED_IN_WITHIN):
                await asyncio.gather(*(one.hand_in(line) for one, line in zip(candidates, lines, strict=True)))

    async def until_it_is_over() -> None:
        lines = [Line(server.port, one.seat.cookie) for one in candidates]
        try:
            async with asyncio.timeout(within):
                await exam(lines)
        finally:
            for line in lines:
                line.close()

    try:
        with suppress(TimeoutError):
            asyncio.run(until_it_is_over())
        if all(one.ledger.receipt for one in candidates):
            storm.wait_until_marked(school, len(candidates))
    finally:
        server.stop()
    tally = Tally(candidates=len(candidates), faults=points).with_ledgers(candidates)
    storm.verify(school, candidates, tally)
    school.close()
    return tally, told


def test_a_full_disk_loses_nothing_and_says_so(small_disk: Path, long: bool, tell: Callable[..., None]) -> None:
    tally, told = exam_on_a_small_disk(small_disk, SERVE, 40 if long else 12)
    tell("R5 full disk", **tally.facts(), told=sorted(told))
    assert 507 in told
    assert tally.sound, tally


def test_a_server_that_denies_a_failed_commit_is_found_out(small_disk: Path, tell: Callable[..., None]) -> None:
    tally, _told = exam_on_a_small_disk(small_disk, planted("deny-failure"), 1, within=20)
    tell("R5 planted: saved though the commit failed", **tally.facts())
    assert tally.lost > 0
