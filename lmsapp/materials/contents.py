"""What an edition says in one language: its words and structure as a reader of that language is shown them.

The names of people (`{girl}`, `{elder.gen}`) are put in here, each in the form its language needs.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import queries as accounts
from lmsapp.catalogue import reading
from lmsapp.catalogue.reading import Node, Words
from lmsapp.core import figures, translations
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.materials.models import MaterialEdition
from lmsapp.materials.sources import NAME, cited
from lmsapp.translation import messages
from lmsapp.translation import queries as texts
from lmsapp.translation.models import Translation, Unit
from lmsapp.translation.queries import Texts
from lmsapp.translation.weights import Shown

TELL = ("D4", "T1", "T2", "T3")  # what the last page of a book repeats


@dataclass(frozen=True)
class Chapter:
    """A part of an edition: its title, what a reader can do after it, its picture, its text."""

    slug: str
    title: str
    outcomes: list[str]
    picture: str
    picture_alt: str
    nodes: list[Node]


@dataclass(frozen=True)
class Contents:
    """An edition in one language.

    `awaiting` puts the mark on every page; `demonstration` holds the codes of rules an invented authority decided,
    `tell` what the last page repeats.
    """

    code: str
    slug: str
    kind: str
    format: str
    audience: list[str]
    licence: str
    edition: int
    published_at: datetime
    language: str
    source_language: str
    issuer: str
    words: Texts
    glossary: list[tuple[str, str]]
    chapters: list[Chapter]
    awaiting: bool
    demonstration: tuple[str, ...]
    tell: list[Words]

    @property
    def digest(self) -> str:
        """Tells these words from any other: when it changes, the files are out of date."""
        return hashlib.sha256(
            repr(replace(self, published_at=self.published_at.replace(tzinfo=None))).encode()
        ).hexdigest()


def languages_of(session: Session, edition: MaterialEdition) -> list[str]:
    """The languages an edition exists in, the source first: those its title is translated into."""
    material = edition.material
    title = select(Translation.language).join(Unit, Unit.id == Translation.unit_id)
    title = title.where(Unit.document_id == material.document_id, Unit.key == "title", Translation.current)
    return [material.source_language, *(code for code in LANGUAGES if code in set(session.scalars(title)))]


def contents(session: Session, edition: MaterialEdition, language: str, *, drafts_allowed: bool) -> Contents:
    """Everything that is printed of an edition in one language."""
    material = edition.material
    names = edition.names.get(language) or edition.names.get(material.source_language) or {}
    ids = [material.document_id, *(part.document_id for part in edition.parts)]
    found = texts.texts(session, ids, language, drafts_allowed=drafts_allowed)
    said = {number: _named(words, names, edition.names) for number, words in found.items()}
    head = said[material.document_id]
    rules = messages.cited(session, language, material.register, drafts_allowed=drafts_allowed)
    chapters = []
    used = set(TELL) if material.format == "a5" else set()
    shown = list(head.values())
    for part in edition.parts:
        words = said.get(part.document_id, {})
        codes = set(cited(part.outline))
        used |= codes
        shown += [*words.values(), *(rules[code].words for code in codes if code in rules)]
        chapters.append(
            Chapter(
                slug=part.slug,
                title=_text(head, f"{part.slug}.title"),
                outcomes=[_text(head, f"{part.slug}.outcome{n}") for n in range(1, part.outcomes + 1)],
                picture=part.picture or "",
                picture_alt=_text(head, f"{part.slug}.picture_alt"),
                nodes=reading.read(part.outline, words, rules),
            )
        )
    with translations.use(language):
        issuer = accounts.centre_name(session, language) or _("Mine Action Training Centre")
    return Contents(
        code=material.code,
        slug=material.slug,
        kind=material.kind,
        format=material.format,
        audience=list(material.audience),
        licence=material.licence,
        edition=edition.number,
        published_at=edition.published_at,
        language=language,
        source_language=material.source_language,
        issuer=issuer,
        words=head,
        glossary=_glossary(head),
        chapters=chapters,
        awaiting=any(one.marked for one in shown),
        demonstration=tuple(sorted(code for code in used if code in rules and rules[code].demonstration)),
        tell=[Words(rules[code].words, code, rules[code].undecided) for code in TELL if code in rules],
    )


def drawings(said: Contents) -> set[str]:
    """The names of all drawings an edition shows, those we have."""
    names = {chapter.picture for chapter in said.chapters if chapter.picture}
    names |= {node.name for chapter in said.chapters for node in chapter.nodes if node.kind == "figure"}
    return {name for name in names if figures.exists(name)}


def _named(words: Texts, names: Mapping[str, str], every: Mapping[str, Mapping[str, str]]) -> Texts:
    """Names put in; a text shown in its source language gets that language's forms."""

    def put(text: str, forms: Mapping[str, str]) -> str:
        return NAME.sub(lambda m: forms.get(m[1], m[0]), text)

    def filled(shown: Shown) -> Shown:
        own, source = (every.get(code) or names for code in (shown.language, shown.source_language))
        return replace(shown, text=put(shown.text, own), source=put(shown.source, source))

    return {key: filled(shown) for key, shown in words.items()}


def _text(words: Texts, key: str) -> str:
    return words[key].text if key in words else ""


def _glossary(head: Texts) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    while f"word.{len(pairs) + 1}" in head:
        number = len(pairs) + 1
        pairs.append((_text(head, f"word.{number}"), _text(head, f"meaning.{number}")))
    return pairs
