"""Cohorts, who teaches them, enrolments, hours attended, progress through lessons."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.accounts.models import Organisation, Person
from lmsapp.catalogue.models import Edition, Lesson
from lmsapp.core import clock
from lmsapp.core.orm import Base, Code, Id, Text


class Cohort(Base):
    """One group of people taking one edition on given days."""

    __tablename__ = "cohort"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="days_in_order"),
        CheckConstraint("seats between 1 and 500", name="seats"),
        CheckConstraint("state in ('planned', 'running', 'closed', 'cancelled')", name="state"),
        CheckConstraint("(state = 'cancelled') = (cancelled_because is not null)", name="cancelled_because"),
        Index("ix_cohort_newest", "state", "starts_on", "id"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    place: Mapped[Text]
    languages: Mapped[list[str]]
    seats: Mapped[int]
    state: Mapped[Code] = mapped_column(default="planned")
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    closed_at: Mapped[datetime | None]
    cancelled_because: Mapped[str | None] = mapped_column(String(400))
    created_at: Mapped[datetime]
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    edition: Mapped[Edition] = relationship()
    partner: Mapped[Organisation | None] = relationship()
    staff: Mapped[list["CohortStaff"]] = relationship(back_populates="cohort", cascade="all")
    enrolments: Mapped[list["Enrolment"]] = relationship(back_populates="cohort")

    @property
    def phase(self) -> str:
        """Where it stands today: a planned cohort runs from its first day on, without anybody's act."""
        if self.state in ("planned", "running"):
            return "running" if self.starts_on <= clock.now().date() else "planned"
        return self.state


class CohortStaff(Base):
    """Who teaches or assesses a cohort."""

    __tablename__ = "cohort_staff"
    __table_args__ = (CheckConstraint("part in ('instructor', 'assessor')", name="part"),)

    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohort.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    part: Mapped[Code] = mapped_column(primary_key=True)
    cohort: Mapped[Cohort] = relationship(back_populates="staff")
    person: Mapped[Person] = relationship()


class Enrolment(Base):
    """One person in one cohort, in the language she learns and sits the exam in."""

    __tablename__ = "enrolment"
    __table_args__ = (
        UniqueConstraint("cohort_id", "person_id"),
        CheckConstraint("state in ('enrolled', 'withdrawn')", name="state"),
        Index("ix_enrolment_person_state", "person_id", "state"),
    )

    id: Mapped[Id]
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohort.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[Code] = mapped_column(default="enrolled")
    enrolled_at: Mapped[datetime]
    cohort: Mapped[Cohort] = relationship(back_populates="enrolments")
    person: Mapped[Person] = relationship()


class HoursEntry(Base):
    """Hours attended so far, as somebody entered them on a day; the newest entry counts, the others stay as history."""

    __tablename__ = "hours_entry"
    __table_args__ = (
        CheckConstraint("hours >= 0", name="hours"),
        Index("ix_hours_entry_newest", "enrolment_id", "id"),
    )

    id: Mapped[Id]
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"))
    hours: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    entered_at: Mapped[datetime]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(String(400))


class LessonProgress(Base):
    """How far one enrolled person came in one lesson; `position` is the last block read, for "continue where I was"."""

    __tablename__ = "lesson_progress"
    __table_args__ = (Index("ix_lesson_progress_latest", "enrolment_id", "seen_at"),)

    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), primary_key=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), primary_key=True, index=True)
    position: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    lesson: Mapped[Lesson] = relationship()
