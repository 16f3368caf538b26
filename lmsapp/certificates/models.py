"""Awards, insert-only, with their events; counters of serials, voids with their reasons; documents by digest."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.accounts.models import Person
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core.orm import Base, Code, Id, unique_where


class Award(Base):
    """The certificate as a record: what was printed, what was signed. Its state is folded from its events."""

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint("year", "kind", "number"),
        CheckConstraint("kind in ('attendance', 'achievement', 'qualification', 'eore-card')", name="kind"),
        Index("ix_award_newest", "issued_at", "id"),
        unique_where("uq_award_enrolment_kind", "enrolment_id", "kind", "issue", condition="enrolment_id is not null"),
    )

    id: Mapped[Id]
    serial: Mapped[str] = mapped_column(String(40), unique=True)
    year: Mapped[int]
    kind: Mapped[Code]
    number: Mapped[int]
    issue: Mapped[int] = mapped_column(default=1)
    code: Mapped[str] = mapped_column(String(16), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("enrolment.id"))
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohort.id"), index=True)
    course_code: Mapped[Code]
    issued_on: Mapped[date]
    valid_until: Mapped[date | None]
    facts: Mapped[dict[str, Any]]
    payload: Mapped[str] = mapped_column(String(4000))
    key_id: Mapped[str] = mapped_column(String(32))
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    issued_at: Mapped[datetime]
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    enrolment: Mapped[Enrolment | None] = relationship()
    cohort: Mapped[Cohort | None] = relationship()
    events: Mapped[list["AwardEvent"]] = relationship(order_by="AwardEvent.id", back_populates="award")
    document: Mapped["AwardDocument | None"] = relationship(back_populates="award")


class AwardEvent(Base):
    """What happened to an award: issued, reprinted, suspended, reinstated, revoked, superseded; with who and why."""

    __tablename__ = "award_event"
    __table_args__ = (
        CheckConstraint(
            "kind in ('issued', 'reprinted', 'suspended', 'reinstated', 'revoked', 'superseded')", name="kind"
        ),
    )

    id: Mapped[Id]
    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), index=True)
    kind: Mapped[Code]
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(String(400))
    award: Mapped[Award] = relationship(back_populates="events")


class AwardDocument(Base):
    """The PDF of an award, rendered once: every download gives the same bytes, whatever happens to the design."""

    __tablename__ = "award_document"

    award_id: Mapped[int] = mapped_column(ForeignKey("award.id"), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    design_version: Mapped[int]
    rendered_at: Mapped[datetime]
    award: Mapped[Award] = relationship(back_populates="document")


class SerialCounter(Base):
    """The last number given in one year and kind; taken in the issuing transaction, so that no number is lost."""

    __tablename__ = "serial_counter"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[Code] = mapped_column(primary_key=True)
    last: Mapped[int]


class VoidSerial(Base):
    """A number that was taken and not used, with the reason: the highest number is awards and voids together."""

    __tablename__ = "void_serial"

    serial: Mapped[str] = mapped_column(String(40), primary_key=True)
    year: Mapped[int]
    kind: Mapped[Code]
    number: Mapped[int]
    reason: Mapped[str] = mapped_column(String(400))
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
