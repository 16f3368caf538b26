"""Catalogues: whole in every language, and the check sees each way in which one is not."""

import shutil
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from lmsapp.core.locales import LANGUAGES
from lmsapp.upkeep import catalogues

LOCALES = [one.locale for one in LANGUAGES.values() if one.code != "en"]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "translations"
    shutil.copytree(catalogues.ROOT / "translations", folder)
    return folder


def spoil(folder: Path, locale: str, old: str, new: str) -> None:
    path = catalogues.po_of(locale, folder)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def msgstr(folder: Path, locale: str, message: str) -> str:
    with catalogues.po_of(locale, folder).open("rb") as file:
        found = read_po(file, locale=locale).get(message)
    assert found is not None
    return str(found.string)


def test_every_message_is_translated_into_every_language() -> None:
    assert list(catalogues.problems(catalogues.ROOT / "translations")) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_one_translation_taken_away_is_named(copied: Path, locale: str) -> None:
    said = msgstr(copied, locale, "Cohorts")
    spoil(copied, locale, f'msgid "Cohorts"\nmsgstr "{said}"', 'msgid "Cohorts"\nmsgstr ""')
    assert list(catalogues.problems(copied)) == [f"{locale}: missing: Cohorts"]


def test_a_placeholder_that_was_lost_is_named(copied: Path) -> None:
    said = msgstr(copied, "ka", "%(hours)s hours")
    spoil(copied, "ka", f'msgstr "{said}"', 'msgstr "საათი"')
    assert any("%(hours)s hours" in line for line in catalogues.problems(copied))


def test_refreshing_keeps_every_translation_and_both_plural_forms(copied: Path) -> None:
    before = {locale: catalogues.po_of(locale, copied).read_bytes() for locale in LOCALES}
    catalogues.refresh(copied)
    assert {locale: catalogues.po_of(locale, copied).read_bytes() for locale in LOCALES} == before
