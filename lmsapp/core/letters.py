"""The words of letters: a template of `templates/mail` in the reader's language; its first line is the subject.

The template is plain text. The HTML of a letter is the same text with its direction, in a column that reads well: no
picture, no style sheet, no colour that a dark program would have to guess, nothing that tells the sender it was opened.
"""

import re
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup, escape

from lmsapp.core import formatting, paths
from lmsapp.core.locales import DEFAULT, LANGUAGES
from lmsapp.core.translations import gettext, use

_LINK = re.compile(r"https?://\S+")
_COLUMN = (
    "max-width:36em;margin:1.5em auto;padding:0 1em;overflow-wrap:anywhere;"
    "font:1em/1.6 'Noto Sans','Noto Sans Georgian','Noto Naskh Arabic','Segoe UI',Tahoma,Arial,sans-serif"
)
_SENDER = "margin-top:2em;padding-top:1em;border-top:1px solid;font-size:.875em;opacity:.75"


def written(letter: str, language: str, **values: Any) -> tuple[str, str]:
    """Subject and text of a letter in a language."""
    with use(language):
        subject, _, text = _templates().get_template(f"{letter}.txt").render(**values).strip().partition("\n")
    return subject, re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def as_html(text: str, language: str) -> str:
    """The same text as a page: paragraphs as they are, addresses as links, the last paragraph as who wrote."""
    spoken = LANGUAGES.get(language, DEFAULT)
    *words, sender = (_linked(one) for one in text.strip().split("\n\n"))
    paragraphs = "\n".join(f"<p>{one}</p>" for one in words)
    return (
        f'<!doctype html>\n<html lang="{spoken.tag}" dir="{spoken.direction}">\n'
        '<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>\n'
        f'<body style="{_COLUMN}">\n{paragraphs}\n<p style="{_SENDER}">{sender}</p>\n</body>\n</html>\n'
    )


def _linked(text: str) -> Markup:
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        pieces += [escape(text[end : found.start()]), Markup('<a dir="ltr" href="{0}">{0}</a>').format(found[0])]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])]).replace("\n", Markup("<br>\n"))


@cache
def _templates() -> jinja2.Environment:
    """Plain text: nothing is escaped, a missing value is a defect, values from outside stand apart in either direction."""
    environment = jinja2.Environment(  # noqa: S701 - text; `as_html` escapes
        loader=jinja2.FileSystemLoader(paths.shipped("templates") / "mail"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=gettext)
    environment.filters.update(apart=_apart, day=lambda value: formatting.date_text(value).primary)
    return environment


def _apart(value: object) -> str:
    """A name or code in its own direction (Unicode isolates), on one line whatever it holds."""
    return f"\u2068{' '.join(str(value).split())}\u2069"
