"""E1 to E4: two hundred candidates answer and hand in at the running server, beside bare Flask with the same group commit."""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lmsapp.bench import school as schools
from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate, Line, Seat
from lmsapp.bench.clusters import Cluster
from lmsapp.bench.measuring import Cost, Row, Spread, share
from lmsapp.bench.school import School
from lmsapp.bench.served import SERVE, Server, served

CANDIDATES, CONNECTIONS = 200, 128
BELL_SECONDS = 10
KILLS = 8
BARE = """
import json, queue, sqlite3, sys, threading
from flask import Flask, request
from lmsapp.web.channels import create_server
file = sqlite3.connect(sys.argv[2], check_same_thread=False, isolation_level=None)
file.execute("pragma journal_mode=wal"); file.execute("pragma synchronous=full")
file.execute("create table if not exists answer (code, device, seq, item, value, primary key (code, device, seq))")
waiting = queue.Queue()
def write():
    while True:
        group = [waiting.get()]
        while not waiting.empty() and len(group) < 256:
            group.append(waiting.get())
        file.execute("begin immediate")
        for rows, done in group:
            file.executemany("insert or ignore into answer values (?, ?, ?, ?, ?)", rows)
        file.execute("commit")
        for rows, done in group:
            done.set()
threading.Thread(target=write, daemon=True).start()
app = Flask("bare")
@app.get("/healthz")
def health():
    return "well"
@app.post("/en/exams/<code>/events")
def events(code):
    sent = request.get_json()
    done = threading.Event()
    waiting.put(([(code, sent["device"], e["seq"], e["item"], e["value"]) for e in sent["events"]], done))
    done.wait()
    return json.dumps({"acked_to": sent["events"][-1]["seq"], "epoch": 1}), 200, {"Content-Type": "application/json"}
@app.post("/en/exams/<code>/hand-in")
def hand_in(code):
    sent = request.get_json()
    done = threading.Event()
    waiting.put(([(code, "hand-in", 0, sent["answers_hash"], "")], done))
    done.wait()
    return json.dumps({"receipt": code}), 200, {"Content-Type": "application/json"}
create_server(app, port=int(sys.argv[1]), threads=8, connection_limit=1000).run()
"""


@dataclass(frozen=True)
class Load:
    """What one crowd of candidates measured: answers a second, processor ms of the server an answer, waits in ms."""

    rate: float
    cpu: float
    waits: list[float]


def run(school: School, folder: Path, repeat: int, seed: int) -> Iterator[Row]:
    """Ours and bare in turn, each repetition with attempts of its own: answers (`exam`), then the bell (`bell`)."""
    bare_words = [sys.executable, "-c", BARE, "{port}", str(folder / "bare-exam.sqlite")]
    answered: dict[str, list[Load]] = {"ours": [], "bare": []}
    rung: dict[str, list[Load]] = {"ours": [], "bare": []}
    marked: list[float] = []
    for turn in range(repeat):
        seats = storm.room(school, CANDIDATES)
        places = {
            "ours": ([*SERVE, "--no-worker"], school.opened.settings.data, seats),
            "bare": (bare_words, folder, _others(seats, turn)),
        }
        for name, (words, where, seated) in places.items():
            with served(words, where) as server:  # without the worker: what marking costs is measured by itself
                crowd = [Candidate(seat, seed) for seat in seated]
                answered[name].append(asyncio.run(_answers(server, crowd)))
                rung[name].append(asyncio.run(_bell(server, crowd)))
            if name == "ours":
                marked.append(storm.mark_all(school))
                tally = storm.verify(school, crowd, storm.Tally().with_ledgers(crowd))
                if not tally.sound:
                    raise RuntimeError(f"answers were lost: {tally}")
    yield from _rows("exam", "answer (E1, E2)", answered, "bare Flask with group commit")
    marking = {"marking by the worker": round(statistics.median(marked), 1)}
    yield from _rows("bell", "hand-in, 200 in 10 s (E4)", rung, "bare Flask with group commit", marking)


def _others(seats: Sequence[Seat], turn: int) -> list[Seat]:
    return [replace(seat, code=f"{seat.code}{turn}") for seat in seats]


