"""Starts the server with one fault planted in it, which the suites must find: `python -m tests.reliability.planted FAULT serve …`"""

import sys
import time
from contextlib import suppress
from typing import Any

from lmsapp import cli
from lmsapp.core import sessions
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


def first_come_first_served() -> None:
    """Keeps everybody waiting for as long as it takes, candidates behind those who read."""
    crowds.comes_first = lambda _path: False
    crowds.MOST_WAITING = 1_000_000


FAULTS = {
    "first-come": first_come_first_served,
    "reply-before-commit": reply_before_commit,
    "deny-failure": deny_failure,
    "sync-seldom": sync_seldom,
}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    cli.main(sys.argv[2:])
