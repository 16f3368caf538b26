"""Results: the candidate's after release; before, those who teach or assess her."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flask import render_template, url_for

from lmsapp.catalogue.models import Edition, Lesson
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.errors import NotFound
from lmsapp.exams import marking, policy, queries, sitting, truths
from lmsapp.exams.marks import KeyItem
from lmsapp.exams.models import Attempt, Correction, Mark
from lmsapp.exams.resits import Resit
from lmsapp.exams.truths import Answered
from lmsapp.exams.views.area import area
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language


@dataclass(frozen=True)
class Shown:
    """One item of the result: what was asked, her answer beside the truth, its points (None: taken out for everybody)."""

    sheet: dict[str, Any]
    frozen: dict[str, Any]
    answered: Answered | None
    given: bool
    points: Fraction | None
    corrections: list[Correction]

    @property
    def lost(self) -> bool:
        """Whether it did not earn all its points."""
        return self.points is not None and self.points < self.frozen["points"]


@dataclass(frozen=True)
class Topic:
    """One topic of the paper: points earned and possible, lessons to read again."""

    name: str
    points: Fraction
    possible: int
    lessons: list[str]


@area.get("/exams/<code>/result", policy=policy.may_read_result)
def result(code: str) -> str:
    """A result: points, whether it passed, by topic, each answer beside what is true, and whether she may try again."""
    actor = login.actor()
    attempt = queries.attempt(db.session(), actor, code)
    mark = queries.newest_marks(db.session(), [attempt.id]).get(attempt.id)
    if not policy.may_read_result(actor, attempt) or mark is None:
        raise NotFound
    exam, language = attempt.sitting.exam, current_language().code
    edition = attempt.sitting.cohort.edition
    shown = _shown(attempt, mark) if policy.may_read_answers(actor, attempt) else []
    own = attempt.person_id == actor.person_id
    return render_template(
        "exams/result.html",
        attempt=attempt,
        exam=exam,
        mark=mark,
        percent_value=queries.percent(mark),
        shown=shown,
        topics=_topics(attempt, mark, shown),
        readings=marking.readings_of(db.session(), [attempt.id]).get(attempt.id, {}),
        lessons=_lessons(edition, {one.frozen["structure"].get("lesson") for one in shown if one.lost}),
        bank_words=texts.texts_of(db.session(), exam.bank.document_id, language, drafts_allowed=drafts_allowed()),
        own=own,
        picture=lambda digest: url_for("exams.picture", code=attempt.code, digest=digest),
        again=_again(attempt) if own and not mark.passed else None,
    )


def _again(attempt: Attempt) -> Resit:
    tried = queries.tries(db.session(), attempt.sitting, attempt.person_id)
    return queries.resit(db.session(), attempt.sitting, tried)


def _shown(attempt: Attempt, mark: Mark) -> list[Shown]:
    given = sitting.answers_of(db.session(), attempt.id)
    changes = marking.corrections_of(db.session(), attempt.sitting)
    assessed = {k.item: k for k in marking.assess(db.session(), attempt, changes).key}
    may_see_key = bool(policy.may_read_key(login.actor(), attempt))
    found = []
    for sheet in attempt.paper.sheet["items"]:
        item, frozen = sheet["item"], attempt.paper.key[sheet["item"]]
        printed = KeyItem(item, frozen["kind"], frozen["structure"], frozen["points"], frozen["critical"])
        points = Fraction(*mark.items[item]) if item in mark.items else None
        value = given.get(item, "")
        beside = truths.beside(sheet, assessed.get(item, printed), value) if may_see_key else None
        own = [c for c in changes if marking.concerns(c, attempt, frozen)]
        found.append(Shown(sheet, frozen, beside, bool(value), points, own))
    return found


def _topics(attempt: Attempt, mark: Mark, shown: list[Shown]) -> list[Topic]:
    found: dict[str, Topic] = {}
    lost = {one.sheet["item"]: one.frozen["structure"].get("lesson") for one in shown if one.lost}
    for item, frozen in attempt.paper.key.items():
        if item in mark.items:
            name = frozen["topic"]
            before = found.get(name, Topic(name, Fraction(0), 0, []))
            lessons = {*before.lessons, *([lost[item]] if lost.get(item) else [])}
            points = before.points + Fraction(*mark.items[item])
            found[name] = Topic(name, points, before.possible + frozen["points"], sorted(lessons))
    return list(found.values())


def _lessons(edition: Edition, numbers: set[str | None]) -> dict[str, tuple[Lesson | None, str]]:
    """Lessons by the number questions name them with (2.3: the third of module 2), each with its title; its module's if unread."""
    language = current_language().code
    modules = {module.slug.partition("-")[0]: module for module in edition.modules}
    found: dict[str, tuple[Lesson | None, str]] = {}
    words = texts.texts_of(db.session(), edition.document_id, language, drafts_allowed=drafts_allowed())
    for number in sorted(n for n in numbers if n):
        first, _point, second = number.partition(".")
        module = modules.get(first)
        if module is None:
            continue
        lesson = next((one for one in module.lessons if one.slug.partition("-")[0] == second), None)
        if lesson is None:
            found[number] = (None, words[f"module.{module.slug}"].text)
        else:
            own = texts.texts_of(db.session(), lesson.document_id, language, drafts_allowed=drafts_allowed())
            found[number] = (lesson, own["title"].text)
    return found
