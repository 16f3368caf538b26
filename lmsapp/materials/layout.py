"""What an edition says, set into a page: HTML, style sheets and drawings for the press."""

from dataclasses import dataclass
from typing import Any

from lmsapp.core import figures, qr, templating
from lmsapp.core.formatting import date_text, list_text
from lmsapp.core.locales import LANGUAGES, Language
from lmsapp.core.paths import shipped
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import use
from lmsapp.materials.contents import Contents, drawings
from lmsapp.materials.kinds import AUDIENCES, KINDS

PRINT = "materials/print"
# Rules that have a pictogram. D3 is the authority's: its pictogram shows no way, only that one leaves.
PICTOGRAMS = {"D1": "pic-stop", "D2": "pic-no-touch", "D3": "pic-leave", "D4": "pic-tell"}
OWN_DRAWINGS = ("emblem", "sign", "pic-book", "pic-pencil", "pic-tell", "pic-phone", *sorted({*PICTOGRAMS.values()}))
# Sizes in points by script: Naskh reads small and needs leading, Georgian reads large and runs long.
BOOK_SIZES = {
    "latin": {"body": 11.4, "lead": 17.6, "h2": 13.6, "cap": 9.0, "title": 23.0, "run": 7.8, "box": 10.6},
    "georgian": {"body": 10.4, "lead": 17.2, "h2": 12.4, "cap": 8.6, "title": 19.0, "run": 7.6, "box": 9.8},
    "arabic": {"body": 12.6, "lead": 22.0, "h2": 15.0, "cap": 10.2, "title": 22.5, "run": 9.4, "box": 12.0},
}
SHEET_SIZES = {
    "latin": {"head": 17.0, "text": 10.8, "small": 8.4, "lead": 1.42},
    "georgian": {"head": 14.5, "text": 9.6, "small": 7.6, "lead": 1.45},
    "arabic": {"head": 20.0, "text": 13.2, "small": 10.0, "lead": 1.6},
}
SHEET_STEPS = (1.1, 1.0, 0.92, 0.85, 0.78, 0.72)  # a leaflet with more words is set smaller until it fits its two sides
FAMILIES = {
    "latin": '"LMS Latin"',
    "georgian": '"LMS Georgian", "LMS Latin"',
    "arabic": '"LMS Naskh", "LMS Latin"',
}


@dataclass(frozen=True)
class Setting:
    """How it is to be set: where its QR code leads, with crop marks or not, empty pages for notes, a smaller step."""

    address: str
    marks: bool
    impression: int = 1
    notes: int = 0
    step: int = 0


def html_of(said: Contents, setting: Setting) -> tuple[str, dict[str, bytes]]:
    """The page and everything it refers to."""
    language = LANGUAGES[said.language]
    with use(language.code):
        names = drawings(said)
        resources = {f"{name}.svg": figures.in_print(name).encode() for name in names}
        resources |= {f"own-{name}.svg": _file(f"drawings/{name}.svg") for name in OWN_DRAWINGS}
        code = qr.draw(setting.address)
        resources["own-qr.svg"] = code.svg()
        page = _page(said, setting, language) | {"drawings": names, "qr_side": code.side}
        name = "book" if said.format == "a5" else "leaflet"
        sizes = BOOK_SIZES if name == "book" else SHEET_SIZES
        shrunk = 1.0 if name == "book" else SHEET_STEPS[setting.step]
        style = {
            "t": {key: value if key == "lead" else value * shrunk for key, value in sizes[language.script].items()},
            "rtl": language.direction == "rtl",
            "digits": "persian" if language.digits[0] != "0" else "decimal",
            "family": FAMILIES[language.script],
            "marks": setting.marks,
        }
        resources["type.css"] = _file("type.css")
        resources[f"{name}.css"] = templating.styles(PRINT).get_template(f"{name}.css").render(style).encode()
        return templating.pages(PRINT).get_template(f"{name}.html").render(page), resources


def printed_code(said: Contents, impression: int) -> str:
    """What tells one printing from any other: material, language, edition, and the impression when it is not the first."""
    return f"{said.code}-{said.language}-{said.edition}" + (f".{impression}" if impression > 1 else "")


def marks_of(said: Contents) -> list[str]:
    """What stands in the foot of every page until it is no longer true."""
    marks = [_("Demonstration")] if said.demonstration else []
    return [*marks, _("Awaiting native review")] if said.awaiting else marks


def _page(said: Contents, setting: Setting, language: Language) -> dict[str, Any]:
    return {
        "said": said,
        "language": language,
        "source_language": LANGUAGES[said.source_language],
        "published": date_text(said.published_at.date(), language),
        "audience": list_text([_(AUDIENCES[one]) for one in said.audience], language),
        "kinds": KINDS,
        "code": printed_code(said, setting.impression),
        "translation_state": _translation_state(said),
        "marks_of_page": marks_of(said),
        "address": setting.address,
        "pictograms": PICTOGRAMS,
        "notes": setting.notes,
        "panels": panels_of(said) if said.format == "a4-leaflet" else {},
    }


def _translation_state(said: Contents) -> str:
    if said.awaiting:
        return _("awaiting native review")
    return _("the source itself") if said.language == said.source_language else _("approved by two reviewers")


def _file(name: str) -> bytes:
    return (shipped("templates") / PRINT / name).read_bytes()


def panels_of(said: Contents) -> dict[str, list[Any]]:
    """The panels of a leaflet by name: what stands in each, with the drawings that follow it."""
    found: dict[str, list[Any]] = {}
    last: list[Any] = []
    for node in said.chapters[0].nodes:
        if node.kind == "panel":
            last = found[node.name] = list(node.body)
        else:
            last.append(node)
    return found
