"""The drawings of certificates are what the committed program draws."""

import pytest

from lmsapp.upkeep.guilloche import CERTIFICATES, drawings


@pytest.mark.parametrize("name", drawings())
def test_the_committed_drawing_is_what_the_program_draws(name: str) -> None:
    assert (CERTIFICATES / name).read_text(encoding="utf-8") == drawings()[name]
