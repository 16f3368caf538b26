"""One's own language, time zone and calendar, and where one is signed in."""

from flask import Response, flash, redirect, render_template, url_for
from flask_login import current_user

from lmsapp.accounts import queries, registering, signing_in
from lmsapp.accounts.forms import ProfileForm
from lmsapp.accounts.models import Person
from lmsapp.accounts.views.area import area
from lmsapp.core.access import signed_in
from lmsapp.core.translations import gettext as _
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only


@area.form("/profile", policy=signed_in)
def profile() -> str | Response | tuple[str, int]:
    """Language, time zone, calendar; and where one is signed in."""
    person = db.session.get_one(Person, login.actor().person_id)
    form = ProfileForm(obj=person)
    if form.sent():
        registering.change_profile(
            db.session(),
            login.actor(),
            language=form.language.data,
            time_zone=form.time_zone.data or None,
            calendar=form.calendar.data or None,
            phone=form.phone.data or None,
        )
        flash(_("Your profile is saved."), "done")
        return redirect(url_for("accounts.profile", language=person.language), 303)  # type: ignore[return-value]
    live = queries.sign_ins(db.session(), person.id)
    page = render_template("accounts/profile.html", form=form, person=person, live=live, this=current_user.session_id)
    return page, 422 if form.errors else 200


@area.post("/profile/end-sessions", policy=signed_in)
def end_sessions() -> Response:
    """Signs out everywhere else."""
    takes_only()
    ended = signing_in.end_sessions(db.session(), login.actor(), but=login.ticket_hash(login.ticket() or ""))
    flash(_("Signed out on %(number)s other devices.", number=ended), "done")
    return redirect(url_for("accounts.profile"), 303)  # type: ignore[return-value]
