"""Paging of long lists: a page has 50 rows, its number stands in the address; or, where a list grows for ever, where it begins."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

ROWS = 50
MOST_DIGITS = 10  # what every column of numbers holds


@dataclass(frozen=True)
class Page:
    """One page of a list: its rows, its number from 1, how many there are in all."""

    rows: list[Any]
    number: int
    total: int
    size: int = ROWS

    @property
    def pages(self) -> int:
        """How many pages there are (at least one)."""
        return max(1, -(-self.total // self.size))

    @property
    def first(self) -> int:
        """Number of the first row shown."""
        return (self.number - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return min(self.number * self.size, self.total)


def page_of(session: Session, query: Select[Any], number: str | None, size: int = ROWS) -> Page:
    """The page with this number (whatever was typed; the last one when it is too high)."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    wanted = _number(number) or 1
    shown = min(max(1, wanted), max(1, -(-total // size)))
    rows = list(session.scalars(query.limit(size).offset((shown - 1) * size)).unique())
    return Page(rows, shown, total, size)


@dataclass(frozen=True)
class Leaf:
    """A page of a list nobody counts: its rows, and the numbers after and before which its neighbours lie (None: there is none)."""

    rows: list[Any]
    after: int | None
    before: int | None


def leaf_of(
    session: Session, query: Select[Any], key: InstrumentedAttribute[int], asked: Mapping[str, str], size: int = ROWS
) -> Leaf:
    """The page `after` or `before` a number, of rows sorted by their own numbers, the highest first: read straight from there."""
    before, after = _number(asked.get("before")), _number(asked.get("after"))
    if before is not None:
        newer = session.scalars(query.where(key > before).order_by(None).order_by(key).limit(size + 1)).all()
        rows = list(reversed(newer[:size]))
        if rows:
            return Leaf(rows, _of(rows[-1], key), _of(rows[0], key) if len(newer) > size else None)
    found = session.scalars((query if after is None else query.where(key < after)).limit(size + 1)).all()
    rows = list(found[:size])
    older = _of(rows[-1], key) if len(found) > size else None
    return Leaf(rows, older, _of(rows[0], key) if rows and after is not None else None)


def _of(row: Any, key: InstrumentedAttribute[int]) -> int:
    number: int = getattr(row, key.key)
    return number


def _number(typed: str | None) -> int | None:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < MOST_DIGITS else None
