"""Organisations with their dated names, persons, memberships, sign-ins and the letters that invite or reset."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.core.dates import PartialDate
from lmsapp.core.orm import Base, Code, Id, Text, unique_where


class Organisation(Base):
    """The centre, a partner agency or a donor."""

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("kind in ('centre', 'partner', 'donor')", name="kind"),
        unique_where("uq_organisation_centre", "kind", condition="kind = 'centre'"),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    kind: Mapped[Code]
    country: Mapped[str | None] = mapped_column(String(2))
    active: Mapped[bool] = mapped_column(default=True)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    names: Mapped[list["OrganisationName"]] = relationship(
        order_by="OrganisationName.valid_from", back_populates="organisation", cascade="all"
    )


class OrganisationName(Base):
    """What an organisation is called in one language, from a day on: issuers' names change."""

    __tablename__ = "organisation_name"
    __table_args__ = (UniqueConstraint("organisation_id", "language", "valid_from"),)

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    name: Mapped[Text]
    valid_from: Mapped[date]
    organisation: Mapped[Organisation] = relationship(back_populates="names")


class Person(Base):
    """A person: the number and one name are all that must be known."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("length(number) = 8", name="number_length"),
        CheckConstraint("sex in ('f', 'm')", name="sex"),
        CheckConstraint("secret_kind in ('pin', 'password')", name="secret_kind"),
        CheckConstraint("(secret_kind is null) = (secret_hash is null)", name="secret_whole"),
    )

    id: Mapped[Id]
    number: Mapped[str] = mapped_column(String(8), unique=True)
    name: Mapped[Text]
    name_language: Mapped[str] = mapped_column(String(8))
    latin_name: Mapped[str | None] = mapped_column(String(400))
    father_name: Mapped[str | None] = mapped_column(String(400))
    sex: Mapped[str | None] = mapped_column(String(1))
    birth: Mapped[PartialDate | None]
    nationality: Mapped[str | None] = mapped_column(String(2))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    phone: Mapped[str | None] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(8))
    time_zone: Mapped[str | None] = mapped_column(String(60))
    calendar: Mapped[str | None] = mapped_column(String(12))
    secret_kind: Mapped[str | None] = mapped_column(String(10))
    secret_hash: Mapped[str | None] = mapped_column(String(200))
    must_choose_secret: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    sort_key: Mapped[str] = mapped_column(String(2000), index=True)
    search_key: Mapped[str] = mapped_column(String(1000), index=True)
    created_at: Mapped[datetime]
    memberships: Mapped[list["Membership"]] = relationship(back_populates="person", cascade="all")


class Membership(Base):
    """A role in an organisation, from a moment until it ends."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_person_running", "person_id", "until"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    role: Mapped[Code]
    languages: Mapped[list[str]] = mapped_column(default=list)
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    person: Mapped[Person] = relationship(back_populates="memberships")
    organisation: Mapped[Organisation] = relationship()


class SignIn(Base):
    """A server-side session: the cookie holds a ticket, the row its hash."""

    __tablename__ = "sign_in"

    id: Mapped[Id]
    ticket_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    begun_at: Mapped[datetime]
    fresh_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    device: Mapped[str] = mapped_column(String(200), default="")
    person: Mapped[Person] = relationship()


class Letter(Base):
    """An invitation or a reset: its link is random, stored hashed, used once, and expires."""

    __tablename__ = "letter"
    __table_args__ = (CheckConstraint("kind in ('invitation', 'reset')", name="kind"),)

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[Code]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Tries(Base):
    """Wrong tries lately, counted per account and per address (both as hashes), forgotten after a day."""

    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    since: Mapped[datetime]
    closed_until: Mapped[datetime | None]
