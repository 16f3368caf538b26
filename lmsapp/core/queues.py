"""The worker: huey carries the numbers of jobs to it, the rows are the jobs.

By default a queue file in the data folder and a thread in the web process; PostgreSQL or Redis by a setting. What huey
loses (a crash between the commit and the carrying) a sweep sends again.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any

from huey import MemoryHuey, SqliteHuey
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import jobs
from lmsapp.core.errors import Invalid
from lmsapp.core.settings import Settings

log = logging.getLogger(__name__)
SWEEP_EVERY = 5.0


def make_queue(settings: Settings) -> Any:
    """The queue of these settings; raises Invalid for one we do not know."""
    if settings.queue == "sqlite":
        return SqliteHuey("lmsapp", filename=str(settings.data / "queue.sqlite"), results=False, fsync=False)
    if settings.queue == "memory":
        return MemoryHuey("lmsapp", results=False)
    if settings.queue == "redis":
        from huey import RedisHuey  # noqa: PLC0415 - an extra

        return RedisHuey("lmsapp", url=settings.redis_url, results=False)
    raise Invalid("queue is “%(queue)s”; write sqlite, memory or redis.", queue=settings.queue)


class Worker:
    """Runs jobs in a thread of this process until it is stopped."""

    def __init__(self, sessions: sessionmaker[Session], settings: Settings, registry: jobs.Registry) -> None:
        self._sessions, self._registry = sessions, registry
        self._queue = make_queue(settings)
        self._task = self._queue.task(name="run_job")(self._run)
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._consume, name="worker", daemon=True),
            threading.Thread(target=self._sweep, name="sweep", daemon=True),
        ]
        jobs.carry_with(self._carry)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes no more jobs; the one that runs goes on after the next start if it can't end in a moment."""
        jobs.carry_no_more(self._carry)
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _carry(self, job_id: int) -> None:
        try:
            self._task(job_id)
        except Exception:
            log.exception("a job could not be carried; the sweep will")

    def _run(self, job_id: int) -> None:
        self._registry.run(self._sessions, job_id)

    def _consume(self) -> None:
        while not self._ended.is_set():
            try:
                task = self._queue.dequeue()
                if task is None:
                    self._ended.wait(0.15)
                    continue
                self._queue.execute(task)
            except Exception:
                log.exception("the worker stumbled")
                self._ended.wait(1)

    def _sweep(self) -> None:
        while not self._ended.wait(SWEEP_EVERY):
            try:
                with self._sessions() as session:
                    numbers = jobs.left_behind(session)
                    session.rollback()
                for number in numbers:
                    self._carry(number)
            except Exception:
                log.exception("the sweep stumbled")


def start_worker(sessions: sessionmaker[Session], settings: Settings, registry: jobs.Registry) -> Worker:
    """Starts the worker of this process."""
    return Worker(sessions, settings, registry)


def run_all(
    sessions: sessionmaker[Session], registry: jobs.Registry, tell: Callable[[str], None] = lambda _text: None
) -> int:
    """Runs every waiting job here and now, for commands and tests; returns how many."""
    ran = 0
    while True:
        with sessions() as session:
            number = (
                session.query(jobs.Job.id).where(jobs.Job.state == "waiting").order_by(jobs.Job.id).limit(1).scalar()
            )
            session.rollback()
        if number is None:
            return ran
        registry.run(sessions, number)
        tell(str(number))
        ran += 1
