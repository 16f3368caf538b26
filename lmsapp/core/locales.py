"""The registry of languages: one row a language; everything else asks here.

The public code stands in addresses, content files and stored values; the locale is Babel's (which knows Dari as `fa_AF`
only); the tag is BCP 47 for HTML. Own names are written by hand: CLDR would call Dari "Persian (Afghanistan)".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One language as this program uses it."""

    code: str
    locale: str
    tag: str
    name: str
    direction: str
    script: str
    digits: str
    calendar: str
    accepted: tuple[str, ...]


_LATIN, _PERSIAN = "0123456789", "۰۱۲۳۴۵۶۷۸۹"
LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("en", "en", "en", "English", "ltr", "latin", _LATIN, "gregorian", ("en",)),
        Language("az", "az", "az", "Azərbaycan dili", "ltr", "latin", _LATIN, "gregorian", ("az",)),
        Language("prs", "fa_AF", "fa-AF", "دری", "rtl", "arabic", _PERSIAN, "persian", ("prs", "fa")),
        Language("ps", "ps_AF", "ps", "پښتو", "rtl", "arabic", _PERSIAN, "persian", ("ps", "pbu", "pst", "pbt")),
        Language("tr", "tr", "tr", "Türkçe", "ltr", "latin", _LATIN, "gregorian", ("tr",)),
        Language("ka", "ka", "ka", "ქართული", "ltr", "georgian", _LATIN, "gregorian", ("ka",)),
    )
}
DEFAULT = LANGUAGES["en"]
_BY_SUBTAG = {subtag: language for language in LANGUAGES.values() for subtag in language.accepted}
_LONGEST_HEADER = 500


def language(code: str) -> Language:
    """The language with this public code; raises KeyError naming the known ones."""
    if code not in LANGUAGES:
        raise KeyError(f"{code!r} is none of {', '.join(LANGUAGES)}")
    return LANGUAGES[code]


def negotiate(accept_language: str | None) -> Language:
    """The best language for an Accept-Language header (RFC 9110, 12.5.4); English when none fits or the header is garbage."""
    wanted: list[tuple[float, int, Language]] = []
    for place, item in enumerate((accept_language or "")[:_LONGEST_HEADER].split(",")):
        tag, _, parameter = item.strip().partition(";")
        found = _BY_SUBTAG.get(tag.strip().partition("-")[0].lower())
        quality = _quality(parameter)
        if found is not None and quality > 0:
            wanted.append((-quality, place, found))
    return min(wanted, key=lambda w: w[:2])[2] if wanted else DEFAULT


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    value = value.strip()
    plain = value.replace(".", "", 1)
    return min(float(value), 1.0) if plain.isascii() and plain.isdigit() and len(value) < 8 else 0.0
