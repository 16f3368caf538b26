"""Partner agencies and donors."""

from flask import Response, abort, flash, redirect, render_template, url_for

from lmsapp.accounts import policy, queries, registering
from lmsapp.accounts.forms import OrganisationForm, OrganisationStateForm
from lmsapp.accounts.roles import KIND_NAMES
from lmsapp.accounts.views.area import area, named_organisations
from lmsapp.core import clock
from lmsapp.core.errors import Invalid
from lmsapp.core.formatting import country_names
from lmsapp.core.translations import gettext as _
from lmsapp.web import login
from lmsapp.web.database import db


@area.form("/organisations", policy=policy.may_administer)
def organisations() -> str | Response | tuple[str, int]:
    """Partner agencies and donors: who they are, adding one."""
    form = OrganisationForm(countries=country_names())
    if form.sent():
        try:
            registering.register_organisation(
                db.session(),
                login.actor(),
                code=form.code.data,
                kind=form.kind.data,
                country=form.country.data or None,
                names=form.names(),
                since=clock.now().date(),
            )
        except Invalid as problem:
            form.take(problem)
        else:
            flash(_("The organisation is added."), "done")
            return redirect(url_for("accounts.organisations"), 303)  # type: ignore[return-value]
    found, names = named_organisations()
    page = render_template("accounts/organisations.html", found=found, names=names, form=form, kinds=KIND_NAMES)
    return page, 422 if form.errors else 200


@area.post("/organisations/<agency>/state", policy=policy.may_administer)
def organisation_state(agency: str) -> Response:
    """Suspends an organisation, or opens it again."""
    found = queries.organisation(db.session(), login.actor(), agency)
    form = OrganisationStateForm()
    if not form.sent():
        abort(422)
    registering.suspend(db.session(), login.actor(), found, active=form.active.data == "yes")
    flash(_("The organisation is open.") if found.active else _("The organisation is suspended."), "done")
    return redirect(url_for("accounts.organisations"), 303)  # type: ignore[return-value]
