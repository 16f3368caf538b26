"""Dates, numbers and amounts as the reader writes them: her digits, her calendar, her time zone.

Babel gives the words; what it does not know stands here: Persian digits, Solar Hijri dates with the Afghan month names,
the percent as a word. Serials, codes and addresses are never passed through these functions: they keep Latin digits.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers
from babel.lists import format_list

from lmsapp.core.collation import solar_hijri
from lmsapp.core.dates import PartialDate
from lmsapp.core.locales import Language
from lmsapp.core.translations import current, gettext, ngettext

SOLAR_MONTHS = {
    "prs": ("حمل", "ثور", "جوزا", "سرطان", "اسد", "سنبله", "میزان", "عقرب", "قوس", "جدی", "دلو", "حوت"),
    "ps": ("وری", "غویی", "غبرګولی", "چنګاښ", "زمری", "وږی", "تله", "لړم", "لیندۍ", "مرغومی", "سلواغه", "کب"),
}
_TYPED = {ord(c): str(i % 10) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_MARKS = dict.fromkeys(map(ord, "\u200e\u200f\u061c"))
# CLDR's long form puts the year first in Pashto, the month first in English; we write day, month, year.
_DAY = {"ps": "d MMMM y", "prs": "d MMMM y", "en": "d MMMM y"}
_MONTH = {"ka": "MMMM, y"}


def latin_digits(text: str) -> str:
    """What somebody typed, with Persian and Arabic digits made Latin."""
    return text.translate(_TYPED)


def native_digits(text: str, language: Language | None = None) -> str:
    """Latin digits turned into those of the language; everything else stays."""
    digits = (language or current()).digits
    return text.translate({ord("0") + i: digits[i] for i in range(10)}) if digits[0] != "0" else text


def between_text() -> str:
    """What separates facts on one line: a dot, but a semicolon where the digits' nought is a dot itself."""
    return " · " if current().digits[0] == "0" else "؛ "


@dataclass(frozen=True)
class DateText:
    """A date in the reader's calendar and, where that is not Gregorian, the Gregorian one beside it."""

    primary: str
    secondary: str = ""

    def __str__(self) -> str:
        return f"{self.primary} ({self.secondary})" if self.secondary else self.primary


def date_text(day: date | PartialDate, language: Language | None = None, calendar: str = "") -> DateText:
    """A whole or partial date. A month or year alone is given in the Gregorian calendar only: it has no exact twin."""
    spoken = language or current()
    known = day if isinstance(day, PartialDate) else PartialDate.of(day)
    gregorian = _gregorian(known, spoken)
    if (calendar or spoken.calendar) != "persian" or known.precision != "day":
        return DateText(gregorian)
    year, month, number = solar_hijri(known.first_day)
    names = SOLAR_MONTHS.get(spoken.code) or SOLAR_MONTHS["prs"]
    return DateText(native_digits(f"{number} {names[month - 1]} {year}", spoken), gregorian)


def span_text(first: date, last: date, language: Language | None = None, calendar: str = "") -> DateText:
    """From one day to another, the parts they share said once: 9–20 November 2026."""
    spoken = language or current()
    if first == last:
        return date_text(first, spoken, calendar)
    gregorian = _span(
        (first.year, first.month, first.day),
        (last.year, last.month, last.day),
        lambda m: _month_name(m, spoken),
        spoken,
    )
    if (calendar or spoken.calendar) != "persian":
        return DateText(gregorian)
    names = SOLAR_MONTHS.get(spoken.code) or SOLAR_MONTHS["prs"]
    return DateText(_span(solar_hijri(first), solar_hijri(last), lambda m: names[m - 1], spoken), gregorian)


def time_text(moment: datetime, zone: str, language: Language | None = None) -> str:
    """Hours and minutes in the reader's zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return native_digits(
        f"{local.hour}:{local.minute:02d}" if (language or current()).code != "en" else f"{local:%H:%M}", language
    )


def moment_text(moment: datetime, zone: str, language: Language | None = None, calendar: str = "") -> str:
    """Date and time in the reader's zone."""
    local = moment.astimezone(ZoneInfo(zone))
    comma = "،" if (language or current()).script == "arabic" else ","
    return f"{date_text(local.date(), language, calendar).primary}{comma} {time_text(moment, zone, language)}"


def moments_text(
    first: datetime, last: datetime, zone: str, language: Language | None = None, calendar: str = ""
) -> str:
    """From one moment to another in the reader's zone; the day is said once when it is the same."""
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in (first, last)]
    end = time_text(last, zone, language) if days[0] == days[1] else moment_text(last, zone, language, calendar)
    return f"{moment_text(first, zone, language, calendar)} – {end}"


def weekday_text(day: date, language: Language | None = None) -> str:
    """The name of the day of the week."""
    return dates.format_date(day, "EEEE", locale=(language or current()).locale)


def month_names(language: Language | None = None) -> list[tuple[int, str]]:
    """The Gregorian months by number."""
    spoken = language or current()
    return [(m, dates.format_date(date(2000, m, 1), "MMMM", locale=spoken.locale)) for m in range(1, 13)]


def number_text(
    value: float | Decimal | Fraction, decimals: int | None = None, language: Language | None = None
) -> str:
    """A number with the reader's digits and separators; `decimals` cuts or fills, None shows at most two."""
    exact = Decimal(value.numerator) / value.denominator if isinstance(value, Fraction) else Decimal(str(value))
    return _number(str(exact), decimals, language or current())


