"""What happened in cohorts, in the past tense."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CohortStarted:
    """A cohort was set up."""

    cohort_id: int


@dataclass(frozen=True)
class Enrolled:
    """A person is on the roster of a cohort, for the first time or again."""

    enrolment_id: int


@dataclass(frozen=True)
class CohortClosed:
    """A cohort was closed out; nothing in it changes any more."""

    cohort_id: int
