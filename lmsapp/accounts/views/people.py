"""People and their roles: registering, correcting, inviting, slips."""

from dataclasses import fields
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from lmsapp.accounts import correcting, policy, queries, registering
from lmsapp.accounts.correcting import Details
from lmsapp.accounts.forms import CorrectionForm, PersonForm, RoleForm
from lmsapp.accounts.registering import Slip
from lmsapp.accounts.roles import ROLE_NAMES, Role
from lmsapp.accounts.views.area import area, letter_link, named_organisations, organisation_choices, slip_sheet
from lmsapp.core.access import demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.formatting import country_names
from lmsapp.core.translations import gettext as _
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only
from lmsapp.web.lists import page_of
from lmsapp.web.locale import current_language


@area.get("/people", policy=policy.may_list_people)
def people() -> str:
    """People the actor may see, with search and filters."""
    search = request.args.get("q", "")[:100]
    role = request.args.get("role") if request.args.get("role") in set(Role) else None
    organisation = request.args.get("organisation")
    found = page_of(
        db.session(),
        queries.people(login.actor(), search=search, role=role, organisation=organisation),
        request.args.get("page"),
    )
    organisations, names = named_organisations()
    return render_template(
        "accounts/people.html",
        found=found,
        search=search,
        role=role,
        organisation=organisation,
        organisations=organisations,
        names=names,
        role_names=ROLE_NAMES,
        running_roles=queries.running_roles,
    )


@area.form("/people/new", policy=policy.may_register)
def new_person() -> str | Response | tuple[str, int]:
    """Registers a person."""
    actor = login.actor()
    form = PersonForm(
        organisations=organisation_choices(),
        countries=country_names(),
        name_language=current_language().code,
        role="trainee",
    )
    if form.sent():
        new = registering.NewPerson(
            **{
                k: form[k].data or None
                for k in ("latin_name", "father_name", "sex", "birth", "nationality", "email", "phone")
            },
            name=form.name.data,
            name_language=form.name_language.data,
        )
        organisation = queries.organisation(db.session(), actor, form.organisation.data)
        try:
            person = registering.register(db.session(), actor, new, organisation, Role(form.role.data))
        except (Conflict, Invalid) as problem:
            form.take(problem)
        else:
            flash(
                _("%(name)s is registered with the person number %(number)s.", name=person.name, number=person.number),
                "done",
            )
            return redirect(url_for("accounts.person", number=person.number), 303)  # type: ignore[return-value]
    return render_template("accounts/new_person.html", form=form), 422 if form.errors else 200


@area.get("/people/<number>", policy=policy.may_list_people)
def person(number: str) -> str:
    """One person: who she is, what she may, what can be done."""
    found = queries.person(db.session(), login.actor(), number)
    ids = [m.organisation_id for m in found.memberships]
    names = queries.names_of(db.session(), ids, current_language().code)
    form = RoleForm(organisations=organisation_choices(), role="trainee")
    return render_template(
        "accounts/person.html",
        person=found,
        names=names,
        form=form,
        role_names=ROLE_NAMES,
        running_roles=queries.running_roles,
    )


@area.form("/people/<number>/correct", policy=policy.may_correct_person)
def correct_person(number: str) -> str | Response | tuple[str, int]:
    """Puts right what is kept about a person, with the reason."""
    actor = login.actor()
    found = queries.person(db.session(), actor, number)
    demand(policy.may_correct_person(actor, found))
    form = CorrectionForm(obj=found, countries=country_names())
    if form.sent():
        typed: dict[str, Any] = {field.name: form[field.name].data or None for field in fields(Details)}
        try:
            different = correcting.correct(db.session(), actor, found, Details(**typed), form.reason.data)
        except (Conflict, Invalid) as problem:
            form.take(problem)
        else:
            flash(
                _("%(name)s is corrected.", name=found.name)
                if different
                else _("Nothing was different, nothing was saved."),
                "done",
            )
            return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]
    page = render_template("accounts/correct_person.html", person=found, form=form)
    return page, 422 if form.errors or form.form_errors else 200


@area.post("/people/<number>/roles", policy=policy.may_grant)
def grant_role(number: str) -> Response:
    """Grants a role."""
    actor = login.actor()
    found = queries.person(db.session(), actor, number)
    form = RoleForm(organisations=organisation_choices())
    if not form.sent():
        abort(422)
    organisation = queries.organisation(db.session(), actor, form.organisation.data)
    registering.grant(db.session(), actor, found, Role(form.role.data), organisation)
    flash(_("The role is granted."), "done")
    return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]


@area.post("/people/<number>/roles/<int:membership_id>/end", policy=policy.may_grant)
def end_role(number: str, membership_id: int) -> Response:
    """Withdraws a role."""
    takes_only()
    found = queries.person(db.session(), login.actor(), number)
    membership = next((m for m in found.memberships if m.id == membership_id), None)
    if membership is None:
        raise NotFound
    registering.withdraw(db.session(), login.actor(), found, membership)
    flash(_("The role is withdrawn; it stops at the next click."), "done")
    return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]


@area.post("/people/<number>/invite", policy=policy.may_issue_secret)
def invite(number: str) -> Response:
    """Sends an invitation letter."""
    takes_only()
    found = queries.person(db.session(), login.actor(), number)
    registering.invite(db.session(), login.actor(), found, letter_link())
    flash(_("The invitation to %(name)s is on its way.", name=found.name), "done")
    return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]


@area.post("/people/<number>/slip", policy=policy.may_issue_secret)
def slip(number: str) -> str:
    """A new login slip for one person who forgot her PIN; shown once, ready to print."""
    takes_only()
    found = queries.person(db.session(), login.actor(), number)
    pin = registering.issue_pin(db.session(), login.actor(), found)
    return slip_sheet("accounts/slip.html", [Slip(found, pin, found.language)], person=found)


@area.post("/people/<number>/account", policy=policy.may_close_account)
def open_or_close(number: str) -> Response:
    """Closes an account, or opens it again."""
    takes_only()
    found = queries.person(db.session(), login.actor(), number)
    registering.deactivate(db.session(), login.actor(), found, active=not found.active)
    flash(_("The account is open.") if found.active else _("The account is closed; its sessions ended."), "done")
    return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]
