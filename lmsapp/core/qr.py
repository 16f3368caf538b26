"""QR codes as one SVG path, drawn module by module, for pages and print."""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

QUIET = 4  # modules around the code that stay white: ISO/IEC 18004
Level = Literal["l", "m", "q", "h"]


@dataclass(frozen=True)
class Code:
    """A drawn code: modules a side without the quiet zone, its version, and the path of its dark modules."""

    modules: int
    version: int
    path: str

    @property
    def view_box(self) -> str:
        """The SVG view box, quiet zone included; one unit is one module."""
        side = self.modules + 2 * QUIET
        return f"{-QUIET} {-QUIET} {side} {side}"


def draw(text: str, *, level: Level = "m", version: int | None = None) -> Code:
    """Draws `text` at an error level (l 7 %, m 15 %, q 25 %, h 30 %); `version` 1-40 fixes the size.

    Raises Invalid when the text is empty or too long for it.
    """
    import segno  # noqa: PLC0415 - only pages with a code need it

    if not text:
        raise Invalid(N_("There is nothing to draw a code of."))
    try:
        code = segno.make_qr(text, error=level, version=version, boost_error=False)
    except ValueError as problem:
        raise Invalid(N_("The text is too long for a code of this size.")) from problem
    strokes = []
    for y, row in enumerate(code.matrix):
        x = 0
        for dark, run in groupby(row):
            width = len(list(run))
            if dark:
                strokes.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return Code(len(code.matrix), int(code.version), "".join(strokes))
