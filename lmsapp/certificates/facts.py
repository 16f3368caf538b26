"""What a certificate says, as plain values, and how one of its two languages says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from lmsapp.core.formatting import date_text, native_digits, number_text, percent_text, span_text
from lmsapp.core.locales import Language, language

Kind = Literal["attendance", "achievement", "qualification"]
Texts = Mapping[str, str]  # by public language code
POINTS_A_COLUMN = 2


@dataclass(frozen=True)
class Signatory:
    """Who signs: the name as printed, the office in both languages."""

    name: str
    office: Texts


@dataclass(frozen=True)
class CertificateFacts:
    """Everything printed. Texts are given in both languages: the agency's or English, then the holder's.

    `descent` is the whole phrase ("son of …") or absent; `points` are topics, or competencies of a qualification;
    `result` is a percentage; `qr` is the signed payload's link, `address` where the printed code is typed in.
    """

    kind: Kind
    languages: tuple[str, str]
    issuer: Texts
    unit: Texts
    name: Texts
    person_number: str
    course_code: str
    course: Texts
    held: tuple[date, date]
    hours: Decimal | int
    issued: date
    place: Texts
    points: Mapping[str, Sequence[str]]
    signatories: tuple[Signatory, Signatory]
    serial: str
    code: str
    address: str
    qr: str
    result: Fraction | Decimal | int | None = None
    valid_until: date | None = None
    descent: Texts = field(default_factory=dict)
    awaiting_review: bool = False
    demonstration: bool = False


@dataclass(frozen=True)
class Row:
    """One fact: its label, value and, where calendars differ, the Gregorian date under it."""

    label: str
    value: str
    second: str = ""
    field: str = ""


@dataclass(frozen=True)
class Side:
    """One language's half of the sheet."""

    language: Language
    place: str  # "a" the left column, "b" the right
    issuer: str
    unit: str
    title: str
    certify: str
    statement: str
    course: str
    rows: Mapping[str, Row]
    points_heading: str
    points: Sequence[Sequence[tuple[str, str]]]
    person: str
    seal: str
    serial_label: str
    code_label: str


def side(facts: CertificateFacts, code: str, words: Mapping[str, Any]) -> Side:
    """The half of one language, every value as its readers write it; `words` are the fixed ones of that language.

    The first language stands where its readers begin: on the left, or on the right when it runs right to left.
    """
    spoken = language(code)
    first_on_left = language(facts.languages[0]).direction == "ltr"
    return Side(
        language=spoken,
        place="a" if (code == facts.languages[0]) == first_on_left else "b",
        issuer=facts.issuer[code],
        unit=facts.unit[code],
        title=words["titles"][facts.kind],
        certify=words["certify"],
        statement=words["statements"][facts.kind],
        course=facts.course[code],
        rows=_rows(facts, spoken, words["labels"]),
        points_heading=words["points"][facts.kind],
        points=_columns(facts.points.get(code, ()), spoken),
        person=" · ".join(part for part in (facts.descent.get(code), words["person_number"]) if part),
        seal=words["seal"],
        serial_label=words["serial"],
        code_label=words["code"],
    )


def _rows(facts: CertificateFacts, spoken: Language, labels: Texts) -> dict[str, Row]:
    held = span_text(*facts.held, spoken)
    issued = date_text(facts.issued, spoken)
    rows = {
        "held": Row(labels["held"], held.primary, held.secondary),
        "hours": Row(labels["hours"], number_text(facts.hours, language=spoken)),
        "issued": Row(labels["issued"], issued.primary, issued.secondary),
        "place": Row(labels["place"], facts.place[spoken.code]),
    }
    if facts.result is not None:
        rows["result"] = Row(labels["result"], percent_text(facts.result, spoken))
    if facts.valid_until is not None:
        until = date_text(facts.valid_until, spoken)
        rows["valid_until"] = Row(labels["valid_until"], until.primary, until.secondary)
    return rows


def _columns(points: Sequence[str], spoken: Language) -> list[list[tuple[str, str]]]:
    """Numbered points in two columns, read down the first and then the second, as lines across both."""
    numbered = [(native_digits(str(number), spoken), text) for number, text in enumerate(points, start=1)]
    height = -(-len(numbered) // POINTS_A_COLUMN)
    return [numbered[line::height] for line in range(height)]
