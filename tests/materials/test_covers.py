"""Titles on covers: no word is cut while there is a smaller type."""

import pytest

from lmsapp.materials import covers

TITLES = {
    "georgian": "იცანი, მოშორდი, შეატყობინე",
    "latin": "Tanı, uzaklaş, haber ver",
    "arabic": "بشناس، دور شو، خبر بده",
}


@pytest.mark.parametrize("script", TITLES)
def test_a_title_is_broken_between_words_only(script: str) -> None:
    title = covers.title(TITLES[script], script)
    assert " ".join(line.words for line in title.lines) == TITLES[script]


def test_a_word_too_long_for_any_type_is_cut_and_nothing_is_lost() -> None:
    word = "ა" * 30
    title = covers.title(word, "georgian")
    assert title.size == covers.SIZES[-1]
    assert "".join(line.words for line in title.lines) == word
