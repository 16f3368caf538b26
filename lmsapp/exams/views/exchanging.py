"""Questions from and for other programs, and the pictures that came with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, send_file, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from lmsapp.core.errors import Invalid
from lmsapp.core.formatting import number_text
from lmsapp.core.translations import N_, ngettext
from lmsapp.core.translations import gettext as _
from lmsapp.exams import exporting, importing, policy, queries
from lmsapp.exams.formats.files import NAMES
from lmsapp.exams.formats.items import Because, Item, Outcome
from lmsapp.exams.forms import EmptyForm, ExportForm, ImportForm
from lmsapp.exams.importing import DRAFTS, PUBLISHED, Planned, Wish
from lmsapp.exams.views.area import area, bank_words, shown_picture, storage
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only

# Words of a file stand in a reader's sentence in their own direction (Unicode's first strong isolate).
APART, END = "\u2068", "\u2069"
KEPT_SECONDS = 24 * 3600
KINDS = {
    "single": N_("single choice"),
    "multiple": N_("multiple choice"),
    "true-false": N_("true or false"),
    "matching": N_("matching"),
    "ordering": N_("ordering"),
    "numeric": N_("number"),
    "short-text": N_("short text"),
    "hotspot": N_("place on a drawing"),
    "cloze": N_("text with gaps"),
    "written": N_("written answer"),
    "description": N_("description"),
    "unknown": N_("unknown kind"),
}
# What the rules of questions say in English of an entry that is not whole, for the catalogues.
FAULTS = (
    N_("there must be 2 to 12 options"),
    N_("there must be 2 to 12 prompts and 2 to 12 choices"),
    N_("there must be 2 to 12 different things to put in order"),
    N_("there must be 1 to 12 gaps"),
    N_("the question itself is empty"),
    N_("the points must be a whole number from 1 to 20"),
    N_("the difficulty must be 1, 2 or 3"),
    N_("every gap must stand once in the text as [[1]], [[2]] …"),
)


@dataclass(frozen=True)
class Kept:
    """A file somebody sent a moment ago: where it is stored, and how it is to be taken."""

    digest: str
    wish: Wish


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.extensions["settings"].secret, salt="questions")


@area.form("/banks/<code>/import", policy=policy.may_author)
def import_questions(code: str) -> str | Response | tuple[str, int]:
    """Sending a file of questions; what would become of each is shown before anything is kept."""
    bank = queries.bank(db.session(), code)
    words = bank_words(bank)
    form = ImportForm(
        [(key, words[f"topic.{key}"].text) for key in bank.topics],
        language=bank.document.source_language,
        publishing=bool(policy.may_publish(login.actor())),
    )
    if form.sent():
        state = form.state.data if "state" in form else DRAFTS
        wish = Wish(form.language.data, form.topic.data, state, form.file.file_name)
        try:
            found = importing.read(form.file.content, wish.language)
            importing.plan(db.session(), login.actor(), bank, found.items, wish)
        except Invalid as problem:
            problem.fields, problem.values = problem.fields or {"file": problem.message}, _spoken(problem.values)
            form.take(problem)
        else:
            digest = storage().put(form.file.content).digest
            token = _signer().dumps(
                [digest, login.actor().person_id, wish.language, wish.topic, wish.state, wish.source]
            )
            return redirect(url_for("exams.import_report", code=code, token=token), 303)  # type: ignore[return-value]
    return render_template("exams/import.html", bank=bank, words=words, form=form), 422 if form.errors else 200


@area.form("/banks/<code>/import/<token>", policy=policy.may_author)
def import_report(code: str, token: str) -> str | Response:
    """What would become of each item of the file, and the button that takes them."""
    if request.method == "POST":
        takes_only()
    bank = queries.bank(db.session(), code)
    kept = _kept(token)
    if kept is None:
        flash(_("The file is no longer here. Choose it again."))
        return redirect(url_for("exams.import_questions", code=code), 303)  # type: ignore[return-value]
    with storage().open(kept.digest) as file:
        found = importing.read(file.read(), kept.wish.language)
    planned = importing.plan(db.session(), login.actor(), bank, found.items, kept.wish)
    form = EmptyForm()
    if form.sent():
        counts = importing.take(db.session(), login.actor(), bank, planned, kept.wish, storage())
        _say(counts["new"] + counts["changed"], kept.wish)
        return redirect(url_for("exams.bank", code=code), 303)  # type: ignore[return-value]
    return render_template(
        "exams/import_report.html",
        bank=bank,
        words=bank_words(bank),
        wish=kept.wish,
        format_name=NAMES[found.format],
        planned=planned,
        counts=_counts([one.item for one in planned]),
        wanted=_wanted(planned),
        published=kept.wish.state == PUBLISHED,
        form=form,
        kinds=KINDS,
        because=because,
    )


def _kept(token: str) -> Kept | None:
    """The file a link of this page leads to, if it is this person's and still here."""
    try:
        digest, person_id, *wish = _signer().loads(token, max_age=KEPT_SECONDS)
    except BadData:
        return None
    here = person_id == login.actor().person_id and storage().exists(digest)
    return Kept(digest, Wish(*wish)) if here else None


