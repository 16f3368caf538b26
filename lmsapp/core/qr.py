"""QR codes as SVG, black on white, with the quiet zone the standard asks for (ISO/IEC 18004: four modules)."""

import io

import segno
from markupsafe import Markup

QUIET = 4


def svg(text: str, *, error: str = "m", version: int | None = None) -> str:
    """An SVG whose units are modules; raises ValueError when the text does not fit the version."""
    out = io.BytesIO()
    code = segno.make(text, error=error, version=version, micro=False, boost_error=False)
    code.save(
        out, kind="svg", border=QUIET, xmldecl=False, svgns=True, omitsize=True, light="#fff", dark="#000", nl=False
    )
    return out.getvalue().decode()


def on_page(text: str, label: str) -> Markup:
    """The code to be set into a page, with words for who can't see it."""
    drawn = svg(text).replace("<svg ", f'<svg role="img" aria-label="{Markup.escape(label)}" ', 1)
    return Markup(drawn)  # noqa: S704 - segno's output, the label escaped


def modules(text: str, *, error: str = "m") -> int:
    """How many modules wide the code is, quiet zone included."""
    return int(segno.make(text, error=error, micro=False, boost_error=False).symbol_size(border=QUIET)[0])
