"""The server's runs and its clock: outages are measured, a clock set in mid-exam moves nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import clock, runs
from lmsapp.core.runs import Run, ServerRun
from lmsapp.installation import Installation

START = datetime(2026, 11, 25, 8, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Machine:
    """A machine whose clock can be set and which can be started anew."""

    def __init__(self) -> None:
        self.wall, self.up, self.name, self.busy = START, 100.0, "first start", True

    def pass_time(self, span: timedelta) -> None:
        """Time goes by."""
        self.wall += span
        self.up += span.total_seconds()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    made = Machine()
    monkeypatch.setattr(clock, "wall", lambda: made.wall)
    monkeypatch.setattr(clock, "uptime", lambda: made.up)
    monkeypatch.setattr(clock, "start_of_machine", lambda: made.name)
    monkeypatch.setattr(runs, "BEAT_SECONDS", 3600.0)
    yield made
    clock.count_from(None)


def begin(opened: Installation, machine: Machine) -> Run:
    return Run(opened.sessions, lambda _session: machine.busy)


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=-1), timedelta(seconds=3)])
def test_a_clock_set_in_mid_exam_is_written_down_once_and_not_followed(
    opened: Installation, machine: Machine, jump: timedelta
) -> None:
    run = begin(opened, machine)
    machine.pass_time(MINUTE)
    machine.wall += jump
    assert clock.now() == START + MINUTE
    for _beat in range(3):
        run.beat()
        machine.pass_time(5 * SECOND)
    assert clock.now() == START + MINUTE + 15 * SECOND
    with opened.sessions() as session:
        assert [j.seconds for j in runs.jumps(session, START)] == [jump.total_seconds()]
    machine.busy = False
    run.beat()
    assert clock.now() == machine.wall
    run.stop()


def test_a_server_started_again_counts_on_while_the_machine_is_up(opened: Installation, machine: Machine) -> None:
    first = begin(opened, machine)
    machine.wall += timedelta(hours=1)
    first.beat()
    first.stop()
    machine.pass_time(MINUTE)
    second = begin(opened, machine)
    assert clock.now() == START + MINUTE
    second.stop()
    machine.name = "second start"
    third = begin(opened, machine)
    assert clock.now() == machine.wall
    third.stop()


def test_a_clock_that_went_back_while_the_machine_was_off_is_not_believed_in_mid_exam(
    opened: Installation, machine: Machine
) -> None:
    first = begin(opened, machine)
    machine.pass_time(10 * MINUTE)
    first.beat()
    first.stop()
    machine.name, machine.up, machine.wall = "second start", 20.0, datetime(2020, 1, 1, tzinfo=UTC)
    second = begin(opened, machine)
    assert clock.now() == START + 10 * MINUTE
    machine.pass_time(MINUTE)
    assert clock.now() == START + 11 * MINUTE
    second.stop()
    with opened.sessions() as session:
        assert runs.restarts(session, START) == [START + 10 * MINUTE]
        assert runs.restarts(session, START + 11 * MINUTE) == []


def test_outages_are_measured(opened: Installation, machine: Machine) -> None:
    first = begin(opened, machine)
    machine.pass_time(10 * MINUTE)
    first.beat()
    first.stop()
    machine.pass_time(7 * MINUTE + SECOND)
    second = begin(opened, machine)
    machine.pass_time(MINUTE)
    second.beat()
    second.stop()
    machine.pass_time(5 * SECOND)
    third = begin(opened, machine)
    third.stop()
    machine.name = "second start"
    machine.pass_time(2 * MINUTE)
    begin(opened, machine).stop()
    with opened.sessions() as session:
        found = runs.measured_outages(session, START)
        assert [(one.minutes, one.machine_restarted) for one in found] == [(8, False), (2, True)]
        assert found[0].begun_at == START + 10 * MINUTE
        later = runs.measured_outages(session, START + 12 * MINUTE)
        assert [one.minutes for one in later] == [6, 2]


def test_a_quiet_server_writes_once_a_minute(opened: Installation, machine: Machine) -> None:
    machine.busy = False
    run = begin(opened, machine)

    def alive(session: Session) -> datetime:
        return session.scalars(select(ServerRun.alive_at)).one()

    machine.pass_time(20 * SECOND)
    run.beat()
    with opened.sessions() as session:
        assert alive(session) == START
    machine.pass_time(50 * SECOND)
    run.beat()
    with opened.sessions() as session:
        assert alive(session) == START + 70 * SECOND
    run.stop()
