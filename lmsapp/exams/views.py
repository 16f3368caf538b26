"""Pages of exams: holding them, sitting them, watching them, results."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, flash, jsonify, redirect, render_template, request, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import queries as cohorts
from lmsapp.core import clock
from lmsapp.core.access import demand
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.exams import attempts, composing, marking, policy, queries, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.forms import EmptyForm, ExtensionForm, SittingForm
from lmsapp.exams.models import Attempt, Sitting, Submission
from lmsapp.exams.sitting import Given
from lmsapp.translation import queries as texts
from lmsapp.web import database, login
from lmsapp.web.database import db
from lmsapp.web.filters import zone
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("exams", __name__)


def _title(edition: Any) -> str:
    words = texts.texts_of(db.session(), edition.document_id, current_language().code, drafts_allowed=drafts_allowed())
    return words["title"].text


# ---------- holding ----------


@area.form("/cohorts/<code>/exams", policy=policy.may_watch)
def sittings(code: str) -> str | Response | tuple[str, int]:
    """A cohort's sittings, and the form that sets another."""
    cohort = cohorts.cohort(db.session(), login.actor(), code)
    today = clock.now().astimezone(ZoneInfo(zone())).date()
    if request.method == "POST":
        demand(policy.may_hold(login.actor(), cohort))
    form = SittingForm(day=None, opens="9:00", closes="12:00")
    if form.sent():
        start = datetime.combine(form.day.data.first_day, datetime.min.time(), ZoneInfo(zone()))
        opens, closes = (start + timedelta(minutes=f.minutes) for f in (form.opens, form.closes))
        try:
            held = composing.hold(db.session(), login.actor(), cohort, opens, closes)
        except Invalid as problem:
            form.take(problem)
        else:
            flash(_("The sitting is set."), "done")
            return redirect(url_for("exams.room", sitting_id=held.id), 303)  # type: ignore[return-value]
    page = render_template(
        "exams/sittings.html",
        cohort=cohort,
        words=texts.texts_of(
            db.session(), cohort.edition.document_id, current_language().code, drafts_allowed=drafts_allowed()
        ),
        held=queries.sittings_of(db.session(), cohort.id),
        form=form,
        today=today,
    )
    return page, 422 if form.errors else 200


@area.get("/exams/sittings/<int:sitting_id>", policy=policy.may_watch)
def room(sitting_id: int) -> str:
    """The room: who is in, when they last saved, who is done."""
    held = _watched(sitting_id)
    found = queries.attempts_of(db.session(), held.id)
    ids = [a.id for a in found]
    marks = queries.newest_marks(db.session(), ids)
    return render_template(
        "exams/room.html",
        sitting=held,
        title=_title(held.cohort.edition),
        attempts=found,
        states={a.id: queries.state_now(a) for a in found},
        saved=queries.saved(db.session(), ids),
        marks=marks,
        percents={i: queries.percent(m) for i, m in marks.items()},
        enrolled=cohorts.enrolments(db.session(), held.cohort_id),
        empty=EmptyForm(),
        State=State,
    )


def _watched(sitting_id: int) -> Sitting:
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    if not policy.may_watch(login.actor(), held):
        raise NotFound
    return held


@area.post("/exams/sittings/<int:sitting_id>/release", policy=policy.may_hold)
def release(sitting_id: int) -> Response:
    """Closes what has expired, marks what waits, shows the results to the candidates."""
    count = marking.release(db.session(), login.actor(), _watched(sitting_id))
    flash(
        ngettext("The result of %(num)s attempt is released.", "The results of %(num)s attempts are released.", count),
        "done",
    )
    return redirect(url_for("exams.room", sitting_id=sitting_id), 303)  # type: ignore[return-value]


