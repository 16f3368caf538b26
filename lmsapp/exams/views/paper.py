"""Papers written with a pen: preparing and printing them, keying what comes back, deciding where two keyings differ."""

import io
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from flask import Response, abort, current_app, flash, redirect, render_template, request, send_file, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core import clock
from lmsapp.core.access import demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.formatting import date_text
from lmsapp.core.jobs import Job
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.storage import Folder
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.exams import booklets, keying, policy, printing, queries
from lmsapp.exams.attempts import State
from lmsapp.exams.forms import PaperCodeForm, PapersForm, PrintForm
from lmsapp.exams.keying import TIME, Decided
from lmsapp.exams.layout import SIZES
from lmsapp.exams.models import Attempt, PaperFile, Sitting
from lmsapp.exams.printing import Seat
from lmsapp.exams.views.area import area, edition_title
from lmsapp.web import login
from lmsapp.web.database import db

FILE = "<any(booklet, sheet):purpose>-<any(normal, large):size>.pdf"
LONGEST_TYPED = 20_000


def _held(sitting_id: int) -> Sitting:
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    if not policy.may_key(login.actor(), held):
        raise NotFound
    return held


def _storage() -> Folder:
    return Folder(current_app.extensions["settings"].files)


def _zone() -> str:
    """The clock on the wall of the exam room."""
    zone: str = current_app.extensions["settings"].time_zone
    return zone


# ---------- preparing and printing ----------


@area.form("/exams/sittings/<int:sitting_id>/papers", policy=policy.may_key)
def papers(sitting_id: int) -> str | Response | tuple[str, int]:
    """Who writes on paper in a sitting: preparing papers, printing them, how far each is keyed."""
    held = _held(sitting_id)
    if request.method == "POST":
        demand(policy.may_hold(login.actor(), held.cohort))
    seats = printing.seats(db.session(), held)
    form = PapersForm()
    form.chosen.choices = [(seat.enrolment.id, seat.enrolment.person.name) for seat in seats]
    if form.sent():
        chosen = form.chosen.data
        try:
            made = printing.prepare(db.session(), login.actor(), held, chosen, drafts_allowed=drafts_allowed())
        except (Invalid, Conflict) as problem:
            form.form_errors = [_(problem.message, **problem.values)]
        else:
            flash(
                ngettext("%(num)s paper is prepared. Print it next.", "%(num)s papers are prepared. Print them next.", len(made)),
                "done",
            )  # fmt: skip
            return redirect(url_for("exams.papers", sitting_id=held.id), 303)  # type: ignore[return-value]
    wrong = bool(form.errors or form.form_errors)
    page = render_template(
        "exams/papers.html",
        sitting=held,
        title=edition_title(held.cohort.edition),
        seats=seats,
        form=form,
        jobs=_jobs(held, seats),
        ready={size: any(("booklet", size) in seat.files for seat in seats) for size in SIZES},
        State=State,
    )
    return page, 422 if wrong else 200


def _jobs(held: Sitting, seats: Iterable[Seat]) -> dict[str, Job]:
    """The newest printing of each size, as long as it has something to say."""
    codes = [seat.attempt.code for seat in seats if seat.attempt]
    keys = {printing.job_key(held, size, codes): size for size in SIZES}
    found = db.session.query(Job).filter(Job.name == printing.PRINT, Job.key.in_(keys))
    return {keys[job.key or ""]: job for job in found}


@area.post("/exams/sittings/<int:sitting_id>/papers/print", policy=policy.may_hold)
def print_papers(sitting_id: int) -> Response:
    """Asks for booklets and answer sheets of all prepared papers."""
    held = _held(sitting_id)
    demand(policy.may_hold(login.actor(), held.cohort))
    form = PrintForm()
    if not form.sent():
        abort(400)
    printing.ask(db.session(), login.actor(), held, form.size.data)
    return redirect(url_for("exams.papers", sitting_id=held.id) + "#job", 303)  # type: ignore[return-value]


@area.get(f"/exams/sittings/<int:sitting_id>/papers/{FILE}", policy=policy.may_hold)
def papers_file(sitting_id: int, purpose: str, size: str) -> Response:
    """All booklets or all answer sheets of a sitting as one file for the printer."""
    held = _held(sitting_id)
    if not policy.may_hold(login.actor(), held.cohort):
        raise NotFound
    content = printing.joined(db.session(), _storage(), held, purpose, size)
    name = f"{held.cohort.code}-{held.id}-{purpose}-{size}.pdf"
    return send_file(io.BytesIO(content), mimetype="application/pdf", as_attachment=True, download_name=name, max_age=0)


@area.get(f"/exams/papers/<code>/{FILE}", policy=policy.may_hold)
def paper_file(code: str, purpose: str, size: str) -> Response:
    """One candidate's booklet or answer sheet; the same octets however often it is printed."""
    attempt = keying.paper(db.session(), login.actor(), code)
    if not policy.may_hold(login.actor(), attempt.sitting.cohort):
        raise NotFound
    found: PaperFile = printing.file_of(db.session(), attempt, purpose, size)
    name = f"{attempt.code}-{purpose}-{size}.pdf"
    return send_file(
        _storage().path(found.digest),
        mimetype="application/pdf",
        as_attachment=True,
        download_name=name,
        etag=found.digest[:32],
        conditional=True,
        max_age=0,
    )


