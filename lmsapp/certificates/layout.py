"""Facts to HTML: the base page of a cohort and language pair, the overlay of one holder, and what both refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from lmsapp.certificates import serials
from lmsapp.certificates.facts import CertificateFacts, Row, Side, side
from lmsapp.core import qr, templating, yaml
from lmsapp.core.formatting import person_number_text
from lmsapp.core.locales import Language
from lmsapp.core.paths import shipped

LONG_TITLE, LONG_SECOND_TITLE = 24, 27  # letters
LEDGER, MIDDLE = (48, 24, 32), 33  # mm: three facts a column, the space between the columns
NAME_SIZES = ((36, "two"), (24, "long"))  # more letters than these: two smaller lines; one step smaller
MICROTEXT_TIMES = 5  # serials in the 24 mm of their place
NUMERALS = "0123456789-·"  # of every holder's number and microtext
MARKS = f"{serials.CROCKFORD}-%"  # of every holder's serial, code and result
MICROTEXT_LETTERS = 900  # more than the 110 mm on either side of it hold


@dataclass(frozen=True)
class Sheet:
    """One certificate for `core.pdf.stamp`: the cohort's page, the holder's words over it, her code, the drawings."""

    base: str
    overlay: str
    specimen: str
    overlay_style: str
    codes: Mapping[str, tuple[qr.Code, str]]
    resources: Mapping[str, bytes]


@dataclass(frozen=True)
class Design:
    """A kind's look: its version, the ledger's rows, the fields set anew for every holder, its drawings."""

    version: int
    facts: Sequence[Sequence[str | None]]
    stamped: frozenset[str]
    parts: Sequence[str]


@dataclass(frozen=True)
class Field:
    """A place on the page: its id, style classes, language if it has one, words, and a Latin code after them.

    `size` is a class of the words, not of the place: the base of a cohort must not differ by the length of a name.
    """

    id: str
    style: str
    language: Language | None
    words: str
    code: str = ""
    size: str = ""


def html_of(facts: CertificateFacts) -> Sheet:
    """The two layers and everything they refer to. Raises ValueError when the code's text is too long to print."""
    page = _page(facts)
    code = qr.code(facts.qr)
    return Sheet(
        base=_template(f"designs/{facts.kind}/page.html", page, layer="base"),
        overlay=_template("parts/overlay.html", page),
        specimen=_template("parts/overlay.html", {**page, "title": "", "fields": _specimens(page["fields"])}),
        overlay_style=_style(),
        codes={"qr": (code, words(facts.languages[0])["qr"])},
        resources=_drawings(facts.kind),
    )


def whole_of(facts: CertificateFacts) -> tuple[str, dict[str, bytes]]:
    """The same page in one layer for `core.pdf.render`, with its resources: dear, and what two layers must equal."""
    page = _page(facts)
    code = qr.code(facts.qr)
    html = _template(f"designs/{facts.kind}/page.html", page, layer="whole", code_side=code.side)
    return html, {**_drawings(facts.kind), "qr.svg": code.svg()}


@cache
def design(kind: str) -> Design:
    """The design of a kind as its `design.yaml` describes it."""
    said = yaml.read(_part(f"designs/{kind}/design.yaml").decode())
    return Design(said["version"], said["facts"], frozenset(said["stamped"]), said["parts"])


@cache
def words(code: str) -> dict[str, Any]:
    """The fixed words of certificates in one language."""
    said: dict[str, Any] = yaml.read(_part(f"words/{code}.yaml").decode())
    return said


def _page(facts: CertificateFacts) -> dict[str, Any]:
    """Everything the templates say."""
    look = design(facts.kind)
    sides = tuple(side(facts, code, words(code)) for code in facts.languages)
    columns = sorted(sides, key=lambda one: one.place)
    airy = all(one.language.direction == "ltr" for one in sides)
    stamped = _stamped(facts, sides, look)
    first = words(facts.languages[0])
    return {
        "title": f"{sides[0].title} {facts.serial}",
        "course_code": facts.course_code,
        "address": facts.address,
        "signatories": facts.signatories,
        "sides": sides,
        "columns": columns,
        "widths": [*_widths(columns[0]), MIDDLE, *_widths(columns[1])],
        "fields": stamped,
        "lines": [_line(row, columns, stamped) for row in look.facts],
        "airy": airy,
        "long_titles": any(len(one.title) > (LONG_TITLE if one is sides[0] else LONG_SECOND_TITLE) for one in sides),
        "marks": [
            [(one, words(one.language.code)[name]) for one in sides]
            for name in ("demonstration", "awaiting_review")
            if getattr(facts, name)
        ],
        "ghost": first["ghost"] if facts.demonstration else "",
        "code_words": first["qr"],
        "microtext": _microtext(facts, sides),
    }


