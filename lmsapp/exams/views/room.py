"""The exam room: who is in, and what an invigilator may do for everybody or for one."""

from collections import Counter

from flask import Response, flash, redirect, render_template, url_for

from lmsapp.cohorts import queries as cohorts
from lmsapp.core import formatting, runs
from lmsapp.core.errors import NotFound
from lmsapp.core.runs import Outage
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.exams import invigilating, marking, policy, queries, watching
from lmsapp.exams.attempts import State
from lmsapp.exams.forms import CodeForm, EmptyForm, MinutesForm, NoteForm, ReasonForm, ReleaseForm
from lmsapp.exams.marking import PapersOut
from lmsapp.exams.models import Attempt, Sitting
from lmsapp.exams.views.area import area, edition_title
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.filters import zone
from lmsapp.web.forms import Form

Page = tuple[str, int]


def _sitting(sitting_id: int) -> Sitting:
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    if not policy.may_watch(login.actor(), held):
        raise NotFound
    return held


def _attempt(code: str) -> Attempt:
    attempt = queries.attempt(db.session(), login.actor(), code)
    if not policy.may_watch(login.actor(), attempt.sitting):
        raise NotFound
    return attempt


def _acts(sent: Form | None) -> dict[str, Form]:
    """The forms of a page, each told from the others by its prefix; the one that came back keeps what was typed."""
    acts: dict[str, Form] = {
        "pause": ReasonForm(prefix="pause-"),
        "extend": MinutesForm(prefix="extend-", minutes=10),
        "void": ReasonForm(prefix="void-"),
        "note": NoteForm(prefix="note-"),
        "release": ReleaseForm(prefix="release-"),
    }
    return acts if sent is None else acts | {sent._prefix.rstrip("-"): sent}  # noqa: SLF001 - WTForms tells it nowhere else


def _owed(held: Sitting) -> list[Outage]:
    """Outages of this sitting whose minutes somebody who writes has not got back."""
    return [
        outage
        for outage in runs.measured_outages(db.session(), held.opens_at)
        if invigilating.owed(db.session(), held, outage)
    ]


def _room(held: Sitting, sent: Form | None = None) -> Page:
    desks = watching.desks(db.session(), held)
    page = render_template(
        "exams/room.html",
        sitting=held,
        title=edition_title(held.cohort.edition),
        desks=desks,
        states=Counter(desk.state for desk in desks),
        passed=sum(desk.mark.passed for desk in desks if desk.mark),
        enrolled=cohorts.enrolments(db.session(), held.cohort_id),
        notes=watching.notes(db.session(), held),
        outages=_owed(held),
        times=watching.clock_of(db.session(), held, desks),
        papers_out=marking.papers_out(db.session(), held),
        acts=_acts(sent),
        sent=sent,
        State=State,
    )
    return page, 422 if sent is not None else 200


def _desk(attempt: Attempt, sent: Form | None = None) -> Page:
    answered, saved_at = queries.saved(db.session(), [attempt.id]).get(attempt.id, (0, None))
    page = render_template(
        "exams/attempt.html",
        attempt=attempt,
        sitting=attempt.sitting,
        state=queries.state_now(attempt),
        answered=answered,
        saved_at=saved_at,
        story=watching.story(db.session(), attempt),
        acts=_acts(sent),
        sent=sent,
        State=State,
    )
    return page, 422 if sent is not None else 200


def _back(held: Sitting, said: str) -> Response:
    flash(said, "done")
    return redirect(url_for("exams.room", sitting_id=held.id), 303)  # type: ignore[return-value]


def _back_to(attempt: Attempt, said: str) -> Response:
    flash(said, "done")
    return redirect(url_for("exams.attempt", code=attempt.code), 303)  # type: ignore[return-value]


# ---------- the room ----------


@area.get("/exams/sittings/<int:sitting_id>", policy=policy.may_watch)
def room(sitting_id: int) -> Page:
    """The room: who is in, when they last saved, who is done, who needs somebody."""
    return _room(_sitting(sitting_id))


@area.post("/exams/sittings/<int:sitting_id>/pause", policy=policy.may_hold)
def pause_room(sitting_id: int) -> Page | Response:
    """Stops the clock for everybody."""
    held, form = _sitting(sitting_id), ReasonForm(prefix="pause-")
    if not form.sent():
        return _room(held, form)
    count = invigilating.pause_all(db.session(), login.actor(), held, form.reason.data)
    return _back(held, ngettext("Paused for %(num)s trainee.", "Paused for %(num)s trainees.", count))


@area.post("/exams/sittings/<int:sitting_id>/resume", policy=policy.may_hold)
def resume_room(sitting_id: int) -> Page | Response:
    """Lets everybody go on, minutes restored."""
    held, form = _sitting(sitting_id), EmptyForm()
    if not form.sent():
        return _room(held, form)
    count = invigilating.resume_all(db.session(), login.actor(), held)
    return _back(
        held,
        ngettext(
            "%(num)s trainee goes on, with the lost minutes given back.",
            "%(num)s trainees go on, with the lost minutes given back.",
            count,
        ),
    )


@area.post("/exams/sittings/<int:sitting_id>/extend", policy=policy.may_hold)
def extend_room(sitting_id: int) -> Page | Response:
    """Extra time for everybody who has not handed in."""
    held, form = _sitting(sitting_id), MinutesForm(prefix="extend-")
    if not form.sent():
        return _room(held, form)
    count = invigilating.extend_all(db.session(), login.actor(), held, form.minutes.data, form.reason.data)
    return _back(
        held, ngettext("Extra time is given to %(num)s trainee.", "Extra time is given to %(num)s trainees.", count)
    )


