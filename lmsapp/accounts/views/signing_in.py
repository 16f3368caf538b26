"""Signing in and out, one's own PIN or password, and the letters that lead to a new one."""

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user

from lmsapp.accounts import registering, signing_in
from lmsapp.accounts.forms import ResetForm, SecretForm, SignInForm
from lmsapp.accounts.roles import Role
from lmsapp.accounts.views.area import area, letter_link
from lmsapp.core.access import public, signed_in
from lmsapp.core.errors import Busy, Invalid
from lmsapp.core.translations import gettext as _
from lmsapp.web import database, limits, login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only

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
        registering.ask_reset(db.session(), form.login.data, letter_link())
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
