"""A frozen paper set into pages for the press: the booklet with its questions, the answer sheet with its code.

Only the sheet the candidate may see comes here; no template is ever given a key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lmsapp.core import figures, qr, templating
from lmsapp.core.formatting import (
    DateText,
    duration_text,
)
from lmsapp.core.locales import LANGUAGES, Language
from lmsapp.core.paths import shipped
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import use
from lmsapp.exams import answers, booklets
from lmsapp.exams.booklets import Fill, Row
from lmsapp.exams.questions import Kind

PRINT = "exams/print"
PURPOSES = ("booklet", "sheet")
SIZES = ("normal", "large")
FAMILIES = {
    "latin": '"LMS Latin"',
    "georgian": '"LMS Georgian", "LMS Latin"',
    "arabic": '"LMS Naskh", "LMS Latin"',
}
# Points and leading by script: Naskh reads small and needs leading, Georgian reads large and runs long. Large print is 18.
TYPE = {
    "normal": {"latin": (10.0, 1.45), "georgian": (9.4, 1.5), "arabic": (11.6, 1.65)},
    "large": dict.fromkeys(("latin", "georgian", "arabic"), (18.0, 1.7)),
}
MOST_BUBBLES = {"normal": 6, "large": 5}  # in the narrower columns; a row with more letters takes wider ones
COLUMNS = {"normal": (3, 2), "large": (2, 1)}
MAY_LACK = dict.fromkeys(("alt", "unit", "figure", "picture", "options"))
LINES_AT_LEAST, LINES_A_POINT, MOST_LINES = 4, 2, 16


@dataclass(frozen=True)
class PaperFacts:
    """What is printed of one paper beside its sheet: whose it is, of which exam, when, under which code."""

    code: str
    digest: str
    sheet: Mapping[str, Any]
    language: str
    name: str
    name_language: str
    person_number: str
    issuer: str
    exam: str
    title: Mapping[str, Any]
    course_code: str
    day: DateText
    minutes: int
    pass_mark: int
    demonstration: bool
    made_at: datetime
    pictures: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def awaiting(self) -> bool:
        """Whether every page carries the mark of texts nobody has approved yet."""
        return booklets.awaits_review(self.sheet, self.title)

    @property
    def scanned(self) -> str:
        """What the printed code holds: the paper's code and what its digest begins with."""
        return f"{self.code}.{self.digest[:8].upper()}"


def html_of(paper: PaperFacts, purpose: str, size: str) -> tuple[str, dict[str, bytes]]:
    """The page and everything it refers to, in the paper's language."""
    language = LANGUAGES[paper.language]
    with use(language.code):
        resources = _drawings(paper) if purpose == "booklet" else {}
        resources["emblem.svg"] = (shipped("templates") / "certificates/parts/emblem.svg").read_bytes()
        resources["type.css"] = (shipped("templates") / "materials/print/type.css").read_bytes()
        style = templating.styles(PRINT).get_template("paper.css").render(_style(language, size, purpose))
        resources["paper.css"] = style.encode()
        page = _page(paper, language, size)
        if purpose == "sheet":
            resources["code.svg"] = qr.draw(paper.scanned, error="q").svg()
        return templating.pages(PRINT).get_template(f"{purpose}.html").render(page), resources


def marks_of(paper: PaperFacts) -> list[str]:
    """What stands in the foot of every page until it is no longer true."""
    marks = [_("Demonstration")] if paper.demonstration else []
    return [*marks, _("Awaiting native review")] if paper.awaiting else marks


def _style(language: Language, size: str, purpose: str) -> dict[str, Any]:
    points, lead = TYPE[size][language.script]
    rtl = language.direction == "rtl"
    return {
        "points": points,
        "lead": lead,
        "large": size == "large",
        "sheet": purpose == "sheet",
        "rtl": rtl,
        "digits": "persian" if language.digits[0] != "0" else "decimal",
        "family": FAMILIES[language.script],
    }


def _page(paper: PaperFacts, language: Language, size: str) -> dict[str, Any]:
    rows = booklets.rows(paper.sheet)
    items = [MAY_LACK | item for item in paper.sheet["items"]]
    return {
        "paper": paper,
        "language": language,
        "large": size == "large",
        "letters": booklets.letters(language.script),
        "marks_of_page": marks_of(paper),
        "printed_code": booklets.grouped(paper.code),
        "printed_digest": f"{paper.digest[:4]} {paper.digest[4:8]}",
        "items": items,
        "bubble_columns": bubble_columns([row for row in rows if row.bubbles], size),
        "fields": [row for row in rows if not row.bubbles],
        "by_item": {item["item"]: item for item in items},
        "time": duration_text(timedelta(minutes=paper.minutes)),
        "Kind": Kind,
        "Fill": Fill,
        "lines_for": lines_for,
        "pieces": booklets.pieces,
        "told": answers.told,
        "gaps_in_order": booklets.gaps_in_order,
    }


def bubble_columns(rows: Sequence[Row], size: str) -> list[list[Row]]:
    """The rows of circles in as many columns as their letters leave room for, each column read downwards."""
    narrow = all(len(row.names) <= MOST_BUBBLES[size] for row in rows)
    count = COLUMNS[size][0 if narrow else 1]
    each = -(-len(rows) // count) or 1
    each += -each % 5 if each > 5 else 0  # a line is drawn after every fifth
    return [list(rows[start : start + each]) for start in range(0, len(rows), each)]


def lines_for(points: int) -> int:
    """How many lines a written answer is given."""
    return min(MOST_LINES, LINES_AT_LEAST + LINES_A_POINT * points)


def _drawings(paper: PaperFacts) -> dict[str, bytes]:
    """The drawings and pictures of a booklet by the names its page uses, and the grids that lie over them."""
    found: dict[str, bytes] = {}
    for item in paper.sheet["items"]:
        if item.get("figure"):
            found[f"{item['item']}.svg"] = figures.in_print(item["figure"]).encode()
        elif item.get("picture"):
            found[f"{item['item']}.picture"] = paper.pictures[item["picture"]["digest"]]
        if item["kind"] == Kind.HOTSPOT:
            found[f"{item['item']}-grid.svg"] = grid(item["columns"], item["rows"])
    return found


def grid(columns: int, rows: int) -> bytes:
    """The lines that lie over a drawing, stretched to it: dark on light, light on dark."""
    path = "".join(f"M{n} 0v{rows}" for n in range(columns + 1)) + "".join(f"M0 {n}h{columns}" for n in range(rows + 1))
    strokes = "".join(
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
        for colour, width in (("#fff", 0.07), ("#16262C", 0.025))
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {rows}" preserveAspectRatio="none">'
    return f"{head}{strokes}</svg>".encode()
