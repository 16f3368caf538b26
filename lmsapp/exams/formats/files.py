"""Any file of questions: what its format is, how its text is written, and its items."""

from dataclasses import dataclass

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_
from lmsapp.exams.formats.items import CRITERION, Item

MOST_TEXT = 4 << 20
GIFT, MOODLE_XML, AIKEN = "gift", "moodle-xml", "aiken"
NAMES = {GIFT: "GIFT", MOODLE_XML: "Moodle XML", AIKEN: "Aiken"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# What comes first in files that are something else altogether.
_OTHERS = {b"PK\x03\x04": "ZIP", b"%PDF": "PDF", b"\xd0\xcf\x11\xe0": "Word", b"{\\rtf": "RTF"}


@dataclass(frozen=True)
class Read:
    """A file that was read: its format, its items."""

    format: str
    items: list[Item]


def read(content: bytes, criterion: str = CRITERION) -> Read:
    """The items of a file; raises Invalid, saying what and where, when the file as a whole can't be read."""
    from lmsapp.exams.formats import aiken, gift, moodle_xml  # noqa: PLC0415 - pages that read no file don't wait for them

    other = next((name for head, name in _OTHERS.items() if content.startswith(head)), None)
    if other:
        raise Invalid(N_("This is a %(kind)s file. Questions come as GIFT, Aiken or Moodle XML."), kind=other)
    if not content.strip():
        raise Invalid(N_("The file is empty."))
    if _is_xml(content):
        return Read(MOODLE_XML, moodle_xml.read(content, criterion))
    text = _text(content)
    if aiken.ANSWER.search(text) and "{" not in text:
        return Read(AIKEN, aiken.read(text))
    return Read(GIFT, gift.read(text, criterion))


def _is_xml(content: bytes) -> bool:
    begins = content[:200].removeprefix(b"\xef\xbb\xbf").removeprefix(_UTF16[0]).removeprefix(_UTF16[1])
    begins = begins.replace(b"\x00", b"").lstrip()
    return begins.startswith((b"<?xml", b"<quiz", b"<!", b"<html"))


def _text(content: bytes) -> str:
    if len(content) > MOST_TEXT:
        raise Invalid(N_("The file is larger than %(most)s MB."), most=MOST_TEXT >> 20)
    try:
        text = content.decode("utf-16" if content[:2] in _UTF16 else "utf-8-sig")
    except UnicodeDecodeError as problem:
        raise Invalid(
            N_("Line %(line)s is not written in UTF-8 (octet %(octet)s). Save the file as UTF-8 and try again."),
            line=content.count(b"\n", 0, problem.start) + 1,
            octet=f"{content[problem.start]:02X}",
        ) from problem
    if "\x00" in text:
        raise Invalid(N_("This is not a text file."))
    return text
