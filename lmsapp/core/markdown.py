"""Lessons and chapters as text: a strict small Markdown, read into blocks in their order and the structure around them.

Paragraphs, `##`/`###` headings, lists, and containers `::: name words` … `:::`. Bold is the only mark inside a line; links,
pictures and HTML are faults. A block is the smallest text that travels between languages; a block `{R6}` cites a message.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from lmsapp.core import yaml
from lmsapp.core.yaml import Fault

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_CITATION = re.compile(r"\{([A-Z]\d{1,2})\}")
_FENCE = re.compile(r":::\s*(.*?)\s*$")
_OPTION = re.compile(r"\[([ x])\]\s+(.*)", re.DOTALL)
_FIELD = re.compile(r"(alt|feedback|answer|unit|tolerance):\s*(.*)", re.DOTALL)
_FORBIDDEN = (
    ("<", "HTML"),
    ("](", "a link"),
    ("`", "code"),
    ("![", "a picture"),
    ("http://", "an address"),
    ("https://", "an address"),
)


@dataclass
class Block:
    """One text that travels: its words, its kind, whether it is safety-critical, its line in the file."""

    text: str
    kind: str
    line: int
    safety: bool = False


@dataclass
class Page:
    """A parsed file: its header, its blocks in order, and the structure, whose numbers point into the blocks."""

    header: dict[str, Any]
    blocks: list[Block] = field(default_factory=list)
    outline: list[dict[str, Any]] = field(default_factory=list)

    @property
    def shape(self) -> list[Any]:
        """The structure as it must be alike in every language: everything but the words."""
        return self.outline


def split_header(text: str) -> tuple[dict[str, Any], str, int]:
    """The YAML header between `---` lines, the rest, and the number of the rest's first line. Raises Fault."""
    if not text.startswith("---\n"):
        raise Fault(1, "the file must begin with a header between two lines ---")
    end = text.find("\n---\n", 3)
    if end < 0:
        raise Fault(1, "the header has no closing line ---")
    header = yaml.read(text[4 : end + 1], first_line=2) or {}
    if not isinstance(header, dict):
        raise Fault(1, "the header must hold names with values")
    return header, text[end + 5 :], text[: end + 5].count("\n") + 1


def parse(text: str, containers: frozenset[str]) -> Page:
    """Reads a file; raises Fault with the line of the first thing that is wrong."""
    header, body, first_line = split_header(text)
    page = Page(header)
    lines = body.split("\n")
    start, inside = 0, None
    for number, line in enumerate([*lines, None]):
        fence = _FENCE.fullmatch(line) if line is not None and line.startswith(":::") else None
        if line is not None and fence is None:
            continue
        chunk = "\n".join(lines[start:number])
        if inside is None:
            page.outline += _flow(page, chunk, first_line + start, safety=False)
        else:
            page.outline.append(_container(page, inside, chunk, first_line + start))
        start = number + 1
        words = fence[1].split() if fence else []
        if line is None:
            if inside is not None:
                raise Fault(first_line + number - 1, f"the container “{inside[0]}” is not closed")
        elif words:
            if inside is not None:
                raise Fault(first_line + number, f"“{words[0]}” begins before “{inside[0]}” is closed")
            if words[0] not in containers:
                raise Fault(
                    first_line + number, f"there is no container “{words[0]}”; known: {', '.join(sorted(containers))}"
                )
            inside = words
        else:
            if inside is None:
                raise Fault(first_line + number, "this ::: closes nothing")
            inside = None
    return page


def _add(page: Page, text: str, kind: str, line: int, *, safety: bool) -> dict[str, Any]:
    text = " ".join(text.split())
    cited = _CITATION.fullmatch(text)
    if cited:
        return {"m": cited[1]}
    for sign, what in _FORBIDDEN:
        if sign in text:
            raise Fault(line, f"{what} is not allowed in a text: “{text[:60]}”")
    if text.count("**") % 2:
        raise Fault(line, f"a ** has no partner: “{text[:60]}”")
    page.blocks.append(Block(text, kind, line, safety))
    return {"b": len(page.blocks) - 1}


def _flow(page: Page, chunk: str, first_line: int, *, safety: bool) -> list[dict[str, Any]]:
    """Paragraphs, headings and lists."""
    nodes: list[dict[str, Any]] = []
    tokens = _parser().parse(chunk)
    open_list: dict[str, Any] | None = None
    heading = ""
    for token in tokens:
        line = first_line + (token.map[0] if token.map else 0)
        if token.type in ("bullet_list_open", "ordered_list_open"):
            if open_list is not None:
                raise Fault(line, "a list inside a list is not allowed")
            open_list = {"k": "ul" if token.type.startswith("bullet") else "ol", "items": []}
            nodes.append(open_list)
        elif token.type.endswith("_list_close"):
            open_list = None
        elif token.type == "heading_open":
            heading = _heading(token, line)
        elif token.type == "heading_close":
            heading = ""
        elif token.type == "inline":
            if open_list is not None:
                open_list["items"].append(_add(page, token.content, "item", line, safety=safety))
            elif heading:
                nodes.append({"k": heading, **_add(page, token.content, "heading", line, safety=safety)})
            else:
                nodes.append({"k": "p", **_add(page, token.content, "paragraph", line, safety=safety)})
    return nodes


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt  # noqa: PLC0415 - only files that are loaded need it, pages have their blocks

    return MarkdownIt("zero", {"html": False}).enable(["heading", "list", "paragraph"])


