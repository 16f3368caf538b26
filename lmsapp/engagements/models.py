"""Projects and what their source states of them; partners, instruments, engagements, and what is linked to those."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.cohorts.models import Cohort
from lmsapp.core.dates import PartialDate
from lmsapp.core.orm import Base, Code, Id, Text
from lmsapp.materials.models import Material
from lmsapp.translation.models import Document


class Project(Base):
    """A project as its source describes it; its words, and those of all it holds, are its document's. Areas in km²."""

    __tablename__ = "project"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    source_digest: Mapped[str] = mapped_column(String(64))
    publisher: Mapped[Text]
    office: Mapped[str | None] = mapped_column(String(400))
    agency: Mapped[Text]
    focus_area: Mapped[str | None] = mapped_column(String(400))
    implementing_partner: Mapped[str | None] = mapped_column(String(400))
    starts: Mapped[PartialDate | None]
    ends_estimated: Mapped[PartialDate | None]
    goals: Mapped[int]
    contamination_km2: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    clearance_aim_km2: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    clearance_aim_year: Mapped[int | None]
    document: Mapped[Document] = relationship()
    partners: Mapped[list["Partner"]] = relationship(order_by="Partner.id", back_populates="project")
    contributions: Mapped[list["Contribution"]] = relationship(order_by="Contribution.id", cascade="all, delete-orphan")
    deliveries: Mapped[list["Delivery"]] = relationship(order_by="Delivery.fiscal_year", cascade="all, delete-orphan")
    results: Mapped[list["Result"]] = relationship(order_by="Result.id", cascade="all, delete-orphan")


class Partner(Base):
    """A country the centre works with, by its ISO 3166 code. Its agencies are organisations of that country."""

    __tablename__ = "partner"

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    country: Mapped[str] = mapped_column(String(2), unique=True)
    project: Mapped[Project] = relationship(back_populates="partners")
    instruments: Mapped[list["Instrument"]] = relationship(order_by="Instrument.id", cascade="all, delete-orphan")
    engagements: Mapped[list["Engagement"]] = relationship(order_by="Engagement.id", back_populates="partner")


class Instrument(Base):
    """A memorandum or agreement with a partner."""

    __tablename__ = "instrument"

    id: Mapped[Id]
    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"), index=True)
    kind: Mapped[str] = mapped_column(String(60))
    counterpart: Mapped[str | None] = mapped_column(String(400))
    signed_on: Mapped[PartialDate | None]
    state: Mapped[Code]


class Engagement(Base):
    """One thing done with a partner. `open_numbers` names the numbers its source could state: unknown, not inapplicable."""

    __tablename__ = "engagement"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    partner_id: Mapped[int] = mapped_column(ForeignKey("partner.id"), index=True)
    kind: Mapped[str] = mapped_column(String(60))
    session_length_weeks: Mapped[int | None]
    sessions: Mapped[int | None]
    participants: Mapped[int | None]
    copies: Mapped[int | None]
    open_numbers: Mapped[list[str]]
    source_language: Mapped[str | None] = mapped_column(String(8))
    target_languages: Mapped[list[str]]
    starts: Mapped[PartialDate | None]
    ends: Mapped[PartialDate | None]
    partner: Mapped[Partner] = relationship(back_populates="engagements")
    cohorts: Mapped[list["EngagementCohort"]] = relationship(back_populates="engagement")
    materials: Mapped[list["EngagementMaterial"]] = relationship(back_populates="engagement")


class EngagementCohort(Base):
    """A cohort that was taught under an engagement."""

    __tablename__ = "engagement_cohort"

    engagement_id: Mapped[int] = mapped_column(ForeignKey("engagement.id"), primary_key=True)
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohort.id"), primary_key=True, index=True)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    engagement: Mapped[Engagement] = relationship(back_populates="cohorts")
    cohort: Mapped[Cohort] = relationship()


class EngagementMaterial(Base):
    """A material that was adapted, translated or printed under an engagement."""

    __tablename__ = "engagement_material"

    engagement_id: Mapped[int] = mapped_column(ForeignKey("engagement.id"), primary_key=True)
    material_id: Mapped[int] = mapped_column(ForeignKey("material.id"), primary_key=True, index=True)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    engagement: Mapped[Engagement] = relationship(back_populates="materials")
    material: Mapped[Material] = relationship()


class Contribution(Base):
    """What a donor gave, by the name its source publishes; without an amount where the source has none."""

    __tablename__ = "contribution"

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"), index=True)
    donor: Mapped[Text]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 2))


class Delivery(Base):
    """What a project delivered in a fiscal year, in the currency its source writes; negative where the source says so."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("project_id", "fiscal_year"),
        CheckConstraint("fiscal_year between 1990 and 2100", name="fiscal_year"),
    )

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    fiscal_year: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    currency: Mapped[Code]


class Result(Base):
    """Something a project counted. Square metres for the unit `m2`."""

    __tablename__ = "result"
    __table_args__ = (UniqueConstraint("project_id", "key"),)

    id: Mapped[Id]
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    key: Mapped[Code]
    value: Mapped[Decimal | None] = mapped_column(Numeric(18, 3))
    unit: Mapped[Code]
    as_of: Mapped[PartialDate | None]