def _rows(
    workload: str, what: str, loads: dict[str, list[Load]], limit: str, more: Mapping[str, float] | None = None
) -> Iterator[Row]:
    amounts: dict[str, tuple[str, Callable[[Load], float]]] = {
        f"{what}, rate": ("a second", lambda load: load.rate),
        f"{what}, server": ("CPU ms", lambda load: load.cpu),
        f"{what}, 99th percentile": ("wall ms", lambda load: share(load.waits, 0.99)),
    }
    for name, (unit, amount) in amounts.items():
        ours, bare = (Spread.of([Cost(amount(load)) for load in loads[side]]) for side in ("ours", "bare"))
        facts: dict[str, Any] = {"CPU ms": dict(more or {})}.get(unit, {})
        if unit == "wall ms":
            facts = {"most_ms": round(max(max(load.waits) for load in loads["ours"]))}
        yield Row(workload, name, unit, ours, limit, bare, facts)


async def _answers(server: Server, crowd: Sequence[Candidate]) -> Load:
    """Everybody answers her paper once, as fast as she is answered, on so many connections."""
    places = asyncio.Semaphore(CONNECTIONS)
    cpu, began = server.processor_seconds(), time.perf_counter()

    async def sit(one: Candidate) -> None:
        async with places:
            line = Line(server.port, one.seat.cookie)
            for event in one.answers():
                await one.give(line, event)
            line.close()

    await asyncio.gather(*(sit(one) for one in crowd))
    waits = [wait for one in crowd for wait in one.ledger.waited]
    spent = time.perf_counter() - began
    return Load(len(waits) / spent, (server.processor_seconds() - cpu) * 1000 / len(waits), waits)


async def _bell(server: Server, crowd: Sequence[Candidate]) -> Load:
    """Everybody hands in within ten seconds, evenly."""
    cpu = server.processor_seconds()
    waits: list[float] = []

    async def hand_in(one: Candidate, after: float) -> None:
        await asyncio.sleep(after)
        line, began = Line(server.port, one.seat.cookie), time.perf_counter()
        await one.hand_in(line)
        waits.append((time.perf_counter() - began) * 1000)
        line.close()

    await asyncio.gather(*(hand_in(one, n * BELL_SECONDS / len(crowd)) for n, one in enumerate(crowd)))
    spent = server.processor_seconds() - cpu
    return Load(len(crowd) / BELL_SECONDS, spent * 1000 / len(crowd), waits)


def engines(school: School, folder: Path, repeat: int, seed: int) -> Iterator[Row]:
    """E16: the same answers on PostgreSQL, beside SQLite."""
    cluster = Cluster(durable=True)
    try:
        cluster.administer("CREATE DATABASE school")
        url = f"{cluster.url}/school"
        other = schools.build(folder / "postgres-school", seed, url)
        rates: dict[str, list[Cost]] = {"postgresql": [], "sqlite": []}
        for _ in range(repeat):
            for name, place, more in (("postgresql", other, {"LMSAPP_DATABASE_URL": url}), ("sqlite", school, {})):
                crowd = [Candidate(seat, seed) for seat in storm.room(place, CANDIDATES)]
                with served(SERVE, place.opened.settings.data, more) as server:
                    rates[name].append(Cost(asyncio.run(_answers(server, crowd)).rate))
        other.close()
    finally:
        cluster.remove()
    ours, limit = (Spread.of(rates[name]) for name in ("postgresql", "sqlite"))
    yield Row("engines", "answers on PostgreSQL (E16)", "a second", ours, "on SQLite", limit)


def kill(school: School, seed: int) -> Iterator[Row]:
    """R1: answers acknowledged while the server is killed eight times; lost ones must be 0."""
    crowd = [Candidate(seat, seed) for seat in storm.room(school, CANDIDATES)]
    server = Server(SERVE, school.opened.settings.data)
    server.start()

    def again() -> None:
        server.kill()
        server.start()

    try:
        tally = storm.run(crowd, server.port, again, seed=seed, faults=KILLS, acknowledged=0)
        storm.wait_until_marked(school, len(crowd))
    finally:
        server.stop()
    storm.verify(school, crowd, tally)
    lost = Spread.of([Cost(float(tally.lost + tally.changed))])
    facts = {"kills": tally.faults, "acknowledged": tally.acknowledged, "sound": int(tally.sound)}
    yield Row("exam-kill", "acknowledged answers lost (R1)", "answers", lost, "none", Spread.of([Cost(0.0)]), facts)
