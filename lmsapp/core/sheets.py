"""Spreadsheets: XLSX out, with text that stays text and sheets that run right to left; XLSX in, within limits."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

from lmsapp.core import archives
from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

Cell = str | int | float | Decimal | bool | date | datetime | None
MOST_ROWS, MOST_COLUMNS = 20_000, 200
MOST_CHARACTERS = 32_767
ROWS_OF_XLSX = 1_048_576
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_READ = archives.Limits(entries=500, total=128 << 20, one=64 << 20)
_ENCODING = re.compile(rb"""encoding\s*=\s*["'](?!utf-8["'])""", re.IGNORECASE)
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")


@dataclass(frozen=True)
class Sheet:
    """A sheet to write: its name, the head of its columns, its rows, and whether it runs right to left."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    rtl: bool = False
    widths: Sequence[int] = field(default=())


@dataclass(frozen=True)
class Table:
    """A sheet that was read: row 1 of the sheet is `rows[0]`; an empty cell is None."""

    name: str
    rows: list[list[Any]]


def write(sheets: Sequence[Sheet], *, made_at: datetime) -> bytes:
    """An XLSX file. Nothing in it is a formula; the same sheets and moment give the same octets.

    Raises Invalid for a text or a sheet longer than the format holds.
    """
    import xlsxwriter  # noqa: PLC0415 - only exports need it

    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(target, options) as book:
        book.set_properties({"created": made_at.replace(tzinfo=None, microsecond=0)})
        formats = _Formats(book)
        taken: set[str] = set()
        for sheet in sheets:
            _write_sheet(book.add_worksheet(_sheet_name(sheet.name, taken)), sheet, formats)
    return target.getvalue()


def read(content: bytes, *, most_rows: int = MOST_ROWS, most_columns: int = MOST_COLUMNS) -> list[Table]:
    """The sheets of an XLSX file. Raises Invalid for what is no XLSX file or holds more than it may."""
    import python_calamine  # noqa: PLC0415 - only imports need it

    _check_book(content, most_rows, most_columns)
    try:
        with python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            return [
                Table(name, [[_value(cell) for cell in row] for row in _rows(book, name)]) for name in book.sheet_names
            ]
    except (python_calamine.CalamineError, ValueError, OSError) as problem:
        raise Invalid(N_("The spreadsheet is damaged. Open it, save it as XLSX and try again.")) from problem
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":  # the library's own defect, which derives from BaseException
            raise
        raise Invalid(N_("The spreadsheet is damaged. Open it, save it as XLSX and try again.")) from problem


class _Formats:
    def __init__(self, book: Any) -> None:
        self.head = book.add_format(
            {"bold": True, "bottom": 1, "valign": "top", "text_wrap": True, "quote_prefix": True}
        )
        self.text = book.add_format({"valign": "top"})
        self.quoted = book.add_format({"valign": "top", "quote_prefix": True})
        self.date = book.add_format({"valign": "top", "num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm"})


def _write_sheet(page: Any, sheet: Sheet, formats: _Formats) -> None:
    if sheet.rtl:
        page.right_to_left()
    for column, title in enumerate(sheet.head):
        page.write_string(0, column, title, formats.head)
    for column, width in enumerate(sheet.widths):
        page.set_column(column, column, width)
    page.freeze_panes(1, 0)
    for number, row in enumerate(sheet.rows, start=1):
        if number >= ROWS_OF_XLSX:
            raise Invalid(N_("A spreadsheet holds at most %(most)s rows; choose fewer."), most=ROWS_OF_XLSX - 1)
        for column, cell in enumerate(row):
            _write_cell(page, number, column, cell, formats)


def _write_cell(page: Any, row: int, column: int, cell: Cell, formats: _Formats) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, bool):
        page.write_boolean(row, column, cell, formats.text)
    elif isinstance(cell, datetime):
        page.write_datetime(row, column, cell, formats.moment)
    elif isinstance(cell, date):
        page.write_datetime(row, column, cell, formats.date)
    elif isinstance(cell, int | float | Decimal) and isfinite(cell) and abs(float(cell)) < 10**15:
        page.write_number(row, column, cell, formats.text)
    else:  # numbers of more than 15 digits would be rounded
        text = str(cell)
        if len(text) > MOST_CHARACTERS:
            raise Invalid(
                N_("A cell holds at most %(most)s characters; row %(row)s has more."), most=MOST_CHARACTERS, row=row + 1
            )
        page.write_string(row, column, text, formats.quoted if text.startswith(_FORMULA) else formats.text)


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name as XLSX wants it: 31 characters, none of []:*?/\\, no quotes at the ends, each once whatever the case."""
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip(" '")[:31] or "1"
    found, number = plain, 1
    while found.casefold() in taken:
        number += 1
        found = f"{plain[: 30 - len(str(number))]} {number}"
    taken.add(found.casefold())
    return found


def _check_book(content: bytes, most_rows: int, most_columns: int) -> None:
    """The reader makes room for every cell up to the last one named: so the names are looked at first."""
    with archives.opened(content, _READ) as archive:
        names = set(archive.names)
        if "xl/workbook.xml" not in names or names & {"xl/workbook.bin", "content.xml", "mimetype"}:
            raise Invalid(N_("This is not an XLSX file. Save the spreadsheet as XLSX and try again."))
        for name in archive.names:
            part = archive.read(name)
            if part.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<"):
                _check_part(part, most_rows, most_columns)


def _check_part(part: bytes, most_rows: int, most_columns: int) -> None:
    from lxml import etree  # noqa: PLC0415 - only imports need it

    if _ENCODING.search(part[:200]) or b"\x00" in part[:200]:
        raise Invalid(N_("The spreadsheet is not written in UTF-8. Open it, save it as XLSX and try again."))
    row, column = 0, 0
    try:
        for _, element in etree.iterparse(
            io.BytesIO(part),
            tag=("{*}row", "{*}c"),
            events=("start",),
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
        ):
            reference = element.get("r")
            if element.tag.endswith("}row") or element.tag == "row":
                row, column = int(reference) if reference else row + 1, 0
            elif found := _REFERENCE.fullmatch(reference or ""):
                column, row = _column(found[1]), int(found[2])
            else:
                column += 1
            if row > most_rows or column > most_columns:
                raise Invalid(
                    N_("A sheet has more than %(rows)s rows or %(columns)s columns. Delete what is empty."),
                    rows=most_rows,
                    columns=most_columns,
                )
            if (before := element.getprevious()) is not None:
                element.getparent().remove(before)  # keeps memory flat
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise Invalid(N_("The spreadsheet is damaged. Open it, save it as XLSX and try again.")) from problem


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _rows(book: Any, name: str) -> list[list[Any]]:
    found: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    return found


def _value(cell: Any) -> Any:
    """As people see it: whole numbers without a fraction, nothing instead of an empty text."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if isinstance(cell, time | timedelta):
        return str(cell)
    return None if cell == "" else cell
