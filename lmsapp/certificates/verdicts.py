"""The four answers at a gate (PRODUCT.md 4.6). Pure: from a payload, what is known of its key and its state, and the day.

*valid* · *lapsed* (expired, suspended, revoked or superseded: a known lapse goes before a stale list) · *stale-list*
(genuine, but the list of revocations is too old to tell) · *not-ours* (or altered; then no fact is repeated).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lmsapp.certificates.payload import Payload


class Answer(StrEnum):
    """What is said; only the first lets a person through."""

    VALID = "valid"
    LAPSED = "lapsed"
    STALE_LIST = "stale-list"
    NOT_OURS = "not-ours"


@dataclass(frozen=True)
class Lapse:
    """Why an award does not count (any more), and since when."""

    state: str
    since: date


@dataclass(frozen=True)
class Verdict:
    """The answer with what may be shown beside it."""

    answer: Answer
    payload: Payload | None = None
    lapse: Lapse | None = None
    list_age: int | None = None


NOT_OURS = Verdict(Answer.NOT_OURS)


def judge(
    payload: Payload,
    *,
    genuine: bool,
    lapses: Mapping[str, Lapse],
    today: date,
    list_date: date | None,
    stale_after: int,
) -> Verdict:
    """The answer for a payload. `lapses` maps serials to what the list says; `list_date` None is the server's own list."""
    if not genuine:
        return NOT_OURS
    lapse = lapses.get(str(payload.serial))
    if lapse is None and payload.valid_until is not None and payload.valid_until < today:
        lapse = Lapse("expired", payload.valid_until)
    age = None if list_date is None else max(0, (today - list_date).days)
    if lapse is not None:
        return Verdict(Answer.LAPSED, payload, lapse, age)
    if age is not None and age > stale_after:
        return Verdict(Answer.STALE_LIST, payload, list_age=age)
    return Verdict(Answer.VALID, payload, list_age=age)
