"""What the domain raises. `web.errors` alone turns these into a status and a page; anything else is a defect."""

from collections.abc import Mapping
from typing import Any

from lmsapp.core.translations import N_

NOTHING_HERE = N_(
    "The address may be mistyped, or the page was moved. Start from the first page, or search for what you need."
)


class LmsError(Exception):
    """Carries a code for machines and a message, marked for translation, with its values for people."""

    code = "error"

    def __init__(self, message: str, **values: Any) -> None:
        super().__init__(message)
        self.message = message
        self.values = values

    def __str__(self) -> str:
        return self.message % self.values if self.values else self.message


class NotAllowed(LmsError):
    """The actor may not do this; the message says why in words a person understands."""

    code = "not-allowed"


class FreshSignInNeeded(NotAllowed):
    """The actor may, after signing in once more."""

    code = "fresh-sign-in-needed"


class SignInNeeded(NotAllowed):
    """Nobody is signed in (any more); a device that sends data is told so, and sends it again afterwards."""

    code = "sign-in"

    def __init__(self) -> None:
        super().__init__(N_("Your sign-in has ended. Sign in again; nothing on this page is lost."))


class NotFound(LmsError):
    """There is no such thing, or not for this actor: both look the same."""

    code = "not-found"

    def __init__(self, message: str = NOTHING_HERE, **values: Any) -> None:
        super().__init__(message, **values)


class Conflict(LmsError):
    """The state of the record does not allow this (any more); nothing was changed."""

    code = "conflict"


class Invalid(LmsError):
    """What came in can't be used. `fields` maps a field's name to the message for it."""

    code = "invalid"

    def __init__(self, message: str, fields: Mapping[str, str] | None = None, **values: Any) -> None:
        super().__init__(message, **values)
        self.fields = dict(fields or {})


class Full(LmsError):
    """The disk is full or takes nothing; nothing was stored, and somebody must make room."""

    code = "full"


class Busy(LmsError):
    """Too much at once; trying again in a moment will do."""

    code = "busy"