# ---------- keying ----------


@area.form("/exams/papers", policy=policy.may_key)
def find_paper() -> str | Response | tuple[str, int]:
    """Which sheet lies on the table: its code, scanned or typed; and what waits for a second person or a decision."""
    form = PaperCodeForm()
    if form.sent():
        try:
            found = keying.find(db.session(), login.actor(), form.code.data)
        except NotFound:
            form.code.errors = [_("There is no paper with this code in your exams. Look at the code again.")]
        except Conflict as problem:
            form.code.errors = [_(problem.message)]
        else:
            return redirect(url_for("exams.key_paper", code=found.code), 303)  # type: ignore[return-value]
    page = render_template(
        "exams/find_paper.html",
        form=form,
        waiting=keying.waiting(db.session(), login.actor()),
        grouped=booklets.grouped,
    )
    return page, 422 if form.errors else 200


@area.form("/exams/papers/<code>/key", policy=policy.may_key)
def key_paper(code: str) -> str | Response | tuple[str, int]:
    """One answer sheet, row by row, from the keyboard alone."""
    attempt = keying.paper(db.session(), login.actor(), code)
    rows = keying.rows_of(attempt)
    typed = _typed([row.field for row in rows] + ["time", "day"])
    typed["day"] = typed["day"] or _today()
    wrong: dict[str, str] = {}
    if request.method == "POST":
        given = {row.field: typed[row.field] for row in rows}
        try:
            keying.key(db.session(), login.actor(), attempt, given, typed["time"], typed["day"], _zone())
        except Invalid as problem:
            wrong = {field: _(message) for field, message in problem.fields.items()}
        else:
            return _kept(attempt)
    page = render_template(
        "exams/key_paper.html",
        attempt=attempt,
        rows=rows,
        typed=typed,
        wrong=wrong,
        hindrance=keying.hindrance(db.session(), login.actor(), attempt),
        second=len(keying.sheets_of(db.session(), attempt)) == 1,
        days=keying.days_of(attempt.sitting, _zone()),
        day_name=_day_name,
        letters=_letters(attempt),
        code=booklets.grouped(attempt.code),
        TIME=TIME,
    )
    return page, 422 if wrong else 200


def _letters(attempt: Attempt) -> tuple[str, ...]:
    return booklets.letters(LANGUAGES[attempt.language].script)


def _today() -> str:
    return clock.now().astimezone(ZoneInfo(_zone())).date().isoformat()


def _day_name(day: str) -> str:
    return date_text(date.fromisoformat(day)).primary


def _typed(names: list[str]) -> dict[str, str]:
    if request.method == "POST" and set(request.form) - {*names, "csrf_token"}:
        abort(400)
    return {name: request.form.get(name, "")[: LONGEST_TYPED + 1] for name in names}


def _kept(attempt: Attempt) -> Response:
    """Says what became of a keyed sheet, and makes room for the next one."""
    code = booklets.grouped(attempt.code)
    open_ = keying.differences(db.session(), attempt, _zone()) if attempt.state == State.PREPARED else []
    if attempt.state != State.PREPARED:
        flash(_("Sheet %(code)s: both keyings agree, the paper is handed in.", code=code), "done")
    elif open_:
        flash(
            ngettext(
                "Sheet %(code)s is kept; %(num)s row is to be decided.",
                "Sheet %(code)s is kept; %(num)s rows are to be decided.",
                len(open_),
                code=code,
            ),
            "done",
        )
    else:
        flash(_("Sheet %(code)s is kept. Another person keys it the second time.", code=code), "done")
    return redirect(url_for("exams.find_paper"), 303)  # type: ignore[return-value]


# ---------- deciding ----------


@area.form("/exams/papers/<code>/reconcile", policy=policy.may_key)
def reconcile(code: str) -> str | Response | tuple[str, int]:
    """The rows in which two keyings differ or the sheet is doubtful, and what counts in each."""
    attempt = keying.paper(db.session(), login.actor(), code)
    found = keying.differences(db.session(), attempt, _zone()) if attempt.state == State.PREPARED else []
    typed = _typed([f"{one.field}-{part}" for one in found for part in ("choice", "typed", "reason")] + ["day"])
    typed["day"] = typed["day"] or _today()
    wrong: dict[str, str] = {}
    if request.method == "POST":
        decided = {
            one.field: Decided(*(typed[f"{one.field}-{part}"] for part in ("choice", "typed", "reason")))
            for one in found
        }
        try:
            keying.decide(db.session(), login.actor(), attempt, decided, typed["day"], _zone())
        except Invalid as problem:
            wrong = {field: _(message) for field, message in problem.fields.items()}
        else:
            flash(_("Sheet %(code)s is decided, the paper is handed in.", code=booklets.grouped(attempt.code)), "done")
            return redirect(url_for("exams.find_paper"), 303)  # type: ignore[return-value]
    page = render_template(
        "exams/reconcile.html",
        attempt=attempt,
        found=found,
        sheets=keying.sheets_of(db.session(), attempt),
        typed=typed,
        wrong=wrong,
        days=keying.days_of(attempt.sitting, _zone()),
        day_name=_day_name,
        letters=_letters(attempt),
        lettered=booklets.lettered,
        code=booklets.grouped(attempt.code),
    )
    return page, 422 if wrong else 200
