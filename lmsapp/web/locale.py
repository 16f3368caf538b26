"""The reader's language: it stands in the address; where it does not, the visitor is sent on.

Explicit switch (the address) > the person's setting > the last language used in this browser > Accept-Language > English.
"""

from typing import Any

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import BaseConverter, RequestRedirect

from lmsapp.core import locales, translations
from lmsapp.core.locales import LANGUAGES, Language

COOKIE = "language"


class LanguageConverter(BaseConverter):
    """Matches the public code of a language we have."""

    regex = "|".join(LANGUAGES)


def install(app: Flask) -> None:
    """Takes the language out of addresses, puts it back into links, remembers it."""
    app.url_map.converters["language"] = LanguageConverter
    app.url_value_preprocessor(_take_from_address)
    app.url_defaults(_put_into_address)
    app.before_request(_speak)
    app.teardown_request(_fall_silent)
    app.after_request(_remember)


def reader_language() -> Language:
    """The language for a page whose address has none."""
    setting = getattr(current_user, "language", None) or request.cookies.get(COOKIE)
    if setting in LANGUAGES:
        return LANGUAGES[setting]
    return locales.negotiate(request.headers.get("Accept-Language"))


def switched(code: str) -> str:
    """The address of this page in another language: the same place, only the code differs."""
    if request.view_args is not None and "language" in g.get("address_values", ()) and request.endpoint:
        path = request.full_path if request.query_string else request.path
        return f"/{code}{path[len(g.language.code) + 1 :]}"
    return url_for("home.start", language=code)


def with_language() -> Response | None:
    """Where a page exists once a language is put before its path, the way there; else None."""
    if request.method not in {"GET", "HEAD"}:
        return None
    language = reader_language()
    path = f"/{language.code}{request.path if request.path != '/' else '/'}"
    try:
        current_app.create_url_adapter(request).match(path, method="GET")  # type: ignore[union-attr]
    except RequestRedirect:
        pass
    except (NotFound, HTTPException):
        return None
    query = f"?{request.query_string.decode('latin-1')}" if request.query_string else ""
    answer: Response = redirect(path + query, 302)  # type: ignore[assignment]
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


def _take_from_address(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values and "language" in values and request.url_rule and "<language:language>" in request.url_rule.rule:
        g.language = LANGUAGES[values.pop("language")]
        g.address_values = ("language",)


def _put_into_address(endpoint: str, values: dict[str, Any]) -> None:
    if "language" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "language"):
        values["language"] = current_language().code


def current_language() -> Language:
    """The language this reply is written in."""
    if "language" not in g:
        first = request.path.split("/")[1] if request.path.count("/") else ""
        g.language = LANGUAGES[first] if first in LANGUAGES else reader_language()
    found: Language = g.language
    return found


def _speak() -> None:
    g.language_token = translations.set_language(current_language().code)


def _fall_silent(_problem: BaseException | None) -> None:
    token = g.pop("language_token", None)
    if token is not None:
        translations.reset_language(token)


def _remember(response: Response) -> Response:
    if "address_values" in g and request.cookies.get(COOKIE) != g.language.code and response.status_code < 400:
        response.set_cookie(
            COOKIE, g.language.code, max_age=31_536_000, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return response
