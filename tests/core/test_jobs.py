"""Jobs: written with the act, run at least once, told apart from dead ones, parked when they poison."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import clock, jobs, translations
from lmsapp.core.errors import Busy, Invalid
from lmsapp.core.jobs import Job, Registry, Run
from lmsapp.core.sessions import transaction, writing
from lmsapp.core.settings import Settings

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Maker = sessionmaker[Session]


def ask(maker: Maker, name: str = "work", key: str | None = None, total: int | None = None) -> int:
    with transaction(maker) as session:
        return jobs.enqueue(session, name, {"n": 1}, asked_by=7, key=key, total=total)


def job_of(maker: Maker, number: int) -> Job:
    with maker() as session:
        return session.get_one(Job, number)


def registry(work: Callable[[Run], None]) -> Registry:
    made = Registry()
    made.add("work", work)
    return made


def test_a_job_runs_with_what_it_was_asked_and_in_the_language_of_who_asked(maker: Maker) -> None:
    seen: list[object] = []
    with translations.use("ka"):
        number = ask(maker, total=3)

    def work(run: Run) -> None:
        seen.extend([run.arguments, run.asked_by, translations.current().code])
        run.step(2, note="two of three", line="began")
        run.finish_with({"file": "abc"})

    assert registry(work).run(maker, number)
    job = job_of(maker, number)
    assert seen == [{"n": 1}, 7, "ka"]
    assert (job.state, job.done, job.total, job.note, job.lines) == ("done", 3, 3, "two of three", ["began"])
    assert (job.result, job.tries, job.lease_until) == ({"file": "abc"}, 1, None)
    assert job.ended_at is not None


def test_a_job_is_nowhere_when_the_act_is_undone(maker: Maker) -> None:
    carried: list[int] = []
    jobs.carry_with(carried.append)
    try:
        with writing(), maker() as session:
            jobs.enqueue(session, "work", {}, asked_by=None)
            session.rollback()
            session.add(Job(name="other", arguments={}, language="en", created_at=clock.now()))
            session.commit()
    finally:
        jobs.carry_no_more(carried.append)
    assert carried == []


def test_a_job_is_carried_after_the_outermost_commit_only(maker: Maker) -> None:
    seen: list[tuple[int, bool]] = []
    finished = threading.Event()

    def carry(number: int) -> None:
        seen.append((number, finished.is_set()))

    jobs.carry_with(carry)
    try:
        with transaction(maker) as session:
            number = jobs.enqueue(session, "work", {}, asked_by=None, key="a")
            with session.begin_nested():
                other = jobs.enqueue(session, "work", {}, asked_by=None)
            finished.set()
    finally:
        jobs.carry_no_more(carry)
    assert seen == [(number, True), (other, True)]


def test_asking_twice_with_a_key_is_one_job(maker: Maker) -> None:
    assert ask(maker, key="award-1") == ask(maker, key="award-1")
    assert ask(maker, key="award-2") != ask(maker, key="award-1")
    assert ask(maker) != ask(maker)


def test_twenty_threads_asking_at_once_with_a_key_get_one_job(maker: Maker) -> None:
    barrier, numbers = threading.Barrier(20), []

    def work() -> None:
        barrier.wait()
        numbers.append(ask(maker, key="award-1"))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers) == 20
    assert len(set(numbers)) == 1


def test_twenty_workers_taking_one_job_run_it_once(maker: Maker) -> None:
    number, runs, barrier = ask(maker), [], threading.Barrier(20)
    made = registry(lambda run: runs.append(run.job_id))

    def work() -> None:
        barrier.wait()
        made.run(maker, number)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert runs == [number]


def test_a_failing_job_is_tried_again_further_and_further_apart_then_parked_with_its_error(maker: Maker) -> None:
    runs: list[datetime] = []

    def work(_run: Run) -> None:
        runs.append(clock.now())
        raise ZeroDivisionError("no such font\n[parameters: secret]")

    made = registry(work)
    with clock.held(NOON):
        number = ask(maker)
        for _ in range(3 * 60 * 6):
            made.run(maker, number)
            clock.forward(timedelta(seconds=10))
    job = job_of(maker, number)
    assert (job.state, job.tries, len(runs)) == ("parked", 5, 5)
    assert job.note == "ZeroDivisionError: no such font"
    assert len(job.lines) == 5
    gaps = [(b - a).total_seconds() for a, b in pairwise(runs)]
    assert gaps == [10, 60, 600, 3600]


def test_what_the_domain_refuses_is_said_in_its_words_and_not_tried_again(maker: Maker) -> None:
    def work(_run: Run) -> None:
        raise Invalid("Row %(row)s has no name.", row=4)

    number = ask(maker)
    registry(work).run(maker, number)
    job = job_of(maker, number)
    assert (job.state, job.note) == ("failed", "Row 4 has no name.")


def test_a_busy_server_is_tried_again(maker: Maker) -> None:
    def work(_run: Run) -> None:
        raise Busy("Busy.")

    number = ask(maker)
    registry(work).run(maker, number)
    assert job_of(maker, number).state == "waiting"


def test_a_job_that_takes_its_worker_with_it_is_parked_too(maker: Maker) -> None:
    def work(_run: Run) -> None:
        raise KeyboardInterrupt  # as a kill: nothing is written after it

    made = registry(work)
    with clock.held(NOON):
        number = ask(maker)
        for _ in range(jobs.MOST_TRIES):
            with pytest.raises(KeyboardInterrupt):
                made.run(maker, number)
            assert not made.run(maker, number)
            clock.forward(jobs.LEASE + timedelta(seconds=1))
        assert not made.run(maker, number)
    assert job_of(maker, number).state == "parked"


def test_a_cancelled_job_ends_at_its_next_step_and_resumes_where_it_stopped(maker: Maker) -> None:
    done: list[int] = []

    def work(run: Run) -> None:
        for n in range(len(done), 5):
            if n == 2 and len(done) == 2 and not resumed:
                with transaction(maker) as session:
                    jobs.cancel(session, session.get_one(Job, run.job_id))
                assert run.cancelled
            run.step(n, 5)
            done.append(n)

    resumed: list[bool] = []
    number, made = ask(maker), registry(work)
    made.run(maker, number)
    assert (job_of(maker, number).state, done) == ("cancelled", [0, 1])
    assert not made.run(maker, number)
    resumed.append(True)
    with transaction(maker) as session:
        jobs.resume(session, session.get_one(Job, number), None)
    made.run(maker, number)
    assert (job_of(maker, number).state, done) == ("done", [0, 1, 2, 3, 4])


def test_a_worker_that_lost_its_lease_can_change_nothing_more(maker: Maker) -> None:
    inside: list[str] = []

    def second(run: Run) -> None:
        inside.append("second")
        run.finish_with({"by": "second"})

    def first(run: Run) -> None:
        clock.forward(jobs.LEASE + timedelta(seconds=1))
        assert registry(second).run(maker, run.job_id)
        run.finish_with({"by": "first"})
        run.step(1, note="too late")
        inside.append("never")

    with clock.held(NOON):
        number = ask(maker)
        registry(first).run(maker, number)
    job = job_of(maker, number)
    assert (job.state, job.result, job.note, job.tries, inside) == ("done", {"by": "second"}, "", 2, ["second"])


def test_a_step_longer_than_a_lease_keeps_its_job(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=1))
    seen: list[list[int]] = []

    def work(_run: Run) -> None:
        for _ in range(10):
            time.sleep(0.15)
            with maker() as session:
                seen.append(jobs.left_behind(session))

    number = ask(maker)
    registry(work).run(maker, number)
    assert seen == [[]] * 10
    assert job_of(maker, number).state == "done"


def test_the_sweep_finds_what_was_left_behind_and_nothing_else(maker: Maker) -> None:
    with clock.held(NOON):
        waiting, later, running, done = (ask(maker) for _ in range(4))
        with transaction(maker) as session:
            session.get_one(Job, later).lease_until = NOON + timedelta(hours=1)
            session.get_one(Job, running).state = "running"
            session.get_one(Job, running).lease_until = NOON + jobs.LEASE
            session.get_one(Job, done).state = "done"
        found = []
        for seconds in (0, 6, 60, 3600):
            clock.forward(timedelta(seconds=seconds))
            with maker() as session:
                found.append(jobs.left_behind(session))
    assert found == [[], [waiting], [waiting, running], [waiting, later, running]]


CHILD = """
import os, sys, time
from lmsapp.core import jobs
from lmsapp.core.sessions import make_engine, make_sessions
def work(run):
    with open(sys.argv[3], "a") as log:
        print("child", file=log)
    run.step(1, 3, "one done")
    time.sleep(60)
