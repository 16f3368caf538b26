"""E8, E9: from nothing to the first answer, and the memory of the process, beside bare Flask and SQLAlchemy."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from lmsapp.bench.measuring import Cost, Row, Spread

WAIT_SECONDS = 30
LOADED_BY = 150  # requests
BARE = """
import sys, waitress
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
engine = create_engine("sqlite:///" + sys.argv[2])
app = Flask("bare")
@app.get("/<path:path>")
def answer(path):
    with Session(engine) as session:
        return str(session.scalar(text("select 1")))
waitress.serve(app, port=int(sys.argv[1]), threads=8)
"""


def run(folder: Path, repeat: int) -> Iterator[Row]:
    """Starts both in turn; the database is there and up to date."""
    seen: dict[str, list[tuple[Cost, float, float]]] = {"ours": [], "bare": []}
    for turn in range(repeat + 1):
        for name, measures in seen.items():
            port = _free_port()
            words = (
                [sys.executable, "-m", "lmsapp", "serve", "--port", str(port)]
                if name == "ours"
                else [sys.executable, "-c", BARE, str(port), str(folder / "bare-start.sqlite")]
            )
            measured = _started(words, port, folder)
            if turn:
                measures.append(measured)
    for what, unit, place in (
        ("first answer (E8)", "wall s", 0),
        ("memory idle (E9)", "MB", 1),
        ("memory loaded (E9)", "MB", 2),
    ):
        ours, limit = (Spread.of([_cost(one[place]) for one in seen[name]]) for name in ("ours", "bare"))
        facts = {"cpu_seconds": round(_middle([one[0].cpu for one in seen["ours"]]), 2)} if place == 0 else {}
        yield Row("start", what, unit, ours, "bare Flask and SQLAlchemy", limit, facts)


def _cost(measured: Cost | float) -> Cost:
    return Cost(measured.wall, measured.wall) if isinstance(measured, Cost) else Cost(measured)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _started(words: list[str], port: int, folder: Path) -> tuple[Cost, float, float]:
    """Processor and wall seconds to the first answer; memory in MB then, and after some load."""
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own words
        words, env=os.environ | {"LMSAPP_DATA": str(folder)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not _answers(port, "healthz"):
            if process.poll() is not None or time.perf_counter() - begun > WAIT_SECONDS:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        cost = Cost(_processor_seconds(process.pid), time.perf_counter() - begun)
        idle = _memory(process.pid)
        for _ in range(LOADED_BY):
            _answers(port, "en/courses")
        return cost, idle, _memory(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_SECONDS)


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=5) as reply:
            reply.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True


def _processor_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
