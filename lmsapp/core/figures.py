"""Our drawings: wordless SVG whose colours come from classes, so that a page (light, dusk) and a press dress the same lines."""

import re
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup, escape

from lmsapp.core import paths
from lmsapp.core.formatting import native_digits

_NUMBER = re.compile(r'(<text class="n"[^>]*>)(\d+)(</text>)')
_NAME = re.compile(r"[a-z0-9-]{1,60}")

# The press dresses the classes in the colours of the print design; the screen does it in app.css.
PRINT_STYLE = """
.f-sky{fill:#EDF4F3}.f-far{fill:#D5E6E3}.f-mid{fill:#BFD8D2}.f-near{fill:#3F7F80}.f-field{fill:#C9D8B4}.f-sand{fill:#EFE7D3}
.f-road{fill:#EFE7D3}.f-leaf{fill:#6E9A7B}.f-earth{fill:#9A8260}.f-stone{fill:#B9BDB9}.f-stone2{fill:#8C9391}.f-skin{fill:#DDAE86}
.f-skin2{fill:#BE8A5E}.f-hair{fill:#2B2A2A}.f-cloth{fill:#3F7F80}.f-cloth2{fill:#C9B27F}.f-teal{fill:#0B4F56}.f-pale{fill:#D5E6E3}
.f-red{fill:#B3261E}.f-amber{fill:#F2B632}.f-white{fill:#FFFFFF}.f-ink{fill:#16262C}.f-none{fill:none}
.s-ink{stroke:#16262C;stroke-width:1.5}.s-thin{stroke:#16262C;stroke-width:1}.s-bold{stroke:#16262C;stroke-width:3}.s-red{stroke:#B3261E;stroke-width:2}
.s-white{stroke:#FFFFFF;stroke-width:1.5}.s-teal{stroke:#0B4F56;stroke-width:2}.s-earth{stroke:#9A8260;stroke-width:2}.s-leaf{stroke:#6E9A7B;stroke-width:1.5}
.s-pale{stroke:#8DB9B4;stroke-width:1.2}.s-none{stroke:none}
.n{font-family:"LMS Latin","LMS Naskh";font-size:13px;font-weight:700;fill:#16262C}
"""


# Folders that are looked into before the one that came with the program.
folders: list[Path] = []


@lru_cache(maxsize=200)
def source(name: str) -> str:
    """The drawing as its file has it; raises FileNotFoundError for a name we do not have."""
    if _NAME.fullmatch(name):
        for folder in (*folders, paths.shipped("content") / "figures"):
            path = folder / f"{name}.svg"
            if path.is_file():
                return path.read_text(encoding="utf-8").strip()
    raise FileNotFoundError(name)


def exists(name: str) -> bool:
    """Whether we have this drawing."""
    try:
        return bool(source(name))
    except FileNotFoundError:
        return False


def names() -> list[str]:
    """The drawings we have, by name."""
    places = (*folders, paths.shipped("content") / "figures")
    return sorted({path.stem for folder in places for path in folder.glob("*.svg") if _NAME.fullmatch(path.stem)})


def on_page(name: str, alt: str) -> Markup:
    """The drawing to be set into a page, with its numbers in the reader's digits and its meaning for who can't see it."""
    try:
        drawn = _NUMBER.sub(lambda m: f"{m[1]}{native_digits(m[2])}{m[3]}", source(name))
    except FileNotFoundError:
        return Markup('<p class="undrawn">{}</p>').format(alt)
    return Markup(drawn.replace("<svg ", f'<svg class="drawn" role="img" aria-label="{escape(alt)}" ', 1))  # noqa: S704 - our own files


def in_print(name: str) -> str:
    """The drawing as a file of its own with the press's colours, for WeasyPrint."""
    drawn = _NUMBER.sub(lambda m: f"{m[1]}{native_digits(m[2])}{m[3]}", source(name))
    end = drawn.index(">", drawn.index("<svg")) + 1
    return f"{drawn[:end]}<style>{PRINT_STYLE}</style>{drawn[end:]}"
