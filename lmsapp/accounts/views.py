"""Pages about people: signing in, one's own profile, people and their roles."""

from dataclasses import fields
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select

from lmsapp.accounts import correcting, policy, queries, registering, signing_in
from lmsapp.accounts.acts import ACTS, GROUPS, THINGS
from lmsapp.accounts.correcting import Details
from lmsapp.accounts.forms import (
    CorrectionForm,
    OrganisationForm,
    OrganisationStateForm,
    PersonForm,
    ProfileForm,
    ResetForm,
    RoleForm,
    SecretForm,
    SignInForm,
)
from lmsapp.accounts.models import Person
from lmsapp.accounts.registering import Slip
from lmsapp.accounts.roles import KIND_NAMES, ROLE_NAMES, Role
from lmsapp.core import audit, clock, qr
from lmsapp.core.access import demand, public, signed_in
from lmsapp.core.errors import Busy, Conflict, Invalid, NotFound
from lmsapp.core.formatting import country_names, latin_digits
from lmsapp.core.translations import gettext as _
from lmsapp.web import database, limits, login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only
from lmsapp.web.lists import leaf_of, page_of
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("accounts", __name__)
ALWAYS = {"accounts.choose_secret", "accounts.sign_out", "accounts.sign_in", "static", "machine.health"}


@area.before_app_request
def choose_first() -> Response | None:
    """Whoever signed in with a one-time PIN chooses her own before anything else."""
    if current_user.must_choose_secret and request.endpoint not in ALWAYS:
        return redirect(url_for("accounts.choose_secret"))  # type: ignore[return-value]
    return None


@area.form("/sign-in", policy=public, hot=True)
@limits.sign_ins
def sign_in() -> str | Response | tuple[str, int]:
    """One form for trainees with a slip and staff with a password."""
    form = SignInForm(login=request.args.get("number"), next=login.local_path(request.args.get("next")) or "")
    if not form.sent():
        return _sign_in_page(form, 422 if form.errors else 200)
    address, device = request.remote_addr or "", request.user_agent.string
    try:
        checked = signing_in.check(db.session(), form.login.data, form.secret.data, address)
    except Busy as problem:
        form.take(problem)
        return _sign_in_page(form, 429)
    days = current_app.extensions["settings"].session_days
    ticket = database.write_aside(
        lambda session: signing_in.sign_in(session, checked, device=device, address=address, days=days)
    )
    if not ticket:
        form.take(Invalid(signing_in.WRONG))
        return _sign_in_page(form, 422)
    login.begin(ticket)
    return redirect(login.local_path(form.next.data) or url_for("home.start", language=checked.language), 303)  # type: ignore[return-value]


def _sign_in_page(form: SignInForm, status: int) -> tuple[str, int]:
    staff = "staff" in request.args or ("fresh" in request.args and bool(current_user.roles - {Role.TRAINEE.value}))
    if staff:
        form.login.label.text, form.secret.label.text = _("E-mail address"), _("Password")
    return render_template("accounts/sign_in.html", form=form, staff=staff), status


@area.post("/sign-out", policy=signed_in)
def sign_out() -> Response:
    """Ends this session."""
    takes_only()
    ticket = login.ticket()
    if ticket:
        signing_in.sign_out(db.session(), login.actor(), login.ticket_hash(ticket))
    login.end()
    return redirect(url_for("home.start"), 303)  # type: ignore[return-value]


@area.form("/choose-secret", policy=signed_in)
def choose_secret() -> str | Response | tuple[str, int]:
    """One's own PIN or password; somebody who finds a device left open can't change it."""
    if not current_user.must_choose_secret and not login.actor().fresh:
        return login.sign_in_again()
    form = SecretForm()
    kind = "pin" if current_user.roles <= {Role.TRAINEE.value} else "password"
    if form.sent():
        try:
            signing_in.choose_secret(
                db.session(),
                login.actor(),
                form.new.data,
                kind=kind,
                ticket_hash=login.ticket_hash(login.ticket() or ""),
            )
        except Invalid as problem:
            form.take(problem)
        else:
            flash(_("Your new PIN is set.") if kind == "pin" else _("Your new password is set."), "done")
            return redirect(url_for("home.start"), 303)  # type: ignore[return-value]
    return render_template("accounts/choose_secret.html", form=form, kind=kind), 422 if form.is_submitted() else 200


@area.form("/lost-slip", policy=public)
@limits.letters
def lost_slip() -> str | tuple[str, int]:
    """Asking for a reset letter; the answer is the same whether the address is known or not."""
    form = ResetForm()
    asked = form.sent()
    if asked:
        registering.ask_reset(db.session(), form.login.data, _letter_link())
    return render_template("accounts/lost_slip.html", form=form, asked=asked), 422 if form.errors else 200


