"""What happened in exams, in the past tense, for those above who want to know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AttemptHandedIn:
    """A candidate handed in, or her time ran out."""

    attempt_id: int
    enrolment_id: int


@dataclass(frozen=True)
class AttemptMarked:
    """An attempt has a mark; the candidate does not see it yet."""

    attempt_id: int
    enrolment_id: int
    passed: bool


@dataclass(frozen=True)
class ResultsReleased:
    """The results of a sitting were released to its candidates."""

    sitting_id: int


@dataclass(frozen=True)
class MarkCorrected:
    """A mark that stood was corrected; `flipped` when it passes now and did not before, or the other way."""

    attempt_id: int
    enrolment_id: int
    passed: bool
    flipped: bool
