"""Spreadsheets out and in."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lmsapp.core import sheets
from lmsapp.core.errors import Invalid
from lmsapp.core.sheets import Sheet

AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "=cmd|'/c calc'!A0", "＝1+1"]


def written(*rows: list[sheets.Cell], name: str = "People", rtl: bool = False) -> bytes:
    return sheets.write([Sheet(name, ["Name", "Value"], list(rows), rtl=rtl)], made_at=AT)


def part(content: bytes, name: str) -> str:
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_stays_text_and_comes_back_as_it_was(text: str) -> None:
    content = sheets.write([Sheet(text, [text], [[text]])], made_at=AT)
    assert "<f>" not in part(content, "xl/worksheets/sheet1.xml")
    assert "hyperlink" not in part(content, "xl/worksheets/sheet1.xml").lower()
    [table] = sheets.read(content)
    assert [row[0].replace("\r\n", "\r").replace("_x000D_", "\r") for row in table.rows] == [text, text]


def test_every_kind_of_cell_comes_back() -> None:
    row: list[sheets.Cell] = [
        "متن",
        3,
        2.5,
        Decimal("0.1"),
        True,
        date(2026, 1, 2),
        AT,
        None,
        "12345678901234567890",
        10**16,
    ]
    [table] = sheets.read(sheets.write([Sheet("x", [], [row])], made_at=AT))
    assert table.rows[1] == [
        "متن", 3, 2.5, 0.1, True, date(2026, 1, 2), AT.replace(tzinfo=None), None, "12345678901234567890",
        str(10**16),
    ]  # fmt: skip


def test_sheets_of_arabic_script_run_right_to_left() -> None:
    assert 'rightToLeft="1"' in part(written(["a", 1], rtl=True), "xl/worksheets/sheet1.xml")
    assert "rightToLeft" not in part(written(["a", 1]), "xl/worksheets/sheet1.xml")


def test_names_of_sheets_are_made_to_fit_and_differ() -> None:
    names = ["a/b:c?*[x]\\", "A" * 40, "a" * 40, "'quoted'", "", "  "]
    content = sheets.write([Sheet(name, ["h"], []) for name in names], made_at=AT)
    found = [table.name for table in sheets.read(content)]
    assert len({name.casefold() for name in found}) == len(names)
    assert all(0 < len(name) <= 31 for name in found)


def test_the_same_rows_give_the_same_octets() -> None:
    assert written(["a", 1]) == written(["a", 1])


def test_a_cell_longer_than_the_format_holds_is_said_not_cut() -> None:
    with pytest.raises(Invalid, match="row 2"):
        written(["x" * 32_768, 1])


def test_rows_keep_the_numbers_people_see() -> None:
    content = written(["", ""], ["", ""], ["third", 3])
    [table] = sheets.read(content)
    assert table.rows[3] == ["third", 3]


def test_more_rows_or_columns_than_allowed_are_refused() -> None:
    with pytest.raises(Invalid, match="2 rows or 200 columns"):
        sheets.read(written(["a", 1], ["b", 2]), most_rows=2)
    with pytest.raises(Invalid, match="rows or 1 columns"):
        sheets.read(written(["a", 1]), most_columns=1)


def tampered(sheet: bytes) -> bytes:
    """A sound file with another sheet in it."""
    source, target = zipfile.ZipFile(io.BytesIO(written(["a", 1]))), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        for name in source.namelist():
            file.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else source.read(name))
    return target.getvalue()


MAIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
END = b"</sheetData></worksheet>"


@pytest.mark.parametrize(
    "sheet",
    [
        MAIN + b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + END,
        MAIN + b'<row r="1"><c r="XFD9999999"><v>1</v></c></row>' + END,
        MAIN.replace(b"worksheet", b"p:worksheet").replace(b"xmlns=", b"xmlns:p=").replace(b"sheetData", b"p:sheetData")
        + b'<p:row r="1"><p:c r="ZZZ1"><p:v>1</p:v></p:c></p:row></p:sheetData></p:worksheet>',
        MAIN + b"<row>" + b"<c><v>1</v></c>" * 201 + b"</row>" + END,
        MAIN + b"<row/>" * 20_001 + END,
        MAIN + b'<row r="' + b"9" * 40 + b'"/>' + END,
        MAIN + b'<row r="x"/>' + END,
        MAIN[:-5],
        (MAIN + END).decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="ibm037"?>' + MAIN + END,
        b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]>"
        + MAIN
        + b"<row><c><v>&b;</v></c></row>"
        + END
        + b"<",
    ],
)
def test_a_sheet_made_to_exhaust_the_machine_is_refused(sheet: bytes) -> None:
    with pytest.raises(Invalid):
        sheets.read(tampered(sheet))


@pytest.mark.parametrize("content", [b"", b"name;value\n", b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"PK\x03\x04"])
def test_what_is_no_spreadsheet_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        sheets.read(content)


def test_a_damaged_spreadsheet_is_refused_never_a_crash() -> None:
    content = written(*[[f"name {n}", n] for n in range(30)])
    source = zipfile.ZipFile(io.BytesIO(content))
    refused = 0
    for name in source.namelist():
        for cut in (0, 20, 200):
            target = io.BytesIO()
            with zipfile.ZipFile(target, "w") as file:
                for other in source.namelist():
                    file.writestr(other, source.read(other)[: cut if other == name else None])
            try:
                sheets.read(target.getvalue())
            except Invalid:
                refused += 1
    assert refused > 10
