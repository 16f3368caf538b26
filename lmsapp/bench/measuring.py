"""Measuring in turn: ours, its limit, ours, its limit …; medians, spread, ratio."""

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lmsapp.core import pdf


@dataclass(frozen=True)
class Cost:
    """What one repetition cost, for one piece of work: processor and wall milliseconds, or another amount in `cpu`."""

    cpu: float
    wall: float = 0.0


@dataclass(frozen=True)
class Spread:
    """The median of several repetitions, with the least and the most."""

    median: float
    least: float
    most: float
    wall: float

    @classmethod
    def of(cls, costs: list[Cost]) -> "Spread":
        """From the costs of all repetitions."""
        cpu = [one.cpu for one in costs]
        return cls(statistics.median(cpu), min(cpu), max(cpu), statistics.median(one.wall for one in costs))


@dataclass(frozen=True)
class Row:
    """One measured thing beside its limit; `unit` is that of the amounts, `facts` what else is worth knowing."""

    workload: str
    what: str
    unit: str
    ours: Spread
    limit_name: str
    limit: Spread
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ours to the limit: 1 is as good as the limit, 2 costs twice as much."""
        return self.ours.median / self.limit.median if self.limit.median else float("inf")


def share(waits: list[float], part: float) -> float:
    """The wait that this part of all did not exceed."""
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def timed(work: Callable[[], object], times: int) -> Cost:
    """Does the work so many times; the cost of one."""
    cpu, wall = _processor(), time.perf_counter()
    for _ in range(times):
        work()
    return Cost((_processor() - cpu) * 1000 / times, (time.perf_counter() - wall) * 1000 / times)


def in_turn(ours: Callable[[], Cost], limit: Callable[[], Cost], repeat: int) -> tuple[Spread, Spread]:
    """Both, `repeat` times, one after the other, after each was done once unmeasured."""
    ours(), limit()
    pairs = [(ours(), limit()) for _ in range(repeat)]
    return Spread.of([pair[0] for pair in pairs]), Spread.of([pair[1] for pair in pairs])


def _processor() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)  # a press leaves after its share of documents
    return time.process_time() + pdf.processor_seconds() + ended.ru_utime + ended.ru_stime