@lru_cache(maxsize=4096)
def _number(exact: str, decimals: int | None, spoken: Language) -> str:
    """The same few numbers stand on a page again and again, and Babel reads its pattern anew each time."""
    pattern = "#,##0.##" if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    text = numbers.format_decimal(Decimal(exact), pattern, locale=spoken.locale, numbering_system="default")
    return native_digits(_true_minus(text), spoken)


def compact_text(value: int, language: Language | None = None) -> str:
    """A large round number in short, as the language shortens it: 3M, 500K."""
    spoken = language or current()
    text = numbers.format_compact_decimal(value, locale=spoken.locale, numbering_system="default")
    return native_digits(text.translate(_MARKS), spoken)


def percent_text(
    value: float | Decimal | Fraction, language: Language | None = None, decimals: int | None = None
) -> str:
    """A percentage (80 for 80 %): as a word in Dari and Pashto, before the number in Turkish."""
    spoken = language or current()
    shown = number_text(value, decimals, spoken)
    return {"prs": f"{shown} فیصد", "ps": f"{shown} سلنه", "tr": f"%{shown}"}.get(spoken.code, f"{shown}%")


def money_text(amount: Decimal, symbol: str, language: Language | None = None) -> str:
    """An exact amount with a true minus; the currency as its source writes it."""
    shown = number_text(abs(amount), 0 if amount == amount.to_integral_value() else 2, language)
    return f"{'−' if amount < 0 else ''}{symbol}{shown}"


def size_text(octets: int, language: Language | None = None) -> str:
    """A file's size in kB or MB (powers of ten)."""
    if octets < 1_000_000:
        return f"{number_text(max(1, round(octets / 1000)), 0, language)} kB"
    return f"{number_text(Decimal(octets) / 1_000_000, 1, language)} MB"


def duration_text(span: timedelta) -> str:
    """A duration in words: minutes below two hours, hours below two days, else days."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 120:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes, num=number_text(minutes))
    if minutes < 48 * 60:
        return ngettext("%(num)s hour", "%(num)s hours", minutes // 60, num=number_text(minutes // 60))
    return ngettext("%(num)s day", "%(num)s days", minutes // 1440, num=number_text(minutes // 1440))


def left_text(span: timedelta) -> str:
    """What is left of a span: “32 minutes left”, “3 days left”."""
    return gettext("%(span)s left", span=duration_text(span))


def list_text(parts: list[str], language: Language | None = None, *, either: bool = False) -> str:
    """Parts joined as the language joins them: all of them, or either of them."""
    spoken = language or current()
    if either and spoken.code == "ps":  # CLDR has no Pashto word for it
        return " یا ".join(parts)
    return format_list(parts, style="or" if either else "standard", locale=spoken.locale) if parts else ""


def person_number_text(number: str) -> str:
    """A person number in two groups, in Latin digits."""
    return f"{number[:4]} {number[4:]}"


def country_text(code: str, language: Language | None = None) -> str:
    """The name of a country by its ISO 3166 code; the code itself when it is unknown."""
    spoken = language or current()
    own = {("TR", "en"): "Turkey"}.get((code, spoken.code))
    return own or Locale.parse(spoken.locale).territories.get(code, code)


def country_names(language: Language | None = None) -> list[tuple[str, str]]:
    """All countries by code, sorted by their name; neighbours and partners first."""
    first = ["AZ", "GE", "TR", "AF", "HR"]
    territories = {str(code): name for code, name in Locale.parse((language or current()).locale).territories.items()}
    rest = sorted(
        (
            c
            for c in territories
            if len(c) == 2 and c.isalpha() and c not in {*first, "ZZ", "EU", "UN", "EZ", "XA", "XB", "QO"}
        ),
        key=lambda c: territories[c],
    )
    return [(code, country_text(code, language)) for code in [*first, *rest]]


def _gregorian(known: PartialDate, spoken: Language) -> str:
    if known.precision == "year":
        return native_digits(str(known.year), spoken)
    pattern = _MONTH.get(spoken.code, "MMMM y") if known.precision == "month" else _DAY.get(spoken.code, "long")
    text = dates.format_date(known.first_day, pattern, locale=spoken.locale)
    return native_digits(text.translate(_MARKS), spoken)


@lru_cache(maxsize=72)
def _month_name(month: int, spoken: Language) -> str:
    return dates.format_date(date(2000, month, 1), "MMMM", locale=spoken.locale)


def _span(first: tuple[int, int, int], last: tuple[int, int, int], name: object, spoken: Language) -> str:
    months = [name(m) for m in (first[1], last[1])]  # type: ignore[operator]
    comma = "," if spoken.code == "ka" else ""
    if first[0] != last[0]:
        text = f"{first[2]} {months[0]}{comma} {first[0]} – {last[2]} {months[1]}{comma} {last[0]}"
    elif first[1] != last[1]:
        text = f"{first[2]} {months[0]} – {last[2]} {months[1]}{comma} {last[0]}"
    else:
        text = f"{first[2]}–{last[2]} {months[0]}{comma} {last[0]}"
    return native_digits(text, spoken)


def _true_minus(text: str) -> str:
    return text.translate(_MARKS).replace("-", "−")
