"""The life of an attempt: which state may follow which, when it is over. Pure functions of stored times (PRODUCT.md 4.4)."""

from datetime import datetime, timedelta
from enum import StrEnum


class State(StrEnum):
    """Where an attempt stands."""

    PREPARED = "prepared"
    OPEN = "open"
    PAUSED = "paused"
    SUBMITTED = "submitted"
    MARKED = "marked"
    RELEASED = "released"
    EXPIRED = "expired"
    VOID = "void"
    DISPUTED = "disputed"


GOING_ON = (State.OPEN, State.PAUSED)
FOLLOWS: dict[State, frozenset[State]] = {
    State.PREPARED: frozenset({State.OPEN, State.VOID}),
    State.OPEN: frozenset({State.PAUSED, State.SUBMITTED, State.EXPIRED, State.VOID}),
    State.PAUSED: frozenset({State.OPEN, State.SUBMITTED, State.EXPIRED, State.VOID}),
    State.EXPIRED: frozenset({State.SUBMITTED, State.MARKED, State.VOID}),
    State.SUBMITTED: frozenset({State.MARKED, State.VOID, State.DISPUTED}),
    State.MARKED: frozenset({State.RELEASED, State.VOID, State.DISPUTED}),
    State.RELEASED: frozenset({State.DISPUTED, State.VOID}),
    State.DISPUTED: frozenset({State.MARKED, State.RELEASED, State.VOID}),
    State.VOID: frozenset(),
}


def may_follow(before: State, after: State) -> bool:
    """Whether an attempt in one state may go to the other."""
    return after in FOLLOWS[before]


def last_moment(deadline_at: datetime, grace_seconds: int) -> datetime:
    """Until when an answer counts: the server's deadline and its stated grace."""
    return deadline_at + timedelta(seconds=grace_seconds)


def stopped_at(*pauses: datetime | None) -> datetime | None:
    """Since when an attempt's time stands still: the first of its own pause and its sitting's; None while it runs."""
    return min((pause for pause in pauses if pause is not None), default=None)


def effective_state(
    state: State, deadline_at: datetime, grace_seconds: int, now: datetime, stopped: datetime | None = None
) -> State:
    """The state as of `now`, whether or not a sweep has written it yet: an open attempt past its last moment has expired.

    While it is `stopped` its time stands still, so it does not expire.
    """
    if state not in GOING_ON:
        return state
    if (stopped or now) > last_moment(deadline_at, grace_seconds):
        return State.EXPIRED
    return State.OPEN if stopped is None and state is State.OPEN else State.PAUSED


def seconds_left(deadline_at: datetime, now: datetime, stopped: datetime | None = None) -> int:
    """Whole seconds until the deadline, never below 0."""
    return max(0, int((deadline_at - (stopped or now)).total_seconds()))
