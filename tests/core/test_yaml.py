"""Content files: whatever stands in one, the program reads it or names the line."""

import pytest

from lmsapp.core import yaml


def test_plain_values_are_read() -> None:
    assert yaml.read("a: [1, two, مين]\nb: {c: 2026-11-29}")["a"] == [1, "two", "مين"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [", 12),
        ("a: 1\n" + "[" * 200_000 + "]" * 200_000, 11),
        ("a:\n" + "\n".join("  " * n + "-" for n in range(1, 5_000)), 110),
        ("a: !!python/object/apply:os.system [ls]", 10),
    ],
    ids=["unfinished", "nested in a line", "nested by indentation", "an object"],
)
def test_what_is_wrong_is_named_by_its_line(text: str, line: int) -> None:
    with pytest.raises(yaml.Fault) as told:
        yaml.read(text, first_line=10)
    assert told.value.line == line
