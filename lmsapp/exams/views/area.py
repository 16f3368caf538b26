"""The area all exam pages belong to, and the title they share."""

from lmsapp.catalogue.models import Edition
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.exams.models import Bank
from lmsapp.translation import queries as texts
from lmsapp.translation.queries import Texts
from lmsapp.web.database import db
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("exams", __name__)


def edition_title(edition: Edition) -> str:
    """The course's title in the reader's language."""
    words = texts.texts_of(db.session(), edition.document_id, current_language().code, drafts_allowed=drafts_allowed())
    return words["title"].text


def bank_words(bank: Bank) -> Texts:
    """A bank's title and topics in the reader's language."""
    return texts.texts_of(db.session(), bank.document_id, current_language().code, drafts_allowed=drafts_allowed())
