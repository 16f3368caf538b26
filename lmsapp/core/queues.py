"""The worker: a queue carries the numbers of jobs to it, the rows are the jobs.

By default a queue file in the data folder and a thread in the web process; by a setting one of huey's storages: memory,
PostgreSQL or Redis. Numbers travel as digits, nothing is unpickled. What the queue loses (a crash between the commit and
the carrying, a damaged queue file) a sweep sends again.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import jobs
from lmsapp.core.errors import Invalid
from lmsapp.core.settings import Settings

log = logging.getLogger(__name__)
SWEEP_EVERY = 5.0
LOOK_EVERY = 1.0
PATIENCE = 5.0
NAME = "lmsapp"


def make_queue(settings: Settings) -> Any:
    """The queue of these settings; raises Invalid for one we do not know."""
    if settings.queue == "sqlite":
        return _queue_file(settings.data / "queue.sqlite")
    if settings.queue == "memory":
        from huey.storage import MemoryStorage  # noqa: PLC0415 - 11 MB with PostgreSQL's driver

        return MemoryStorage(NAME)
    if settings.queue == "postgres":
        from huey.storage import PostgresStorage  # noqa: PLC0415 - an extra

        address = make_url(settings.database_url)
        if address.get_backend_name() != "postgresql":
            raise Invalid("queue is “postgres”, but database_url is not a PostgreSQL address.")
        dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
        return PostgresStorage(NAME, dsn=dsn, read_timeout=LOOK_EVERY)
    if settings.queue == "redis":
        from huey.storage import RedisStorage  # noqa: PLC0415 - an extra

        return RedisStorage(NAME, url=settings.redis_url, read_timeout=LOOK_EVERY)
    raise Invalid("queue is “%(queue)s”; write sqlite, memory, postgres or redis.", queue=settings.queue)


class QueueFile:
    """The queue in a SQLite file, unsynced, since the jobs' rows hold everything."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._do("create table if not exists waiting (id integer primary key, octets blob not null)")

    def enqueue(self, octets: bytes) -> None:
        """Puts something at the end."""
        self._do("insert into waiting (octets) values (?)", octets)

    def dequeue(self) -> bytes | None:
        """Takes what has waited longest; no two workers get the same."""
        found = self._do("delete from waiting where id = (select min(id) from waiting) returning octets")
        return found[0][0] if found else None

    def queue_size(self) -> int:
        """How many wait."""
        return int(self._do("select count(*) from waiting")[0][0])

    def close(self) -> None:
        """Nothing stays open between two acts."""

    def _do(self, statement: str, *values: bytes) -> list[Any]:
        with closing(sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)) as file:
            file.execute("pragma synchronous=off")
            return file.execute(statement, values).fetchall()


def _queue_file(path: Path) -> QueueFile:
    """A damaged queue file is made anew."""
    try:
        return QueueFile(path)
    except sqlite3.DatabaseError as problem:
        if isinstance(problem, sqlite3.OperationalError):
            raise Invalid("%(path)s can't be used: %(problem)s", path=str(path), problem=str(problem)) from problem
        log.warning("the queue file was damaged and is made anew")
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return QueueFile(path)


class Worker:
    """Runs jobs in a thread of this process until it is stopped."""

    def __init__(self, sessions: sessionmaker[Session], settings: Settings, registry: jobs.Registry) -> None:
        self._sessions, self._registry = sessions, registry
        self._queue = make_queue(settings)
        self._ended, self._wake = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._consume, name="worker", daemon=True),
            threading.Thread(target=self._sweep, name="sweep", daemon=True),
        ]
        jobs.carry_with(self._carry)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Takes no more jobs; the running one ends at its next step and goes on after the next start."""
        jobs.carry_no_more(self._carry)
        self._ended.set()
        self._wake.set()
        self._registry.interrupt()
        for thread in self._threads:
            thread.join(timeout=PATIENCE)
        self._leave()

    def _leave(self) -> None:
        """Closes this thread's connection to the queue; huey stumbles over a thread that never had one."""
        with suppress(AttributeError):
            self._queue.close()

    def _carry(self, job_id: int) -> None:
        try:
            self._queue.enqueue(str(job_id).encode())
            self._wake.set()
        except Exception:
            log.exception("a job could not be carried; the sweep will")

    def _consume(self) -> None:
        while not self._ended.is_set():
            try:
                self._wake.clear()
                number = self._queue.dequeue()
                if number is None:
                    self._wake.wait(LOOK_EVERY)
                else:
                    self._registry.run(self._sessions, int(bytes(number)))
            except Exception:
                log.exception("the worker stumbled")
                self._ended.wait(LOOK_EVERY)
        self._leave()

    def _sweep(self) -> None:
        while not self._ended.is_set():
            try:
                if not self._queue.queue_size():
                    with self._sessions() as session:
                        numbers = jobs.left_behind(session)
                    for number in numbers:
                        self._carry(number)
                self._registry.sweep(self._sessions)
            except Exception:
                log.exception("the sweep stumbled")
            self._ended.wait(SWEEP_EVERY)
        self._leave()


def start_worker(sessions: sessionmaker[Session], settings: Settings, registry: jobs.Registry) -> Worker:
    """Starts the worker of this process."""
    return Worker(sessions, settings, registry)


def run_all(
    sessions: sessionmaker[Session], registry: jobs.Registry, tell: Callable[[str], None] = lambda _text: None
) -> int:
    """Runs every waiting job here and now, for commands and tests; returns how many runs it took."""
    ran = 0
    while True:
        with sessions() as session:
            number = session.scalar(
                select(jobs.Job.id).where(jobs.Job.state == "waiting").order_by(jobs.Job.id).limit(1)
            )
        if number is None:
            return ran
        if registry.run(sessions, number, at_once=True):
            tell(str(number))
            ran += 1
