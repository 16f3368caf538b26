"""What exams hold against changing or cancelling their cohort."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lmsapp.cohorts.events import CohortCancelled, CohortChanged
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.translations import N_
from lmsapp.exams import queries
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.models import Attempt, Sitting


def keep_edition(session: Session, event: CohortChanged) -> None:
    """An exam belongs to an edition: once one is set, its cohort stays on that edition."""
    if "edition_id" in event.fields and session.scalar(select(exists().where(Sitting.cohort_id == event.cohort_id))):
        message = N_("An exam of this edition is set for the cohort; the edition stays.")
        raise Invalid(message, {"edition": message})


def let_finish(session: Session, event: CohortCancelled) -> None:
    """Nobody's exam is cut off: who sits one now finishes it before the cohort is cancelled."""
    begun = select(Attempt).join(Sitting).where(Sitting.cohort_id == event.cohort_id, Attempt.state.in_(GOING_ON))
    if any(queries.state_now(attempt) is not State.EXPIRED for attempt in session.scalars(begun)):
        raise Conflict(N_("Somebody sits an exam of this cohort now. Cancel it when the exam is over."))
