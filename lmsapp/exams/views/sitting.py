"""The candidate: beginning, answering, handing in."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import (
    Response,
    abort,
    current_app,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session

from lmsapp.accounts import sessions
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import queries as cohorts
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.translations import N_, gettext
from lmsapp.exams import answers, attempts, batches, composing, policy, queries, questions, saving, sitting
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.forms import BeginForm, EmptyForm
from lmsapp.exams.models import Attempt, Submission
from lmsapp.exams.questions import Kind
from lmsapp.exams.saving import Refusal
from lmsapp.exams.views.area import area, edition_title, shown_picture
from lmsapp.web import database, login
from lmsapp.web.database import db
from lmsapp.web.filters import zone
from lmsapp.web.forms import takes_only

FLAGS_KEPT = timedelta(days=2)
UNREADABLE = {
    Kind.ORDERING: N_("The same thing stands in two places. Choose each for one place only."),
    Kind.HOTSPOT: N_("Too many squares are marked. Take some away."),
}


@area.app_template_filter("answer_fields")
def answer_fields(value: str, kind: str) -> dict[str, str]:
    """What stands in each part of an answer."""
    return answers.fields(kind, value)


area.add_app_template_filter(answers.pieces, "gaps")
area.add_app_template_filter(answers.told, "without_gaps")
area.add_app_template_filter(composing.name, "exam_name")


@area.form("/exams/begin/<int:sitting_id>", policy=policy.may_sit, hot=True)
def begin(sitting_id: int) -> str | Response | tuple[str, int]:
    """What awaits the candidate, and the button that begins: for a whole room at the same moment."""
    form = BeginForm()
    if form.sent():
        actor, drafts, typed = login.actor(), drafts_allowed(), form.room_code.data or ""

        def start(session: Session) -> str:
            held = queries.sitting(session, actor, sitting_id)
            return sitting.begin(session, actor, held, drafts_allowed=drafts, room_code=typed).code

        try:
            code = database.write_aside(start)
        except Invalid as problem:
            form.take(problem)
        else:
            return redirect(url_for("exams.question", code=code, number=1), 303)  # type: ignore[return-value]
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    language = cohorts.language_of(db.session(), login.actor(), held.cohort_id)
    tried = queries.tries(db.session(), held, login.actor().person_id or 0)
    mine = [attempt for attempt in tried if attempt.sitting_id == held.id]
    page = render_template(
        "exams/begin.html",
        sitting=held,
        title=edition_title(held.cohort.edition),
        questions=sum(need.count for need in composing.needs(held.exam)),
        critical=queries.asks_critical(db.session(), held.exam.bank_id),
        paper_language=language,
        mine=mine,
        open_ids=[a.id for a in mine if queries.state_now(a) in GOING_ON],
        is_open=held.opens_at <= clock.now() < held.closes_at,
        on_paper=any(a.state == State.PREPARED for a in mine),
        form=form,
    )
    return page, 422 if form.errors else 200


def own_attempt(code: str) -> Attempt:
    """The candidate's own attempt of this code."""
    return _own(login.actor(), queries.attempt(db.session(), login.actor(), code))


def _own(actor: Actor, attempt: Attempt) -> Attempt:
    if attempt.person_id != actor.person_id or attempt.state == State.PREPARED:
        raise NotFound
    return attempt


def _onward(attempt: Attempt) -> Response | None:
    """Where a closed attempt leads."""
    if queries.state_now(attempt) in GOING_ON:
        return None
    return redirect(url_for("exams.receipt", code=attempt.code), 303)  # type: ignore[return-value]


def _device() -> str:
    """The name of this browser as a device, when it has no script to name itself."""
    return f"form-{login.ticket_hash(login.ticket() or '')[:20]}"


@area.form("/exams/<code>/<int:number>", policy=policy.may_write, hot=True)
def question(code: str, number: int) -> str | Response | tuple[str, int]:
    """The paper at one question. Without a script each question is saved when it is left."""
    attempt = own_attempt(code)
    closed = _onward(attempt)
    if closed is not None:
        return closed
    if not 1 <= number <= len(attempt.paper.sheet["items"]):
        raise NotFound
    return _save_page(attempt, number) if request.method == "POST" else _page(attempt, number)


