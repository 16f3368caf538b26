"""Every kind in all six languages, in both columns: one page, our faces, the words come back, the code scans."""

import io
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pikepdf
import pytest
import zxingcpp
from PIL import Image, ImageChops

from lmsapp.certificates.facts import CertificateFacts, Kind
from lmsapp.certificates.layout import html_of, whole_of, words
from lmsapp.core import pdf
from lmsapp.core.locales import language

from .certificates import KINDS, NAME, OPTIONS, PAIRS, PAYLOAD, facts, link, stamped

pytestmark = [
    pytest.mark.skipif(not pdf.available(), reason=f"PDF is switched off: {pdf.missing()}"),
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]
INVISIBLE = re.compile("[\u200c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
KILOBYTES = 60


def run(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def folded(text: str) -> str:
    """Words as pdftotext gives them: without ZWNJ and marks of direction, spaces alike."""
    return " ".join(INVISIBLE.sub("", text).split())


def text_of(file: Path) -> str:
    return folded(run("pdftotext", "-enc", "UTF-8", file, "-"))


def picture_of(file: Path, dpi: int) -> Image.Image:
    run("pdftoppm", "-r", str(dpi), "-gray", "-png", "-singlefile", file, file.with_suffix(""))
    return Image.open(file.with_suffix(".png")).convert("L")


def expected(said: CertificateFacts) -> list[str]:
    """What both halves must say, short enough not to be broken over lines."""
    wanted = [said.serial, said.code, said.address, said.course_code, "4821 0937", "R. Specimen", "L. Specimen"]
    for code in said.languages:
        fixed = words(code)
        wanted += [said.name[code], said.issuer[code], said.place[code], fixed["titles"][said.kind], fixed["seal"]]
        wanted += [fixed["awaiting_review"], fixed["certify"], fixed["labels"]["issued"], *said.points[code]]
    return wanted


@pytest.mark.parametrize("languages", PAIRS, ids="-".join)
@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_says_everything_in_both_languages(
    kind: Kind, languages: tuple[str, str], tmp_path: Path
) -> None:
    said = facts(kind, languages)
    file = tmp_path / "certificate.pdf"
    file.write_bytes(stamped(said))

    assert "Pages:           1" in run("pdfinfo", file)
    faces = [line.split() for line in run("pdffonts", file).splitlines()[2:]]
    assert faces
    assert all("+LMS-" in face[0] and face[4:7] == ["yes", "yes", "yes"] for face in faces), faces
    assert len({face[0] for face in faces}) == len(faces), "the same face is embedded twice"
    text = text_of(file)
    assert [word for word in expected(said) if folded(word) not in text] == []
    assert zxingcpp.read_barcodes(picture_of(file, 200))[0].text == said.qr
    assert file.stat().st_size <= KILOBYTES * 1024


def test_the_same_award_gives_the_same_bytes_in_any_press() -> None:
    said = facts("qualification", ("az", "prs"))
    first = stamped(said)
    stamped(facts("qualification", ("az", "prs"), serial="NMC-2026-QU-00414-V", qr=link(2)))
    assert stamped(said) == first
    pdf.close()
    assert stamped(said) == first


@pytest.mark.parametrize(("kind", "languages"), [("qualification", ("ps", "en")), ("attendance", ("ka", "tr"))])
def test_two_layers_look_like_the_page_set_in_one(kind: Kind, languages: tuple[str, str], tmp_path: Path) -> None:
    said = facts(kind, languages)
    html, resources = whole_of(said)
    (tmp_path / "one.pdf").write_bytes(pdf.render(html, resources=resources, options=OPTIONS))
    (tmp_path / "two.pdf").write_bytes(stamped(said))
    one, two = picture_of(tmp_path / "one.pdf", 100), picture_of(tmp_path / "two.pdf", 100)
    code = (522, 619, 648, 744)  # a drawing in the one, a picture in the other: smoothed differently, scanned alike
    assert zxingcpp.read_barcodes(picture_of(tmp_path / "one.pdf", 200))[0].text == said.qr
    one, two = (picture.copy() for picture in (one, two))
    for picture in (one, two):
        picture.paste(255, code)
    difference = ImageChops.difference(one, two)
    changed = sum(difference.point(lambda shade: 255 if shade > 96 else 0).histogram()[255:])
    assert changed < 60, f"{changed} of {difference.width * difference.height} points differ"


def test_a_name_alike_in_both_languages_stands_once(tmp_path: Path) -> None:
    alike = {"en": "Şükrü Çağlayan Yıldız", "az": "Şükrü Çağlayan Yıldız"}
    file = tmp_path / "one.pdf"
    file.write_bytes(stamped(facts("achievement", ("en", "az"), name=alike)))
    assert text_of(file).count("Şükrü Çağlayan Yıldız") == 1


@pytest.mark.parametrize("letters", [30, 60])
def test_long_names_are_set_smaller_and_whole(letters: int, tmp_path: Path) -> None:
    long = {
        "az": ("Əhmədzadə Məhəmmədəli " * 4)[:letters].strip(),
        "prs": ("عبدالرحیم‌زاده غلام‌حیدری " * 4)[:letters].strip(),
    }
    file = tmp_path / "long.pdf"
    file.write_bytes(stamped(facts("qualification", ("az", "prs"), name=long)))
    text = text_of(file)
    assert all(part in text for name in long.values() for part in folded(name).split())


def test_a_demonstration_says_so_twice_in_both_languages(tmp_path: Path) -> None:
    file = tmp_path / "demonstration.pdf"
    file.write_bytes(stamped(facts("attendance", ("en", "az"), demonstration=True)))
    text = text_of(file)
    for code in ("en", "az"):
        assert folded(words(code)["demonstration"]) in text
        assert folded(words(code)["awaiting_review"]) in text
    assert "DEMONSTRATION" in run("pdfinfo", "-struct-text", file), "the word across the page"


def test_dari_and_pashto_have_their_calendar_and_digits(tmp_path: Path) -> None:
    file = tmp_path / "calendar.pdf"
    file.write_bytes(stamped(facts("qualification", ("az", "prs"), issued=date(2025, 3, 20))))
    text = text_of(file)
    assert "حوت" in text
    assert all(digits in text for digits in ("۱۴۰۳", "۲۰۲۵", "۱۹۰"))
    assert "20 mart 2025" in text


def structure(element: pikepdf.Object, language_above: str = "") -> list[tuple[str, str]]:
    """Every element in reading order with the language that holds for it."""
    spoken = str(element.get("/Lang", language_above))
    found = [(str(element.get("/S", "")), spoken)]
    for kid in element.get("/K", []):
        if isinstance(kid, pikepdf.Dictionary):
            found += structure(kid, spoken)
    return found


def test_the_file_is_tagged_archival_and_holds_its_payload() -> None:
    with pikepdf.open(io.BytesIO(stamped(facts("qualification", ("az", "prs"))))) as file:
        with file.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "U")
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"] == str(file.docinfo.Title) == "İxtisas sertifikatı NMC-2026-QU-00413-K"
        assert file.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert file.Root.MarkInfo.Marked
        assert file.Root.Lang == "az"
        assert file.attachments["payload.json"].get_file().read_bytes() == PAYLOAD
        assert file.Root.AF[0].AFRelationship == "/Data"
        tags = structure(file.Root.StructTreeRoot.K[0])
        assert {spoken for _, spoken in tags} >= {"az", "fa-AF"}
        assert [tag for tag, _ in tags].count("/H1") == 2
        assert [tag for tag, _ in tags].count("/Figure") == 1


def test_all_drawing_is_tagged_or_an_artifact_and_the_tree_agrees() -> None:
    with pikepdf.open(io.BytesIO(stamped(facts("attendance", ("prs", "ka"))))) as file:
        page = file.pages[0]
        depth, marks = 0, []
        for instruction in pikepdf.parse_content_stream(page):
            operator = str(instruction.operator)
            if operator in {"BDC", "BMC"}:
                depth += 1
                if operator == "BDC":
                    marks.append(int(instruction.operands[1].MCID))
            elif operator == "EMC":
                depth -= 1
            elif operator in {"Tj", "TJ", "Do", "f", "S", "f*", "B"}:
                assert depth > 0, f"untagged {operator}"
        numbers = file.Root.StructTreeRoot.ParentTree.Nums[1]
        assert len(marks) == len(set(marks))
        for mark in marks:
            assert mark in [int(kid) for kid in numbers[mark].K if isinstance(kid, int)]


def test_the_holder_is_read_where_her_name_stands(tmp_path: Path) -> None:
    file = tmp_path / "order.pdf"
    file.write_bytes(stamped(facts("qualification", ("en", "az"))))
    said = run("pdfinfo", "-struct-text", file)
    order = [
        words("en")["certify"],
        NAME["en"],
        NAME["az"],
        "has completed the course",
        "190",
        "91%",
        "7F3K-92QD-XM4T-A8WZ",
    ]
    places = [said.index(part) for part in order]
    assert places == sorted(places)
    assert "National Mine Action Centre · National" not in said, "microtext is for the eye alone"


POISON = (
    '<img src="file:///etc/passwd"><link rel=attachment href="file:///etc/passwd"><a href="http://127.0.0.1/x">q</a>&<b'
)


def test_markup_in_every_field_is_printed_as_text(tmp_path: Path) -> None:
    poisoned = dict.fromkeys(("en", "az"), POISON[:28])
    said = facts(
        "achievement", ("en", "az"), name={"en": POISON[:28], "az": POISON[-20:]}, place=poisoned, descent=poisoned,
        unit=poisoned, points=dict.fromkeys(("en", "az"), [POISON[:20]] * 2), serial="<b>&amp;S",
    )  # fmt: skip
    file = tmp_path / "poison.pdf"
    file.write_bytes(stamped(said))
    assert POISON[:20] in text_of(file)
    with pikepdf.open(file) as opened:
        assert list(opened.attachments) == ["payload.json"]
        assert "/Annots" not in opened.pages[0]
    assert b"root:" not in file.read_bytes()


LONG = {
    "en": ["Facilitation, inclusion of persons with disabilities, safeguarding"] * 6,
    "prs": ["تسهیل جلسه، شمولیت اشخاص دارای معلولیت، محافظت"] * 6,
}


def test_long_titles_and_topics_are_set_closer_until_they_fit(tmp_path: Path) -> None:
    course = {
        "en": "EORE Educator and Training of Trainers for Explosive Ordnance Risk Education",
        "prs": "آموزش‌دهندۀ آگاهی‌دهی از خطرات مهمات منفجره و تربیۀ آموزش‌دهندگان",
    }
    file = tmp_path / "long.pdf"
    file.write_bytes(
        stamped(
            facts("qualification", ("en", "prs"), course=course, points={code: one[:4] for code, one in LONG.items()})
        )
    )
    text = text_of(file)
    assert folded(LONG["prs"][0]).split()[-1] in text
    assert "Training of Trainers" in text


def test_text_that_does_not_fit_at_all_is_an_error_not_a_blot() -> None:
    with pytest.raises(pdf.PdfFailed, match="too long"):
        stamped(facts("qualification", ("en", "prs"), points={code: one * 4 for code, one in LONG.items()}))


def test_a_letter_that_no_face_has_is_an_error() -> None:
    with pytest.raises(pdf.PdfFailed, match="नी"[:1]):
        stamped(facts("achievement", ("en", "az"), name={"en": "नीना", "az": "Nina"}))


def test_a_payload_too_long_for_the_largest_code_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        html_of(facts("achievement", ("en", "az"), qr="x" * 600))


def test_the_longest_payload_still_scans(tmp_path: Path) -> None:
    file = tmp_path / "large.pdf"
    long = link() + "A" * 100
    file.write_bytes(stamped(facts("achievement", ("en", "az"), qr=long)))
    assert zxingcpp.read_barcodes(picture_of(file, 200))[0].text == long


@pytest.mark.parametrize("code", ["en", "az", "prs", "ps", "tr", "ka"])
def test_the_fixed_words_are_complete_in_every_language(code: str) -> None:
    english, here = words("en"), words(code)
    assert here.keys() == english.keys()
    for key, said in english.items():
        if isinstance(said, dict):
            assert here[key].keys() == said.keys()
    assert language(code).code == code
