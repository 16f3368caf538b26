"""E3: the whole exam of one candidate after another, from the page before it to her receipt and her mark."""

import gc
import json
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import select

from lmsapp.bench import storm
from lmsapp.bench.candidates import answers_hash, any_answer
from lmsapp.bench.measuring import Cost, Row, in_turn
from lmsapp.bench.school import School
from lmsapp.cohorts.models import Enrolment
from lmsapp.exams.models import Attempt, Sitting

TIMES = 5


def run(school: School, folder: Path, repeat: int, seed: int) -> Iterator[Row]:
    """Ours beside bare Flask that takes as many requests and commits each."""
    chance = random.Random(seed)  # noqa: S311 - the same answers every time
    storm.room(school, 0)
    with school.opened.sessions() as session:
        newest = select(Sitting).order_by(Sitting.id.desc())
        waiting = [
            (held.id, person)
            for held in session.scalars(newest.limit(7))
            for person in session.scalars(select(Enrolment.person_id).where(Enrolment.cohort_id == held.cohort_id))
        ]
    ready = [(held, school.browser(person)) for held, person in waiting[: (repeat + 1) * TIMES + 1]]
    bare = _bare(folder)
    meters = _metered(school.app), _metered(bare)
    school.count_statements()
    school.statements = 0
    requests = _sit(school, *ready.pop(), chance)[0]
    statements = school.statements
    gc.freeze()  # as the server does

    def ours() -> Cost:
        marking = sum(_sit(school, *ready.pop(), chance)[1] for _ in range(TIMES))
        return Cost((meters[0].taken() + marking) / TIMES)

    def limit() -> Cost:
        for n in range(requests * TIMES):
            bare.test_client().post("/", json={"n": n})
        return Cost(meters[1].taken() / TIMES)

    meters[0].taken()
    spent, least = in_turn(ours, limit, repeat)
    facts = {"statements": statements, "requests": requests}
    yield Row("whole", "whole exam of twenty (E3)", "CPU ms", spent, "bare Flask, a commit a request", least, facts)


class _Meter:
    """Counts the processor time of the whole process while a server's side of its requests runs, not the client's."""

    def __init__(self, serve: Any) -> None:
        self._serve, self._spent = serve, 0.0

    def __call__(self, *request: Any) -> Any:
        begun = time.process_time()
        try:
            return self._serve(*request)
        finally:
            self._spent += time.process_time() - begun

    def taken(self) -> float:
        """Milliseconds since this was asked last."""
        spent, self._spent = self._spent * 1000, 0.0
        return spent


def _metered(app: Any) -> _Meter:
    app.wsgi_app = _Meter(app.wsgi_app)
    return app.wsgi_app  # type: ignore[no-any-return]


def _sit(school: School, sitting_id: int, browser: FlaskClient, chance: random.Random) -> tuple[int, float]:
    """Begins, answers everything, hands in, is marked, reads the receipt; how many requests, and the marking's CPU ms."""
    begin = f"/en/exams/begin/{sitting_id}"
    token = token_on(browser, begin)
    paper = browser.post(begin, data={"csrf_token": token}).location
    if not paper or browser.get(paper).status_code != 200:
        raise RuntimeError(f"sitting {sitting_id} can't be begun")
    code = paper.split("/")[3]
    with school.opened.sessions() as session:
        shapes = session.scalars(select(Attempt).where(Attempt.code == code)).one().paper.shapes
    answers = {item: any_answer(shape, chance) for item, shape in shapes.items()}
    for seq, (item, value) in enumerate(answers.items(), 1):
        event = {"seq": seq, "item": item, "value": value, "at": "", "mono": 0}
        send(browser, token, f"/en/exams/{code}/events", {"device": "bench-1", "epoch": 0, "events": [event]})
    closing = {
        "idempotency_key": code,
        "device": "bench-1",
        "last_seq": len(answers),
        "answers_hash": answers_hash(answers),
    }
    send(browser, token, f"/en/exams/{code}/hand-in", closing)
    marking = storm.mark_all(school)
    if browser.get(f"/en/exams/{code}/receipt").status_code != 200:
        raise RuntimeError(f"attempt {code} has no receipt")
    return len(answers) + 5, marking


def token_on(browser: FlaskClient, page: str) -> str:
    """The form token that a page brings."""
    return browser.get(page).get_data(as_text=True).partition('name="csrf_token" value="')[2].partition('"')[0]


def send(browser: FlaskClient, token: str, path: str, content: object) -> None:
    """Sends what a browser's script sends, which must be taken."""
    reply = browser.post(
        path, data=json.dumps(content), content_type="application/json", headers={"X-CSRFToken": token}
    )
    if reply.status_code != 200:
        raise RuntimeError(f"{path} answers {reply.status_code}: {reply.get_data(as_text=True)[:200]}")


def _bare(folder: Path) -> Flask:
    file = sqlite3.connect(folder / "bare-whole.sqlite", isolation_level=None, check_same_thread=False)
    file.execute("pragma journal_mode=wal")
    file.execute("pragma synchronous=full")
    file.execute("create table answer (n)")
    app = Flask("bare")

    @app.post("/")
    def keep() -> dict[str, int]:
        file.execute("insert into answer values (?)", (request.get_json()["n"],))
        return {"kept": 1}

    return app
