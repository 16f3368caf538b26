"""Question banks, for those who write questions: the list, one bank's questions narrowed, its drafts."""

from flask import Response, flash, redirect, render_template, request, url_for

from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.access import demand
from lmsapp.core.errors import Invalid
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import N_
from lmsapp.core.translations import gettext as _
from lmsapp.exams import bank_queries, banking, policy, queries
from lmsapp.exams.bank_forms import BankForm
from lmsapp.exams.bank_queries import SORTS, Wanted
from lmsapp.exams.lacks import lacks, settled
from lmsapp.exams.models import Bank
from lmsapp.exams.question_forms import DIFFICULTIES, KINDS, press
from lmsapp.exams.views.area import area, bank_words
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.lists import page_of
from lmsapp.web.locale import current_language

Page = str | Response | tuple[str, int]


@area.get("/banks", policy=policy.may_author)
def banks() -> str:
    """Question banks with their sizes and the drafts that wait."""
    found = queries.banks(db.session())
    words = texts.texts_of_kind(db.session(), "bank", current_language().code, drafts_allowed=drafts_allowed())
    return render_template("exams/banks.html", found=found, words=words, waiting=bank_queries.sizes(db.session()))


@area.get("/banks/<code>", policy=policy.may_author)
def bank(code: str) -> str:
    """One bank: its questions, searched and narrowed."""
    found = bank_queries.bank(db.session(), code)
    wanted = _wanted()
    page = page_of(db.session(), bank_queries.narrowed(found, wanted), request.args.get("page"))
    documents = [q.document_id for q in page.rows]
    return render_template(
        "exams/bank.html",
        bank=found,
        words=bank_words(found),
        wanted=wanted,
        page=page,
        counts=bank_queries.counts(db.session(), found, list(LANGUAGES)),
        stems=texts.texts(db.session(), documents, current_language().code, drafts_allowed=drafts_allowed()),
        waiting=bank_queries.sizes(db.session()).get(found.id, 0),
        kinds=KINDS,
        difficulties=DIFFICULTIES,
        sorts=list(SORTS),
    )


def _wanted() -> Wanted:
    given = {
        name: request.args.get(name, "")[:100] for name in ("topic", "kind", "difficulty", "competence", "lacking")
    }
    sort = request.args.get("sort", "topic")
    return Wanted(
        search=request.args.get("q", "")[:100],
        critical=request.args.get("critical") == "yes",
        retired=request.args.get("retired") == "yes",
        sort=sort if sort in SORTS else "topic",
        **given | ({"lacking": ""} if given["lacking"] not in LANGUAGES else {}),
    )


@area.get("/banks/<code>/drafts", policy=policy.may_author)
def drafts(code: str) -> str:
    """The drafts of a bank: who wrote them, what they still lack, which were sent back."""
    found = bank_queries.bank(db.session(), code)
    waiting = bank_queries.drafts(db.session(), found.id)
    return render_template(
        "exams/drafts.html",
        bank=found,
        words=bank_words(found),
        drafts=waiting,
        wanting={draft.id: len(lacks(settled(draft.entry), found.topics)) for draft in waiting},
        kinds=KINDS,
    )


@area.form("/banks/new", policy=policy.may_publish)
def new_bank() -> Page:
    """Opening a bank."""
    return _keep(None, {}, current_language().code)


@area.form("/banks/<code>/settings", policy=policy.may_publish)
def bank_settings(code: str) -> Page:
    """A bank's title, topics and course."""
    demand(policy.may_publish(login.actor()))
    found = bank_queries.bank(db.session(), code)
    source = found.document.source_language
    words = texts.texts_of(db.session(), found.document_id, source, drafts_allowed=True)
    topics = {topic: words[f"topic.{topic}"].text for topic in found.topics}
    return _keep(found, topics, source, title=words["title"].text)


def _keep(found: Bank | None, topics: dict[str, str], language: str, title: str = "") -> Page:
    courses = catalogue.courses(db.session(), login.actor(), current_language().code, drafts_allowed=drafts_allowed())
    ids = {course.code: course.edition.course_id for course in courses}
    form = BankForm(
        code=found.code if found else "",
        language=language,
        title=title,
        topics=[{"text": name} for name in topics.values()],
        course=next((code for code, number in ids.items() if found and number == found.course_id), ""),
    )
    form.offer([(one.code, f"{one.code} · {one.title}") for one in courses])
    act, _rest = press(form.do.data or "save", [form.topics])
    if form.sent() and act == "save":
        try:
            kept = banking.put_bank(
                db.session(),
                login.actor(),
                _code(form, found),
                language if found else form.language.data,
                form.title.data,
                form.named_topics(topics),
                ids.get(form.course.data),
            )
        except Invalid as problem:
            form.take(problem)
        else:
            flash(_("The bank is kept."), "done")
            return redirect(url_for("exams.bank", code=kept.code), 303)  # type: ignore[return-value]
    if act != "save":
        for field in form:
            field.errors = []
    page = render_template("exams/bank_settings.html", form=form, bank=found)
    return page, 422 if form.errors else 200


def _code(form: BankForm, found: Bank | None) -> str:
    """A new bank's code, which must be free; an old one keeps its own."""
    if found is not None:
        return found.code
    if any(known.code == form.code.data for known, _count in queries.banks(db.session())):
        message = N_("There is a bank with this code already.")
        raise Invalid(message, {"code": message})
    return str(form.code.data)
