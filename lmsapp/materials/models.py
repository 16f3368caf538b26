"""Materials, their numbered editions with their parts, the printed files with pictures of their pages, and who took what."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.accounts.models import Organisation, Person
from lmsapp.core.orm import Base, Code, Id, unique_where
from lmsapp.translation.models import Document

KIND = "material"  # of its document


class Material(Base):
    """A material, told by its code (`MAT-0007`) or its slug. Its words (title, description, chapter titles) are its document's."""

    __tablename__ = "material"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    slug: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[Code]
    audience: Mapped[list[str]]
    licence: Mapped[Code]
    messages: Mapped[list[str]]
    register: Mapped[Code]
    source_language: Mapped[str] = mapped_column(String(8))
    format: Mapped[Code]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    document: Mapped[Document] = relationship()
    editions: Mapped[list["MaterialEdition"]] = relationship(
        order_by="MaterialEdition.number", back_populates="material"
    )


class MaterialEdition(Base):
    """One edition. `source_digest` tells its source files from those of any other; `names` are the country versions' names."""

    __tablename__ = "material_edition"
    __table_args__ = (
        UniqueConstraint("material_id", "number"),
        CheckConstraint("state in ('published', 'superseded', 'withdrawn')", name="state"),
        CheckConstraint("(state = 'withdrawn') = (reason is not null)", name="withdrawn_with_reason"),
        unique_where("uq_material_edition_published", "material_id", condition="state = 'published'"),
    )

    id: Mapped[Id]
    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), index=True)
    number: Mapped[int]
    state: Mapped[Code]
    reason: Mapped[str | None] = mapped_column(String(400))
    published_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    source_digest: Mapped[str] = mapped_column(String(64))
    names: Mapped[dict[str, Any]]
    material: Mapped[Material] = relationship(back_populates="editions")
    parts: Mapped[list["Part"]] = relationship(order_by="Part.position", back_populates="edition")
    files: Mapped[list["PrintedFile"]] = relationship(
        order_by="PrintedFile.language, PrintedFile.purpose, PrintedFile.impression", back_populates="edition"
    )


class Part(Base):
    """A chapter, or the sheet of a leaflet: its structure; its words are its document's."""

    __tablename__ = "material_part"
    __table_args__ = (UniqueConstraint("edition_id", "slug"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("material_edition.id"))
    position: Mapped[int]
    slug: Mapped[str] = mapped_column(String(80))
    picture: Mapped[str | None] = mapped_column(String(60))
    outcomes: Mapped[int]
    outline: Mapped[list[Any]]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    edition: Mapped[MaterialEdition] = relationship(back_populates="parts")


class PrintedFile(Base):
    """One language of an edition for one purpose, as its words stood when it was made. Never changed, only followed."""

    __tablename__ = "printed_file"
    __table_args__ = (
        UniqueConstraint("edition_id", "language", "purpose", "impression"),
        CheckConstraint("purpose in ('press', 'screen')", name="purpose"),
    )

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("material_edition.id"))
    language: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[Code]
    impression: Mapped[int]
    words_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    pages: Mapped[int]
    awaiting: Mapped[bool]
    made_at: Mapped[datetime]
    edition: Mapped[MaterialEdition] = relationship(back_populates="files")
    previews: Mapped[list["Preview"]] = relationship(order_by="Preview.page", back_populates="file")


class Preview(Base):
    """A picture (PNG) of one of the first pages of a file."""

    __tablename__ = "preview"
    __table_args__ = (UniqueConstraint("file_id", "page"),)

    id: Mapped[Id]
    file_id: Mapped[int] = mapped_column(ForeignKey("printed_file.id"))
    page: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    file: Mapped[PrintedFile] = relationship(back_populates="previews")


class Download(Base):
    """Somebody who is signed in took a file: who, for which organisation, when."""

    __tablename__ = "download"

    id: Mapped[Id]
    file_id: Mapped[int] = mapped_column(ForeignKey("printed_file.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    at: Mapped[datetime]
    file: Mapped[PrintedFile] = relationship()
    person: Mapped[Person] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
