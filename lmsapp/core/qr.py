"""QR codes (ISO/IEC 18004) at a size that copies and phones of the field still read."""

from dataclasses import dataclass

import segno

QUIET = 4  # modules of white on every side
MODULE, LEAST_MODULE = 0.37, 0.35  # mm; the least still reads from a 200 dpi grey scan
FINE = 8  # points a module, so that one row of modules is one octet each
MASK = 3  # a signed payload is noise already, so trying all eight masks only costs time


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
        return b"".join(bytes(255 * module for module in row) * FINE for row in self.rows)

    def svg(self) -> bytes:
        """As a drawing of one unit a module."""
        size = len(self.rows)
        path = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in self.runs())
        ground = f'<rect width="{size}" height="{size}" fill="#fff"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">'
        return f'{head}{ground}<path d="{path}"/></svg>'.encode()


def code(text: str, *, version: int = 13, largest: int = 16) -> Code:
    """The text at error correction M, in `version` or as much larger as it needs; ValueError beyond `largest`.

    A longer text makes a larger code, never modules under 0.35 mm.
    """
    for size in range(version, largest + 1):
        try:
            made = segno.make(text, error="m", version=size, mask=MASK, micro=False, boost_error=False)
        except segno.DataOverflowError:
            continue
        rows = tuple(bytes(row) for row in made.matrix_iter(border=QUIET))
        return Code(rows, round(len(rows) * (MODULE if size < largest else LEAST_MODULE), 2), size)
    raise ValueError(f"{len(text)} characters do not fit into a QR code of version {largest}")