@area.form("/exams/attempts/<code>/extend", policy=policy.may_hold)
def extend(code: str) -> str | Response | tuple[str, int]:
    """Extra time for one attempt, with the reason."""
    attempt = queries.attempt(db.session(), login.actor(), code)
    if not policy.may_watch(login.actor(), attempt.sitting):
        raise NotFound
    form = ExtensionForm(minutes=10)
    if form.sent():
        sitting.extend(db.session(), login.actor(), attempt, form.minutes.data, form.reason.data)
        flash(_("Extra time is given."), "done")
        return redirect(url_for("exams.room", sitting_id=attempt.sitting_id), 303)  # type: ignore[return-value]
    page = render_template("exams/extend.html", attempt=attempt, form=form)
    return page, 422 if form.errors else 200


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


# ---------- sitting ----------


@area.form("/exams/begin/<int:sitting_id>", policy=policy.may_sit)
def begin(sitting_id: int) -> str | Response:
    """What awaits the candidate, and the button that begins."""
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    cohorts.enrolment_of(db.session(), login.actor(), held.cohort.code)
    form = EmptyForm()
    if form.sent():
        attempt = sitting.begin(db.session(), login.actor(), held, drafts_allowed=drafts_allowed())
        return redirect(url_for("exams.question", code=attempt.code, number=1), 303)  # type: ignore[return-value]
    mine = [a for a in queries.own_attempts(db.session(), login.actor()) if a.sitting_id == held.id]
    now = clock.now()
    return render_template(
        "exams/begin.html",
        sitting=held,
        title=_title(held.cohort.edition),
        mine=mine,
        states={a.id: queries.state_now(a) for a in mine},
        is_open=held.opens_at <= now < held.closes_at,
        form=form,
        State=State,
    )


def _own(code: str) -> Attempt:
    attempt = queries.attempt(db.session(), login.actor(), code)
    if attempt.person_id != login.actor().person_id:
        raise NotFound
    return attempt


def _onward(attempt: Attempt) -> Response | None:
    """Where a closed attempt leads; expired ones are handed in by the first look."""
    state = queries.state_now(attempt)
    if state is State.OPEN:
        return None
    return redirect(url_for("exams.receipt", code=attempt.code), 303)  # type: ignore[return-value]


def _device() -> str:
    """The name of this browser as a device, when it has no script to name itself."""
    return f"form-{login.ticket_hash(login.ticket() or '')[:20]}"


@area.form("/exams/<code>/<int:number>", policy=policy.may_write, hot=True)
def question(code: str, number: int) -> str | Response:
    """One question. Without a script each page saves when it is left."""
    attempt = _own(code)
    closed = _onward(attempt)
    if closed is not None:
        return closed
    items = attempt.paper.sheet["items"]
    if not 1 <= number <= len(items):
        raise NotFound
    if request.method == "POST":
        return _save_page(attempt, number, items)
    answers = sitting.answers_of(db.session(), attempt.id)
    return render_template(
        "exams/question.html",
        attempt=attempt,
        item=items[number - 1],
        number=number,
        items=items,
        answers=answers,
        chosen=(answers.get(items[number - 1]["item"], "")).split(" "),
        typed=answers.get(items[number - 1]["item"], ""),
        left=timedelta(seconds=attempts.seconds_left(attempt.deadline_at, clock.now())),
        seconds_left=attempts.seconds_left(attempt.deadline_at, clock.now()),
        saved_at=queries.saved(db.session(), [attempt.id]).get(attempt.id, (0, None))[1],
        form=EmptyForm(),
        device=_device(),
    )


def _save_page(attempt: Attempt, number: int, items: list[dict[str, Any]]) -> Response:
    if set(request.form) - {"csrf_token", "answer", "go", "take-over"}:
        abort(400)
    item = items[number - 1]
    value = " ".join(sorted(request.form.getlist("answer")))[:400]
    if item["kind"] == "numeric":
        value = (request.form.get("answer") or "").strip()[:400]
    answers = sitting.answers_of(db.session(), attempt.id)
    go = request.form.get("go", "")
    if value != answers.get(item["item"], ""):
        given = Given(sitting.next_seq(db.session(), attempt, _device()), item["item"], value)
        arguments = (attempt.code, login.actor().person_id or 0, _device(), [given])
        take_over = "take-over" in request.form
        db.session.rollback()
        database.writer().write(lambda connection: sitting.save(connection, *arguments, take_over=take_over))
    if go == "review":
        return redirect(url_for("exams.review", code=attempt.code), 303)  # type: ignore[return-value]
    onward = int(go) if go.isascii() and go.isdigit() and len(go) < 4 and 1 <= int(go) <= len(items) else number
    return redirect(url_for("exams.question", code=attempt.code, number=onward), 303)  # type: ignore[return-value]


