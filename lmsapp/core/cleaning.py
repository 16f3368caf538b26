"""The one cleaner of HTML from people: for the few rich-text fields, on save and again on display."""

import html
from typing import Any

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

MOST_CHARACTERS = 100_000
TAGS = frozenset({"p", "br", "strong", "em", "ul", "ol", "li", "blockquote"})
_COMMON = TAGS | frozenset({
    "b", "i", "u", "s", "a", "div", "span", "img", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "sub",
    "sup", "pre", "code", "h1", "h2", "h3", "h4", "h5", "h6", "font", "big", "small",
})  # fmt: skip
_DIRECTIONS = frozenset({"ltr", "rtl", "auto"})


def clean(text: str) -> str:
    """Keeps paragraphs, lists, emphasis and their direction; other tags go, scripts with their content."""
    _check_length(text)
    return _cleaned(
        text,
        tags=set(TAGS),
        clean_content_tags={"script", "style", "template", "noscript", "svg", "math", "iframe", "object"},
        attributes={"*": {"dir"}},
        attribute_filter=lambda _tag, name, value: value if name == "dir" and value in _DIRECTIONS else None,
        url_schemes=set(),
        strip_comments=True,
        link_rel=None,
    )


def reduced(text: str) -> str:
    """HTML as a browser would understand it, written again with its common tags alone (pictures with source and words):
    what a simple reader can take apart. Not for showing."""
    _check_length(text)
    return _cleaned(
        text,
        tags=set(_COMMON),
        clean_content_tags={"script", "style", "template"},
        attributes={"img": {"src", "alt"}},
        url_schemes={"http", "https", "data"},
        strip_comments=True,
        link_rel=None,
    )


def words(text: str) -> str:
    """The words alone, for search and for plain fields."""
    _check_length(text)
    return html.unescape(_cleaned(text, tags=set(), clean_content_tags={"script", "style", "template"}, link_rel=None))


def _cleaned(text: str, **rules: Any) -> str:
    import nh3  # noqa: PLC0415 - few pages hold text with tags

    return nh3.clean(text, **rules)


def _check_length(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise Invalid(N_("The text is longer than %(most)s characters."), most=MOST_CHARACTERS)
