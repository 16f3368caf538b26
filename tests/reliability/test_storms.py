"""R1, R2: an exam goes on while its server or database dies again and again, and nothing acknowledged is lost."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text

from lmsapp.bench import storm
from lmsapp.bench.candidates import Candidate
from lmsapp.bench.clusters import Cluster
from lmsapp.bench.school import School
from lmsapp.bench.served import SERVE, Server
from lmsapp.bench.storm import Tally
from tests.reliability.conftest import SEED, planted

SHORT = {"size": 40, "faults": 8, "acknowledged": 5_000, "pauses": (0.7, 1.5)}
LONG = {"size": 200, "faults": 100, "acknowledged": 100_000, "pauses": (2.0, 4.0)}

# Whoever is inside a transaction, which is between its first statement and its commit.
TERMINATE = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""


def weather(
    school: School,
    words: list[str],
    fault: Callable[[Server], None],
    scale: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
) -> Tally:
    """Seats the room, lets the storm pass, holds every ledger against the database."""
    server = Server(words, school.opened.settings.data, environment or {})
    candidates = [Candidate(seat, SEED) for seat in storm.room(school, scale["size"])]
    server.start()
    try:
        tally = storm.run(
            candidates,
            server.port,
            lambda: fault(server),
            seed=SEED,
            faults=scale["faults"],
            acknowledged=scale["acknowledged"],
            pauses=scale["pauses"],
        )
        storm.wait_until_marked(school, len(candidates))
    finally:
        server.stop()
    return storm.verify(school, candidates, tally)


def restart(server: Server) -> None:
    """Kills the server without a word and starts it again."""
    server.kill()
    server.start()


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    school: School, long: bool, tell: Callable[..., None]
) -> None:
    tally = weather(school, SERVE, restart, LONG if long else SHORT)
    tell("R1 kill -9 on SQLite", **tally.facts())
    assert tally.sound, tally


@pytest.mark.postgres
def test_nothing_acknowledged_is_lost_when_the_database_is_stopped_at_once(
    school_on_postgres: School, own_cluster: Cluster, long: bool, tell: Callable[..., None]
) -> None:
    def crash(_server: Server) -> None:
        own_cluster.stop()
        own_cluster.start()

    scale = LONG | {"faults": 30, "acknowledged": 30_000} if long else SHORT | {"faults": 6, "acknowledged": 3_000}
    address = {"LMSAPP_DATABASE_URL": school_on_postgres.opened.settings.database_url}
    tally = weather(school_on_postgres, SERVE, crash, scale, address)
    tell("R2 immediate restarts of PostgreSQL", **tally.facts())
    assert tally.sound, tally


class Executioner:
    """Ends connections of the database in mid-transaction; `ended` counts them."""

    def __init__(self, url: str, *, least: int) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        self._chance, self._least, self.ended = random.Random(SEED), least, 0

    def strike(self, _server: Server) -> None:
        """Again and again at random moments, until so many died."""
        until, before = time.monotonic() + 20, self.ended
        with self._engine.connect() as connection:
            while self.ended - before < self._least and time.monotonic() < until:
                time.sleep(self._chance.uniform(0, 0.05))
                self.ended += connection.scalar(text(TERMINATE)) or 0


@pytest.mark.postgres
def test_nothing_acknowledged_is_lost_when_connections_die_between_statement_and_commit(
    school_on_postgres: School, long: bool, tell: Callable[..., None]
) -> None:
    scale = (
        LONG | {"faults": 200, "pauses": (0.2, 0.6)} if long else SHORT | {"acknowledged": 1_000, "pauses": (0.1, 0.3)}
    )
    tally, ended = among_executions(school_on_postgres, SERVE, scale)
    tell("R2 connections of PostgreSQL ended in mid-transaction", **tally.facts(), ended=ended)
    assert ended >= scale["faults"]
    assert tally.sound, tally


def among_executions(school: School, words: list[str], scale: Mapping[str, Any]) -> tuple[Tally, int]:
    """A storm that ends five connections at each fault; the tally, and how many were ended."""
    url = school.opened.settings.database_url
    executioner = Executioner(url, least=5)
    tally = weather(school, words, executioner.strike, scale, {"LMSAPP_DATABASE_URL": url})
    return tally, executioner.ended


@pytest.mark.postgres
def test_a_server_that_answers_before_its_connection_dies_is_found_out(
    school_on_postgres: School, tell: Callable[..., None]
) -> None:
    scale = SHORT | {"size": 20, "faults": 3, "acknowledged": 100, "pauses": (0.1, 0.3)}
    tally, ended = among_executions(school_on_postgres, planted("reply-before-commit"), scale)
    tell("R2 planted: reply before commit", **tally.facts(), ended=ended)
    assert tally.lost > 0


def test_a_server_that_answers_before_it_commits_is_found_out(school: School, tell: Callable[..., None]) -> None:
    tally = weather(
        school, planted("reply-before-commit"), restart, SHORT | {"size": 20, "faults": 4, "acknowledged": 200}
    )
    tell("R1 planted: reply before commit", **tally.facts())
    assert tally.lost > 0
