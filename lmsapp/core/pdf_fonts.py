"""Joins two subsets of the same face in a PDF into one, so that a stamped page carries each letter once.

WeasyPrint keeps the glyph numbers of the whole face in every subset (cut behind the last one used), so two subsets of a
face agree about every glyph and joining is a union; our print faces have no composed glyphs, whose parts would be
numbered anew. Tables a PDF does not need are left out (ISO 32000-1, 9.9).
"""

import itertools
import re
import struct
from dataclasses import dataclass
from typing import Any

from pikepdf import Object, Pdf, Stream

LETTER = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]+)>")
RUN = re.compile(rb"(\d+)\s*\[([^\]]*)\]")
CMAP_HEAD = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <ffff>
endcodespacerange
"""
CMAP_TAIL = b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
LETTERS_A_BLOCK = 100  # the most a CMap allows


@dataclass(frozen=True)
class Subset:
    """What a PDF needs of a TrueType face: outlines and metrics by glyph number, widths, and the text of glyphs."""

    head: bytes
    hhea: bytes
    maxp: bytes
    outlines: dict[int, bytes]
    metrics: dict[int, bytes]
    widths: dict[int, bytes]
    letters: dict[bytes, bytes]

    def holds(self, font: Any) -> bool:
        """Whether it has all that the composite font has, of the same face."""
        return _widths_of(font).keys() <= self.widths.keys() and _letters_of(font).keys() <= self.letters.keys()

    def joined(self, other: "Subset") -> "Subset":
        """The union; this one's tables."""
        return Subset(
            self.head,
            self.hhea,
            self.maxp,
            self.outlines | other.outlines,
            self.metrics | other.metrics,
            self.widths | other.widths,
            other.letters | self.letters,
        )

    def file(self) -> bytes:
        """As a TrueType file of six tables."""
        count = max(self.widths, default=0) + 1
        lengths, metrics, outlines = [0] * count, bytearray(4 * count), bytearray()
        for glyph in sorted(self.widths):
            outline = self.outlines[glyph]
            outlines += outline + b"\0" * (-len(outline) % 4)
            lengths[glyph] = len(outline) + -len(outline) % 4
            metrics[4 * glyph : 4 * glyph + 4] = self.metrics[glyph]
        return _sfnt(
            {
                b"glyf": bytes(outlines),
                b"head": self.head[:50] + struct.pack(">h", 1) + self.head[52:],
                b"hhea": self.hhea[:34] + struct.pack(">H", count),
                b"hmtx": bytes(metrics),
                b"loca": struct.pack(f">{count + 1}L", *itertools.accumulate(lengths, initial=0)),
                b"maxp": self.maxp[:4] + struct.pack(">H", count) + self.maxp[6:],
            }
        )


def read(font: Any) -> Subset:
    """The subset in a composite font of a PDF."""
    descendant = font.DescendantFonts[0]
    tables = _tables(descendant.FontDescriptor.FontFile2.read_bytes())
    widths = _widths_of(font)
    return Subset(
        tables[b"head"],
        tables[b"hhea"],
        tables[b"maxp"],
        {glyph: _outline(tables, glyph) for glyph in widths},
        {glyph: _metric(tables, glyph) for glyph in widths},
        widths,
        _letters_of(font),
    )


def write(pdf: Pdf, font: Any, subset: Subset) -> None:
    """Puts the subset into a composite font."""
    descendant = font.DescendantFonts[0]
    content = subset.file()
    stream = Stream(pdf, content)
    stream.Length1 = len(content)
    descendant.FontDescriptor.FontFile2 = stream
    descendant.W = Object.parse(_runs(subset.widths))
    font.ToUnicode = Stream(pdf, _cmap(subset.letters))


def _tables(file: bytes) -> dict[bytes, bytes]:
    count = struct.unpack(">H", file[4:6])[0]
    entries = [struct.unpack(">4sLLL", file[12 + 16 * index : 28 + 16 * index]) for index in range(count)]
    return {tag: file[start : start + length] for tag, _, start, length in entries}


def _outline(tables: dict[bytes, bytes], glyph: int) -> bytes:
    """The drawing of a glyph; nothing for a space."""
    wide = tables[b"head"][51]
    form, size, unit = (">2L", 4, 1) if wide else (">2H", 2, 2)
    start, end = struct.unpack_from(form, tables[b"loca"], glyph * size)
    outline = tables[b"glyf"][start * unit : end * unit]
    if outline and outline[0] & 0x80:  # a negative number of contours
        raise ValueError("a composed glyph: its parts have other numbers in every subset; make the print faces again")
    return outline


def _metric(tables: dict[bytes, bytes], glyph: int) -> bytes:
    """Advance and bearing of a glyph; the last advance holds for the rest."""
    full, table = struct.unpack_from(">H", tables[b"hhea"], 34)[0], tables[b"hmtx"]
    if glyph < full:
        return table[4 * glyph : 4 * glyph + 4]
    place = 4 * full + 2 * (glyph - full)
    return table[4 * full - 4 : 4 * full - 2] + table[place : place + 2]


def _letters_of(font: Any) -> dict[bytes, bytes]:
    return dict(LETTER.findall(font.ToUnicode.read_bytes()))


def _widths_of(font: Any) -> dict[int, bytes]:
    """From `[first [width width …] …]` (ISO 32000-1, 9.7.4.3), the numbers as they are written."""
    runs = [(int(first), run.split()) for first, run in RUN.findall(font.DescendantFonts[0].W.unparse())]
    return {first + offset: width for first, run in runs for offset, width in enumerate(run)}


def _runs(widths: dict[int, bytes]) -> bytes:
    """The same said again."""
    said = b""
    for glyph, width in sorted(widths.items()):
        said += b" " + width if glyph - 1 in widths else b"] %d [%s" % (glyph, width)
    return b"[%s]]" % said.removeprefix(b"]")


def _cmap(letters: dict[bytes, bytes]) -> bytes:
    lines = [b"<%s> <%s>" % pair for pair in sorted(letters.items())]
    blocks = [lines[start : start + LETTERS_A_BLOCK] for start in range(0, len(lines), LETTERS_A_BLOCK)]
    said = b"".join(b"%d beginbfchar\n%s\nendbfchar\n" % (len(block), b"\n".join(block)) for block in blocks)
    return CMAP_HEAD + said + CMAP_TAIL


def _sfnt(tables: dict[bytes, bytes]) -> bytes:
    """A TrueType file of the tables, in order of their names."""
    head = struct.pack(">LHHHH", 0x00010000, len(tables), 64, 2, 16 * len(tables) - 64)
    start, directory, body = 12 + 16 * len(tables), b"", b""
    for tag, table in sorted(tables.items()):
        padded = table + b"\0" * (-len(table) % 4)
        total = sum(struct.unpack(f">{len(padded) // 4}L", padded)) & 0xFFFFFFFF
        directory += struct.pack(">4sLLL", tag, total, start + len(body), len(table))
        body += padded
    return head + directory + body
