"""The candidate: beginning, answering, handing in."""

from datetime import timedelta
from typing import Any

from flask import Response, abort, jsonify, redirect, render_template, request, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import queries as cohorts
from lmsapp.core import clock
from lmsapp.core.errors import NotFound
from lmsapp.core.translations import gettext
from lmsapp.exams import attempts, batches, policy, queries, saving, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.forms import EmptyForm
from lmsapp.exams.models import Attempt, Submission
from lmsapp.exams.views.area import area, edition_title
from lmsapp.web import database, login
from lmsapp.web.database import db


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
        title=edition_title(held.cohort.edition),
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
        given = Given(saving.next_seq(db.session(), attempt.id, _device()), item["item"], value)
        sent = Batch(_device(), (given,), take_over="take-over" in request.form)
        code, person_id = attempt.code, login.actor().person_id or 0
        db.session.rollback()
        database.writer().write(lambda connection: saving.save(connection, code, person_id, sent))
    if go == "review":
        return redirect(url_for("exams.review", code=attempt.code), 303)  # type: ignore[return-value]
    onward = int(go) if go.isascii() and go.isdigit() and len(go) < 4 and 1 <= int(go) <= len(items) else number
    return redirect(url_for("exams.question", code=attempt.code, number=onward), 303)  # type: ignore[return-value]


@area.post("/exams/<code>/events", policy=policy.may_write, hot=True)
def events(code: str) -> Response:
    """Takes a device's answers as JSON and replies after the synced commit (RELIABILITY 4.2); without any, tells how it stands."""
    sent, person_id = batches.batch(_octets()), login.actor().person_id or 0
    db.session.rollback()
    saved = database.writer().write(lambda connection: saving.save(connection, code, person_id, sent))
    told = {
        "acked_to": saved.acked_to,
        "epoch": saved.epoch,
        "seconds_left": saved.seconds_left,
        "server_time": saved.at.isoformat(),
        "at": saved.at.isoformat(),
        "receipt": saved.receipt,
        "late": saved.late,
        "state": saved.state,
        "paused": saved.paused,
    }
    if saved.refusal is None:
        return jsonify(told)
    return _conflict(saved.refusal, saving.MESSAGES[saved.refusal], told)


def _octets() -> bytes:
    if (request.content_length or 0) > batches.MOST_OCTETS:
        abort(413)
    return request.get_data()


def _conflict(error: str, message: str, told: dict[str, Any]) -> Response:
    refused = jsonify(told | {"error": error, "message": gettext(message)})
    refused.status_code = 409
    return refused


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
    """Closes the attempt, for a device (JSON) and for a form; doing it again gives the same receipt."""
    attempt, address = _own(code), url_for("exams.receipt", code=code)
    if not request.is_json:
        if not EmptyForm().sent():
            abort(400)
        sitting.hand_in(db.session(), login.actor(), attempt, f"page-{attempt.code}")
        return redirect(address, 303)  # type: ignore[return-value]
    claimed = batches.closing(_octets())
    try:
        submission = sitting.hand_in(db.session(), login.actor(), attempt, claimed.idempotency_key, claimed)
    except sitting.Missing as missing:
        return _conflict(missing.code, missing.message, {"acked_to": missing.acked_to})
    return jsonify(receipt=sitting.receipt_of(attempt, submission), address=address)


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
