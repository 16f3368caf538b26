"""Order and search across six alphabets, and the Solar Hijri calendar: the one module that knows ICU.

There is no fallback: stored sort keys must not depend on the machine. Each name's key is made by the collation of its own
language, behind its script, so that a mixed list keeps scripts together and both databases agree.
"""

import unicodedata
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

from lmsapp.core.locales import language

_COLLATIONS = {"en": "en", "az": "az", "prs": "fa_AF", "ps": "ps", "tr": "tr", "ka": "ka"}
_KEY_BYTES = 400
_SCRIPTS = ("latin", "georgian", "arabic")

# What is one letter to whoever searches: Arabic and Persian forms, Azerbaijani and Turkish letters typed without marks.
_SAME = str.maketrans(
    {
        "ي": "ی",
        "ى": "ی",
        "ې": "ی",
        "ۍ": "ی",
        "ئ": "ی",
        "ے": "ی",
        "ك": "ک",
        "ګ": "گ",
        "ة": "ه",
        "ۀ": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ə": "e",
        "Ə": "e",
        "ǝ": "e",
        "ı": "i",
        "İ": "i",
        "I": "i",
        "ß": "ss",
        "đ": "d",
        "Đ": "d",
        "ø": "o",
        "ł": "l",
        "‘": "",
        "’": "",
        "'": "",
        "ʼ": "",
    }
)
_DIGITS = {ord(c): str(i % 10) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_DROPPED = {0x0640, 0x200C, 0x200D, 0x200E, 0x200F, 0x061C, 0x00AD, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """The form in which texts are searched: without case, marks, joiners and the differences typing makes."""
    plain = unicodedata.normalize("NFKC", text).translate(_SAME)
    spread = unicodedata.normalize("NFD", plain)
    kept = "".join(c for c in spread if not unicodedata.combining(c) and ord(c) not in _DROPPED)
    folded = kept.translate(_SAME).translate(_DIGITS)
    small = "".join(chr(ord(c) - 0x1C90 + 0x10D0) if 0x1C90 <= ord(c) <= 0x1CBF else c for c in folded).lower()
    return " ".join("".join(c if c.isalnum() or c in "@.-" else " " for c in small).split())


def sort_key(text: str, code: str) -> str:
    """A storable key (hexadecimal) that sorts names as the alphabet of their language does.

    Its script stands first: each collation puts its own script before the others, and lists would interleave.
    """
    spoken = language(code)
    key = _collator(spoken.code).getSortKey(text)[:_KEY_BYTES]
    return f"{_SCRIPTS.index(spoken.script)}{bytes(key).hex()}"


def solar_hijri(day: date) -> tuple[int, int, int]:
    """Year, month (1 حمل … 12 حوت) and day of a Gregorian date in the Solar Hijri calendar, by ICU."""
    calendar, fields = _persian(), _icu().UCalendarDateFields
    calendar.setTime(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())
    return calendar.get(fields.YEAR), calendar.get(fields.MONTH) + 1, calendar.get(fields.DATE)


@cache
def _icu() -> Any:
    import icu  # noqa: PLC0415 - 30 MB that many commands never need

    return icu


@cache
def _collator(code: str) -> Any:
    icu = _icu()
    return icu.Collator.createInstance(icu.Locale(_COLLATIONS[code]))


@cache
def _persian() -> Any:
    icu = _icu()
    return icu.Calendar.createInstance(icu.TimeZone.getGMT(), icu.Locale("fa_AF@calendar=persian"))
