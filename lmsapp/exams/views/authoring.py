"""Writing questions: drafts with a live preview, publishing, a question's page."""

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from markupsafe import Markup

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.access import demand
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.formatting import number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import use
from lmsapp.exams import bank_queries, banking, changes, drafting, policy
from lmsapp.exams.bank_forms import RemarkForm
from lmsapp.exams.changes import PARTS
from lmsapp.exams.forms import EmptyForm
from lmsapp.exams.lacks import Lack, lacks, settled
from lmsapp.exams.models import Bank, Question, QuestionDraft
from lmsapp.exams.question_forms import DIFFICULTIES, FORMS, KINDS
from lmsapp.exams.questions import Kind
from lmsapp.exams.views.area import area, bank_words
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language

Page = str | Response | tuple[str, int]


@area.get("/banks/<code>/write", policy=policy.may_author)
def write(code: str) -> str:
    """The ten kinds of questions, to choose one."""
    bank = bank_queries.bank(db.session(), code)
    return render_template("exams/write.html", bank=bank, words=bank_words(bank), kinds=KINDS)


@area.form("/banks/<code>/write/<kind>", policy=policy.may_author)
def write_question(code: str, kind: str) -> Page:
    """A new question of one kind."""
    bank = bank_queries.bank(db.session(), code)
    if kind not in list(Kind):
        raise NotFound
    return _edit(bank, {"kind": kind}, current_language().code)


@area.form("/questions/<int:question_id>/revise", policy=policy.may_author)
def revise_question(question_id: int) -> Page:
    """The next version of a question, as a draft."""
    question = bank_queries.question(db.session(), question_id)
    base = banking.entry_of(db.session(), question)
    return _edit(question.bank, base, question.document.source_language, question=question)


@area.form("/drafts/<int:draft_id>", policy=policy.may_author)
def edit_draft(draft_id: int) -> Page:
    """Writing on in a draft."""
    draft = _draft(draft_id)
    return _edit(draft.bank, settled(draft.entry), draft.language, draft=draft, question=draft.question)


def _draft(draft_id: int) -> QuestionDraft:
    draft = bank_queries.draft(db.session(), login.actor(), draft_id)
    if not policy.may_draft(login.actor(), draft):
        raise NotFound
    return draft


def _edit(
    bank: Bank,
    base: Mapping[str, Any],
    language: str,
    *,
    draft: QuestionDraft | None = None,
    question: Question | None = None,
) -> Page:
    kind = Kind(base["kind"])
    words = bank_words(bank)
    form = FORMS[kind](language=language, **FORMS[kind].values(base))
    form.offer([(topic, words[f"topic.{topic}"].text) for topic in bank.topics])
    act = form.act() if request.method == "POST" else ""
    form.settle()
    sent = form.sent()
    entry = form.entry(base)
    written_in = language if question else form.language.data if form.language.data in LANGUAGES else language
    if act == "drop" and draft is not None:
        drafting.drop(db.session(), login.actor(), draft)
        flash(_("The draft is thrown away."), "done")
        return redirect(url_for("exams.drafts", code=bank.code), 303)  # type: ignore[return-value]
    wanting = lacks(entry, bank.topics)
    if act in ("save", "publish") and sent and not (act == "publish" and wanting):
        kept = drafting.save(db.session(), login.actor(), bank, entry, written_in, draft=draft, question=question)
        if act == "publish":
            return redirect(url_for("exams.publish_draft", draft_id=kept.id), 303)  # type: ignore[return-value]
        flash(_("The draft is kept. It is asked only after a training manager publishes it."), "done")
        return redirect(url_for("exams.edit_draft", draft_id=kept.id), 303)  # type: ignore[return-value]
    if act not in ("save", "publish"):
        for field in form:
            field.errors = []
    elif act == "publish":
        for lack in wanting:
            form[lack.field].errors = [*form[lack.field].errors, said(lack)]
    preview_in = form.preview_in.data if form.preview_in.data in LANGUAGES else written_in
    page = render_template(
        "exams/edit_question.html",
        bank=bank,
        words=words,
        form=form,
        kind=kind,
        kinds=KINDS,
        draft=draft,
        question=question,
        written_in=written_in,
        wanting=[(lack.field, said(lack)) for lack in wanting] if draft else [],
        preview=preview_of(bank, entry, written_in, preview_in, question),
        preview_in=preview_in,
        picture=base.get("picture"),
    )
    return page, 422 if form.errors else 200


def said(lack: Lack) -> str:
    """What is lacking, in the reader's language."""
    values = {name: number_text(value) if isinstance(value, int) else value for name, value in lack.values.items()}
    return _(lack.message, **values)


def preview_of(bank: Bank, entry: Mapping[str, Any], written_in: str, code: str, question: Question | None) -> Markup:
    """A question as a candidate of a language sees it."""

    def picture(digest: str) -> str:
        return url_for("exams.bank_picture", code=bank.code, digest=digest)

    item = drafting.preview(db.session(), entry, written_in, code, question, drafts_allowed=drafts_allowed())
    with use(code):
        item.setdefault("alt", {"text": _("Drawing"), "language": code})  # until its author says what it shows
        return Markup(render_template("exams/preview.html", item=item, picture=picture))  # noqa: S704 - rendered by us, escaped there