@area.post("/exams/sittings/<int:sitting_id>/outage", policy=policy.may_hold)
def give_back(sitting_id: int) -> Page | Response:
    """Gives the minutes of every measured outage back to those who were writing."""
    held, form = _sitting(sitting_id), EmptyForm()
    if not form.sent():
        return _room(held, form)
    given = 0
    for outage in _owed(held):
        begun, ended = (formatting.time_text(at, zone()) for at in (outage.begun_at, outage.ended_at))
        reason = _("The server was away from %(begun)s to %(ended)s.", begun=begun, ended=ended)
        given = max(given, invigilating.give_back(db.session(), login.actor(), held, outage, reason))
    return _back(
        held, ngettext("Extra time is given to %(num)s trainee.", "Extra time is given to %(num)s trainees.", given)
    )


@area.post("/exams/sittings/<int:sitting_id>/code", policy=policy.may_hold)
def room_code(sitting_id: int) -> Page | Response:
    """Makes a new code for the room, or takes it away; makes the one that is read out at the end."""
    held, form = _sitting(sitting_id), CodeForm()
    if not form.sent():
        return _room(held, form)
    if form.wanted.data == "none":
        invigilating.drop_room_code(db.session(), login.actor(), held)
        return _back(held, _("Everybody enrolled can begin without a code now."))
    if form.wanted.data == "closing":
        invigilating.give_closing_code(db.session(), login.actor(), held)
        return _back(held, _("Read the closing code out when the time is over, not before."))
    invigilating.give_room_code(db.session(), login.actor(), held)
    return _back(held, _("There is a new code. Who has begun already goes on without it."))


@area.post("/exams/sittings/<int:sitting_id>/note", policy=policy.may_note)
def note_room(sitting_id: int) -> Page | Response:
    """Writes down what happened in the room."""
    held, form = _sitting(sitting_id), NoteForm(prefix="note-")
    if not form.sent():
        return _room(held, form)
    invigilating.note(db.session(), login.actor(), held, form.text.data)
    return _back(held, _("The note is kept."))


@area.post("/exams/sittings/<int:sitting_id>/release", policy=policy.may_hold)
def release(sitting_id: int) -> Page | Response:
    """Closes what has expired, marks what waits, shows the results to the candidates."""
    held, form = _sitting(sitting_id), ReleaseForm(prefix="release-")
    if not form.sent():
        return _room(held, form)
    try:
        count = marking.release(db.session(), login.actor(), held, without_papers=form.without_papers.data)
    except PapersOut as problem:
        form.take(problem)
        return _room(held, form)
    said = ngettext(
        "The result of %(num)s attempt is released.", "The results of %(num)s attempts are released.", count
    )
    papers = marking.papers_out(db.session(), held)
    if papers:
        flash(
            ngettext(
                "%(num)s paper is not keyed yet; its result is shown as soon as it is marked.",
                "%(num)s papers are not keyed yet; their results are shown as soon as they are marked.",
                papers,
            ),
            "done",
        )
    return _back(held, said)


# ---------- one desk ----------


@area.get("/exams/attempts/<code>", policy=policy.may_watch)
def attempt(code: str) -> Page:
    """One attempt: its state, its times, its story, and what can be done."""
    return _desk(_attempt(code))


@area.post("/exams/attempts/<code>/extend", policy=policy.may_hold)
def extend(code: str) -> Page | Response:
    """Extra time for one attempt, with the reason."""
    found, form = _attempt(code), MinutesForm(prefix="extend-")
    if not form.sent():
        return _desk(found, form)
    invigilating.extend(db.session(), login.actor(), found, form.minutes.data, form.reason.data)
    return _back_to(found, _("Extra time is given."))


@area.post("/exams/attempts/<code>/pause", policy=policy.may_hold)
def pause(code: str) -> Page | Response:
    """Stops the clock of one attempt."""
    found, form = _attempt(code), ReasonForm(prefix="pause-")
    if not form.sent():
        return _desk(found, form)
    invigilating.pause(db.session(), login.actor(), found, form.reason.data)
    return _back_to(found, _("The attempt is paused. What is saved meanwhile counts."))


@area.post("/exams/attempts/<code>/resume", policy=policy.may_hold)
def resume(code: str) -> Page | Response:
    """Lets one attempt go on."""
    found, form = _attempt(code), EmptyForm()
    if not form.sent():
        return _desk(found, form)
    invigilating.resume(db.session(), login.actor(), found)
    return _back_to(found, _("The attempt goes on, with the lost minutes given back."))


@area.post("/exams/attempts/<code>/void", policy=policy.may_void)
def void(code: str) -> Page | Response:
    """Takes an attempt out of every count."""
    found, form = _attempt(code), ReasonForm(prefix="void-")
    if not form.sent():
        return _desk(found, form)
    invigilating.void(db.session(), login.actor(), found, form.reason.data)
    return _back_to(found, _("The attempt is void. It is kept, and does not count."))


@area.post("/exams/attempts/<code>/note", policy=policy.may_note)
def note(code: str) -> Page | Response:
    """Writes down what happened at one desk."""
    found, form = _attempt(code), NoteForm(prefix="note-")
    if not form.sent():
        return _desk(found, form)
    invigilating.note(db.session(), login.actor(), found.sitting, form.text.data, found)
    return _back_to(found, _("The note is kept."))
