"""What certificates hold against cancelling their cohort."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lmsapp.certificates.models import Award
from lmsapp.cohorts.events import CohortCancelled
from lmsapp.core.errors import Conflict
from lmsapp.core.translations import N_


def stand(session: Session, event: CohortCancelled) -> None:
    """What was awarded was held: a cohort with certificates can be closed, not cancelled."""
    if session.scalar(select(exists().where(Award.cohort_id == event.cohort_id))):
        raise Conflict(
            N_(
                "Certificates of this cohort have been awarded, so it can't be cancelled. Close it, or revoke them one by one."
            )
        )
