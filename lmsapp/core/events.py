"""What happened, told upwards: a lower capability publishes in the past tense, `wiring.py` connects who listens."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

Listener = Callable[[Session, Any], None]
_listeners: dict[type, list[Listener]] = defaultdict(list)


def subscribe(kind: type, listener: Listener) -> None:
    """`listener(session, event)` runs in the transaction of whoever publishes; asking twice changes nothing."""
    if listener not in _listeners[kind]:
        _listeners[kind].append(listener)


def hear_nothing() -> None:
    """Disconnects everybody: for one process that holds several installations after each other."""
    _listeners.clear()


def publish(session: Session, event: object) -> None:
    """Tells all listeners of this kind of event, in the order they were connected."""
    for listener in _listeners[type(event)]:
        listener(session, event)
