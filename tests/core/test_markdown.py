"""The strict small Markdown of lessons: blocks in order, the structure around them, and faults with their line."""

import pytest

from lmsapp.core import markdown
from lmsapp.core.markdown import Fault

KNOWN = frozenset({"warning", "figure", "check", "task"})
HEADER = "---\ntitle: T\n---\n"


def parse(body: str) -> markdown.Page:
    return markdown.parse(HEADER + body, KNOWN)


def test_a_lesson_becomes_its_texts_in_order_and_the_structure_around_them() -> None:
    page = parse(
        "## Stop\n\nOne **bold** word\nover two lines.\n\n- first\n- second\n\n::: warning\nDo not touch.\n:::\n"
    )
    assert page.header == {"title": "T"}
    assert [block.text for block in page.blocks] == [
        "Stop", "One **bold** word over two lines.", "first", "second", "Do not touch.",
    ]  # fmt: skip
    assert [block.safety for block in page.blocks] == [False, False, False, False, True]
    assert [node["k"] for node in page.outline] == ["h2", "p", "ul", "warning"]
    assert page.blocks[0].line == 4


def test_a_check_keeps_which_options_are_right_apart_from_their_words() -> None:
    page = parse(
        "::: check single\nWhat now?\n\n- [ ] run\n- [x] stand still\n\nfeedback: Stand still and call.\n:::\n"
    )
    [check] = page.outline
    assert [(page.blocks[o["b"]].text, o["right"]) for o in check["options"]] == [("run", False), ("stand still", True)]


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("a\n\n<script>alert(1)</script>\n", 6),
        ("a <b>b</b>\n", 4),
        ("[a](http://x)\n", 4),
        ("![a](b.png)\n", 4),
        ("see https://x.org\n", 4),
        ("`code`\n", 4),
        ("a **b\n", 4),
        ("# Title\n", 4),
        ("#### Deep\n", 4),
        ("- a\n  - b\n", 5),
        ("::: warning\nx\n", 6),
        ("::: unknown\nx\n:::\n", 4),
        (":::\n", 4),
        ("::: warning\n::: task\nx\n:::\n:::\n", 5),
        ("::: figure\nx\n:::\n", 4),
        ("::: figure a\nCaption\n:::\n", 4),
        ("::: check single\nQ\n\n- [x] a\n- [x] b\n\nfeedback: f\n:::\n", 4),
        ("::: check numeric\nQ\n\nfeedback: f\n:::\n", 4),
        ("::: check essay\nQ\n:::\n", 4),
    ],
)
def test_what_a_lesson_may_not_hold_is_named_with_its_line(body: str, line: int) -> None:
    with pytest.raises(Fault) as fault:
        parse(body)
    assert fault.value.line == line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no header",
        "---\ntitle: T\n",
        "---\n- a\n---\n",
        "---\na: [\n---\n",
        "---\n!!python/object:os.system x\n---\n",
    ],
)
def test_a_file_without_a_sound_header_is_refused(text: str) -> None:
    with pytest.raises(Fault):
        markdown.parse(text, KNOWN)
