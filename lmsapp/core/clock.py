"""The one clock. Everything asks here, so that tests can hold time still.

Once a server has said `count_from`, time is counted by the machine's uptime, which no setting of the wall clock moves:
deadlines stay where they are when somebody corrects the clock in mid-exam (`core.runs` decides when the wall is followed).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_held: list[datetime] = []
_zero: list[datetime] = []  # the moment at which the uptime was 0, as this process counts


def now() -> datetime:
    """The present moment, aware, in UTC."""
    if _held:
        return _held[-1]
    return _zero[0] + timedelta(seconds=uptime()) if _zero else wall()


def wall() -> datetime:
    """What the machine's clock says, right or wrong."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds since the machine started, asleep or awake; setting its clock does not move them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def start_of_machine() -> str:
    """A name that changes each time the machine starts; empty where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def count_from(zero: datetime | None) -> None:
    """From now on time is counted by the uptime from `zero`; None asks the wall again."""
    _zero[:] = [] if zero is None else [zero]


def monotonic() -> float:
    """Seconds that never jump, for measuring spans inside one process."""
    return time.monotonic()


@contextmanager
def held(at: datetime) -> Iterator[None]:
    """Time stands still at `at` inside the block."""
    if at.tzinfo is None:
        raise ValueError("a held time needs its zone")
    _held.append(at.astimezone(UTC))
    try:
        yield
    finally:
        _held.pop()


def forward(span: timedelta) -> None:
    """Moves held time on by `span`."""
    _held[-1] += span
