"""Courses, their numbered editions, modules and lessons. Their texts are documents of the translation capability."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.core.orm import Base, Code, Id
from lmsapp.translation.models import Document


class Course(Base):
    """A course of the catalogue, told by its code."""

    __tablename__ = "course"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    group: Mapped[Code]
    position: Mapped[int]
    editions: Mapped[list["Edition"]] = relationship(order_by="Edition.number", back_populates="course")


class Edition(Base):
    """One edition of a course. `rules` holds hours, assessment, certificate, prerequisites and references as published."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        CheckConstraint("state in ('draft', 'review', 'published')", name="state"),
    )

    id: Mapped[Id]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    number: Mapped[int]
    state: Mapped[Code]
    published_at: Mapped[datetime | None]
    duration_days: Mapped[int]
    teaching_hours: Mapped[int]
    rules: Mapped[dict[str, Any]]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    source_digest: Mapped[str | None] = mapped_column(String(64))
    course: Mapped[Course] = relationship(back_populates="editions")
    document: Mapped[Document] = relationship()
    modules: Mapped[list["Module"]] = relationship(order_by="Module.position", back_populates="edition")


class Module(Base):
    """A part of an edition with its teaching hours; its title is the unit `module.<slug>` of the edition's document."""

    __tablename__ = "module"
    __table_args__ = (UniqueConstraint("edition_id", "slug"),)

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    position: Mapped[int]
    slug: Mapped[Code]
    theory_hours: Mapped[int]
    practical_hours: Mapped[int]
    edition: Mapped[Edition] = relationship(back_populates="modules")
    lessons: Mapped[list["Lesson"]] = relationship(order_by="Lesson.position", back_populates="module")


class Lesson(Base):
    """A lesson: `outline` is its structure (containers, figures, answers), its words are the units of its document."""

    __tablename__ = "lesson"
    __table_args__ = (UniqueConstraint("module_id", "slug"),)

    id: Mapped[Id]
    module_id: Mapped[int] = mapped_column(ForeignKey("module.id"), index=True)
    position: Mapped[int]
    slug: Mapped[str] = mapped_column(String(80))
    minutes: Mapped[int]
    outline: Mapped[list[Any]]
    references: Mapped[list[str]]
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    module: Mapped[Module] = relationship(back_populates="lessons")
    document: Mapped[Document] = relationship()
