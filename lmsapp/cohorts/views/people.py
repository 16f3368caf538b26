"""The people of a cohort: enrolling, withdrawing, hours attended, slips, staff."""

from flask import Response, flash, redirect, render_template, request, url_for

from lmsapp.accounts import queries as people
from lmsapp.accounts.numbers import read_number
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import ROLE_NAMES, Role
from lmsapp.accounts.views.area import slip_sheet
from lmsapp.cohorts import attending, enrolling, policy, queries, roster
from lmsapp.cohorts.forms import EnrolForm, NewTraineeForm, StaffForm, WithdrawForm
from lmsapp.cohorts.models import Cohort
from lmsapp.cohorts.views.area import area, course_words, enrolment_of
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only, tidy


@area.form("/cohorts/<code>/people/add", policy=policy.may_run)
def add_person(code: str) -> str | Response | tuple[str, int]:
    """Puts a person on the roster: somebody known by her number, or somebody new."""
    actor = login.actor()
    found = queries.cohort(db.session(), actor, code)
    form = EnrolForm(prefix="known", languages=found.languages)
    new = NewTraineeForm(prefix="new", languages=found.languages)
    known = "known-number" in request.form
    sent = form if known else new
    if request.method == "POST" and sent.sent():
        try:
            _enrol(found, form) if known else _enrol_new(found, new)
        except (Conflict, Invalid) as problem:
            sent.take(problem)
        else:
            flash(_("The roster is saved."), "done")
            return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    status = 422 if request.method == "POST" else 200
    return render_template(
        "cohorts/add_person.html", cohort=found, words=course_words(found), form=form, new=new
    ), status


def _enrol(cohort: Cohort, form: EnrolForm) -> None:
    number = read_number(form.number.data)
    message = _("“%(typed)s” is no person number of ours. It has 8 digits.", typed=form.number.data)
    if number is None:
        raise Invalid(message, {"number": message})
    person = enrolling.trainee(db.session(), login.actor(), cohort, number)
    enrolling.enrol(db.session(), login.actor(), cohort, person, form.language.data)


def _enrol_new(cohort: Cohort, form: NewTraineeForm) -> None:
    new = NewPerson(
        name=form.name.data,
        name_language=form.language.data,
        latin_name=form.latin_name.data or None,
        father_name=form.father_name.data or None,
        sex=form.sex.data or None,
        birth=form.birth.data,
    )
    organisation = cohort.partner or people.centre(db.session())
    enrolling.enrol_new(db.session(), login.actor(), cohort, new, organisation, form.language.data)


@area.form("/cohorts/<code>/people/<int:enrolment_id>/withdraw", policy=policy.may_run)
def withdraw(code: str, enrolment_id: int) -> str | Response | tuple[str, int]:
    """Takes somebody off the roster, with the reason."""
    found = queries.cohort(db.session(), login.actor(), code)
    enrolment = enrolment_of(found, enrolment_id)
    form = WithdrawForm()
    if form.sent():
        enrolling.withdraw(db.session(), login.actor(), found, enrolment, form.reason.data)
        flash(_("%(name)s is off the roster; all records stay.", name=enrolment.person.name), "done")
        return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    page = render_template(
        "cohorts/withdraw.html", cohort=found, words=course_words(found), enrolment=enrolment, form=form
    )
    return page, 422 if form.errors else 200


@area.form("/cohorts/<code>/hours", policy=policy.may_run)
def hours(code: str) -> str | Response | tuple[str, int]:
    """Hours attended, one field a trainee."""
    found = queries.cohort(db.session(), login.actor(), code)
    standings = queries.standings(db.session(), found)
    typed = {s.enrolment_id: request.form.get(f"hours-{s.enrolment_id}", "")[:20] for s in standings}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        takes_only("reason", *(f"hours-{i}" for i in typed))
        try:
            count = attending.enter_hours(
                db.session(), login.actor(), found, typed, tidy(request.form.get("reason"))[:400]
            )
        except Invalid as problem:
            wrong = {name: _(message, **problem.values) for name, message in problem.fields.items()}
        else:
            flash(
                ngettext("Hours of %(num)s trainee saved.", "Hours of %(num)s trainees saved.", count)
                if count
                else _("Nothing was different, nothing was saved."),
                "done",
            )
            return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    needed = roster.hours_needed(
        found.edition.teaching_hours, found.edition.rules["assessment"]["attendance_minimum_percent"]
    )
    page = render_template(
        "cohorts/hours.html",
        cohort=found,
        words=course_words(found),
        standings=standings,
        typed=typed,
        wrong=wrong,
        reason=request.form.get("reason", ""),
        needed=needed,
    )
    return page, 422 if wrong else 200


@area.form("/cohorts/<code>/slips", policy=policy.may_run)
def slips(code: str) -> str:
    """Login slips: first says whom they are for, then shows them once, ready to print and cut."""
    found = queries.cohort(db.session(), login.actor(), code)
    enrolments = list(queries.enrolments(db.session(), found.id))
    waiting = [e for e in enrolments if e.person.secret_kind is None or e.person.must_choose_secret]
    if request.method == "GET":
        settled = [e for e in enrolments if e not in waiting]
        return render_template(
            "cohorts/slips.html", cohort=found, words=course_words(found), waiting=waiting, settled=settled
        )
    takes_only()
    made = enrolling.print_slips(db.session(), login.actor(), found, waiting)
    return slip_sheet("cohorts/slip_sheet.html", made, cohort=found)


@area.post("/cohorts/<code>/people/<int:enrolment_id>/slip", policy=policy.may_run)
def slip(code: str, enrolment_id: int) -> str:
    """A new slip for one who forgot her PIN."""
    takes_only()
    found = queries.cohort(db.session(), login.actor(), code)
    made = enrolling.print_slip(db.session(), login.actor(), found, enrolment_of(found, enrolment_id))
    return slip_sheet("cohorts/slip_sheet.html", [made], cohort=found)


@area.form("/cohorts/<code>/staff", policy=policy.may_run)
def staff(code: str) -> str | Response | tuple[str, int]:
    """Who teaches and assesses: putting somebody on, taking somebody off."""
    found = queries.cohort(db.session(), login.actor(), code)
    known = {(s.part, s.person.number): s.person for s in found.staff}
    known |= {(part, person.number): person for person, part in queries.assignable(db.session())}
    names = [(":".join(key), f"{person.name} · {_(ROLE_NAMES[Role(key[0])])}") for key, person in known.items()]
    form = StaffForm(people=names)
    if form.sent():
        part, _colon, number = form.who.data.partition(":")
        act = enrolling.assign if form.act.data == "on" else enrolling.take_off
        try:
            act(db.session(), login.actor(), found, known[part, number], part)
        except Conflict as problem:
            form.take(problem)
        else:
            flash(_("The staff is saved."), "done")
            if not policy.may_run(login.actor(), found):  # she took herself off
                return redirect(url_for("cohorts.cohorts"), 303)  # type: ignore[return-value]
            return redirect(url_for("cohorts.staff", code=code), 303)  # type: ignore[return-value]
    page = render_template(
        "cohorts/staff.html", cohort=found, words=course_words(found), form=form, role_names=ROLE_NAMES
    )
    return page, 422 if form.errors else 200
