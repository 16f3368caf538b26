"""Words of other programs made ours: lines of text with **bold**, from HTML, Markdown or plain text; and HTML from ours."""

import html
import re
from dataclasses import dataclass

from lmsapp.core import cleaning
from lmsapp.core.translations import N_
from lmsapp.exams.formats.items import Notes

MOST_TAGS = 2_000
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"]*")*)\s*/?>')
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BREAKS = _HEADINGS | {"p", "br", "div", "li", "tr", "ul", "ol", "table", "blockquote", "pre"}
_SILENT = frozenset({"p", "br", "div", "span", "tbody", "thead", "tfoot"})
_BOLD = frozenset({"b", "strong"})
_HELD = _SILENT | _BOLD | {"sup", "sub"}
_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")
_HEARD = re.compile(r"<(audio|video|iframe|object|embed|script|svg|math|canvas|form|input)\b", re.IGNORECASE)
_STYLED = re.compile(r"<[^<>]+\sstyle\s*=", re.IGNORECASE)
LOOKS_LIKE_HTML = re.compile(
    r"</?(?:p|br|b|strong|em|i|u|a|img|span|div|ul|ol|li|sub|sup|table|tr|td|h[1-6]|pre|code|font)\b[^<>]*>",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(
    r"(?<!\*)\*(?![*\s])[^*\n]{1,300}\*(?!\*)|(?<!\w)_[^_\n]{1,300}_(?!\w)|`|\[[^\]\n]{0,300}\]\(|^(?:#{1,6}|>|\s*[-+*]|\s*\d+\.) ",
    re.MULTILINE,
)
_LIST_LINE = re.compile(r"\s*(?:[-+*]|\d+\.) ")
# Unassigned for ever (Unicode 23.7): they stand for something while a text is read and are in no text that comes in.
_PICTURE, _PICTURE_END = "\ufddc", "\ufddd"
_PICTURES = re.compile(f"{_PICTURE}([0-9]+){_PICTURE_END}")
_SMALL = re.compile("\ufdde(sup|sub)([^\ufdde\ufddf]*)\ufddf")
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True)
class Shown:
    """A picture inside a text: where it is, and its words for those who can't see it."""

    source: str
    alt: str


@dataclass(frozen=True)
class Words:
    """A text of ours with the pictures that stand in it."""

    marked: str
    pictures: tuple[Shown, ...] = ()

    def text(self, *, without: int = -1) -> str:
        """The text alone; each picture but the one numbered `without` is told by its words."""
        told = {place: f"({one.alt})" if one.alt else "" for place, one in enumerate(self.pictures)} | {without: ""}
        return tidy(_PICTURES.sub(lambda found: told[int(found[1])], self.marked))


def wanted(text: str) -> str:
    """A file's text without control characters, each end of a line alike."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def tidy(text: str) -> str:
    """Lines without blanks at their ends, no empty ones, one blank where several stood."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line).replace("****", "").replace("** **", " ").strip()


def on_one_line(text: str) -> str:
    """For options and everything that is one line here."""
    return " ".join(text.split())


def read(notes: Notes, text: str, form: str) -> Words:
    """A text in one of the forms `html`, `markdown`, `plain`, `auto` (HTML where it has tags)."""
    if len(text) > cleaning.MOST_CHARACTERS:
        notes.refuse(N_("Its text is longer than %(most)s characters."), most=cleaning.MOST_CHARACTERS)
    if form == "html" or (form == "auto" and LOOKS_LIKE_HTML.search(text)):
        return from_html(notes, text)
    if form == "markdown":
        return Words(from_markdown(notes, text))
    return Words(tidy(text))


def from_markdown(notes: Notes, text: str) -> str:
    """Markdown's text with its bold; other marks stay as they were written, and it is said."""
    if _MARKDOWN.search(text):
        _lost(notes, {"Markdown"})
    lines = [("\n" if _LIST_LINE.match(line) else " ") + line for line in text.split("\n")]
    return tidy("".join(lines).replace("  \n", "\n"))


def from_html(notes: Notes, text: str) -> Words:
    """HTML's words: paragraphs become lines, bold stays bold, what else it had is said."""
    if len(text) > cleaning.MOST_CHARACTERS:
        notes.refuse(N_("Its text is longer than %(most)s characters."), most=cleaning.MOST_CHARACTERS)
    if text.count("<") > MOST_TAGS:
        notes.refuse(N_("Its text has more than %(most)s tags."), most=MOST_TAGS)
    heard = _HEARD.search(text)
    if heard:
        said = N_("It holds <%(name)s>, which can't be kept: sounds, films and programs are not taken.")
        notes.refuse(said, name=heard[1].lower())
    out: list[str] = []
    pictures: list[Shown] = []
    lost = {"style"} if _STYLED.search(text) else set()
    at = 0
    markup = cleaning.reduced(text).replace("\n", " ")
    for token in _TOKEN.finditer(markup):
        out.append(html.unescape(markup[at : token.start()]))
        at = token.end()
        if token[2] == "img":
            out.append(f"{_PICTURE}{len(pictures)}{_PICTURE_END}")
            pictures.append(_picture(token[3]))
        else:
            out.append(_meaning(token[2], closing=bool(token[1])))
            lost |= {token[2]} - _HELD
    out.append(html.unescape(markup[at:]))
    if lost:
        _lost(notes, lost)
    return Words(tidy(_SMALL.sub(lambda found: _small(notes, found), "".join(out))), tuple(pictures))


def _picture(attributes: str) -> Shown:
    given = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(attributes)}
    return Shown(given.get("src", ""), on_one_line(_UNWANTED.sub("", given.get("alt", ""))))


def _meaning(name: str, *, closing: bool) -> str:
    """What a tag leaves in our text."""
    if name in _BOLD:
        return "**"
    if name in _BREAKS:
        return "\n– " if name == "li" and not closing else "\n"
    if name in ("sup", "sub"):
        return "\ufddf" if closing else f"\ufdde{name}"
    return " " if name in ("td", "th") and not closing else ""


def _small(notes: Notes, found: re.Match[str]) -> str:
    """Raised and lowered figures have characters of their own; other letters come down, and it is said."""
    letters = _RAISED if found[1] == "sup" else _LOWERED
    text = found[2].translate(letters)
    if any(c.isascii() and c.isalnum() for c in text):
        _lost(notes, {found[1]})
        return found[2]
    return text


def _lost(notes: Notes, what: set[str]) -> None:
    notes.changed(N_("Formatting is left out: %(what)s."), what=", ".join(sorted(what)))


def to_html(text: str) -> str:
    """A text of ours as HTML: its lines, its bold."""
    parts = html.escape(text, quote=False).split("**")
    marked = "".join(f"<b>{part}</b>" if place % 2 else part for place, part in enumerate(parts))
    return marked.replace("\n", "<br>")
