"""Setting the sittings of a cohort."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Response, flash, redirect, render_template, request, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import queries as cohorts
from lmsapp.core import clock
from lmsapp.core.access import demand
from lmsapp.core.errors import Invalid
from lmsapp.core.translations import gettext as _
from lmsapp.exams import composing, policy, queries
from lmsapp.exams.forms import SittingForm
from lmsapp.exams.views.area import area
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
