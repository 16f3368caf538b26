"""Dates, numbers and amounts as six languages write them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmsapp.core import formatting
from lmsapp.core.collation import fold, solar_hijri, sort_key
from lmsapp.core.dates import PartialDate
from lmsapp.core.locales import LANGUAGES, negotiate
from lmsapp.core.translations import use


@pytest.mark.parametrize(
    ("gregorian", "solar"),
    [
        (date(2012, 12, 5), (1391, 9, 15)), (date(2025, 3, 20), (1403, 12, 30)), (date(2025, 3, 21), (1404, 1, 1)),
        (date(2024, 3, 20), (1403, 1, 1)), (date(2021, 3, 21), (1400, 1, 1)), (date(2029, 3, 20), (1408, 1, 1)),
    ],
)  # fmt: skip
def test_solar_hijri_dates_are_right_in_leap_years_too(gregorian: date, solar: tuple[int, int, int]) -> None:
    assert solar_hijri(gregorian) == solar


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "5 December 2012"), ("az", "5 dekabr 2012"), ("tr", "5 Aralık 2012"), ("ka", "5 დეკემბერი, 2012"),
        ("prs", "۱۵ قوس ۱۳۹۱ (۵ دسمبر ۲۰۱۲)"), ("ps", "۱۵ لیندۍ ۱۳۹۱ (۵ دسمبر ۲۰۱۲)"),
    ],
)  # fmt: skip
def test_a_day_in_six_languages(code: str, text: str) -> None:
    assert str(formatting.date_text(date(2012, 12, 5), LANGUAGES[code])) == text


@pytest.mark.parametrize(
    ("code", "text"), [("en", "April 2009"), ("tr", "Nisan 2009"), ("ka", "აპრილი, 2009"), ("prs", "اپریل ۲۰۰۹")]
)
def test_a_month_alone_is_shown_as_a_month(code: str, text: str) -> None:
    assert str(formatting.date_text(PartialDate.parse("2009-04"), LANGUAGES[code])) == text


@pytest.mark.parametrize(
    ("code", "number", "percent", "money"),
    [
        ("en", "1,234,567.89", "80%", "−$2,743"), ("az", "1.234.567,89", "80%", "−$2.743"), ("tr", "1.234.567,89", "%80", "−$2.743"),
        ("prs", "۱٬۲۳۴٬۵۶۷٫۸۹", "۸۰ فیصد", "−$۲٬۷۴۳"), ("ps", "۱٬۲۳۴٬۵۶۷٫۸۹", "۸۰ سلنه", "−$۲٬۷۴۳"),
    ],
)  # fmt: skip
def test_numbers_percents_and_negative_amounts(code: str, number: str, percent: str, money: str) -> None:
    language = LANGUAGES[code]
    assert formatting.number_text(Decimal("1234567.89"), language=language) == number
    assert formatting.percent_text(80, language) == percent
    assert formatting.money_text(Decimal(-2743), "$", language) == money


def test_a_span_says_what_both_days_share_once() -> None:
    assert str(formatting.span_text(date(2026, 11, 9), date(2026, 11, 20), LANGUAGES["en"])) == "9–20 November 2026"
    assert (
        str(formatting.span_text(date(2026, 10, 30), date(2026, 11, 2), LANGUAGES["en"]))
        == "30 October – 2 November 2026"
    )


def test_time_left_is_said_in_words() -> None:
    with use("en"):
        assert formatting.left_text(timedelta(minutes=32, seconds=50)) == "32 minutes left"
        assert formatting.left_text(timedelta(days=3)) == "3 days left"


@pytest.mark.parametrize(
    ("typed", "written"),
    [("minalanmis", "Minalanmış"), ("ığdır", "IĞDIR"), ("erazi", "Ərazi"), ("علي رضا", "علی رضا"), ("كريمي", "کریمی"), ("ილია", "ᲘᲚᲘᲐ"), ("علیرضا", "علی‌رضا")],
)  # fmt: skip
def test_a_name_is_found_however_it_was_typed(typed: str, written: str) -> None:
    assert fold(typed) == fold(written)


def test_names_sort_by_the_alphabet_of_their_language() -> None:
    az = ["a", "c", "ç", "e", "ə", "h", "x", "ı", "i", "k", "q", "l", "o", "ö"]
    assert sorted(reversed(az), key=lambda n: sort_key(n, "az")) == az
    ps = ["ت", "ټ", "د", "ډ"]
    assert sorted(reversed(ps), key=lambda n: sort_key(n, "ps")) == ps


def test_a_mixed_list_keeps_scripts_together() -> None:
    names = [("Əli", "az"), ("ანა", "ka"), ("ზურაბ", "ka"), ("احسان", "ps"), ("فریده", "prs")]
    shuffled = [names[i] for i in (3, 1, 0, 4, 2)]
    assert sorted(shuffled, key=lambda n: sort_key(*n)) == names


def test_alternatives_are_joined_as_the_language_joins_them() -> None:
    said = {code: formatting.list_text(["MAF-101", "DEM-110"], LANGUAGES[code], either=True) for code in LANGUAGES}
    assert said["en"] == "MAF-101 or DEM-110"
    assert said["prs"] == said["ps"] == "MAF-101 یا DEM-110"
    assert said["tr"] == "MAF-101 veya DEM-110"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "en"), ("", "en"), ("prs", "prs"), ("prs-AF,en;q=0.5", "prs"), ("fa-AF", "prs"), ("fa", "prs"), ("pbu", "ps"), ("pst", "ps"),
        ("az-Latn-AZ", "az"), ("de,tr;q=0.3,en;q=0.2", "tr"), ("en;q=0.1,ka;q=0.9", "ka"), ("ka;q=0,tr;q=0.1", "tr"),
        (";;;,q=,\x00", "en"), ("x" * 100000, "en"), ("ka;q=nonsense,tr", "tr"),
    ],
)  # fmt: skip
def test_the_language_is_negotiated(header: str | None, code: str) -> None:
    assert negotiate(header).code == code


@given(st.text(max_size=200))
def test_no_header_breaks_the_negotiation(header: str) -> None:
    assert negotiate(header).code in LANGUAGES


@pytest.mark.parametrize("text", ["2009", "2009-04", "2009-04-05"])
def test_partial_dates_are_kept_as_they_were_said(text: str) -> None:
    assert str(PartialDate.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "9", "2009-4", "2009-13", "2009-02-30", "2009-04-05-06", "0000-01-01", "april 2009"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PartialDate.parse(text)