@area.form("/drafts/<int:draft_id>/publish", policy=policy.may_publish)
def publish_draft(draft_id: int) -> Page:
    """What publishing changes, and the button that does it."""
    draft = bank_queries.draft(db.session(), login.actor(), draft_id)
    form = EmptyForm()
    if form.sent():
        question = drafting.publish(db.session(), login.actor(), draft)
        flash(_("The question is published and can be drawn from now on."), "done")
        return redirect(url_for("exams.bank_question", question_id=question.id), 303)  # type: ignore[return-value]
    return _look(draft, RemarkForm())


@area.post("/drafts/<int:draft_id>/send-back", policy=policy.may_publish)
def send_back(draft_id: int) -> Page:
    """Gives a draft back to its author with a remark."""
    draft = bank_queries.draft(db.session(), login.actor(), draft_id)
    form = RemarkForm()
    if form.sent():
        try:
            drafting.send_back(db.session(), login.actor(), draft, form.remark.data)
        except Invalid as problem:
            form.take(problem)
        else:
            flash(_("The draft went back to its author with your remark."), "done")
            return redirect(url_for("exams.drafts", code=draft.bank.code), 303)  # type: ignore[return-value]
    return _look(draft, form)


def _look(draft: QuestionDraft, form: RemarkForm) -> tuple[str, int]:
    bank, question, entry = draft.bank, draft.question, settled(draft.entry)
    history = bank_queries.history(db.session(), question) if question else []
    other = "prs" if LANGUAGES[draft.language].direction == "ltr" else "en"
    page = render_template(
        "exams/publish_draft.html",
        bank=bank,
        words=bank_words(bank),
        draft=draft,
        question=question,
        entry=entry,
        kinds=KINDS,
        difficulties=DIFFICULTIES,
        changes=drafting.compare(db.session(), draft),
        parts_of=PARTS,
        wanting=[said(lack) for lack in lacks(entry, bank.topics)],
        overtaken=bool(history) and history[0].at > draft.made_at,
        previews=[(code, preview_of(bank, entry, draft.language, code, question)) for code in (draft.language, other)],
        form=form,
    )
    return page, 422 if form.errors else 200


@area.get("/questions/<int:question_id>", policy=policy.may_author)
def bank_question(question_id: int) -> str:
    """One question: how it looks, its languages, its history, where it is used."""
    question = bank_queries.question(db.session(), question_id)
    entry, source = banking.entry_of(db.session(), question), question.document.source_language
    asked_for = request.args.get("in", "")
    shown_in = asked_for if asked_for in LANGUAGES else current_language().code
    history = bank_queries.history(db.session(), question)
    return render_template(
        "exams/bank_question.html",
        bank=question.bank,
        words=bank_words(question.bank),
        question=question,
        readable=changes.readable(entry),
        source=source,
        shown_in=shown_in,
        preview=preview_of(question.bank, entry, source, shown_in, question),
        translated=texts.translated_counts(db.session(), question.document_id),
        history=history,
        people=bank_queries.names(db.session(), [one.person_id for one in history]),
        used=bank_queries.used(db.session(), question),
        fixed_in=bank_queries.fixed_in(db.session(), question),
        drafts=bank_queries.drafts_of(db.session(), question.id),
        kinds=KINDS,
        difficulties=DIFFICULTIES,
        parts_of=PARTS,
        undo=request.args.get("did") == "retired" and question.retired,
    )


@area.post("/questions/<int:question_id>/retire", policy=policy.may_publish)
def retire_question(question_id: int) -> Response:
    """Takes a question out of every later draw."""
    return _retire(question_id, retired=True)


@area.post("/questions/<int:question_id>/bring-back", policy=policy.may_publish)
def bring_back(question_id: int) -> Response:
    """Lets a retired question be drawn again."""
    return _retire(question_id, retired=False)


def _retire(question_id: int, *, retired: bool) -> Response:
    demand(policy.may_publish(login.actor()))
    question = bank_queries.question(db.session(), question_id)
    if EmptyForm().sent():
        banking.retire(db.session(), login.actor(), question, retired=retired)
        if not retired:
            flash(_("The question can be drawn again."), "done")
    did = "retired" if retired else None
    return redirect(url_for("exams.bank_question", question_id=question.id, did=did), 303)  # type: ignore[return-value]


@area.post("/questions/<int:question_id>/duplicate", policy=policy.may_author)
def duplicate_question(question_id: int) -> Response:
    """A new draft with everything this question says."""
    question = bank_queries.question(db.session(), question_id)
    if not EmptyForm().sent():
        return redirect(url_for("exams.bank_question", question_id=question.id), 303)  # type: ignore[return-value]
    draft = drafting.duplicate(db.session(), login.actor(), question)
    flash(_("This is a copy. Change it into another question."), "done")
    return redirect(url_for("exams.edit_draft", draft_id=draft.id), 303)  # type: ignore[return-value]
