"""Documents, units, immutable source revisions, translations that name the revision they are based on, approvals."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.core.orm import Base, Code, Id, unique_where


class Document(Base):
    """Something whose texts travel: told by kind and key, as (`lesson`, `maf-101/2-recognition/1-words-and-groups`)."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("kind", "key"),)

    id: Mapped[Id]
    kind: Mapped[Code]
    key: Mapped[str] = mapped_column(String(200))
    source_language: Mapped[str] = mapped_column(String(8))
    units: Mapped[list["Unit"]] = relationship(order_by="Unit.position", back_populates="document")


class Unit(Base):
    """The smallest translatable text of a document; safety-critical ones are withheld when stale."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("document_id", "key"),)

    id: Mapped[Id]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    key: Mapped[str] = mapped_column(String(120))
    position: Mapped[int]
    kind: Mapped[Code]
    safety: Mapped[bool] = mapped_column(default=False)
    retired: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int]
    document: Mapped[Document] = relationship(back_populates="units")


class SourceRevision(Base):
    """One wording of a unit in its source language: never changed, only followed by the next."""

    __tablename__ = "source_revision"
    __table_args__ = (
        UniqueConstraint("unit_id", "number"),
        CheckConstraint("weight in ('typo', 'normal', 'safety')", name="weight"),
    )

    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    number: Mapped[int]
    text: Mapped[str]
    weight: Mapped[Code]
    ready: Mapped[bool] = mapped_column(default=True)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Translation(Base):
    """A wording in another language, made from one source revision; the current one is the newest that was not refused."""

    __tablename__ = "translation"
    __table_args__ = (
        UniqueConstraint("unit_id", "language", "number"),
        unique_where("uq_translation_current", "unit_id", "language", condition="current"),
        CheckConstraint("origin in ('human', 'memory', 'machine')", name="origin"),
        CheckConstraint("state in ('awaiting', 'approved', 'refused')", name="state"),
    )

    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    number: Mapped[int]
    text: Mapped[str]
    based_on: Mapped[int]
    origin: Mapped[Code]
    state: Mapped[Code]
    current: Mapped[bool]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Approval(Base):
    """One person's approval of one translation: for its language, or for its technical truth."""

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("translation_id", "kind"),
        CheckConstraint("kind in ('language', 'technical')", name="kind"),
    )

    id: Mapped[Id]
    translation_id: Mapped[int] = mapped_column(ForeignKey("translation.id"), index=True)
    kind: Mapped[Code]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime]
