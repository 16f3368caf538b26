"""Being told to stop."""

import signal
from collections.abc import Callable
from types import FrameType


def stop_on_signals(stop: Callable[[], object]) -> None:
    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, handle)
