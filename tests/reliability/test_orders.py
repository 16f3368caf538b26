"""R8: answers that are repeated, lost, delayed and mixed from two devices end as a small model says they must."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.sessions import writing
from lmsapp.exams import saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import AnswerCurrent, AnswerEvent, Attempt
from lmsapp.exams.saving import Refusal
from lmsapp.installation import Installation
from tests import world

DEVICES = ("device-a", "device-b")


class Orders(RuleBasedStateMachine):
    """One attempt, two devices, a network that keeps, repeats and mixes what it is given."""

    place: ClassVar[Installation]
    code: ClassVar[str]
    hasty: ClassVar[bool] = False  # the planted fault: the last to arrive wins

    @initialize()
    def sit_down(self) -> None:
        self.stack = self._undone()
        self.connection: Connection = self.stack.__enter__()
        self.session = Session(self.connection, join_transaction_mode="create_savepoint")
        self.attempt = self.session.scalars(select(Attempt).where(Attempt.code == self.code)).one()
        choices = {i: s["options"] for i, s in self.attempt.paper.shapes.items() if "options" in s}
        self.items = dict(sorted(choices.items())[:2])  # few, so that answers meet
        self.given: dict[str, list[Given]] = {device: [] for device in DEVICES}
        self.epochs = dict.fromkeys(DEVICES, 0)
        self.stored: dict[tuple[str, int], tuple[int, Given]] = {}
        self.holder, self.epoch, self.closed = "", 0, False
        self.arrived: dict[str, str] = {}

    @contextmanager
    def _undone(self) -> Iterator[Connection]:
        with writing(), clock.held(clock.now()), self.place.engine.connect() as connection:
            outer = connection.begin()
            try:
                yield connection
            finally:
                self.session.close()
                outer.rollback()

    @rule(device=st.sampled_from(DEVICES), data=st.data())
    def answer(self, device: str, data: st.DataObject) -> None:
        """The candidate answers a few questions; nothing is sent yet."""
        for _ in range(data.draw(st.integers(1, 4))):
            item = data.draw(st.sampled_from(sorted(self.items)))
            value = data.draw(st.sampled_from(["", *self.items[item]]))
            self.given[device].append(Given(len(self.given[device]) + 1, item, value))

    @precondition(lambda self: any(self.given.values()))
    @rule(data=st.data(), take_over=st.booleans())
    def send(self, data: st.DataObject, take_over: bool) -> None:
        """Some of what a device has, in whatever order and however often, reaches the server."""
        device = data.draw(st.sampled_from([device for device in DEVICES if self.given[device]]))
        some = data.draw(st.lists(st.sampled_from(self.given[device]), min_size=1, max_size=6))
        events = tuple(sorted(some, key=lambda one: one.seq))
        known = data.draw(st.sampled_from([0, self.epochs[device]]))
        saved = saving.save(self.connection, self.code, self.attempt.person_id, Batch(device, events, known, take_over))
        self._expect(device, events, known, take_over, saved)

    def _expect(self, device: str, events: tuple[Given, ...], known: int, take_over: bool, saved: saving.Saved) -> None:
        leads = device == self.holder and known in (0, self.epoch)
        if not leads and not self.closed and (not self.holder or take_over):
            self.holder, self.epoch, leads = device, self.epoch + 1, True
        for one in events:
            if (device, one.seq) not in self.stored:
                self.stored[device, one.seq] = (self.epoch if leads and not self.closed else -1, one)
                if leads and not self.closed:
                    self.arrived[one.item] = one.value
        if leads:
            self.epochs[device] = saved.epoch
        assert saved.refusal == (Refusal.CLOSED if self.closed else None if leads else Refusal.LEASE_LOST)
        contiguous = next(n for n in itertools.count() if (device, n + 1) not in self.stored)
        assert saved.acked_to == contiguous

    @precondition(lambda self: not self.closed and len(self.stored) > 4)
    @rule()
    def hand_in(self) -> None:
        """The candidate hands in; nothing that arrives afterwards changes anything."""
        sitting.hand_in(self.session, Actor(person_id=self.attempt.person_id), self.attempt, "key")
        self.session.flush()
        self.closed = True

    @rule(minutes=st.integers(0, 3))
    def wait(self, minutes: int) -> None:
        clock.forward(timedelta(minutes=minutes))

    @invariant()
    def the_answers_are_the_models(self) -> None:
        if not hasattr(self, "stored"):
            return
        rows = self.connection.execute(
            select(AnswerCurrent.item, AnswerCurrent.value).where(AnswerCurrent.attempt_id == self.attempt.id)
        )
        kept = {item: value for item, value in rows if value}
        assert kept == (self._by_arrival() if self.hasty else self._by_order())

    def _by_order(self) -> dict[str, str]:
        counted = sorted((epoch, one.seq, one) for epoch, one in self.stored.values() if epoch >= 0)
        last = {one.item: one.value for _epoch, _seq, one in counted}
        return {item: value for item, value in last.items() if value}

    def _by_arrival(self) -> dict[str, str]:
        return {item: value for item, value in self.arrived.items() if value}

    @invariant()
    def nothing_that_arrived_was_dropped(self) -> None:
        if hasattr(self, "stored"):
            rows = self.connection.execute(
                select(AnswerEvent.device, AnswerEvent.client_seq, AnswerEvent.item, AnswerEvent.value).where(
                    AnswerEvent.attempt_id == self.attempt.id
                )
            )
            kept = {(device, seq): (item, value) for device, seq, item, value in rows}
            assert kept == {place: (one.item, one.value) for place, (_epoch, one) in self.stored.items()}

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.__exit__(None, None, None)


@pytest.fixture
def machine(opened: Installation) -> type[Orders]:
    """The machine on an attempt that is open and has no answers."""
    with writing(), opened.sessions() as session:
        things = world.build(session, opened.settings)
        session.commit()
    return type("OrdersHere", (Orders,), {"place": opened, "code": things["own"]["attempt"]})


def limits(long: bool, examples: int = 120) -> Any:
    """How far to look; the same way every time."""
    return settings(
        max_examples=2_000 if long else examples,
        stateful_step_count=30,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )


def test_whatever_the_network_does_the_answers_are_the_models(machine: type[Orders], long: bool, tell: Any) -> None:
    run_state_machine_as_test(machine, settings=limits(long))
    tell("R8 order and stale", examples=2_000 if long else 120, steps_at_most=30, wrong=0)


def test_a_rule_that_lets_the_last_arrival_win_is_found_out(machine: type[Orders]) -> None:
    machine.hasty = True
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=limits(long=False, examples=600))
