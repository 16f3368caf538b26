"""Setting a sitting and watching its room."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import queries as cohorts
from lmsapp.core import clock
from lmsapp.core.access import demand
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.exams import composing, marking, policy, queries, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.forms import EmptyForm, ExtensionForm, SittingForm
from lmsapp.exams.models import Sitting
from lmsapp.exams.views.area import area, edition_title
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.filters import zone
from lmsapp.web.locale import current_language


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
        title=edition_title(held.cohort.edition),
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