def _page(attempt: Attempt, here: int, refusal: str = "", typed: str | None = None) -> str:
    now, stopped = clock.now(), queries.stopped_at(attempt)
    left = timedelta(seconds=attempts.seconds_left(attempt.deadline_at, now, stopped))
    offset = now.astimezone(ZoneInfo(zone())).utcoffset() or timedelta()
    given, saved_at = sitting.saved(db.session(), attempt.id)
    return render_template(
        "exams/question.html",
        attempt=attempt,
        here=here,
        items=attempt.paper.sheet["items"],
        answers=given,
        flags=_flags(attempt.code),
        left=left,
        seconds_left=int(left.total_seconds()),
        paused=stopped is not None,
        offline=attempt.sitting.exam.offline,
        utc_offset=int(offset.total_seconds() // 60),
        saved_at=saved_at,
        refusal=refusal,
        typed=typed,
        picture=lambda digest: url_for("exams.picture", code=attempt.code, digest=digest),
    )


def _save_page(attempt: Attempt, number: int) -> Response | tuple[str, int]:
    item = attempt.paper.sheet["items"][number - 1]["item"]
    shaped = attempt.paper.shapes[item]
    takes_only("go", "take-over", *answers.names(shaped, item))
    typed = answers.value(shaped, item, request.form.getlist)
    go, take_over = request.form.get("go", ""), "take-over" in request.form
    if not questions.readable(shaped, typed):
        return _page(attempt, number, gettext(UNREADABLE.get(shaped["kind"], saving.NOT_ON_PAPER)), typed), 422
    changed = typed != sitting.answers_of(db.session(), attempt.id).get(item, "")
    if take_over or changed:
        given = Given(saving.next_seq(db.session(), attempt.id, _device()), item, typed)
        sent = Batch(_device(), () if take_over else (given,), take_over=take_over)
        code, person_id = attempt.code, login.actor().person_id or 0
        db.session.rollback()
        saved = database.writer().write(lambda connection: saving.save(connection, code, person_id, sent))
        if saved.refusal is Refusal.LEASE_LOST:
            return _page(own_attempt(code), number, saved.refusal, typed), 409
    return _go(attempt, number, go)


def _go(attempt: Attempt, number: int, go: str) -> Response:
    if go == "review":
        return redirect(url_for("exams.review", code=attempt.code), 303)  # type: ignore[return-value]
    last = len(attempt.paper.sheet["items"])
    onward = int(go) if go.isascii() and go.isdigit() and len(go) < 4 and 1 <= int(go) <= last else number
    reply = make_response(redirect(url_for("exams.question", code=attempt.code, number=onward), 303))
    if go == "flag":
        flags = _flags(attempt.code) ^ {number}
        text = ".".join(str(one) for one in sorted(flags))
        secure = current_app.extensions["settings"].secure
        reply.set_cookie(f"flags-{attempt.code}", text, max_age=FLAGS_KEPT, secure=secure, samesite="Lax")
    return reply


def _flags(code: str) -> set[int]:
    """The numbers this browser has marked to be looked at again: kept in the browser alone, by the page or by its script."""
    parts = request.cookies.get(f"flags-{code}", "").split(".")
    return {int(part) for part in parts[:200] if part.isascii() and part.isdigit() and len(part) < 4}


@area.get("/exams/<code>/pictures/<digest>", policy=policy.may_see_paper)
def picture(code: str, digest: str) -> Response:
    """A picture of a paper, for whoever may see the paper."""
    attempt = queries.attempt(db.session(), login.actor(), code)
    if not policy.may_see_paper(login.actor(), attempt):
        raise NotFound
    shown = [item["picture"] for item in attempt.paper.sheet["items"] if "picture" in item]
    return shown_picture(next((one for one in shown if one["digest"] == digest), None))


@area.post("/exams/<code>/events", policy=policy.may_write, by_ticket=True)
def events(code: str) -> Response:
    """Takes a device's answers as JSON and replies after the synced commit (RELIABILITY 4.2); without any, tells how it stands."""
    known = sessions.known_by(login.stored_ticket(), current_app.extensions["settings"].session_idle_hours)
    sent = batches.batch(octets(batches.MOST_OCTETS))
    saved = database.writer().write(lambda connection: saving.save_by_ticket(connection, code, known, sent))
    told = {
        "acked_to": saved.acked_to,
        "epoch": saved.epoch,
        "seconds_left": saved.seconds_left,
        "server_time": clock.now().isoformat(),  # after the commit: a page begun later has these answers
        "at": saved.at.isoformat(),
        "receipt": saved.receipt,
        "late": saved.late,
        "state": saved.state,
        "paused": saved.paused,
    }
    reply = jsonify(told) if saved.refusal is None else _conflict(saved.refusal, saving.MESSAGES[saved.refusal], told)
    reply.cache_control.no_store = True
    return reply


def octets(most: int) -> bytes:
    """What a device sent, unless it is too much to be read at all."""
    if (request.content_length or 0) > most:
        abort(413)
    return request.get_data()


def _conflict(error: str, message: str, told: dict[str, Any]) -> Response:
    refused = jsonify(told | {"error": error, "message": gettext(message)})
    refused.status_code = 409
    return refused


@area.get("/exams/<code>/review", policy=policy.may_write)
def review(code: str) -> str | Response:
    """Before handing in: what is answered, what is not."""
    attempt = own_attempt(code)
    closed = _onward(attempt)
    if closed is not None:
        return closed
    given, saved_at = sitting.saved(db.session(), attempt.id)
    items = attempt.paper.sheet["items"]
    left = attempts.seconds_left(attempt.deadline_at, clock.now(), queries.stopped_at(attempt))
    return render_template(
        "exams/review.html",
        attempt=attempt,
        items=items,
        answers=given,
        open_numbers=[n for n, i in enumerate(items, 1) if i["item"] not in given],
        flags=_flags(code),
        left=timedelta(seconds=left),
        saved_at=saved_at,
    )


@area.post("/exams/<code>/hand-in", policy=policy.may_write, hot=True)
def hand_in(code: str) -> Response:
    """Closes the attempt, for a device (JSON) and for a form; doing it again gives the same receipt."""
    actor, key, claimed = login.actor(), f"page-{code}", None
    if request.is_json:
        claimed = batches.closing(octets(batches.MOST_OCTETS))
        key = claimed.idempotency_key
    elif not EmptyForm().sent():
        abort(400)

    def close(session: Session) -> dict[str, Any]:
        attempt = _own(actor, queries.attempt(session, actor, code, to_close=True))
        return sitting.receipt_of(attempt, sitting.hand_in(session, actor, attempt, key, claimed))

    try:
        receipt = database.write_aside(close)
    except sitting.Missing as missing:
        return _conflict(missing.code, missing.message, {"acked_to": missing.acked_to})
    address = url_for("exams.receipt", code=code)
    return jsonify(receipt=receipt, address=address) if request.is_json else redirect(address, 303)  # type: ignore[return-value]


@area.get("/exams/<code>/receipt", policy=policy.may_write)
def receipt(code: str) -> str | Response:
    """What was handed in, when, under which number: to be kept or printed."""
    attempt = own_attempt(code)
    submission = db.session.get(Submission, attempt.id)
    if submission is None and queries.state_now(attempt) in GOING_ON:
        return redirect(url_for("exams.question", code=code, number=1), 303)  # type: ignore[return-value]
    given = sitting.answers_of(db.session(), attempt.id)
    return render_template(
        "exams/receipt.html",
        attempt=attempt,
        title=edition_title(attempt.sitting.cohort.edition),
        submission=submission,
        answered=submission.answered if submission else len(given),
        total=len(attempt.paper.shapes),
        code8=(submission.answers_hash if submission else sitting.answers_hash(given))[:8],
        late=queries.late_events(db.session(), attempt.id),
    )