def _counts(items: list[Item]) -> dict[str, int]:
    return {outcome.value: sum(one.outcome is outcome for one in items) for outcome in Outcome}


def _wanted(planned: list[Planned]) -> int:
    """How many questions the button would keep."""
    return sum(one.effect in ("new", "changed") for one in planned)


def _say(count: int, wish: Wish) -> None:
    if wish.state == PUBLISHED:
        said = ngettext("%(num)s question is in the bank.", "%(num)s questions are in the bank.", count)
    else:
        said = ngettext(
            "%(num)s question is kept as a draft. A training manager publishes it.",
            "%(num)s questions are kept as drafts. A training manager publishes them.",
            count,
        )
    flash(said, "done")


def because(reason: Because) -> str:
    """A reason in the reader's language."""
    values = _spoken(reason.values)
    for name, marked in (("reason", reason.values.get("reason")), ("kind", KINDS.get(reason.values.get("kind", "")))):
        if marked:
            values[name] = _(marked)
    return _(reason.message, **values)


def _spoken(values: Mapping[str, Any]) -> dict[str, str]:
    """Values as a sentence of the reader's language holds them: its digits, the file's words in their own direction."""
    return {n: number_text(value) if isinstance(value, int) else f"{APART}{value}{END}" for n, value in values.items()}


@area.form("/banks/<code>/export", policy=policy.may_author)
def export_questions(code: str) -> str | Response | tuple[str, int]:
    """What other programs can hold of this bank, and the files."""
    bank = queries.bank(db.session(), code)
    form = ExportForm()
    if form.sent():
        content, _report = exporting.export(db.session(), login.actor(), bank, form.format.data, storage())
        exporting.record(db.session(), login.actor(), bank, form.format.data)
        name = f"{bank.code}.{exporting.ENDINGS[form.format.data]}"
        kind = "application/xml" if form.format.data == "moodle-xml" else "text/plain"
        return send_file(BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)
    files = {
        name: exporting.export(db.session(), login.actor(), bank, name, storage())[1] for name in exporting.ENDINGS
    }
    page = render_template(
        "exams/export.html",
        bank=bank,
        words=bank_words(bank),
        files=files,
        names=NAMES,
        counts={name: _counts(items) for name, items in files.items()},
        kinds=KINDS,
        because=because,
    )
    return page, 422 if form.errors else 200


@area.get("/banks/<code>/pictures/<digest>", policy=policy.may_author)
def bank_picture(code: str, digest: str) -> Response:
    """A picture of one of the bank's questions or drafts."""
    return shown_picture(queries.picture_of_bank(db.session(), queries.bank(db.session(), code), digest))
