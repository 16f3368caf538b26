"""Person numbers: eight digits, the last a check digit by ISO 7064 MOD 11,10."""

from lmsapp.core.formatting import latin_digits


def check_digit(first_seven: str) -> str:
    """The eighth digit for seven given ones (ISO/IEC 7064:2003, MOD 11,10)."""
    product = 10
    for digit in first_seven:
        total = (product + int(digit)) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def number_of(serial: int) -> str:
    """The person number of the `serial`th person (1 … 9 999 999)."""
    if not 0 < serial < 10_000_000:
        raise ValueError(f"{serial} has no place in seven digits")
    first_seven = f"{serial:07d}"
    return first_seven + check_digit(first_seven)


def read_number(typed: str) -> str | None:
    """The number somebody typed in any digits, with blanks or hyphens; None when it is none of ours."""
    plain = latin_digits(typed).replace(" ", "").replace("-", "").replace("\u00a0", "")
    right = len(plain) == 8 and plain.isascii() and plain.isdigit() and check_digit(plain[:7]) == plain[7]
    return plain if right else None
