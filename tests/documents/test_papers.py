"""Booklets and answer sheets read back from the PDF: words, faces, direction, pages, the code; and never a key."""

import re
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import Image

from lmsapp.core import pdf
from lmsapp.core.formatting import date_text, native_digits, number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext, use
from lmsapp.exams import booklets, layout, papers, printing
from lmsapp.exams.layout import PURPOSES, SIZES, PaperFacts
from tests.exams.kinds import WORDS, candidates

pytestmark = [
    pytest.mark.skipif(not pdf.available(), reason=f"PDF is switched off: {pdf.missing()}"),
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]
NAMES = {"prs": "زهرا حسینی", "ka": "ნინო კვარაცხელია", "az": "Günel Əhmədova"}
INVISIBLE = re.compile("[\u200c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def facts(language: str, *, seed: str = "a seed", demonstration: bool = True, picture: bytes = b"") -> PaperFacts:
    """A paper of all ten kinds."""
    frozen = papers.freeze(candidates(language), seed, language)
    title = {"text": WORDS[language]["stem"], "language": language}
    pictures = {}
    if picture:
        frozen.sheet["items"][0].pop("figure")
        frozen.sheet["items"][0]["picture"] = {"digest": "d" * 64, "type": "image/png"}
        pictures = {"d" * 64: picture}
    return PaperFacts(
        code="7K3MPQ2X9A", digest=frozen.digest, sheet=frozen.sheet, language=language, name=NAMES[language], name_language=language,
        person_number="48210937", issuer="NMC", exam="Pre-test", title=title, course_code="MAF-101", day=date_text(date(2026, 11, 13), LANGUAGES[language]),
        minutes=60, pass_mark=80, demonstration=demonstration, made_at=datetime(2026, 11, 13, 6, tzinfo=UTC), pictures=pictures,
    )  # fmt: skip


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def folded(text: str) -> str:
    return " ".join(INVISIBLE.sub("", text).split())


def says(text: str, wanted: str) -> bool:
    """Whether every word is there: where a line is broken, and on which side its stop stands, is the reader's to say."""
    return all(word.strip(".:,;،؛") in text for word in folded(wanted).split())


def pages_of(file: Path) -> list[str]:
    return [folded(page) for page in run("pdftotext", "-enc", "UTF-8", file, "-").split("\f")[:-1]]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["prs", "ka", "az"])
def test_a_booklet_says_every_question_in_its_script_on_pages_that_say_what_they_are(
    language: str, size: str, tmp_path: Path
) -> None:
    paper, file, spoken = facts(language), tmp_path / "booklet.pdf", LANGUAGES[language]
    file.write_bytes(printing.rendered(paper, "booklet", size))
    faces = [line.split() for line in run("pdffonts", file).splitlines()[2:]]
    assert faces and all("+LMS-" in face[0] and face[4:7] == ["yes", "yes", "yes"] for face in faces), faces
    pages = pages_of(file)
    text = " ".join(pages)
    with use(language):
        marks = [gettext("Demonstration"), gettext("Awaiting native review")]
        wanted = [
            gettext("Question booklet"),
            paper.exam,
            gettext("Several answers can be right: mark every one."),
            gettext("Write your answer here, in the booklet."),
        ]
        assert (gettext("Large print") in text) == (size == "large")
    said = [one["text"] for one in booklets.texts(paper.sheet) if "[[" not in one["text"]]
    assert [words for words in (*wanted, *said, NAMES[language], "4821 0937") if not says(text, words)] == []
    for number, page in enumerate(pages, start=1):
        assert all(folded(mark) in page for mark in marks), f"page {number} lacks a mark"
        assert "7K3MP Q2X9A" in page and f"{paper.digest[:4]} {paper.digest[4:8]}" in page
        assert native_digits(str(number), spoken) in page and native_digits(str(len(pages)), spoken) in page
    for letter in booklets.letters(spoken.script, 4):
        assert letter in text
    assert all(number_text(n, language=spoken) in text for n in range(1, 11))
    opened = pikepdf.open(file)
    turned = opened.Root.get("/ViewerPreferences", {}).get("/Direction")
    assert (turned == pikepdf.Name.R2L) == (language == "prs"), "bound at the side on which the language begins"
    assert str(opened.Root.Lang) == spoken.tag and len(pages) == len(opened.pages)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["prs", "ka", "az"])
