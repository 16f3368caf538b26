"""The base every model is declared on, and the column types that hold the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Index, Integer, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from lmsapp.core.dates import PartialDate


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware going in and coming out, stored in UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Refuses a moment without its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs its zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Gives the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class PartialDateColumn(TypeDecorator[PartialDate]):
    """A date known to the year, month or day, stored as `2009`, `2009-04` or `2009-04-05`: text sorts as time does."""

    impl = String(10)
    cache_ok = True

    def process_bind_param(self, value: PartialDate | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To its text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> PartialDate | None:  # noqa: ARG002
        """From its text."""
        return None if value is None else PartialDate.parse(value)


Id = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
Code = Annotated[str, mapped_column(String(40))]
Text = Annotated[str, mapped_column(String(400))]
_CONDITION = "condition"


def unique_where(name: str, *columns: str, condition: str) -> Index:
    """A unique index over the rows that meet a condition; `say_conditions` tells it to the databases."""
    return Index(name, *columns, unique=True, info={_CONDITION: condition})


def say_conditions(metadata: MetaData) -> None:
    """Before tables are made or compared: in a model it would load PostgreSQL's dialect, which most starts don't need."""
    for index in (index for table in metadata.tables.values() for index in table.indexes if _CONDITION in index.info):
        condition = text(index.info[_CONDITION])
        index.dialect_kwargs.update(sqlite_where=condition, postgresql_where=condition)


def table(mapped: type[DeclarativeBase]) -> Any:
    """A model's plain table: a statement made of it waits for no mapper, where the first one after a start with a mapped
    class settles them all."""
    return mapped.__table__


def upserting(dialect: str) -> Any:
    """The `insert` of a database, which knows `on conflict`; loads no dialect but the one in use."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert


class Base(DeclarativeBase):
    """Declares tables; names constraints so that migrations can speak of them."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(column_0_N_label)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={
            datetime: UtcDateTime,
            PartialDate: PartialDateColumn,
            dict[str, Any]: JSON,
            list[Any]: JSON,
            list[str]: JSON,
            dict[str, str]: JSON,
            dict[str, int]: JSON,
        },
    )