def _heading(token: "Token", line: int) -> str:
    if token.tag not in ("h2", "h3"):
        raise Fault(line, "headings inside a text are ## or ###")
    return token.tag


def _container(page: Page, words: list[str], chunk: str, first_line: int) -> dict[str, Any]:
    name, arguments = words[0], [w for w in words[1:] if w != "safety"]
    safety = "safety" in words or name == "warning"
    node: dict[str, Any] = {"k": name}
    if name == "figure":
        if len(arguments) != 1:
            raise Fault(first_line - 1, "a figure names one drawing: ::: figure name")
        return node | {"name": arguments[0]} | _figure(page, chunk, first_line, safety=safety)
    if name == "check":
        if len(arguments) != 1 or arguments[0] not in ("single", "multiple", "true", "false", "numeric"):
            raise Fault(first_line - 1, "a check is single, multiple, true, false or numeric")
        return node | {"kind": arguments[0]} | _check(page, arguments[0], chunk, first_line, safety=safety)
    if arguments:
        node["name"] = arguments[0]
    return node | {"safety": safety, "body": _flow(page, chunk, first_line, safety=safety)}


def _fields(page: Page, chunk: str, first_line: int, *, safety: bool) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A container's flow, and what stands in `name: value` lines at the beginning of its paragraphs."""
    flow, named = [], {}
    for paragraph, line in _paragraphs(chunk, first_line):
        pieces = [p for p in re.split(r"\n(?=(?:alt|feedback|answer|unit|tolerance):)", paragraph) if p.strip()]
        for piece in pieces:
            found = _FIELD.fullmatch(piece.strip())
            if found is None:
                flow += _flow(page, piece, line, safety=safety)
            elif found[1] in ("answer", "tolerance"):
                named[found[1]] = found[2].strip()
            else:
                named[found[1]] = _add(page, found[2], found[1], line, safety=safety)
    return flow, named


def _paragraphs(chunk: str, first_line: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    current: list[str] = []
    line = first_line
    for number, text in enumerate([*chunk.split("\n"), ""]):
        if text.strip():
            if not current:
                line = first_line + number
            current.append(text)
        elif current:
            found.append(("\n".join(current), line))
            current = []
    return found


def _figure(page: Page, chunk: str, first_line: int, *, safety: bool) -> dict[str, Any]:
    flow, named = _fields(page, chunk, first_line, safety=safety)
    if "alt" not in named:
        raise Fault(first_line - 1, "a figure needs its `alt:` line")
    if not flow or flow[0]["k"] != "p":
        raise Fault(first_line - 1, "a figure begins with its caption")
    labels = [item for node in flow[1:] if node["k"] == "ol" for item in node["items"]]
    return {"caption": flow[0], "labels": labels, "alt": named["alt"]}


def _check(page: Page, kind: str, chunk: str, first_line: int, *, safety: bool) -> dict[str, Any]:
    flow, named = _fields(page, chunk, first_line, safety=safety)
    node: dict[str, Any] = {"stem": [n for n in flow if n["k"] == "p"], "feedback": named.get("feedback")}
    if not node["stem"]:
        raise Fault(first_line - 1, "a check needs its question")
    if node["feedback"] is None:
        raise Fault(first_line - 1, "a check needs its `feedback:`")
    if kind == "numeric":
        if "answer" not in named:
            raise Fault(first_line - 1, "a numeric check needs its `answer:`")
        return node | {"answer": named["answer"], "tolerance": named.get("tolerance", "0"), "unit": named.get("unit")}
    return node | _options(page, kind, [item for n in flow if n["k"] == "ul" for item in n["items"]], first_line)


def _options(page: Page, kind: str, options: list[dict[str, Any]], first_line: int) -> dict[str, Any]:
    rights = []
    for option in options:
        if "b" in option:
            block = page.blocks[option["b"]]
            found = _OPTION.fullmatch(block.text)
            if found is None:
                raise Fault(block.line, "an option begins with [x] or [ ]")
            block.text, block.kind = found[2], "option"
            rights.append(found[1] == "x")
    if kind in ("true", "false"):
        if options:
            raise Fault(first_line - 1, "a true or false check has no options")
        return {}
    if len(options) < 2 or (kind == "single" and sum(rights) != 1) or (kind == "multiple" and sum(rights) < 1):
        raise Fault(first_line - 1, f"a {kind} check needs options with {'one' if kind == 'single' else 'some'} right")
    return {"options": [{**o, "right": r} for o, r in zip(options, rights, strict=True)]}
