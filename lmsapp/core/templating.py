"""Templates of what the press prints; pages of the web have Flask's own. A missing value is a defect."""

from functools import cache

import jinja2

from lmsapp.core.emphasis import bold
from lmsapp.core.formatting import between_text, native_digits, number_text, percent_text, person_number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.paths import shipped
from lmsapp.core.translations import html_gettext, html_ngettext


@cache
def pages(folder: str) -> jinja2.Environment:
    """The pages in a folder of `templates/`: every text is escaped, messages and numbers are those of the language in use."""
    environment = _environment(folder, escaped=True)
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(html_gettext, html_ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(bold=bold, person_number=person_number_text, digits=native_digits)
    environment.globals.update(
        between=between_text,
        number=number_text,
        percent=percent_text,
        tag_of=lambda code: LANGUAGES[code].tag,
        direction_of=lambda code: LANGUAGES[code].direction,
    )
    return environment


@cache
def styles(folder: str) -> jinja2.Environment:
    """The style sheets in it: they are given numbers and names of ours alone, never a text, so nothing is escaped."""
    return _environment(folder, escaped=False)


def _environment(folder: str, *, escaped: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(shipped("templates") / folder),
        autoescape=escaped,  # noqa: S701 - see `styles`
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
