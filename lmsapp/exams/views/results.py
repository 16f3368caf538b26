"""Released results."""

from typing import Any

from flask import render_template

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.errors import NotFound
from lmsapp.exams import policy, queries, sitting
from lmsapp.exams.models import Attempt
from lmsapp.exams.views.area import area
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language


@area.get("/exams/<code>/result", policy=policy.may_read_result)
def result(code: str) -> str:
    """A released result: points, whether it passed, by topic, and what each answer should have been."""
    attempt = queries.attempt(db.session(), login.actor(), code)
    if not policy.may_read_result(login.actor(), attempt):
        raise NotFound
    mark = queries.newest_marks(db.session(), [attempt.id]).get(attempt.id)
    if mark is None:
        raise NotFound
    answers = sitting.answers_of(db.session(), attempt.id)
    bank_words = texts.texts_of(
        db.session(), attempt.sitting.exam.bank.document_id, current_language().code, drafts_allowed=drafts_allowed()
    )
    own = attempt.person_id == login.actor().person_id
    return render_template(
        "exams/result.html",
        attempt=attempt,
        mark=mark,
        percent_value=queries.percent(mark),
        answers=answers,
        bank_words=bank_words,
        topics=_by_topic(attempt, mark),
        own=own,
        state=queries.state_now(attempt),
    )


def _by_topic(attempt: Attempt, mark: Any) -> list[tuple[str, int, int]]:
    """For each topic of the paper: items fully right, items asked."""
    found: dict[str, list[int]] = {}
    for item, key in attempt.paper.key.items():
        numerator, denominator = mark.items[item]
        right, asked = found.setdefault(key["topic"], [0, 0])
        found[key["topic"]] = [right + (numerator == denominator * key["points"]), asked + 1]
    return [(topic, right, asked) for topic, (right, asked) in found.items()]
