"""The area all exam pages belong to, and what they share: titles, and the pictures of questions."""

from collections.abc import Mapping

from flask import Response, current_app, send_file
from markupsafe import Markup

from lmsapp.catalogue.models import Edition
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.errors import NotFound
from lmsapp.core.formatting import native_digits
from lmsapp.core.storage import Folder
from lmsapp.exams.formats import pictures
from lmsapp.exams.models import Bank
from lmsapp.exams.questions import GAP
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


def storage() -> Folder:
    """Where the pictures of questions lie."""
    return Folder(current_app.extensions["settings"].files)


def shown_picture(picture: Mapping[str, str] | None) -> Response:
    """A stored picture under the type it was judged to have; nothing else is served."""
    kept = storage()
    if not picture or picture["type"] not in pictures.TYPES or not kept.exists(picture["digest"]):
        raise NotFound
    reply = send_file(
        kept.path(picture["digest"]), mimetype=picture["type"], etag=picture["digest"][:32], conditional=True
    )
    reply.headers["Cache-Control"] = "private, max-age=3600"
    return reply


@area.app_template_filter("numbered_gaps")
def numbered_gaps(text: str) -> str:
    """A cloze's text with its gaps as numbers in brackets, for pages that show it beside the answers."""
    return GAP.sub(lambda found: f"({native_digits(found[1])}) ___", text)


@area.app_template_filter("square_at")
def square_at(square: str) -> Markup:
    """Where a square of a drawing's grid lies, as attributes of SVG."""
    return Markup('x="{}" y="{}"').format(ord(square[0]) - ord("A"), int(square[1:]) - 1)
