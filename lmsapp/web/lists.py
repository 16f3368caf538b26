"""Paging of long lists: a page has 50 rows, its number stands in the address."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

ROWS = 50


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
    wanted = int(number) if number and number.isascii() and number.isdigit() and len(number) < 8 else 1
    shown = min(max(1, wanted), max(1, -(-total // size)))
    rows = list(session.scalars(query.limit(size).offset((shown - 1) * size)).unique())
    return Page(rows, shown, total, size)
