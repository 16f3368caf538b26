"""Messages in the reader's language, without Flask: rules and jobs translate as pages do.

English is the source. A catalogue is loaded when its language is first spoken; without one the source sentence is shown.
Values are named (`%(name)s`) and put in after translation; in HTML they are escaped there.
"""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import cache
from typing import Any, cast

from babel.support import NullTranslations, Translations
from markupsafe import Markup, escape

from lmsapp.core import paths
from lmsapp.core.locales import DEFAULT, LANGUAGES, Language
from lmsapp.core.locales import language as language_of

log = logging.getLogger(__name__)
_current: ContextVar[Language] = ContextVar("language", default=DEFAULT)


def current() -> Language:
    """The language spoken now."""
    return _current.get()


def set_language(code: str) -> Token[Language]:
    """Speaks a language until the token is given back."""
    return _current.set(language_of(code))


def reset_language(token: Token[Language]) -> None:
    """Back to what was spoken before."""
    _current.reset(token)


@contextmanager
def use(code: str) -> Iterator[Language]:
    """Speaks a language inside the block."""
    token = set_language(code)
    try:
        yield current()
    finally:
        reset_language(token)


@cache
def catalogue(locale: str) -> NullTranslations:
    """The compiled catalogue of a locale; an empty one, with a warning, where there is none that can be read."""
    if locale == DEFAULT.locale:
        return NullTranslations()
    try:
        return _read(locale)
    except (OSError, ValueError, struct.error) as problem:
        log.warning("no catalogue for %s: %s", locale, problem)
        return NullTranslations()


def _read(locale: str) -> Translations:
    with (paths.shipped("translations") / locale / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        return Translations(file)


def faults() -> list[str]:
    """What is wrong with the catalogues of this program, a sentence each with its remedy."""
    found = []
    for language in LANGUAGES.values():
        try:
            _read(language.locale) if language is not DEFAULT else None
        except (OSError, ValueError, struct.error) as problem:
            what = "is not compiled" if isinstance(problem, FileNotFoundError) else f"is damaged ({problem})"
            found.append(
                f"The catalogue of {language.locale} {what}, its readers see English. Run ./run in a checkout, or install "
                "lmsapp again."
            )
    return found


def _filled(text: str, values: dict[str, Any]) -> str:
    return text % values if values else text.replace("%%", "%") if "%%" in text else text


def gettext(message: str, **values: Any) -> str:
    """A message in the current language."""
    return _filled(str(catalogue(current().locale).ugettext(message)), values)


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """A message that counts; its `num` is shown in the reader's digits unless `values` says otherwise."""
    values.setdefault("num", _native(str(count)))
    return _filled(str(catalogue(current().locale).ungettext(one, many, count)), values)


def N_(message: str) -> str:  # noqa: N802 - the usual mark for messages that are translated later
    """Marks a message for the catalogue; it is translated where it is shown."""
    return message


class Later:
    """A message that is translated when it is shown: for forms and tables made once, read in six languages."""

    __slots__ = ("message", "values")

    def __init__(self, message: str, values: dict[str, Any]) -> None:
        self.message, self.values = message, values

    def __str__(self) -> str:
        return gettext(self.message, **self.values)

    def __html__(self) -> str:
        return str(escape(str(self)))

    def __mod__(self, values: Any) -> str:
        return str(str(self) % values)

    def __bool__(self) -> bool:
        return bool(self.message)

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.message)


def lazy_gettext(message: str, **values: Any) -> str:
    """A message to be translated when it is shown; it stands wherever a text may stand."""
    return cast("str", Later(message, values))


def html_gettext(message: str) -> str:
    """For Jinja's newstyle gettext, which escapes the values and fills them in itself."""
    return Markup(catalogue(current().locale).ugettext(message))  # noqa: S704 - catalogues are ours and checked


def html_ngettext(one: str, many: str, num: int) -> str:
    """For Jinja's newstyle ngettext."""
    return Markup(catalogue(current().locale).ungettext(one, many, num))  # noqa: S704


def _native(text: str) -> str:
    digits = current().digits
    return text.translate({ord("0") + i: digits[i] for i in range(10)}) if digits[0] != "0" else text
