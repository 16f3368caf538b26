"""The area all pages of cohorts belong to, and what they share."""

from collections.abc import Sequence
from typing import Any

from lmsapp.accounts import queries as people
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import queries
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core.errors import NotFound
from lmsapp.translation import queries as texts
from lmsapp.web.database import db
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("cohorts", __name__)


def course_words(cohort: Cohort, keys: Sequence[str] | None = None) -> Any:
    """The words of a cohort's course in the reader's language."""
    document, language = cohort.edition.document_id, current_language().code
    return texts.texts_of(db.session(), document, language, drafts_allowed=drafts_allowed(), keys=keys)


def partner_name(cohort: Cohort) -> str:
    """The name of the agency a cohort is held for, "" for none."""
    if cohort.partner_id is None:
        return ""
    return people.names_of(db.session(), [cohort.partner_id], current_language().code).get(cohort.partner_id, "")


def enrolment_of(cohort: Cohort, enrolment_id: int) -> Enrolment:
    """One enrolment of a cohort; raises NotFound."""
    for enrolment in queries.enrolments(db.session(), cohort.id):
        if enrolment.id == enrolment_id:
            return enrolment
    raise NotFound
