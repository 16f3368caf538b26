"""Who is asking: server-side sessions behind Flask-Login.

The signed cookie holds a random ticket and the form token, nothing else; the row found by the ticket's hash says who it
is, and ends at once when it is revoked. How rows are found is the accounts' business: `install` is given the function.
"""

import hashlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, redirect, request, session, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user
from itsdangerous import BadSignature

from lmsapp.core import clock
from lmsapp.core.access import ANYONE, Actor, Answer, demand
from lmsapp.core.errors import FreshSignInNeeded, NotAllowed, SignInNeeded
from lmsapp.web.database import db

TICKET = "ticket"
MOST_KNOWN = 2000  # cookies


@dataclass
class Reader(UserMixin):  # type: ignore[misc]
    """The signed-in person as pages need her: what she may, and how she reads."""

    actor: Actor
    name: str
    name_language: str
    latin_name: str
    number: str
    language: str
    time_zone: str
    calendar: str
    roles: frozenset[str]
    session_id: int
    must_choose_secret: bool = False
    organisation: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    def get_id(self) -> str:
        """Flask-Login's name for the row."""
        return str(self.session_id)


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """Nobody in particular."""

    actor = ANYONE
    roles: frozenset[str] = frozenset()
    must_choose_secret = False


class Cookies(SecureCookieSessionInterface):
    """Cookies that do not age by the machine's clock, which somebody may set in mid-exam: when a sign-in ends, its row tells."""

    def __init__(self) -> None:
        self._known = lru_cache(MOST_KNOWN)(self._proved)  # a candidate sends the same cookie with every answer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """What a cookie of ours holds, whenever it was signed."""
        sent = request.cookies.get(self.get_cookie_name(app))
        try:
            return self.session_class(deepcopy(self._known(app, sent)) if sent else None)
        except BadSignature:
            return self.session_class()

    def _proved(self, app: Flask, sent: str) -> dict[str, Any]:
        serializer = self.get_signing_serializer(app)
        return {} if serializer is None else serializer.loads(sent)

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        """Until when a browser keeps it, by the clock that is not set in mid-exam."""
        return clock.now() + app.permanent_session_lifetime if session.permanent else None


Find = Callable[[str, str], Reader | None]


def install(app: Flask, find: Find) -> None:
    """`find(ticket_hash, address)` gives the reader of a live session or None."""
    app.session_interface = Cookies()
    manager = LoginManager(app)
    manager.anonymous_user = Visitor
    manager.session_protection = None

    @manager.request_loader  # type: ignore[untyped-decorator]
    def load(asked: Request) -> Reader | None:
        ticket = session.get(TICKET)
        return find(ticket_hash(ticket), asked.remote_addr or "") if isinstance(ticket, str) else None

    @app.errorhandler(FreshSignInNeeded)
    def again(_problem: FreshSignInNeeded) -> Response:
        db.session.rollback()
        return sign_in_again()


def ticket_hash(ticket: str) -> str:
    """What is stored of a ticket: its SHA-256, so that a stolen table signs nobody in."""
    return hashlib.sha256(ticket.encode()).hexdigest()


def actor() -> Actor:
    """Who acts in this request."""
    found: Actor = current_user.actor
    return found


def begin(ticket: str) -> None:
    """After a sign-in: a new ticket and, with the cleared session, a new form token; the old ones are dead."""
    session.clear()
    g.pop("csrf_token", None)
    session[TICKET] = ticket
    session.permanent = True


def end() -> None:
    """Forgets ticket and form token."""
    session.clear()
    g.pop("csrf_token", None)


def ticket() -> str | None:
    """This browser's ticket."""
    found = session.get(TICKET)
    return found if isinstance(found, str) else None


def stored_ticket() -> str:
    """What is stored of this browser's ticket; raises SignInNeeded when it has none."""
    found = ticket()
    if found is None:
        raise SignInNeeded
    return ticket_hash(found)


def ask_no_more() -> None:
    """For the rest of the request nobody is looked up: whoever is not known yet is a visitor."""
    g.setdefault("_login_user", Visitor())


def refused(answer: Answer) -> Response:
    """What a refused visitor gets: the way to sign in, or the reason."""
    if not actor().known and request.method == "GET":
        return _to_sign_in()
    if not actor().known and request.is_json:
        raise SignInNeeded
    if answer.needs_fresh_sign_in:
        return sign_in_again()
    demand(answer)
    raise NotAllowed(answer.reason)


def sign_in_again() -> Response:
    """To the sign-in page and back to this one."""
    return _to_sign_in(fresh=1)


def _to_sign_in(**more: int) -> Response:
    back = request.full_path.rstrip("?") if request.method == "GET" else (local_path(request.referrer) or "")
    address = url_for("accounts.sign_in", next=back or None, **more)  # type: ignore[arg-type]
    return redirect(address, 303)  # type: ignore[return-value]


def local_path(address: str | None) -> str | None:
    """The path and query of `address` when it surely stays on this site, else None (open redirects)."""
    if not address or address.startswith("//"):
        return None
    if any(ord(c) < 33 or c == "\\" or ord(c) == 127 for c in address):
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.netloc and (parts.scheme, parts.netloc) != (request.scheme, request.host):
        return None
    if parts.scheme and not parts.netloc:
        return None
    if not parts.path.startswith("/") or parts.path.startswith("//") or "%5c" in parts.path.lower():
        return None
    return parts.path + (f"?{parts.query}" if parts.query else "")
