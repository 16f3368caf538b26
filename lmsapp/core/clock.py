"""The one clock. Everything asks here, so that tests can hold time still."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_held: list[datetime] = []


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return _held[-1] if _held else datetime.now(UTC)


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
