"""Reading numbers that people write: any digits, either decimal sign, spaces between thousands."""

from decimal import Decimal, InvalidOperation

_DIGITS = {ord(c): str(i % 10) for i, c in enumerate("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩")}
_SIGNS = {ord("٫"): ".", ord("−"): "-", **dict.fromkeys(map(ord, " \u00a0\u202f'’٬"))}
LONGEST = 30


def decimal(text: str) -> Decimal | None:
    """The number somebody wrote; None when it is none.

    One comma or one point alone is the decimal sign (`2,89`, `2.89`); a sign that stands more than once, or before the
    other, parts thousands (`2.890.000`, `1,234.5`).
    """
    plain = text.strip().translate(_DIGITS).translate(_SIGNS)
    if plain.count(",") > 1 and plain.count(".") > 1:
        return None
    for mark, other in ((",", "."), (".", ",")):
        if plain.count(mark) > 1 or (mark in plain and other in plain and plain.rfind(other) > plain.rfind(mark)):
            plain = plain.replace(mark, "")
    plain = plain.replace(",", ".")
    if not plain.isascii() or len(plain) > LONGEST:
        return None
    try:
        found = Decimal(plain)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < LONGEST else None
