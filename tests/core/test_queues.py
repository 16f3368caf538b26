"""The worker: woken after the commit, sweeping what was lost, stopping without losing anything."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import jobs, queues
from lmsapp.core.errors import Invalid
from lmsapp.core.jobs import Registry, Run
from lmsapp.core.settings import Settings
from tests.core.test_jobs import ask, job_of, registry

Maker = sessionmaker[Session]


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("queue", ["sqlite", "memory", "postgres"])
def test_a_job_runs_soon_after_the_commit(maker: Maker, settings: Settings, queue: str) -> None:
    if queue == "postgres" and not settings.database_url.startswith("postgresql"):
        with pytest.raises(Invalid, match="not a PostgreSQL address"):
            queues.make_queue(replace(settings, queue=queue))
        return
    worker = queues.start_worker(maker, replace(settings, queue=queue), registry(lambda _run: None))
    try:
        numbers = [ask(maker) for _ in range(5)]
        assert within(30, lambda: all(job_of(maker, n).state == "done" for n in numbers))
    finally:
        worker.stop()


def test_an_unknown_queue_is_named(settings: Settings) -> None:
    with pytest.raises(Invalid, match="pigeon"):
        queues.make_queue(replace(settings, queue="pigeon"))


def test_what_was_asked_while_no_worker_ran_is_found_by_the_sweep(
    maker: Maker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "SWEEP_EVERY", 0.1)
    monkeypatch.setattr(jobs, "LEFT_BEHIND", timedelta(seconds=0.3))
    number = ask(maker)
    worker = queues.start_worker(maker, settings, registry(lambda _run: None))
    try:
        assert within(30, lambda: job_of(maker, number).state == "done")
    finally:
        worker.stop()


def test_a_stopped_worker_gives_its_job_back_and_the_next_one_goes_on(maker: Maker, settings: Settings) -> None:
    begun, steps = threading.Event(), []

    def slow(run: Run) -> None:
        for n in range(job_of(maker, run.job_id).done, 200):
            run.step(n, 200)
            steps.append(n)
            begun.set()
            time.sleep(0.02 if len(steps) < 20 else 0)

    worker = queues.start_worker(maker, settings, registry(slow))
    number = ask(maker)
    assert begun.wait(30)
    worker.stop()
    stopped = job_of(maker, number)
    assert (stopped.state, stopped.tries, stopped.lease_until) == ("waiting", 0, None)
    assert 0 < len(steps) < 200
    assert registry(slow).run(maker, number)
    assert job_of(maker, number).state == "done"
    assert sorted(set(steps)) == list(range(200))


def test_a_damaged_queue_file_is_made_anew_and_no_job_is_lost(
    maker: Maker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "SWEEP_EVERY", 0.1)
    monkeypatch.setattr(jobs, "LEFT_BEHIND", timedelta(seconds=0.1))
    (settings.data / "queue.sqlite").write_bytes(b"not a database at all" * 500)
    number = ask(maker)
    worker = queues.start_worker(maker, settings, registry(lambda _run: None))
    try:
        assert within(30, lambda: job_of(maker, number).state == "done")
    finally:
        worker.stop()


def test_foreign_octets_in_the_queue_do_not_stop_the_worker(maker: Maker, settings: Settings) -> None:
    queue = queues.make_queue(settings)
    for octets in (b"cos\nsystem\n(S'true'\ntR.", b"", b"-1", b"99999999"):
        queue.enqueue(octets)
    queue.close()
    worker = queues.start_worker(maker, settings, registry(lambda _run: None))
    try:
        number = ask(maker)
        assert within(30, lambda: job_of(maker, number).state == "done")
    finally:
        worker.stop()


def test_a_queue_that_fails_does_not_fail_the_act(
    maker: Maker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = queues.start_worker(maker, settings, registry(lambda _run: None))
    try:
        with monkeypatch.context() as patch:
            patch.setattr(worker._queue, "enqueue", lambda _octets: 1 / 0)
            number = ask(maker)
        assert job_of(maker, number).state in {"waiting", "done"}
    finally:
        worker.stop()


def test_commands_run_everything_that_waits_here_and_now(maker: Maker) -> None:
    told: list[str] = []

    def work(run: Run) -> None:
        if run.job_id == bad:
            raise ZeroDivisionError

    good, bad, also_good = ask(maker), ask(maker), ask(maker)
    assert queues.run_all(maker, registry(work), told.append) == 2 + jobs.MOST_TRIES
    assert [job_of(maker, n).state for n in (good, bad, also_good)] == ["done", "parked", "done"]
    assert queues.run_all(maker, Registry()) == 0
