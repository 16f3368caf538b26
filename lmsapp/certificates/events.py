"""What happened to certificates, in the past tense."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AwardIssued:
    """A certificate was awarded."""

    award_id: int
    person_id: int


@dataclass(frozen=True)
class AwardStateChanged:
    """A certificate was suspended, reinstated, revoked or superseded."""

    award_id: int
    kind: str
