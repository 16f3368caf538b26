"""Form tokens: every POST carries the one that belongs to this browser's session."""

from functools import lru_cache

from flask import Flask, g, request, session
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError

from lmsapp.core.errors import LmsError
from lmsapp.core.translations import N_

HEADER = "X-CSRFToken"
MOST_KNOWN = 2000  # browsers


@lru_cache(MOST_KNOWN)
def _proved(sent: str, _kept: str) -> bool:
    try:
        validate_csrf(sent)
    except ValidationError:
        return False
    return True


class HeaderFirst(CSRFProtect):  # type: ignore[misc]
    """Looks for the token in the header before it reads the body as a form: answers of an exam bring it there, which no other
    site can, and the same one with each, which is proved once."""

    def _get_csrf_token(self) -> str | None:
        return request.headers.get(HEADER) or super()._get_csrf_token()

    def protect(self, apply_exemptions: bool = False) -> None:  # noqa: FBT001, FBT002 - Flask-WTF's
        """Lets the request pass, or raises CSRFError."""
        sent, kept = request.headers.get(HEADER), session.get("csrf_token")
        if sent and kept and _proved(sent, kept):
            g.csrf_valid = True
        else:
            super().protect(apply_exemptions)


protect = HeaderFirst()


class StaleForm(LmsError):
    """The form was opened before the last sign-in or sign-out, or was not ours."""

    code = "stale-form"

    def __init__(self) -> None:
        super().__init__(N_("This page was open too long or in another window. Go back, reload it and send it again."))


def install(app: Flask) -> None:
    """Checks all methods that write; tokens live as long as the session."""
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.config["WTF_CSRF_METHODS"] = {"POST", "PUT", "PATCH", "DELETE"}
    protect.init_app(app)
