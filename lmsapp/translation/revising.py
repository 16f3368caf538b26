"""Bringing source texts and translations in: what is the same stays, what changed becomes a new revision or translation.

Doing it twice changes nothing. Nothing is overwritten: revisions and translations are only ever added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.translation.models import Document, SourceRevision, Translation, Unit


@dataclass(frozen=True)
class Piece:
    """A source text to be brought in; `key` names it, or is empty where its place in the text is its name."""

    text: str
    kind: str
    safety: bool = False
    key: str = ""


@dataclass
class Change:
    """What bringing in a document did."""

    document: Document
    keys: list[str]
    added: int = 0
    revised: int = 0
    retired: int = 0

    @property
    def anything(self) -> bool:
        """Whether something is different now."""
        return bool(self.added or self.revised or self.retired)


def put_document(
    session: Session, actor: Actor, kind: str, key: str, source_language: str, pieces: Sequence[Piece]
) -> Change:
    """Makes the document hold exactly these pieces in this order; returns the unit key of each piece."""
    document = session.scalar(select(Document).where(Document.kind == kind, Document.key == key))
    if document is None:
        document = Document(kind=kind, key=key, source_language=source_language)
        session.add(document)
        session.flush()
    units = list(session.scalars(select(Unit).where(Unit.document_id == document.id).order_by(Unit.position)))
    texts = _source_texts(session, document.id)
    keys = _keys(units, texts, pieces)
    known = {unit.key: unit for unit in units}
    change = Change(document, keys)
    for position, (unit_key, piece) in enumerate(zip(keys, pieces, strict=True)):
        unit = known.get(unit_key)
        if unit is None:
            unit = Unit(
                document_id=document.id,
                key=unit_key,
                position=position,
                kind=piece.kind,
                safety=piece.safety,
                revision=0,
            )
            session.add(unit)
            session.flush()
            _revise(session, actor, unit, piece)
            change.added += 1
            continue
        if texts.get(unit_key) != piece.text:
            _revise(session, actor, unit, piece)
            change.revised += 1
        elif (unit.safety, unit.retired) != (piece.safety, False):
            change.revised += 1
        unit.position, unit.kind, unit.safety, unit.retired = position, piece.kind, piece.safety, False
    for unit in units:
        if unit.key not in set(keys) and not unit.retired:
            unit.retired = True
            change.retired += 1
    session.flush()
    return change


def put_translation(
    session: Session, actor: Actor, document: Document, language: str, texts: Mapping[str, str], *, stale: bool = False
) -> int:
    """Adds the translations that differ from the current ones, awaiting approval; returns how many were added.

    `stale` says that they were made from an older source: a changed source then stays ahead of them.
    """
    units = {
        u.key: u for u in session.scalars(select(Unit).where(Unit.document_id == document.id, Unit.retired.is_(False)))
    }
    current = {
        t.unit_id: t
        for t in session.scalars(
            select(Translation)
            .join(Unit, Unit.id == Translation.unit_id)
            .where(Unit.document_id == document.id, Translation.language == language, Translation.current)
        )
    }
    added = 0
    for key, text in texts.items():
        unit = units[key]
        old = current.get(unit.id)
        base = max(1, unit.revision - 1) if stale else unit.revision
        if not text or (old is not None and old.text == text and (stale or old.based_on == unit.revision)):
            continue
        if old is not None:
            old.current = False
            session.flush()
        session.add(
            Translation(
                unit_id=unit.id,
                language=language,
                number=old.number + 1 if old else 1,
                text=text,
                based_on=base,
                origin="human",
                state="awaiting",
                current=True,
                made_at=clock.now(),
                made_by=actor.person_id,
            )
        )
        added += 1
    session.flush()
    return added


def _source_texts(session: Session, document_id: int) -> dict[str, str]:
    rows = session.execute(
        select(Unit.key, SourceRevision.text)
        .join(SourceRevision, (SourceRevision.unit_id == Unit.id) & (SourceRevision.number == Unit.revision))
        .where(Unit.document_id == document_id)
    )
    return {row.key: row.text for row in rows}


def _revise(session: Session, actor: Actor, unit: Unit, piece: Piece) -> None:
    unit.revision += 1
    weight = "safety" if piece.safety else "normal"
    session.add(
        SourceRevision(
            unit_id=unit.id,
            number=unit.revision,
            text=piece.text,
            weight=weight,
            made_at=clock.now(),
            made_by=actor.person_id,
        )
    )
    session.flush()


def _keys(units: Sequence[Unit], texts: Mapping[str, str], pieces: Sequence[Piece]) -> list[str]:
    """Each piece's unit key: its own, or that of the unit that stood in its place before, or a new one."""
    if all(piece.key for piece in pieces):
        return [piece.key for piece in pieces]
    living = [unit for unit in units if not unit.retired]
    matcher = SequenceMatcher(None, [texts.get(u.key, "") for u in living], [p.text for p in pieces], autojunk=False)
    keys: list[str | None] = [None] * len(pieces)
    for tag, a1, a2, b1, b2 in matcher.get_opcodes():
        if tag in ("equal", "replace"):
            for a, b in zip(range(a1, a2), range(b1, b2), strict=False):
                keys[b] = living[a].key
    highest = max((int(u.key[1:]) for u in units if u.key[1:].isdigit()), default=0)
    result = []
    for key, piece in zip(keys, pieces, strict=True):
        if piece.key:
            result.append(piece.key)
        elif key is not None:
            result.append(key)
        else:
            highest += 1
            result.append(f"u{highest}")
    return result
