"""Codes keep their module size: a longer text makes a larger code."""

import pytest

from lmsapp.core import qr


@pytest.mark.parametrize(("letters", "version"), [(296, 13), (340, 14), (400, 15), (440, 16)])
def test_a_longer_text_makes_a_larger_code_of_modules_that_still_read(letters: int, version: int) -> None:
    code = qr.code("a" * letters)
    modules = 17 + 4 * version + 2 * qr.QUIET
    assert (code.version, len(code.rows)) == (version, modules)
    assert code.side / modules >= qr.LEAST_MODULE - 0.001


def test_the_two_forms_agree() -> None:
    code = qr.code("https://verify.example.org/v#abc")
    size = len(code.rows)
    for y, row in enumerate(code.rows):
        assert code.bits()[qr.FINE * y * size :][:size] == bytes(255 * module for module in row)
    assert len(code.bits()) == qr.FINE * size * size
    assert sum(length for _, _, length in code.runs()) == sum(map(sum, code.rows))


def test_too_long_a_text_is_refused_with_its_length() -> None:
    with pytest.raises(ValueError, match="600 characters"):
        qr.code("x" * 600)
