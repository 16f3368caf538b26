"""Whether a candidate may begin an exam, again: how often, how soon, and not after she passed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lmsapp.core.translations import N_
from lmsapp.exams.attempts import GOING_ON, State


class Ground(StrEnum):
    """Why somebody may begin, or may not."""

    FREE = "free"
    OPEN = "open"
    PAPER = "paper"
    UNKNOWN = "unknown"
    PASSED = "passed"
    USED = "used"
    WAIT = "wait"


REFUSALS = {
    Ground.OPEN: N_("You have an exam of this course open. Hand it in first."),
    Ground.PAPER: N_("You write this exam on paper."),
    Ground.UNKNOWN: N_("Wait for the result of your last attempt before you begin another."),
    Ground.PASSED: N_("You have passed this exam; it need not be sat again."),
    Ground.USED: N_("You have used all your attempts at this exam."),
    Ground.WAIT: N_("You can try again later; the exam's page says when."),
}


@dataclass(frozen=True)
class Tried:
    """One earlier attempt: its state as of now, when it ended, whether its released result is a pass."""

    state: State
    ended_at: datetime
    passed: bool


@dataclass(frozen=True)
class Resit:
    """Whether she may begin now, why not, how many attempts are left, and from when."""

    ground: Ground
    left: int
    from_when: datetime | None = None

    def __bool__(self) -> bool:
        return self.ground is Ground.FREE


def may_begin(tried: Sequence[Tried], attempts: int, wait_hours: int, now: datetime) -> Resit:
    """Asks the rules in turn. Void attempts count for nothing; a result that is not released yet has to be awaited."""
    counted = [one for one in tried if one.state is not State.VOID]
    left = max(0, attempts - len(counted))
    if any(one.state in GOING_ON for one in counted):
        return Resit(Ground.OPEN, left)
    if any(one.state is State.PREPARED for one in counted):
        return Resit(Ground.PAPER, left)
    released = [one for one in counted if one.state is State.RELEASED]
    if any(one.passed for one in released):
        return Resit(Ground.PASSED, left)
    if not left:
        return Resit(Ground.USED, 0)
    if len(released) < len(counted):
        return Resit(Ground.UNKNOWN, left)
    from_when = max((one.ended_at + timedelta(hours=wait_hours) for one in counted), default=None)
    waits = from_when is not None and from_when > now
    return Resit(Ground.WAIT if waits else Ground.FREE, left, from_when if waits else None)
