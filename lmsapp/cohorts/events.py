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
class CohortChanged:
    """Something of a cohort was changed; `fields` are names of its attributes. Who objects raises, and nothing was changed."""

    cohort_id: int
    fields: frozenset[str]


@dataclass(frozen=True)
class CohortCancelled:
    """A cohort will not be held. Who objects raises, and it is not cancelled."""

    cohort_id: int


@dataclass(frozen=True)
class CohortClosed:
    """A cohort was closed out; nothing in it changes any more."""

    cohort_id: int
