"""Exams sat without the server: leave for a device, its bundle by itself or as a file, and what is held to be judged."""

from flask import Response, abort, current_app, flash, jsonify, redirect, render_template, request, url_for

from lmsapp.core.access import demand
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.signing import KeyRing
from lmsapp.core.translations import N_, ngettext
from lmsapp.core.translations import gettext as _
from lmsapp.exams import batches, bundles, collecting, policy, queries, sitting
from lmsapp.exams.bundles import Doubt
from lmsapp.exams.forms import BundlesForm, JudgeForm
from lmsapp.exams.models import Bundle, Sitting, Submission
from lmsapp.exams.views.area import area, edition_title
from lmsapp.exams.views.sitting import octets, own_attempt
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only

DOUBTS = {
    Doubt.UNREADABLE: N_("It can't be read as a bundle of answers."),
    Doubt.GRANT: N_("Its leave was not signed by this server, or was altered."),
    Doubt.FOREIGN: N_("No device was given this leave for an exam of this sitting."),
    Doubt.SIGNATURE: N_("An answer does not carry the signature of its device: it was altered, or made elsewhere."),
    Doubt.CHAIN: N_("Answers are missing, repeated, or stand in another order than they were given."),
    Doubt.END: N_("Its end is missing or does not fit: answers may have been cut off."),
    Doubt.ORDER: N_("Its times go backwards."),
    Doubt.TOO_LONG: N_("It took longer than the exam allows."),
    Doubt.BACK_DATED: N_("It claims more time than has passed since its leave was given."),
    Doubt.EXPIRED: N_("It came after its leave had ended."),
    Doubt.PAPER: N_("It answers questions that are not on this paper."),
    Doubt.TAKEN_OVER: N_("Another device had taken the exam over."),
    Doubt.CLOSED: N_("The attempt was closed already."),
    Doubt.CODE: N_("It does not carry the closing code that was read out in the room."),
    Doubt.CLASH: N_("The server has other answers of this device under the same numbers."),
}


def _ring() -> KeyRing:
    return KeyRing.load_or_create(current_app.extensions["settings"].keys)


@area.post("/exams/<code>/leave", policy=policy.may_write)
def leave(code: str) -> Response:
    """Leave for the candidate's device to go on without the server."""
    attempt, asked = own_attempt(code), batches.json_object(octets(batches.MOST_OCTETS))
    device, key = batches.text(asked.get("device"), 40), batches.text(asked.get("public_key"), 140)
    given = collecting.grant(db.session(), login.actor(), attempt, device, key, _ring())
    return jsonify(
        grant=given.content,
        key=given.key_id,
        signature=given.signature,
        hash=bundles.first_hash(given.content),
        address="",
    )


@area.post("/exams/<code>/bundle", policy=policy.may_write)
def bundle(code: str) -> Response:
    """A bundle the candidate's device sends by itself when the line is back."""
    attempt, content = own_attempt(code), octets(bundles.MOST_OCTETS)
    made = collecting.collect(db.session(), login.actor(), attempt.sitting, content, _ring(), own=attempt)
    kept = db.session.get(Submission, attempt.id)
    told = {"outcome": made.state, "address": url_for("exams.receipt", code=code)}
    return jsonify(told | ({"receipt": sitting.receipt_of(attempt, kept)} if made.state == "taken" and kept else {}))


@area.form("/exams/sittings/<int:sitting_id>/bundles", policy=policy.may_watch)
def collected(sitting_id: int) -> str | Response | tuple[str, int]:
    """The bundles of a sitting: handing in files from devices, and judging what is held."""
    held, form = _watched(sitting_id), BundlesForm()
    if request.method == "POST" and (request.content_length or 0) > bundles.MOST_OCTETS:
        abort(413)
    if form.sent():
        sent = [one for one in request.files.getlist(form.files.name) if one]  # words in the field's place are no files
        if sent:
            _tell([collecting.collect(db.session(), login.actor(), held, one.read(), _ring()) for one in sent])
            return redirect(url_for("exams.collected", sitting_id=sitting_id), 303)  # type: ignore[return-value]
        form.files.errors = [_("Choose a file.")]
    return _page(held, form)


def _watched(sitting_id: int) -> Sitting:
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    if not policy.may_watch(login.actor(), held):
        raise NotFound
    return held


def _tell(made: list[Bundle]) -> None:
    waiting = sum(one.state == "held" for one in made)
    taken = len(made) - waiting
    if taken:
        flash(ngettext("%(num)s bundle is taken in.", "%(num)s bundles are taken in.", taken), "done")
    if waiting:
        flash(
            ngettext("%(num)s bundle is held for you to judge.", "%(num)s bundles are held for you to judge.", waiting),
            "info",
        )


def _page(held: Sitting, form: BundlesForm, judged: int = 0, judging: JudgeForm | None = None) -> str | tuple[str, int]:
    found = collecting.bundles_of(db.session(), login.actor(), held)
    page = render_template(
        "exams/collected.html",
        sitting=held,
        title=edition_title(held.cohort.edition),
        bundles=found,
        awaited=collecting.awaited(db.session(), login.actor(), held),
        state_now=queries.state_now,
        contents={one.id: _content(one) for one in found},
        doubts=DOUBTS,
        form=form,
        judged=judged,
        judging=judging or JudgeForm(),
    )
    return (page, 422) if form.errors or (judging and judging.errors) else page


def _content(one: Bundle) -> bundles.Read | None:
    try:
        return bundles.read(one.content)
    except Invalid:
        return None


@area.post("/exams/sittings/<int:sitting_id>/bundles/<int:bundle_id>", policy=policy.may_hold)
def judge_bundle(sitting_id: int, bundle_id: int) -> str | Response | tuple[str, int]:
    """Lets a held bundle count, or sets it aside, with the reason."""
    held = _watched(sitting_id)
    demand(policy.may_hold(login.actor(), held.cohort))
    one = db.session.get(Bundle, bundle_id)
    if one is None or one.sitting_id != held.id:
        raise NotFound
    form = JudgeForm()
    if not form.sent():
        return _page(held, BundlesForm(formdata=None), bundle_id, form)
    accept = form.verdict.data == "accept"
    collecting.judge(db.session(), login.actor(), one, form.reason.data, accept=accept)
    flash(_("The answers of the bundle count.") if accept else _("The bundle is set aside; it is kept."), "done")
    return redirect(url_for("exams.collected", sitting_id=sitting_id), 303)  # type: ignore[return-value]


@area.post("/exams/attempts/<code>/wait-no-more", policy=policy.may_hold)
def wait_no_more(code: str) -> Response:
    """Closes an attempt with what was saved, without waiting for its bundle."""
    takes_only()
    attempt = queries.attempt(db.session(), login.actor(), code)
    if not policy.may_watch(login.actor(), attempt.sitting):
        raise NotFound
    collecting.wait_no_more(db.session(), login.actor(), attempt)
    flash(_("The attempt is closed with what was saved."), "done")
    return redirect(url_for("exams.collected", sitting_id=attempt.sitting_id), 303)  # type: ignore[return-value]
