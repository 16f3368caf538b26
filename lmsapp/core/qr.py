"""QR codes drawn module by module as one SVG path, black on white, with the quiet zone of ISO/IEC 18004."""

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from markupsafe import Markup, escape

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

QUIET = 4  # modules around the code that stay white
Level = Literal["l", "m", "q", "h"]


@dataclass(frozen=True)
class Code:
    """A drawn code: modules a side without the quiet zone, its version, and the path of its dark modules."""

    modules: int
    version: int
    path: str

    @property
    def side(self) -> int:
        """Modules a side, quiet zone included."""
        return self.modules + 2 * QUIET

    @property
    def view_box(self) -> str:
        """The SVG view box, quiet zone included; one unit is one module."""
        return f"{-QUIET} {-QUIET} {self.side} {self.side}"


def draw(text: str, *, error: Level = "m", version: int | None = None) -> Code:
    """Draws `text` at an error level (l 7 %, m 15 %, q 25 %, h 30 %); `version` 1-40 fixes the size.

    Raises Invalid when there is no text or it is too long.
    """
    import segno  # noqa: PLC0415 - only pages with a code need it

    if not text:
        raise Invalid(N_("There is nothing to draw a code of."))
    try:
        code = segno.make_qr(text, error=error, version=version, boost_error=False)
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


def svg(text: str, *, error: Level = "m", version: int | None = None, label: str = "") -> str:
    """A whole SVG whose units are modules; `label` is for who can't see it. Raises Invalid as `draw`."""
    code = draw(text, error=error, version=version)
    words = f' role="img" aria-label="{escape(label)}"' if label else ""
    paper = f"M-{QUIET}-{QUIET}h{code.side}v{code.side}h-{code.side}z"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{code.view_box}"{words}>'
        f'<path fill="#fff" d="{paper}"/><path fill="#000" d="{code.path}"/></svg>'
    )


def on_page(text: str, label: str) -> Markup:
    """The code to be set into a page, with words for who can't see it."""
    return Markup(svg(text, label=label))  # noqa: S704 - our own drawing, the label escaped


def modules(text: str, *, error: Level = "m") -> int:
    """How many modules wide the code is, quiet zone included."""
    return draw(text, error=error).side