made = jobs.Registry()
made.add("work", work)
made.run(make_sessions(make_engine(sys.argv[1])), int(sys.argv[2]))
"""


def test_a_killed_job_is_resumed_once(maker: Maker, tmp_path: Path, settings: Settings) -> None:
    number, log = ask(maker), tmp_path / "log"
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CHILD, settings.database_url, str(number), str(log)],
        cwd=Path(__file__).parents[2],
    )
    until = time.monotonic() + 20
    while job_of(maker, number).done == 0 and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert (job_of(maker, number).state, job_of(maker, number).note) == ("running", "one done")
    ran: list[int] = []
    made = registry(lambda run: ran.append(run.job_id))
    assert not made.run(maker, number)
    with transaction(maker) as session:
        session.get_one(Job, number).lease_until = clock.now() - timedelta(seconds=1)
    assert made.run(maker, number)
    assert not made.run(maker, number)
    assert ran == [number]
    assert (job_of(maker, number).state, job_of(maker, number).tries) == ("done", 2)
    assert log.read_text() == "child\n"


def test_an_unknown_job_is_tried_again_after_an_upgrade(maker: Maker) -> None:
    number = ask(maker, name="of the next version")
    registry(lambda _run: None).run(maker, number)
    assert job_of(maker, number).state == "waiting"
    with maker() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1