@area.post("/exams/<code>/events", policy=policy.may_write, hot=True)
def events(code: str) -> Response:
    """Takes answer events of one device as JSON; answers after the synced commit (RELIABILITY 4.2)."""
    content = request.get_json(silent=True)
    if not isinstance(content, dict):
        abort(400)
    device, listed = content.get("device"), content.get("events")
    if not isinstance(device, str) or not 4 <= len(device) <= 40 or not device.isascii():
        abort(400)
    if not isinstance(listed, list) or len(listed) > sitting.MOST_EVENTS:
        abort(400)
    given = [_given(entry) for entry in listed]
    person_id, take_over = login.actor().person_id or 0, content.get("take_over") is True
    db.session.rollback()
    saved = database.writer().write(
        lambda connection: sitting.save(connection, code, person_id, device, given, take_over=take_over)
    )
    return jsonify(
        acked_to=saved.acked_to,
        seconds_left=saved.seconds_left,
        late=saved.late,
        receipt=saved.receipt,
        at=saved.at.isoformat(),
    )


def _given(entry: Any) -> Given:
    shapes = {"seq": int, "item": str, "value": str}
    if not isinstance(entry, dict) or any(
        not isinstance(entry.get(name), kind) or isinstance(entry.get(name), bool) for name, kind in shapes.items()
    ):
        abort(400)
    if len(entry["value"]) > 400 or len(entry["item"]) > 40 or "\x00" in entry["value"]:
        abort(400)
    return Given(entry["seq"], entry["item"], entry["value"], str(entry.get("at", ""))[:40])


@area.get("/exams/<code>/review", policy=policy.may_write)
def review(code: str) -> str | Response:
    """Before handing in: what is answered, what is not."""
    attempt = _own(code)
    closed = _onward(attempt)
    if closed is not None:
        return closed
    answers = sitting.answers_of(db.session(), attempt.id)
    items = attempt.paper.sheet["items"]
    left = timedelta(seconds=attempts.seconds_left(attempt.deadline_at, clock.now()))
    return render_template(
        "exams/review.html",
        attempt=attempt,
        items=items,
        answers=answers,
        open_numbers=[n for n, i in enumerate(items, 1) if i["item"] not in answers],
        left=left,
        form=EmptyForm(),
    )


@area.post("/exams/<code>/hand-in", policy=policy.may_write)
def hand_in(code: str) -> Response:
    """Closes the attempt; doing it again leads to the same receipt."""
    if not EmptyForm().sent():
        abort(400)
    attempt = _own(code)
    sitting.hand_in(db.session(), login.actor(), attempt, f"page-{attempt.code}")
    return redirect(url_for("exams.receipt", code=code), 303)  # type: ignore[return-value]


@area.get("/exams/<code>/receipt", policy=policy.may_write)
def receipt(code: str) -> str | Response:
    """What was handed in, when, under which number: to be kept or printed."""
    attempt = _own(code)
    if queries.state_now(attempt) is State.OPEN:
        return redirect(url_for("exams.question", code=code, number=1), 303)  # type: ignore[return-value]
    submission = db.session.get(Submission, attempt.id)
    answers = sitting.answers_of(db.session(), attempt.id)
    return render_template(
        "exams/receipt.html",
        attempt=attempt,
        submission=submission,
        answered=len(answers),
        total=len(attempt.paper.sheet["items"]),
        code8=(submission.answers_hash if submission else sitting.answers_hash(answers))[:8],
        form=EmptyForm(),
    )


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