def test_an_answer_sheet_carries_its_code_and_a_place_for_every_answer(
    language: str, size: str, tmp_path: Path
) -> None:
    paper, file = facts(language), tmp_path / "sheet.pdf"
    file.write_bytes(printing.rendered(paper, "sheet", size))
    faces = [line.split() for line in run("pdffonts", file).splitlines()[2:]]
    assert all("+LMS-" in face[0] for face in faces), faces
    pages = pages_of(file)
    assert size == "large" or len(pages) == 1, "a normal sheet of ten kinds is one page"
    assert all("7K3MP Q2X9A" in page for page in pages) and says(pages[0], NAMES[language])
    run("pdftoppm", "-r", "200", "-gray", "-png", "-f", "1", "-l", "1", "-singlefile", file, tmp_path / "page")
    found = zxingcpp.read_barcodes(Image.open(tmp_path / "page.png").convert("L"))
    assert [one.text for one in found] == [paper.scanned]
    assert booklets.code_in(found[0].text) == (paper.code, paper.digest[:8])
    for option in paper.sheet["items"][0]["options"]:
        assert folded(option["text"]["text"]) not in " ".join(pages), "an answer sheet asks nothing"


@pytest.mark.parametrize("purpose", PURPOSES)
def test_what_is_right_changes_no_octet_of_what_is_printed(purpose: str) -> None:
    moved = {"single": {"right": ["d"]}, "multiple": {"right": ["b", "d"]}, "numeric": {"answer": "7"}, "true-false": {"right": ["true"]}, "matching": {"pairs": {"a": "d", "b": "a", "c": "a"}}, "hotspot": {"hazards": [["A1"], ["B1"]]}}  # fmt: skip
    other = [
        papers.Candidate(**{**vars(one), "structure": {**one.structure, **moved.get(one.kind, {})}})
        for one in candidates("ka")
    ]
    frozen = papers.freeze(other, "a seed", "ka")
    paper = facts("ka")
    turned = PaperFacts(**{**vars(paper), "sheet": frozen.sheet, "digest": frozen.digest})
    assert printing.rendered(paper, purpose, "normal") == printing.rendered(turned, purpose, "normal")
    html, _resources = layout.html_of(paper, purpose, "normal")
    assert not any(word in html for word in ("accepted", "hazards", "tolerance", "criteria", "ოტავის"))


def test_the_same_paper_gives_the_same_bytes_in_any_press() -> None:
    paper = facts("prs")
    first = printing.rendered(paper, "booklet", "normal")
    pdf.close()
    assert printing.rendered(paper, "booklet", "normal") == first


def test_a_stored_picture_is_printed_and_a_hostile_text_stays_text(tmp_path: Path) -> None:
    shown = tmp_path / "picture.png"
    Image.new("RGB", (320, 200), "navy").save(shown)
    paper, file = facts("az", picture=shown.read_bytes()), tmp_path / "booklet.pdf"
    paper.sheet["items"][1]["stem"]["text"] = "<img src='file:///etc/passwd'> {{ 7 * 7 }} </td></table>"
    file.write_bytes(printing.rendered(paper, "booklet", "normal"))
    assert "{{ 7 * 7 }} </td></table>" in " ".join(pages_of(file))
    assert [line.split()[3:5] for line in run("pdfimages", "-list", file).splitlines()[2:]] == [["320", "200"]]


def test_a_whole_sitting_is_one_file_in_which_each_paper_begins_on_a_fresh_leaf(tmp_path: Path) -> None:
    files = [printing.rendered(facts(language), "sheet", "normal") for language in ("prs", "ka")]
    whole, file = pdf.joined(files), tmp_path / "whole.pdf"
    assert pdf.joined(files) == whole
    file.write_bytes(whole)
    pages = pages_of(file)
    assert [bool(page) for page in pages] == [True, False, True, False]
    assert NAMES["prs"] in pages[0] and NAMES["ka"] in pages[2]


def test_a_paper_without_drafts_carries_no_mark_and_a_long_one_keeps_its_columns(tmp_path: Path) -> None:
    paper = facts("az", demonstration=False)
    for text in booklets.texts(paper.sheet):
        text.pop("notice", None)  # type: ignore[attr-defined]
    assert not paper.awaiting and layout.marks_of(paper) == []
    rows = [booklets.Row(f"q{n}", f"q{n}", n, booklets.Fill.ONE, ("o1", "o2", "o3", "o4")) for n in range(1, 61)]
    assert [len(column) for column in layout.bubble_columns(rows, "normal")] == [20, 20, 20]
    wide = [*rows[:11], booklets.Row("q12", "q12", 12, booklets.Fill.ONE, tuple(f"o{n}" for n in range(1, 13)))]
    assert [len(column) for column in layout.bubble_columns(wide, "normal")] == [10, 2]
    assert layout.bubble_columns([], "normal") == []


def test_the_source_beside_a_text_with_gaps_shows_blanks() -> None:
    paper = facts("ka")
    gapped = next(item for item in paper.sheet["items"] if item["kind"] == "cloze")
    gapped["stem"]["source"] = {"text": "Stop, [[1]] and [[2]].", "language": "en"}
    page, _resources = layout.html_of(paper, "booklet", "normal")
    assert "Stop, (1) ____ and (2) ____." in page
    assert "[[" not in page
