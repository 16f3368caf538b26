"""Reading the library: materials with their words in the reader's language, and which file is current in which language."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import NotFound
from lmsapp.core.locales import LANGUAGES
from lmsapp.materials import policy
from lmsapp.materials.models import KIND, Download, Material, MaterialEdition, PrintedFile
from lmsapp.translation import queries as texts
from lmsapp.translation.models import Translation, Unit
from lmsapp.translation.queries import Texts

LIST_KEYS = ("title", "subtitle", "description")


@dataclass(frozen=True)
class Version:
    """A material in one language: its newest files by purpose, none while they wait to be printed."""

    language: str
    files: Mapping[str, PrintedFile]

    @property
    def awaiting(self) -> bool:
        """Whether every page carries the mark."""
        return any(file.awaiting for file in self.files.values())

    @property
    def smallest(self) -> int:
        """The size in octets of its smallest file; 0 when there is none yet."""
        return min((file.size for file in self.files.values()), default=0)


@dataclass(frozen=True)
class Listed:
    """A material as the library shows it: its edition in use (or its last one) and the languages of that edition."""

    material: Material
    edition: MaterialEdition
    words: Texts
    versions: Mapping[str, Version]

    @property
    def current(self) -> MaterialEdition | None:
        """The edition in use; none when the last one was withdrawn."""
        return next((one for one in self.material.editions if one.state == "published"), None)

    def version(self, *wanted: str) -> Version:
        """The first of the wanted languages it exists in, else its source."""
        return next(self.versions[code] for code in (*wanted, self.material.source_language) if code in self.versions)


def library(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> list[Listed]:
    """All materials, by their codes."""
    found = session.scalars(_with_files(policy.visible_materials(actor)).order_by(Material.code)).all()
    words = texts.texts_of_kind(session, KIND, language, drafts_allowed=drafts_allowed, keys=LIST_KEYS)
    spoken = _languages(session, [one.document_id for one in found])
    return [_listed(one, _in_use(one), words[one.document_id], spoken[one.document_id]) for one in found]


def material(
    session: Session, actor: Actor, name: str, language: str, *, drafts_allowed: bool, number: int | None = None
) -> Listed:
    """The material with this slug or code, in its edition in use or a given one; NotFound otherwise."""
    query = policy.visible_materials(actor).where((Material.slug == name.lower()) | (Material.code == name.upper()))
    found = session.scalar(_with_files(query))
    edition = next((one for one in found.editions if one.number == number), None) if found and number else None
    if found is None or (number is not None and edition is None):
        raise NotFound
    words = texts.texts_of(session, found.document_id, language, drafts_allowed=drafts_allowed)
    spoken = _languages(session, [found.document_id])
    return _listed(found, edition or _in_use(found), words, spoken[found.document_id])


def file(session: Session, actor: Actor, slug: str, number: int, language: str, purpose: str) -> PrintedFile:
    """The newest file of an edition in a language for a purpose, if the actor may take it."""
    found = session.scalar(
        select(PrintedFile)
        .join(MaterialEdition)
        .join(Material)
        .where(
            Material.id.in_(policy.visible_materials(actor).with_only_columns(Material.id)),
            Material.slug == slug,
            MaterialEdition.number == number,
            PrintedFile.language == language,
            PrintedFile.purpose == purpose,
        )
        .order_by(PrintedFile.impression.desc())
        .limit(1)
        .options(selectinload(PrintedFile.edition).selectinload(MaterialEdition.material))
    )
    if found is None:
        raise NotFound
    demand(policy.may_take(actor, found.edition))
    return found


def taken(actor: Actor) -> Select[Download]:
    """Who took what, the latest first, as far as the actor may see it."""
    return (
        policy.visible_downloads(actor)
        .order_by(Download.at.desc(), Download.id.desc())
        .options(
            selectinload(Download.person),
            selectinload(Download.organisation),
            selectinload(Download.file)
            .selectinload(PrintedFile.edition)
            .selectinload(MaterialEdition.material)
            .selectinload(Material.editions),
        )
    )


def titles(session: Session, language: str, *, drafts_allowed: bool) -> Mapping[int, Texts]:
    """The titles of all materials by the number of their document."""
    return texts.texts_of_kind(session, KIND, language, drafts_allowed=drafts_allowed, keys=["title"])


def _with_files(query: Select[Material]) -> Select[Material]:
    files = selectinload(Material.editions).selectinload(MaterialEdition.files).selectinload(PrintedFile.previews)
    return query.where(Material.editions.any()).options(files)


def _in_use(found: Material) -> MaterialEdition:
    return next((one for one in found.editions if one.state == "published"), found.editions[-1])


def _languages(session: Session, document_ids: Sequence[int]) -> Mapping[int, set[str]]:
    """In which languages the title stands, by document."""
    rows = session.execute(
        select(Unit.document_id, Translation.language)
        .join(Translation, Translation.unit_id == Unit.id)
        .where(Unit.document_id.in_(document_ids), Unit.key == "title", Translation.current)
    )
    found: dict[int, set[str]] = defaultdict(set)
    for document_id, language in rows:
        found[document_id].add(language)
    return found


def _listed(found: Material, edition: MaterialEdition, words: Texts, spoken: set[str]) -> Listed:
    files: dict[str, dict[str, PrintedFile]] = defaultdict(dict)
    for one in edition.files:  # impressions come in their order: the last stays
        files[one.language][one.purpose] = one
    in_order = [code for code in LANGUAGES if code in spoken or code == found.source_language or code in files]
    return Listed(found, edition, words, {code: Version(code, files.get(code, {})) for code in in_order})
