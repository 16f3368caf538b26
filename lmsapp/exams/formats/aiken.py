"""Aiken: a question on one line, its options as `A)` or `A.`, and `ANSWER: B`."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from lmsapp.core.translations import N_
from lmsapp.exams.formats import items, words
from lmsapp.exams.formats.items import Choice, Item, Notes

ANSWER = re.compile(r"^ANSWER:[ \t]*([A-Z])[ \t]*$", re.MULTILINE)
_OPTION = re.compile(r"([A-Z])[.)][ \t]+(.*\S)")
Lines = list[tuple[int, str]]


def read(text: str) -> list[Item]:
    """The items of a file."""
    return [
        items.item(number, lines[0][0], "", lambda notes, lines=lines: _read(notes, lines))  # type: ignore[misc]
        for number, lines in enumerate(items.limited(_blocks(words.wanted(text))), start=1)
    ]


def _blocks(text: str) -> Iterator[Lines]:
    """An answer's line ends its question; so does a blank line."""
    block: Lines = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            block.append((number, line.strip()))
        if block and (not line.strip() or ANSWER.match(line.strip())):
            yield block
            block = []
    if block:
        yield block


def _read(notes: Notes, lines: Lines) -> dict[str, Any]:
    texts = [line for _number, line in lines]
    options = {found[1]: found[2] for line in texts if (found := _OPTION.fullmatch(line))}
    stem = words.tidy("\n".join(line for line in texts if not _OPTION.fullmatch(line) and not ANSWER.match(line)))
    items.stated(notes, "single", "", stem)
    answer = ANSWER.match(texts[-1])
    if answer is None or answer[1] not in options:
        notes.refuse(N_("The last line of a question is ANSWER: and the letter of one of its options."))
    choices = [Choice(text, Decimal(100 if letter == answer[1] else 0)) for letter, text in options.items()]
    return {"stem": stem} | items.single(notes, choices)
