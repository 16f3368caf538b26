"""QR codes (ISO/IEC 18004), black on white with their quiet zone: as rows for the press, as a drawing for pages.

In print a module is never under 0.35 mm: phones of the field still read it after a photocopy.
"""

from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup, escape

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

QUIET = 4  # modules of white on every side
MODULE, LEAST_MODULE = 0.37, 0.35  # mm; the least still reads from a 200 dpi grey scan
FINE = 8  # points a module in the picture for the press, so that a module is an octet of its row
MASK = 3  # a signed payload is noise already, so trying all eight masks only costs time
_OCTET = bytes.maketrans(b"\1", b"\xff")
Level = Literal["l", "m", "q", "h"]


@dataclass(frozen=True)
class Code:
    """Rows of dark (1) and light (0) modules, quiet zone included, and the side it must be printed at in mm."""

    rows: tuple[bytes, ...]
    side: float
    version: int

    def runs(self) -> list[tuple[int, int, int]]:
        """The dark stretches: column, row, length."""
        found = []
        for y, row in enumerate(self.rows):
            x = row.find(1)
            while x >= 0:
                end = row.find(0, x)
                found.append((x, y, end - x))
                x = row.find(1, end)
        return found

    def bits(self) -> bytes:
        """A picture of one bit a point, dark is 1, each module FINE points square: finer than printers draw."""
        return b"".join(row.translate(_OCTET) * FINE for row in self.rows)

    def svg(self, label: str = "") -> bytes:
        """As a drawing of one unit a module; `label` is for who can't see it."""
        size = len(self.rows)
        path = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in self.runs())
        words = f' role="img" aria-label="{escape(label)}"' if label else ""
        ground = f'<rect width="{size}" height="{size}" fill="#fff"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"{words}>'
        return f'{head}{ground}<path d="{path}"/></svg>'.encode()


def code(text: str, *, version: int = 13, largest: int = 16) -> Code:
    """The text for a printed certificate: error correction M, in `version` or as much larger as it needs.

    A longer text makes a larger code, never modules under 0.35 mm. Raises ValueError beyond `largest`.
    """
    for size in range(version, largest + 1):
        try:
            return _drawn(text, "m", size, MASK, MODULE if size < largest else LEAST_MODULE)
        except ValueError:
            continue
    raise ValueError(f"{len(text)} characters do not fit into a QR code of version {largest}")


def draw(text: str, *, error: Level = "m", version: int | None = None) -> Code:
    """Draws `text` at an error level (l 7 %, m 15 %, q 25 %, h 30 %); `version` 1-40 fixes the size.

    Raises Invalid when there is no text or it is too long.
    """
    if not text:
        raise Invalid(N_("There is nothing to draw a code of."))
    try:
        return _drawn(text, error, version, None, MODULE)
    except ValueError as problem:
        raise Invalid(N_("The text is too long for a code of this size.")) from problem


def on_page(text: str, label: str) -> Markup:
    """The code to be set into a page, with words for who can't see it."""
    return Markup(draw(text).svg(label).decode())  # noqa: S704 - our own drawing, the label escaped


def _drawn(text: str, error: str, version: int | None, mask: int | None, module: float) -> Code:
    import segno  # noqa: PLC0415 - only pages and prints with a code need it

    made: Any = segno.make(text, error=error, version=version, mask=mask, micro=False, boost_error=False)
    blank, side = bytes(len(made.matrix) + 2 * QUIET), bytes(QUIET)
    rows = (*[blank] * QUIET, *(side + bytes(row) + side for row in made.matrix), *[blank] * QUIET)
    return Code(rows, round(len(rows) * module, 2), int(made.version))
