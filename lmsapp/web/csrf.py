"""Form tokens: every POST carries the one that belongs to this browser's session."""

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect

from lmsapp.core.errors import LmsError
from lmsapp.core.translations import N_

HEADER = "X-CSRFToken"


class HeaderFirst(CSRFProtect):  # type: ignore[misc]
    """Looks for the token in the header before it reads the body as a form: answers of an exam bring it there."""

    def _get_csrf_token(self) -> str | None:
        return request.headers.get(HEADER) or super()._get_csrf_token()


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
