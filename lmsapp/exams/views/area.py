"""The area all exam pages belong to, and the title they share."""

from markupsafe import Markup

from lmsapp.catalogue.models import Edition
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.formatting import native_digits
from lmsapp.exams.questions import GAP
from lmsapp.translation import queries as texts
from lmsapp.web.database import db
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("exams", __name__)


def edition_title(edition: Edition) -> str:
    """The course's title in the reader's language."""
    words = texts.texts_of(db.session(), edition.document_id, current_language().code, drafts_allowed=drafts_allowed())
    return words["title"].text


@area.app_template_filter("numbered_gaps")
def numbered_gaps(text: str) -> str:
    """A cloze's text with its gaps as numbers in brackets, for pages that show it beside the answers."""
    return GAP.sub(lambda found: f"({native_digits(found[1])}) ___", text)


@area.app_template_filter("square_at")
def square_at(square: str) -> Markup:
    """Where a square of a drawing's grid lies, as attributes of SVG."""
    return Markup('x="{}" y="{}"').format(ord(square[0]) - ord("A"), int(square[1:]) - 1)
