"""Reading texts in a language: one statement a page, whatever the number of units."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.orm import Session

from lmsapp.translation.models import Document, SourceRevision, Translation, Unit
from lmsapp.translation.weights import RANK, Shown, Wording, shown

Texts = dict[str, Shown]


def document(session: Session, kind: str, key: str) -> Document | None:
    """The document told by kind and key."""
    return session.scalar(select(Document).where(Document.kind == kind, Document.key == key))


def source_language(session: Session, document_id: int) -> str:
    """The language a document was written in."""
    return session.scalar(select(Document.source_language).where(Document.id == document_id)) or ""


def texts(
    session: Session,
    document_ids: Iterable[int],
    language: str,
    *,
    drafts_allowed: bool,
    keys: Sequence[str] | None = None,
) -> dict[int, Texts]:
    """The texts (all, or those of the keys) of documents as a reader of `language` sees them, by document id and key."""
    return _read(session, language, [Unit.document_id.in_(list(document_ids))], keys, drafts_allowed=drafts_allowed)


def texts_of(
    session: Session, document_id: int, language: str, *, drafts_allowed: bool, keys: Sequence[str] | None = None
) -> Texts:
    """The texts of one document."""
    found = texts(session, [document_id], language, drafts_allowed=drafts_allowed, keys=keys)
    return found.get(document_id, {})


def texts_of_kind(
    session: Session, kind: str, language: str, *, drafts_allowed: bool, keys: Sequence[str] | None = None
) -> dict[int, Texts]:
    """Chosen units (by key) of all documents of a kind: for lists."""
    return _read(session, language, [Document.kind == kind], keys, drafts_allowed=drafts_allowed)


@cache
def _texts() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Unit.document_id,
            Unit.id,
            Unit.key,
            Unit.safety,
            Unit.revision,
            Document.source_language,
            SourceRevision.text,
            Translation.text.label("translated"),
            Translation.state,
            Translation.based_on,
        )
        .join(Document, Document.id == Unit.document_id)
        .join(SourceRevision, and_(SourceRevision.unit_id == Unit.id, SourceRevision.number == Unit.revision))
        .outerjoin(
            Translation,
            and_(Translation.unit_id == Unit.id, Translation.language == bindparam("language"), Translation.current),
        )
        .where(Unit.retired.is_(False))
        .order_by(Unit.document_id, Unit.position)
    )


def _read(
    session: Session, language: str, conditions: list[Any], keys: Sequence[str] | None, *, drafts_allowed: bool
) -> dict[int, Texts]:
    chosen = [Unit.key.in_(keys)] if keys is not None else []
    rows = session.execute(_texts().where(*conditions, *chosen), {"language": language}).all()
    behind = _behind(session, [row for row in rows if row.based_on is not None and row.based_on < row.revision])
    found: dict[int, Texts] = defaultdict(dict)
    for row in rows:
        wording = (
            None if row.translated is None else Wording(row.translated, row.state == "approved", behind.get(row.id, ""))
        )
        found[row.document_id][row.key] = shown(
            row.text, row.source_language, language, wording, safety=row.safety, drafts_allowed=drafts_allowed
        )
    return found


def _behind(session: Session, rows: Sequence[Any]) -> Mapping[int, str]:
    """For units whose translation is older than the source: the weight of the gravest change it lacks."""
    if not rows:
        return {}
    based = {row.id: row.based_on for row in rows}
    revisions = session.execute(
        select(SourceRevision.unit_id, SourceRevision.number, SourceRevision.weight).where(
            SourceRevision.unit_id.in_(based), SourceRevision.ready
        )
    )
    gravest: dict[int, str] = {}
    for unit_id, number, weight in revisions:
        if number > based[unit_id] and RANK[weight] > RANK.get(gravest.get(unit_id, ""), 0):
            gravest[unit_id] = weight
    return gravest


def every_text(session: Session, document_id: int) -> list[str]:
    """All words a document has today, its source's and those of every translation: for searching."""
    living = (Unit.document_id == document_id, Unit.retired.is_(False))
    own = (SourceRevision.unit_id == Unit.id) & (SourceRevision.number == Unit.revision)
    sources = select(SourceRevision.text).join(Unit, own).where(*living).order_by(Unit.position)
    translated = (
        select(Translation.text)
        .join(Unit, Unit.id == Translation.unit_id)
        .where(*living, Translation.current)
        .order_by(Translation.language, Unit.position)
    )
    return [*session.scalars(sources), *session.scalars(translated)]


def translated_counts(session: Session, document_id: int) -> dict[str, int]:
    """How many units of one document are translated, by language; `""` counts the units themselves."""
    living = (Unit.document_id == document_id, Unit.retired.is_(False))
    rows = session.execute(
        select(Translation.language, func.count())
        .join(Unit, Unit.id == Translation.unit_id)
        .where(*living, Translation.current)
        .group_by(Translation.language)
    )
    total = session.scalar(select(func.count()).select_from(Unit).where(*living)) or 0
    return {"": total} | {row[0]: row[1] for row in rows}


def lacking(language: str) -> Select[int]:
    """Ids of the documents that have a living text which is not to be had in a language."""
    here = (Translation.unit_id == Unit.id) & (Translation.language == language) & Translation.current
    return (
        select(Unit.document_id)
        .join(Document, Document.id == Unit.document_id)
        .outerjoin(Translation, here)
        .where(Unit.retired.is_(False), Document.source_language != language, Translation.id.is_(None))
    )


def revisions(session: Session, document_id: int) -> Sequence[tuple[Unit, SourceRevision]]:
    """Every wording a document's units had in its source language, the oldest first."""
    rows = session.execute(
        select(Unit, SourceRevision)
        .join(SourceRevision, SourceRevision.unit_id == Unit.id)
        .where(Unit.document_id == document_id)
        .order_by(SourceRevision.made_at, SourceRevision.id)
    ).all()
    return [(row[0], row[1]) for row in rows]