def _specimens(fields: Mapping[str, Field]) -> dict[str, Field]:
    """The fields of nobody in particular: what is known beforehand of the letters in them; names are not."""
    said = {}
    for name, one in fields.items():
        if one.code and one.language:
            said[name] = replace(one, words=words(one.language.code)["person_number"], code=NUMERALS)
        elif name.startswith("artifact"):
            said[name] = replace(one, words=NUMERALS)
        elif not name.startswith("name"):
            said[name] = replace(one, words=MARKS)
    return said


def _line(
    names: Sequence[str | None], columns: Sequence[Side], fields: Mapping[str, Field]
) -> list[tuple[Side, Row | None]]:
    """One row of the ledger across both columns; the cells of a right-to-left one stand in reverse."""
    cells: list[tuple[Side, Row | None]] = []
    for one in columns:
        half = [(one, _row(one, name, fields)) for name in names]
        cells += reversed(half) if one.language.direction == "rtl" else half
    return cells


def _widths(one: Side) -> tuple[int, ...]:
    return LEDGER[::-1] if one.language.direction == "rtl" else LEDGER


def _row(one: Side, name: str | None, fields: Mapping[str, Field]) -> Row | None:
    row = one.rows.get(name or "")
    place = f"{name}-{one.place}"
    return replace(row, field=place) if row and place in fields else row


def _stamped(facts: CertificateFacts, sides: Sequence[Side], look: Design) -> dict[str, Field]:
    """What is set anew for this holder, by the ids of its places."""
    made = _holder(facts, sides)
    for one in sides:
        made += [
            Field(f"{name}-{one.place}", "v", one.language, row.value)
            for name, row in one.rows.items()
            if name in look.stamped
        ]
    made += [Field("serial", "serial", None, facts.serial), Field("code", "check", None, facts.code)]
    microtext = " · ".join([facts.serial] * MICROTEXT_TIMES)  # a space at the end would cost six settings of the line
    made += [Field(f"artifact-{place}", f"micro {place}", None, microtext) for place in ("over", "under")]
    return {one.id: one for one in made}


def _holder(facts: CertificateFacts, sides: Sequence[Side]) -> list[Field]:
    """The holder's name and number; a name that is the same in both languages stands once on the axis."""
    number = person_number_text(facts.person_number)
    names = [facts.name[one.language.code] for one in sides]
    alike = names[0] == names[1]
    made = []
    for one, name in zip(sides[:1] if alike else sides, names, strict=False):
        place, ending = ("one", "") if alike else (one.place, f"-{one.place}")
        size = next((style for letters, style in NAME_SIZES if len(name) > letters), "")
        made += [
            Field(f"name{ending}", f"name display {place}", one.language, name, size=size),
            Field(f"person{ending}", f"person {place}", one.language, one.person, number),
        ]
    return made


def _microtext(facts: CertificateFacts, sides: Sequence[Side]) -> str:
    """The issuer again and again, in English or at least in letters that run left to right where the sheet has them."""
    in_order = sorted(sides, key=lambda one: (one.language.code != "en", one.language.direction != "ltr"))
    once = facts.issuer[in_order[0].language.code] + " · "
    return once * (1 + MICROTEXT_LETTERS // len(once))


@cache
def _drawings(kind: str) -> dict[str, bytes]:
    """Style sheets and drawings of a kind by the names its pages use."""
    given = {f"{name}.css": _part(f"parts/{name}.css") for name in ("type", "fields", "sheet")}
    given["style.css"] = _part(f"designs/{kind}/style.css")
    given["border.svg"] = _part(f"designs/{kind}/border.svg")
    return given | {f"{name}.svg": _part(f"parts/{name}.svg") for name in design(kind).parts}


@cache
def _style() -> str:
    return "".join(_part(f"parts/{name}.css").decode() for name in ("type", "fields"))


def _part(name: str) -> bytes:
    return (_folder() / name).read_bytes()


def _folder() -> Path:
    return shipped("templates") / "certificates"


def _template(name: str, page: Mapping[str, Any], **more: object) -> str:
    return templating.pages("certificates").get_template(name).render(page, **more)
