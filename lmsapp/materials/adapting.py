"""Bringing material files in: a changed source is a new edition, a changed translation a new impression of its language.

The texts are the material's own from edition to edition, so that a translation stays based on the wording it was made
from; what freezes an edition is its files. Loading the same files twice changes nothing.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.catalogue.publishing import with_keys
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.events import publish
from lmsapp.materials import policy
from lmsapp.materials.events import EditionEnded
from lmsapp.materials.models import KIND, Material, MaterialEdition, Part
from lmsapp.materials.sources import MaterialFiles, PartFile, outcomes
from lmsapp.translation import revising
from lmsapp.translation.models import Document, Unit
from lmsapp.translation.revising import Piece

PART = "material-part"
SINGLE = ("title", "subtitle", "description")


def load(session: Session, actor: Actor, files: MaterialFiles) -> str:
    """Brings one material in; says `new`, `new edition`, `translations` or `unchanged`."""
    demand(policy.may_publish_material(actor))
    material = session.scalar(select(Material).where(Material.code == files.code))
    edition = _latest(material)
    if material is not None and edition is not None and edition.source_digest == files.source_digest:
        edition.names = files.names
        return "translations" if _translate(session, actor, material, edition, files) else "unchanged"
    head = revising.put_document(session, actor, KIND, files.code, files.facts["source"], _head(files)).document
    if material is None:
        material = Material(code=files.code, document_id=head.id)
        session.add(material)
    _describe(material, files.facts)
    session.flush()
    made = _publish(session, actor, material, files)
    _translate(session, actor, material, made, files)
    return "new" if edition is None else "new edition"


def _latest(material: Material | None) -> MaterialEdition | None:
    return material.editions[-1] if material is not None and material.editions else None


def _describe(material: Material, facts: dict[str, Any]) -> None:
    material.slug, material.kind, material.format = facts["slug"], facts["kind"], facts["format"]
    material.audience, material.licence = list(facts["audience"]), facts["licence"]
    material.messages, material.register = list(facts.get("messages") or []), facts["register"]
    material.source_language = facts["source"]


def _publish(session: Session, actor: Actor, material: Material, files: MaterialFiles) -> MaterialEdition:
    """A new edition; the one before it, if it was in use, is superseded in the same moment."""
    before, now = _latest(material), clock.now()
    if before is not None and before.state == "published":
        before.state, before.ended_at = "superseded", now
        session.flush()
    number = max(int(files.facts.get("edition") or 1), before.number + 1 if before is not None else 1)
    edition = MaterialEdition(
        number=number, state="published", published_at=now, source_digest=files.source_digest, names=files.names
    )
    material.editions.append(edition)
    for position, part in enumerate(files.parts, start=1):
        edition.parts.append(_part(session, actor, files, part, position))
    session.flush()
    after = {"material": material.code, "number": number}
    audit.record(session, "material.published", actor, on=("material_edition", edition.id), after=after)
    if before is not None and before.state == "superseded":
        publish(session, EditionEnded(before.id, "superseded"))
    return edition


def _head(files: MaterialFiles) -> list[Piece]:
    """The material's own words, and the titles, outcomes and alt texts of its parts, each under its key."""
    pieces = [Piece(files.facts[name], name, key=name) for name in SINGLE if files.facts.get(name)]
    for number, word in enumerate(files.facts.get("words") or [], start=1):
        pieces += [Piece(word[name], name, key=f"{name}.{number}") for name in ("word", "meaning")]
    for part in files.parts:
        pieces += [Piece(text, key.rpartition(".")[2], key=key) for key, text in _part_head(part, part.source).items()]
    return pieces


def _part_head(part: PartFile, page: Any) -> dict[str, str]:
    texts = {
        f"{part.slug}.{name}": str(page.header[name]) for name in ("title", "picture_alt") if page.header.get(name)
    }
    return texts | {f"{part.slug}.outcome{n}": text for n, text in enumerate(outcomes(page), start=1)}


def _part(session: Session, actor: Actor, files: MaterialFiles, part: PartFile, position: int) -> Part:
    pieces = [Piece(block.text, block.kind, block.safety) for block in part.source.blocks]
    key = f"{files.code}/{part.slug}"
    change = revising.put_document(session, actor, PART, key, files.facts["source"], pieces)
    return Part(
        position=position,
        slug=part.slug,
        picture=part.source.header.get("picture"),
        outcomes=len(outcomes(part.source)),
        outline=with_keys(part.source.outline, change.keys),
        document_id=change.document.id,
    )


def _translate(
    session: Session, actor: Actor, material: Material, edition: MaterialEdition, files: MaterialFiles
) -> int:
    """Adds what is new in the translation files; returns how many texts that were."""

    def put(document: Document, code: str, texts: dict[str, str], *, stale: bool) -> int:
        return revising.put_translation(session, actor, document, code, texts, stale=stale)

    added = 0
    for code, said in files.translations.items():
        texts = {name: said[name] for name in SINGLE if said.get(name) and files.facts.get(name)}
        for number, word in enumerate(said.get("words") or [], start=1):
            texts |= {f"{name}.{number}": word[name] for name in ("word", "meaning")}
        added += put(material.document, code, texts, stale=code in files.stale)
    rows = {part.slug: part for part in edition.parts}
    for part in files.parts:
        document = session.get_one(Document, rows[part.slug].document_id)
        keys = _keys(session, document)
        for code, page in part.translations.items():
            stale = page.header.get("based_on") != part.digest
            added += put(material.document, code, _part_head(part, page), stale=stale)
            blocks = dict(zip(keys, (block.text for block in page.blocks), strict=True))
            added += put(document, code, blocks, stale=stale)
    return added


def _keys(session: Session, document: Document) -> list[str]:
    living = select(Unit.key).where(Unit.document_id == document.id, Unit.retired.is_(False))
    return list(session.scalars(living.order_by(Unit.position)))
