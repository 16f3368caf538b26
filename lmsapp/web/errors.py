"""Turns what went wrong into a status and a page in the reader's language; nobody else does."""

import logging
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, abort, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from lmsapp.core import audit, sessions, troubles
from lmsapp.core.access import Actor
from lmsapp.core.errors import (
    NOTHING_HERE,
    Busy,
    Conflict,
    Full,
    Invalid,
    LmsError,
    NotAllowed,
    NotFound,
    SignInNeeded,
)
from lmsapp.core.events import publish
from lmsapp.core.translations import N_, gettext
from lmsapp.web import database, locale, login
from lmsapp.web.csrf import StaleForm
from lmsapp.web.database import db

log = logging.getLogger(__name__)
AGAIN_AFTER = "5"  # seconds

STATUS: dict[type[LmsError], int] = {
    SignInNeeded: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    Busy: 503,
    Full: 507,
    StaleForm: 400,
}
TITLES = {
    400: N_("This request can't be read"),
    401: N_("Sign in again"),
    403: N_("This page is not for you"),
    404: N_("This page does not exist"),
    405: N_("This address can't be used that way"),
    409: N_("This has changed meanwhile"),
    413: N_("This is too large"),
    422: N_("Something has to be put right"),
    429: N_("Too many tries"),
    500: N_("Something is broken on our side"),
    503: N_("The server is busy"),
    507: N_("There is no room left"),
}
MESSAGES = {
    400: N_("The address or the form holds something this page does not know. Nothing was changed."),
    404: NOTHING_HERE,
    405: N_("Open the page by a link or a form of this site."),
    413: N_("The file or text is larger than this page takes. Nothing was stored."),
    429: N_("Wait a few minutes and try again. If you are sitting an exam, that page goes on working."),
    500: N_("Nothing you did was lost before this page. The fault is recorded; tell the centre the number below."),
    503: N_("Wait a moment and try again; nothing was lost."),
    507: N_("The disk of the server is full, so nothing of this was stored. Reading goes on. Tell the centre."),
}


def install(app: Flask) -> None:
    """Registers the handlers."""
    app.before_request(_refuse_nul)
    app.register_error_handler(LmsError, _ours)
    app.register_error_handler(CSRFError, lambda _problem: _ours(StaleForm()))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _outage)
    app.register_error_handler(Exception, _defect)


def _refuse_nul() -> None:
    """Nothing here is named or found by NUL, which PostgreSQL does not take."""
    if "\0" in request.path:
        abort(404)
    if any("\0" in value for values in request.args.listvalues() for value in values):
        abort(400)


@dataclass(frozen=True)
class Refused:
    """Somebody known was refused a page; it is in the log of acts."""

    person_id: int


def _ours(problem: LmsError) -> Response:
    if isinstance(problem, NotAllowed):
        _note_refusal()
    status = next((STATUS[kind] for kind in type(problem).__mro__ if kind in STATUS), 400)
    answer = page(status, gettext(problem.message, **problem.values), code=problem.code)
    if isinstance(problem, Busy):
        answer.headers["Retry-After"] = AGAIN_AFTER
    return answer


def _note_refusal() -> None:
    """Who was refused what, in the log of acts; a visitor nobody knows is only refused."""
    actor, page_asked = login.actor(), f"{request.method} {request.endpoint}"
    if actor.known:
        try:
            database.write_aside(lambda session: _write_down(session, actor, page_asked))
        except Exception:
            log.exception("a refusal was not written down", extra={"path": request.path})


def _write_down(session: Session, actor: Actor, page_asked: str) -> None:
    audit.record(session, "refused", actor, on=("page", page_asked))
    if actor.person_id is not None:
        publish(session, Refused(actor.person_id))


def _http(problem: HTTPException) -> Response:
    if problem.response is not None:
        return problem.response  # type: ignore[return-value]
    status = problem.code or 500
    if status == HTTPStatus.NOT_FOUND:
        onward = locale.with_language()
        if onward is not None:
            return onward
    answer = page(status, gettext(MESSAGES.get(status, MESSAGES[400])))
    for name, value in problem.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _outage(problem: DBAPIError) -> Response:
    """A database that can't write just now is said plainly; any other fault of it is a defect."""
    ours = sessions.outage(problem)
    if ours is None:
        return _defect(problem)
    log.error("outage", exc_info=problem, extra={"path": request.path})
    login.ask_no_more()
    return _ours(ours)


def _defect(problem: Exception) -> Response:
    if troubles.is_full(problem):
        log.critical("%s", troubles.sentence(problem), extra={"path": request.path})
        return page(507, gettext(MESSAGES[507]))
    number = g.get("request_number", "")
    log.error("defect", exc_info=problem, extra={"path": request.path, "request": number})
    return page(500, gettext(MESSAGES[500]), number=number)


def wants_json() -> bool:
    """Whether a program asks, not a person: it sent JSON, or prefers it."""
    return (
        request.is_json or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def page(status: int, message: str, *, number: str = "", code: str = "") -> Response:
    """An error page; its words never depend on what the database says."""
    db.session.rollback()
    title = gettext(TITLES.get(status, TITLES[400]))
    if wants_json():
        return make_response(jsonify(error=code or str(status), title=title, message=message), status)
    return make_response(
        render_template("layouts/error.html", status=status, title=title, message=message, number=number), status
    )
