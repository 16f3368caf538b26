"""`create_app`: settings, database, languages, sign-in, every capability's pages, error pages."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from lmsapp.accounts import policy as accounts_policy
from lmsapp.accounts import queries as accounts
from lmsapp.accounts import sessions as sign_ins
from lmsapp.accounts import views as accounts_views
from lmsapp.accounts import watching
from lmsapp.catalogue import policy as catalogue_policy
from lmsapp.catalogue import views as catalogue_views
from lmsapp.certificates import objecting as certificates_objecting
from lmsapp.certificates import panel as certificates_panel
from lmsapp.certificates import policy as certificates_policy
from lmsapp.certificates import views as certificates_views
from lmsapp.cohorts import policy as cohorts_policy
from lmsapp.cohorts import views as cohorts_views
from lmsapp.cohorts.events import CohortCancelled, CohortChanged
from lmsapp.core import clock, paths
from lmsapp.core.events import subscribe
from lmsapp.core.settings import Settings
from lmsapp.core.translations import current, gettext
from lmsapp.engagements import policy as engagements_policy
from lmsapp.engagements import views as engagements_views
from lmsapp.exams import objecting as exams_objecting
from lmsapp.exams import panel as exams_panel
from lmsapp.exams import policy as exams_policy
from lmsapp.exams import views as exams_views
from lmsapp.home import places
from lmsapp.home import views as home_views
from lmsapp.letters import telling as letters
from lmsapp.materials import policy as materials_policy
from lmsapp.materials import views as materials_views
from lmsapp.web import crowds, csrf, database, errors, filters, headers, locale, login, pages, static_files
from lmsapp.web.database import db

AREAS = (
    home_views.area,
    home_views.free,
    accounts_views.area,
    catalogue_views.area,
    cohorts_views.area,
    exams_views.area,
    certificates_views.area,
    certificates_views.free,
    materials_views.area,
    materials_views.free,
    engagements_views.area,
)
POLICIES = (
    accounts_policy,
    catalogue_policy,
    certificates_policy,
    cohorts_policy,
    engagements_policy,
    exams_policy,
    materials_policy,
)
LARGEST_FORM = 2 * 1024 * 1024  # no page takes a file yet


class LmsFlask(Flask):
    """Flask whose requests end in one commit, before the reply leaves, or in none."""

    url_rule_class = pages.PatientRule

    def dispatch_request(self) -> Response:
        """Runs the view and settles its transaction."""
        return database.finish(self.make_response(super().dispatch_request()))

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No function of ours is a coroutine; Flask asks a dozen times a request."""
        return func


def create_app(settings: Settings) -> Flask:
    """The application for these settings; raises `UndeclaredRoute` when a route has no policy."""
    app = LmsFlask(
        "lmsapp",
        template_folder=str(paths.shipped("templates")),
        static_folder=str(Path(__file__).parent / "web/static"),
    )
    app.config.update(
        SECRET_KEY=settings.secret,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=settings.session_days),
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=5000,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(hours=1),
    )
    app.extensions["settings"] = settings
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]
    app.extensions["policy_functions"] = {
        name: function for module in POLICIES for name, function in vars(module).items() if name.startswith("may_")
    }
    app.before_request(_number_request)
    database.install(app)
    locale.install(app)
    crowds.install(app)
    login.install(app, _find_reader)
    csrf.install(app)
    pages.install(app)
    headers.install(app, secure=settings.secure)
    static_files.install(app)
    filters.install(app)
    errors.install(app)
    listen()
    letters.listen(settings)
    app.extensions["cohort_panels"] = (exams_panel.panel, certificates_panel.panel)
    app.context_processor(_names)
    app.jinja_env.globals.update(places.FUNCTIONS)
    for area in AREAS:
        pages.mount(app, area)
    pages.check_declared(app)
    return app


def listen() -> None:
    """Connects the watch over refusals, and those who may object to what happens below them."""
    subscribe(errors.Refused, watching.count)
    subscribe(CohortChanged, exams_objecting.keep_edition)
    subscribe(CohortCancelled, exams_objecting.let_finish)
    subscribe(CohortCancelled, certificates_objecting.stand)


def _number_request() -> None:
    g.request_number = secrets.token_hex(4)
    g.begun, g.begun_at = clock.monotonic(), clock.now()


def _find_reader(ticket_hash: str, address: str) -> login.Reader | None:
    settings: Settings = current_app.extensions["settings"]
    found = sign_ins.find(db.session(), ticket_hash, address, settings.session_idle_hours)
    if found is None:
        return None
    person, actor = found
    now = clock.now()
    if now - person.seen_at > sign_ins.SEEN_EVERY and database.reading():
        database.writer().write(lambda connection: sign_ins.seen(connection, person.session_id, now))
    return login.Reader(
        actor=actor,
        name=person.name,
        name_language=person.name_language,
        latin_name=person.latin_name or "",
        number=person.number,
        language=person.language,
        time_zone=person.time_zone or settings.time_zone,
        calendar=person.calendar or "",
        roles=frozenset(m.role for m in actor.memberships),
        session_id=person.session_id,
        must_choose_secret=person.must_choose_secret,
    )


NAME_KEPT_SECONDS = 60.0


def _names() -> dict[str, str]:
    """The centre's name in the reader's language; looked up once a minute."""
    kept: dict[str, tuple[float, str]] = current_app.extensions.setdefault("centre_names", {})
    code, now = current().code, clock.monotonic()
    if code not in kept or now - kept[code][0] > NAME_KEPT_SECONDS:
        kept[code] = (now, accounts.centre_name(db.session(), code) or gettext("Mine Action Training Centre"))
    return {"centre_name": kept[code][1]}
