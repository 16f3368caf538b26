"""Composing the exams of an edition, with what its bank can give shown while one edits."""

from flask import Response, flash, redirect, render_template, request

from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.models import Edition
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.access import demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.formatting import number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import N_
from lmsapp.core.translations import gettext as _
from lmsapp.exams import bank_queries, composing, policy, queries
from lmsapp.exams.composing import NAMES, Infeasible
from lmsapp.exams.exam_forms import ExamForm
from lmsapp.exams.models import Bank
from lmsapp.exams.papers import Blueprint, Shortage
from lmsapp.exams.question_forms import DIFFICULTIES, press
from lmsapp.exams.views.area import area, bank_words, edition_title
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language

Page = str | Response | tuple[str, int]


@area.get("/exams", policy=policy.may_author)
def exams() -> str:
    """The exams of every course's newest edition."""
    listed = catalogue.courses(db.session(), login.actor(), current_language().code, drafts_allowed=drafts_allowed())
    composed = bank_queries.exams(db.session(), [one.edition.id for one in listed])
    with_bank = {one.course_id for one, _count in queries.banks(db.session())}
    shown = [one for one in listed if one.edition.course_id in with_bank or one.edition.id in composed]
    return render_template("exams/exams.html", listed=shown, composed=composed, names=NAMES)


@area.form("/courses/<code>/editions/<int:number>/exams/<exam>", policy=policy.may_author)
def exam(code: str, number: int, exam: str) -> Page:
    """What an exam asks and how it is held: training managers change it, instructors read it."""
    edition = catalogue.edition(db.session(), login.actor(), code, number)
    if exam not in NAMES:
        raise NotFound
    known = bank_queries.exams(db.session(), [edition.id]).get(edition.id, {}).get(exam)
    found = known or composing.unsaved(db.session(), edition, exam)
    if found is None:
        raise Conflict(N_("This course has no question bank yet. Open one first."))
    if request.method == "POST":
        demand(policy.may_compose(login.actor()))
    banks = {one.id: one for one, _count in queries.banks(db.session())}
    titles = texts.texts_of_kind(db.session(), "bank", current_language().code, drafts_allowed=drafts_allowed())
    form = ExamForm(**ExamForm.values(found, composing.needs(found)))
    form.offer([(str(one.id), titles[one.document_id]["title"].text) for one in banks.values()])
    bank = next((one for one in banks.values() if str(one.id) == form.bank.data), banks[found.bank_id])
    act, _rest = press(form.do.data, (form.lines, form.fixed))
    problems: list[str] = []
    if form.sent() and act == "save":
        problems = _keep(form, edition, exam)
        if not form.errors:
            return redirect(request.path, 303)  # type: ignore[return-value]
    if act != "save":
        form.form_errors = []
        for field in form:
            field.errors = []
    wanted, reach = _reach(form, bank)
    page = render_template(
        "exams/exam.html",
        edition=edition,
        title=edition_title(edition),
        name=NAMES[exam],
        known=known,
        form=form,
        problems=problems,
        bank=bank,
        words=bank_words(bank),
        wanted=wanted,
        reach=reach,
        says={language: _hidden(there, language) for language, there in reach.items()},
        difficulties=DIFFICULTIES,
        offered=bank_queries.offered(db.session(), bank, current_language().code, drafts_allowed=drafts_allowed()),
        drafts=drafts_allowed(),
    )
    return page, 422 if form.errors else 200


def _keep(form: ExamForm, edition: Edition, code: str) -> list[str]:
    """Keeps what was composed; otherwise the form says why, and what is short is returned."""
    try:
        composing.compose(db.session(), login.actor(), edition, code, form.plan(), drafts_allowed=drafts_allowed())
    except Infeasible as problem:
        form.form_errors = [_(problem.message)]
        return [say(one, language) for language, short in problem.short.items() for one in short]
    except Invalid as problem:
        form.take(problem)
    else:
        flash(_("The exam is kept. Papers that were handed out stay as they are."), "done")
    return []


def _reach(form: ExamForm, bank: Bank) -> tuple[Blueprint, dict[str, composing.Reach]]:
    """What the bank gives for what stands in the form now, in every language."""
    critical = form.critical.data if isinstance(form.critical.data, int) else 0
    wanted = composing.sketched(db.session(), bank, form.needs(), form.keys(), critical)
    return wanted, composing.feasibility(
        db.session(), bank.id, wanted, list(LANGUAGES), drafts_allowed=drafts_allowed()
    )


def _hidden(there: composing.Reach, code: str) -> list[str]:
    """What is short though each line for itself could be filled: lines that need the same questions, fixed and critical ones."""
    return [say(one, code) for one in there.short if one.part != "line" or there.there[one.line] >= one.wanted]


def say(short: Shortage, code: str) -> str:
    """What is short, in the reader's language."""
    values = {
        "language": f"\u2068{LANGUAGES[code].name}\u2069",  # its own direction must not turn the sentence
        "there": number_text(short.there),
        "wanted": number_text(short.wanted),
        "line": number_text(short.line + 1),
    }
    if short.part == "line":
        return _("Line %(line)s, %(language)s: %(there)s of %(wanted)s questions are there.", **values)
    if short.part == "fixed":
        return _("Questions in every paper, %(language)s: %(there)s of %(wanted)s are there.", **values)
    return _("Critical questions, %(language)s: %(there)s of %(wanted)s can be drawn.", **values)
