"""Question banks, for those who write questions."""

from flask import render_template

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.exams import policy, queries
from lmsapp.exams.views.area import area
from lmsapp.translation import queries as texts
from lmsapp.web.database import db
from lmsapp.web.locale import current_language


@area.get("/banks", policy=policy.may_author)
def banks() -> str:
    """Question banks with their sizes."""
    found = queries.banks(db.session())
    words = texts.texts_of_kind(db.session(), "bank", current_language().code, drafts_allowed=drafts_allowed())
    return render_template("exams/banks.html", found=found, words=words)


@area.get("/banks/<code>", policy=policy.may_author)
def bank(code: str) -> str:
    """One bank: its questions by topic, with their keys; for authors."""
    found = queries.bank(db.session(), code)
    language = current_language().code
    words = texts.texts_of(db.session(), found.document_id, language, drafts_allowed=drafts_allowed())
    stems = texts.texts(
        db.session(), [q.document_id for q in found.questions], language, drafts_allowed=drafts_allowed()
    )
    return render_template("exams/bank.html", bank=found, words=words, stems=stems)
