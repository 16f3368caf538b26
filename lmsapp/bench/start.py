"""E8, E9: from nothing to the first answer, and the memory of the process, beside bare Flask and SQLAlchemy."""

import sys
from collections.abc import Iterator
from pathlib import Path

from lmsapp.bench.measuring import Cost, Row, Spread
from lmsapp.bench.served import served

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
    commands = {
        "ours": [sys.executable, "-m", "lmsapp", "serve", "--port", "{port}"],
        "bare": [sys.executable, "-c", BARE, "{port}", str(folder / "bare-start.sqlite")],
    }
    seen: dict[str, list[tuple[Cost, float, float]]] = {name: [] for name in commands}
    for turn in range(repeat + 1):
        for name, words in commands.items():
            measured = _measured(words, folder)
            if turn:
                seen[name].append(measured)
    for what, unit, place in (
        ("first answer (E8)", "wall s", 0),
        ("memory idle (E9)", "MB", 1),
        ("memory loaded (E9)", "MB", 2),
    ):
        ours, limit = (Spread.of([_cost(one[place]) for one in seen[name]]) for name in ("ours", "bare"))
        spent = {name: round(_middle([one[0].cpu for one in seen[name]]), 2) for name in ("ours", "bare")}
        facts = {"cpu_seconds": spent["ours"], "bare_cpu_seconds": spent["bare"]} if place == 0 else {}
        yield Row("start", what, unit, ours, "bare Flask and SQLAlchemy", limit, facts)


def _measured(words: list[str], folder: Path) -> tuple[Cost, float, float]:
    """Processor and wall seconds to the first answer; memory in MB then, and after some load."""
    with served(words, folder) as server:
        idle = server.memory()
        for _ in range(LOADED_BY):
            server.answers("en/courses")
        return server.first_answer, idle, server.memory()


def _cost(measured: Cost | float) -> Cost:
    return Cost(measured.wall, measured.wall) if isinstance(measured, Cost) else Cost(measured)


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
