"""Starts the program with faults planted in it, which the suites must find: `python -m tests.reliability.planted FAULT,… serve …`

Besides faults there are `hurried`, with which dead workers are missed after seconds, so that a test ends, and `slow-disk`, on
which every commit takes `SLOW_DISK_MS` more and is counted in the file `commits`.
"""

import os
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from lmsapp import cli
from lmsapp.core import clock, jobs, queues, sessions
from lmsapp.core.sessions import writing
from lmsapp.core.writer import Writer, _Wish
from lmsapp.web import crowds

HASTE = 0.5  # seconds between the answer and the commit


def reply_before_commit() -> None:
    """Says “saved” first and commits later: the oldest sin."""

    def settle(self: Writer, wishes: list[_Wish]) -> None:
        with suppress(Exception), writing(), self._engine.connect() as connection, connection.begin():
            for wish in wishes:
                self._try(connection, wish)
            for wish in wishes:
                wish.done.set()
            time.sleep(HASTE)
        for wish in wishes:
            wish.done.set()

    Writer._settle = settle  # type: ignore[method-assign]


def deny_failure() -> None:
    """Says “saved” though the commit failed."""

    def settle(self: Writer, wishes: list[_Wish]) -> None:
        with suppress(Exception), writing(), self._engine.connect() as connection, connection.begin():
            for wish in wishes:
                self._try(connection, wish)
        for wish in wishes:
            wish.done.set()

    Writer._settle = settle  # type: ignore[method-assign]


def sync_seldom() -> None:
    """Leaves it to the database when what was committed is synced: a setting that looks harmless."""
    prepare = sessions._prepare_sqlite

    def hastily(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous=NORMAL")

    sessions._prepare_sqlite = hastily


def slow_disk() -> None:
    """Every commit that wrote waits for a disk that syncs slowly, holding the database's lock, as a sync does."""
    seconds, make = int(os.environ["SLOW_DISK_MS"]) / 1000, sessions.make_engine
    counted = Path(os.environ["LMSAPP_DATA"]) / "commits"

    def sync(_connection: Connection) -> None:
        if sessions._writing.get():
            time.sleep(seconds)
            with counted.open("ab") as file:
                file.write(b".")

    def make_engine(url: str) -> Engine:
        engine = make(url)
        event.listen(engine, "commit", sync)
        return engine

    sessions.make_engine = make_engine


def one_by_one() -> None:
    """No group commit: each save is a transaction of its own, in its own thread."""

    def write(self: Writer, function: Any) -> Any:
        with writing(), self._engine.connect() as connection, connection.begin():
            return function(connection)

    Writer.write = write  # type: ignore[method-assign]


def hurried() -> None:
    """A worker that is dead is missed after a second, and what failed is tried again at once."""
    jobs.LEASE, jobs.LEFT_BEHIND = timedelta(seconds=1.5), timedelta(seconds=0.2)
    jobs.PAUSES = (timedelta(seconds=0.2),) * 4
    queues.SWEEP_EVERY = queues.LOOK_EVERY = 0.2


def forget_the_dead() -> None:
    """Leaves jobs whose worker died to themselves."""

    def left_behind(session: Session) -> list[int]:
        waiting = jobs.Job.state == "waiting", jobs.Job.created_at < clock.now() - jobs.LEFT_BEHIND
        return list(session.scalars(select(jobs.Job.id).where(*waiting)))

    jobs.left_behind = left_behind


def first_come_first_served() -> None:
    """Keeps everybody waiting for as long as it takes, candidates behind those who read."""
    crowds.comes_first = lambda _path: False
    crowds.MOST_WAITING = 1_000_000


FAULTS = {
    "hurried": hurried,
    "slow-disk": slow_disk,
    "one-by-one": one_by_one,
    "forget-the-dead": forget_the_dead,
    "first-come": first_come_first_served,
    "reply-before-commit": reply_before_commit,
    "deny-failure": deny_failure,
    "sync-seldom": sync_seldom,
}

if __name__ == "__main__":
    for name in sys.argv[1].split(","):
        FAULTS[name]()
    cli.main(sys.argv[2:])