@area.form("/letters/<token>", policy=public)
@limits.letters
def letter(token: str) -> str | Response | tuple[str, int]:
    """The page an invitation or reset letter leads to."""
    form = SecretForm()
    registering.letter(db.session(), token)
    if form.sent():
        try:
            registering.use_letter(db.session(), token, form.new.data)
        except Invalid as problem:
            form.take(problem)
        else:
            login.end()
            flash(_("Your password is set. Sign in with it."), "done")
            return redirect(url_for("accounts.sign_in", staff=1), 303)  # type: ignore[return-value]
    return render_template("accounts/choose_secret.html", form=form, kind="password"), 422 if form.errors else 200


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
    organisations = queries.organisations(db.session(), login.actor())
    names = queries.names_of(db.session(), [o.id for o in organisations], current_language().code)
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
        organisations=_organisation_choices(),
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
    form = RoleForm(organisations=_organisation_choices(), role="trainee")
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
    form = RoleForm(organisations=_organisation_choices())
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
    registering.invite(db.session(), login.actor(), found, _letter_link())
    flash(_("The invitation to %(name)s is on its way.", name=found.name), "done")
    return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]


@area.post("/people/<number>/slip", policy=policy.may_issue_secret)
def slip(number: str) -> str:
    """A new login slip for one person who forgot her PIN; shown once, ready to print."""
    takes_only()
    found = queries.person(db.session(), login.actor(), number)
    pin = registering.issue_pin(db.session(), login.actor(), found)
    return slip_sheet("accounts/slip.html", [Slip(found, pin, found.language)], person=found)


def slip_sheet(template: str, slips: list[Slip], **more: object) -> str:
    """The page with slips: each has its number, PIN and a code that opens the sign-in page with the number filled in."""
    base = current_app.extensions["settings"].base_url.rstrip("/")
    codes = {
        s.person.number: qr.on_page(f"{base}/{s.language}/sign-in?number={s.person.number}", s.person.number)
        for s in slips
    }
    return render_template(template, slips=slips, codes=codes, address=base.partition("://")[2], **more)


@area.post("/people/<number>/account", policy=policy.may_close_account)
def open_or_close(number: str) -> Response:
    """Closes an account, or opens it again."""
    takes_only()
    found = queries.person(db.session(), login.actor(), number)
    registering.deactivate(db.session(), login.actor(), found, active=not found.active)
    flash(_("The account is open.") if found.active else _("The account is closed; its sessions ended."), "done")
    return redirect(url_for("accounts.person", number=number), 303)  # type: ignore[return-value]


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
    found = queries.organisations(db.session(), login.actor())
    names = queries.names_of(db.session(), [o.id for o in found], current_language().code)
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


@area.get("/log", policy=policy.may_read_audit)
def log() -> str:
    """The audit log in words, newest first; of a group of things, of one, or by one person."""
    group, about = request.args.get("group", ""), latin_digits(request.args.get("q", "").strip()[:80])
    kinds = GROUPS[group][1] if group in GROUPS else ()
    number = request.args.get("who", "")
    by = db.session().scalar(select(Person).where(Person.number == number)) if number else None
    chosen = audit.newest_first(kinds, about, by.id if by is not None else None)
    found = leaf_of(db.session(), chosen, audit.AuditLine.position, request.args)
    tokens = audit.subjects(db.session(), {line.actor_token for line in found.rows if line.actor_token})
    on = {int(line.object_id) for line in found.rows if line.object_kind == "person" and line.object_id.isdigit()}
    people = {p.id: p for p in db.session().scalars(select(Person).where(Person.id.in_({*tokens.values(), *on})))}
    return render_template(
        "accounts/log.html",
        found=found,
        search=about,
        by=by,
        group=group,
        groups=GROUPS,
        acts=ACTS,
        things=THINGS,
        who={token: people.get(person_id) for token, person_id in tokens.items()},
        people=people,
    )


def _letter_link() -> str:
    base: str = current_app.extensions["settings"].base_url.rstrip("/")
    page = url_for("accounts.letter", token="-")  # noqa: S106 - where the token goes
    return base + page.removesuffix("-") + "{token}"


def _organisation_choices() -> list[tuple[str, str]]:
    found = queries.organisations(db.session(), login.actor())
    names = queries.names_of(db.session(), [o.id for o in found], current_language().code)
    return [(o.code, names.get(o.id, o.code)) for o in found if o.active]
