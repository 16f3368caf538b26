"""The group-commit writer: whoever got an answer finds it on disk; whoever fails, fails alone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from lmsapp.core import sessions, writer
from lmsapp.core.errors import Busy, Conflict
from lmsapp.core.writer import Writer


@pytest.fixture
def table(engine: Engine) -> Engine:
    with sessions.writing(), engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY, words TEXT)"))
    return engine


@pytest.fixture
def one(table: Engine) -> Iterator[Writer]:
    made = Writer(table)
    yield made
    made.stop()


def add(connection: Connection, number: int) -> int:
    connection.execute(text("INSERT INTO note VALUES (:n, 'x')"), {"n": number})
    return number * 2


def numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM note ORDER BY id")).scalars())


def hold(made: Writer, pool: ThreadPoolExecutor, gate: threading.Event) -> Future[bool]:
    """Keeps the writer busy until the gate opens."""
    begun = threading.Event()

    def wait(_connection: Connection) -> bool:
        begun.set()
        return gate.wait(60)

    running = pool.submit(made.write, wait)
    assert begun.wait(60)
    return running


def until_waiting(made: Writer, many: int) -> None:
    """Until so many stand before a busy writer."""
    end = time.monotonic() + 60
    while made._waiting.qsize() < many and time.monotonic() < end:
        time.sleep(0.005)
    assert made._waiting.qsize() == many


def test_the_caller_gets_its_result_and_the_row_is_there(one: Writer, table: Engine) -> None:
    assert one.write(lambda c: add(c, 21)) == 42
    assert numbers(table) == [21]


def test_fifty_threads_write_and_each_gets_its_own_answer(one: Writer, table: Engine) -> None:
    barrier = threading.Barrier(50)

    def work(thread: int) -> list[int]:
        barrier.wait()
        return [one.write(lambda c, n=thread * 20 + i: add(c, n)) for i in range(20)]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(work, range(50)))
    assert [a for group in answers for a in group] == [2 * n for n in range(1000)]
    assert numbers(table) == list(range(1000))


def test_what_waits_together_is_committed_together(one: Writer, table: Engine) -> None:
    commits: list[int] = []
    event.listen(table, "commit", lambda _c: commits.append(1))
    gate = threading.Event()
    with ThreadPoolExecutor(40) as pool:
        first = hold(one, pool, gate)
        others = [pool.submit(one.write, lambda c, n=n: add(c, n)) for n in range(30)]
        until_waiting(one, 30)
        gate.set()
        assert first.result()
        assert [o.result() for o in others] == [2 * n for n in range(30)]
    assert len(commits) == 2


def test_a_function_that_fails_takes_nobody_with_it_and_leaves_nothing(one: Writer, table: Engine) -> None:
    def half(connection: Connection) -> None:
        add(connection, 999)
        raise Conflict("no")

    gate = threading.Event()
    with ThreadPoolExecutor(40) as pool:
        hold(one, pool, gate)
        good = [pool.submit(one.write, lambda c, n=n: add(c, n)) for n in range(10)]
        bad = [pool.submit(one.write, half) for _ in range(5)]
        double = pool.submit(one.write, lambda c: [add(c, 500), add(c, 500)])
        until_waiting(one, 16)
        gate.set()
        assert [g.result() for g in good] == [2 * n for n in range(10)]
        assert all(isinstance(b.exception(), Conflict) for b in bad)
        assert "UNIQUE" in str(double.exception()).upper()
    assert numbers(table) == list(range(10))


def test_when_the_commit_fails_everybody_is_told_and_nothing_is_there(table: Engine) -> None:
    made, gate = Writer(table), threading.Event()

    def refuse(_connection: Connection) -> None:
        raise OSError("the disk is gone")

    with ThreadPoolExecutor(10) as pool:
        hold(made, pool, gate)
        others = [pool.submit(made.write, lambda c, n=n: add(c, n)) for n in range(5)]
        until_waiting(made, 5)
        event.listen(table, "commit", refuse)
        gate.set()
        assert all(isinstance(o.exception(), OSError) for o in others)
    event.remove(table, "commit", refuse)
    assert numbers(table) == []
    assert made.write(lambda c: add(c, 7)) == 14
    made.stop()


def test_a_transaction_given_up_by_the_database_is_nobodys_success(table: Engine) -> None:
    """As SQLite does when the disk is full: the whole transaction goes, and a function may even swallow the error."""
    made, gate = Writer(table), threading.Event()

    def lose(connection: Connection) -> str:
        connection.exec_driver_sql("ROLLBACK")
        return "swallowed"

    with ThreadPoolExecutor(10) as pool:
        hold(made, pool, gate)
        before = pool.submit(made.write, lambda c: add(c, 1))
        until_waiting(made, 1)
        losing = pool.submit(made.write, lose)
        until_waiting(made, 2)
        after = pool.submit(made.write, lambda c: add(c, 2))
        until_waiting(made, 3)
        gate.set()
        assert all(future.exception() is not None for future in (before, losing, after))
    assert numbers(table) == []
    assert made.write(lambda c: add(c, 3)) == 6
    made.stop()


def test_too_much_waiting_is_said_at_once(table: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING", 3)
    made, gate = Writer(table), threading.Event()
    with ThreadPoolExecutor(10) as pool:
        running = hold(made, pool, gate)
        waiting = [pool.submit(made.write, lambda c, n=n: add(c, n)) for n in range(3)]
        until_waiting(made, 3)
        with pytest.raises(Busy):
            made.write(lambda c: add(c, 99))
        gate.set()
        assert [w.result() for w in waiting] == [0, 2, 4]
        assert running.result()
    made.stop()


def test_stopping_writes_what_waits_and_answers_everybody(table: Engine) -> None:
    made = Writer(table)
    answers: list[int | None] = []

    def work(number: int) -> None:
        try:
            answers.append(made.write(lambda c: add(c, number)))
        except Busy:
            answers.append(None)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(200)]
    for number, thread in enumerate(threads):
        thread.start()
        if number == 100:
            threading.Thread(target=made.stop).start()
    for thread in threads:
        thread.join(timeout=10)
        assert not thread.is_alive()
    assert len(answers) == 200
    assert numbers(table) == sorted(a // 2 for a in answers if a is not None)
    made.stop()
    with pytest.raises(Busy, match="stopping"):
        made.write(lambda c: add(c, 1000))


CHILD = """
import itertools, os, sys, threading
from sqlalchemy import text
from lmsapp.core.sessions import make_engine
from lmsapp.core.writer import Writer
writer, ledger = Writer(make_engine(sys.argv[1])), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND)
def work(thread):
    for n in itertools.count():
        number = thread * 1_000_000 + n + int(sys.argv[3]) * 10_000
        writer.write(lambda c: c.execute(text("INSERT INTO note VALUES (:n, 'x')"), {"n": number}))
        os.write(ledger, b"%d\\n" % number)
for t in range(16):
    threading.Thread(target=work, args=(t,)).start()
"""


def test_every_acknowledged_row_is_there_after_kills_in_the_middle_of_commits(table: Engine, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    url = table.url.render_as_string(hide_password=False)
    for kill in range(4):
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CHILD, url, str(ledger), str(kill)], cwd=Path(__file__).parents[2]
        )
        size, waited = ledger.stat().st_size, time.monotonic() + 20
        while ledger.stat().st_size < size + 500 and time.monotonic() < waited:
            time.sleep(0.01)
        time.sleep(0.05 + 0.07 * kill)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    acknowledged = {int(line) for line in ledger.read_text().splitlines()}
    fresh = create_engine(url)
    found = set(numbers(fresh))
    fresh.dispose()
    assert len(acknowledged) > 200
    assert acknowledged <= found
    assert len(found - acknowledged) <= 16 * 4
