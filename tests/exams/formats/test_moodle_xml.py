"""Moodle XML: pictures are judged by their content, what can't be held is said with its reason."""

import base64
import struct
import zlib

import pytest

from lmsapp.exams.formats import moodle_xml, pictures
from lmsapp.exams.formats.items import Item, Outcome


def png(width: int = 3, height: int = 2) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    rows = b"".join(b"\x00" + b"\x80" * width * 3 for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def question(kind: str, inner: str, stem: str = "Which?", files: str = "") -> Item:
    text = f"<question type='{kind}'><name><text>Name</text></name><questiontext format='html'><text><![CDATA[{stem}]]></text>{files}</questiontext>{inner}</question>"
    (found,) = moodle_xml.read(f"<quiz>{text}</quiz>".encode())
    return found


def answer(text: str, fraction: object, inside: str = "") -> str:
    return f"<answer fraction='{fraction}'><text>{text}</text>{inside}</answer>"


TRUE = answer("true", 100) + answer("false", 0)
IMG = '<img src="@@PLUGINFILE@@/a%20b.png" alt="A sign">'


def file(content: bytes, name: str = "a b.png") -> str:
    return f"<file name='{name}' path='/' encoding='base64'>{base64.b64encode(content).decode()}</file>"


def test_a_picture_inside_the_file_is_kept_with_its_words() -> None:
    found = question("truefalse", TRUE, f"<p>Look {IMG}</p>", file(png()))
    assert found.outcome is Outcome.TAKEN
    assert found.picture is not None
    assert found.picture.content == png()
    assert found.entry is not None
    assert found.entry["picture"] == {"digest": found.picture.digest, "type": "image/png"}
    assert (found.entry["stem"], found.entry["alt"]) == ("Look", "A sign")


@pytest.mark.parametrize(
    ("stem", "files", "reason"),
    [
        (IMG, "", "“a b.png”, which is not in the file"),
        ('<img src="https://x.example/a.png" alt="A">', "", "which is not in the file"),
        (IMG, file(b"<svg onload='alert(1)'/>"), "is no PNG, JPEG, GIF or WebP"),
        (IMG, file(png(5000, 2)), "4000 pixels a side"),
        (IMG, file(b"\x89PNG\r\n\x1a\n" + b"0" * (pictures.LARGEST + 1)), "of at most 1024 KB"),
        (IMG, "<file name='a b.png' path='/' encoding='base64'>not base64!</file>", "is no PNG"),
        (IMG + '<img src="@@PLUGINFILE@@/c.png">', file(png()), "one of them has no words"),
        ("<video src='x'></video>", "", "<video>"),
    ],
)
def test_a_picture_that_cant_be_kept_refuses_its_question(stem: str, files: str, reason: str) -> None:
    found = question("truefalse", TRUE, stem, files)
    assert found.outcome is Outcome.REFUSED
    assert reason in found.reason


@pytest.mark.parametrize(
    ("kind", "inner", "reason"),
    [
        ("calculated", "", "kind “calculated”"),
        ("ddmarker", "", "kind “ddmarker”"),
        ("multichoice", answer("a", 100) + answer("b", 100), "More than one option is fully right"),
        ("multichoice", answer("a", "half") + answer("b", 0), "“half” is no number"),
        ("truefalse", answer("true", 0) + answer("false", 0), "Exactly one of"),
        ("numerical", answer("many", 100), "“many” is no number"),
        ("cloze", "", "no gap"),
        ("gapselect", "<selectoption><text>a</text></selectoption>", "no gap"),
        ("matching", "<subquestion><text/><answer><text>a</text></answer></subquestion>", "something is missing"),
        ("ordering", answer("a", 1), "2 to 12 different things"),
        ("essay", "", ""),
    ],
)
def test_what_cant_be_held_is_refused(kind: str, inner: str, reason: str) -> None:
    found = question(kind, inner)
    assert (found.outcome is Outcome.REFUSED) == bool(reason)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("stem", "reason"),
    [
        ("{1:MC:" * 16_000, "a gap that can't be read"),
        ("{1:MC:=a~b} {1:MC:", "a gap that can't be read"),
        ("{1:SA:=a}" * 13, "more than 12 gaps"),
    ],
)
def test_gaps_that_cant_be_read_are_said(stem: str, reason: str) -> None:
    assert reason in question("cloze", "", stem).reason


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<defaultgrade>2.5</defaultgrade>", "Its points are 2 instead of 2.5"),
        ("<hidden>1</hidden>", "It was hidden"),
        ("<hint><text>Think</text></hint>", "Hints are left out"),
        ("<tags><tag><text>law</text></tag></tags>", "Tags are left out: law"),
        ("<shuffleanswers>0</shuffleanswers>", "fixed order"),
        ("<plugin_x>setting</plugin_x>", "unknown here are left out: plugin_x"),
        ("<incorrectfeedback><text>No</text></incorrectfeedback>", "Feedback that depends"),
        ("<defaultgrade>3</defaultgrade><penalty>0.3</penalty>", ""),
    ],
)
def test_what_is_changed_is_said(inner: str, reason: str) -> None:
    found = question("multichoice", answer("a", 100) + answer("b", 0) + inner)
    assert found.reason.startswith(reason) if not reason else reason in found.reason
    assert found.outcome is (Outcome.CHANGED if reason else Outcome.TAKEN)


def test_gaps_of_all_kinds_are_read_from_the_text() -> None:
    stem = (
        "<p>Stop {1:MULTICHOICE_S:~run#no~=wait~%0%=odd} and {2:SHORTANSWER:=call~%50%shout~*#hm} in "
        "{1:NUMERICAL:=5:1} of \\} {1:MCV:=a \\} b~c &amp; d}.</p>"
    )
    found = question("cloze", "", stem)
    assert found.entry is not None
    assert found.entry["stem"] == "Stop [[1]] and [[2]] in [[3]] of \\} [[4]]."
    assert found.entry["gaps"] == {
        "1": {"options": [{"text": "run"}, {"text": "wait", "right": True}, {"text": "=odd"}]},
        "2": {"accepted": ["call"]},
        "3": {"answer": "5", "tolerance": "1"},
        "4": {"options": [{"text": "a } b", "right": True}, {"text": "c & d"}]},
    }
    assert found.entry["points"] == 5
    assert "All gaps count alike" in found.reason
    assert "“shout” (50)" in found.reason


def test_words_dragged_into_a_text_become_lists_of_their_group() -> None:
    boxes = "".join(f"<dragbox><text>{t}</text><group>{g}</group></dragbox>" for t, g in (("cat", 1), ("red", 2), ("dog", 1), ("blue", 2)))  # fmt: skip
    found = question("ddwtos", boxes, "A [[4]] [[3]].")
    assert found.entry is not None
    assert found.entry["stem"] == "A [[1]] [[2]]."
    assert [o["text"] for o in found.entry["gaps"]["1"]["options"]] == ["red", "blue"]
    assert "more than once" in found.reason


def test_the_unit_and_the_all_or_nothing_rule_are_kept() -> None:
    number = question("numerical", answer("5", 100, "<tolerance>0.5</tolerance>") + "<units><unit><multiplier>1</multiplier><unit_name>km</unit_name></unit></units>")  # fmt: skip
    assert number.entry is not None
    assert (number.entry["unit"], number.entry["tolerance"]) == ("km", "0.5")
    several = question("multichoiceset", answer("a", 100) + answer("b", 100) + answer("c", 0))
    assert several.entry is not None
    assert several.entry["whole"] is True
    assert len([o for o in several.entry["options"] if o.get("right")]) == 2


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (png(), "image/png"),
        (b"GIF89a\x03\x00\x02\x00\x00\x00\x00;", "image/gif"),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x02\x00\x03\x03", "image/jpeg"),
        (b"RIFF\x1a\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x01\x00\x00", "image/webp"),
        (b"\xff\xd8\xff\xff\xff\xff", None),
        (b"GIF89a", None),
        (b"\x89PNG\r\n\x1a\nIHDR", None),
    ],
)
def test_pictures_are_told_by_their_octets(content: bytes, size: str | None) -> None:
    found = pictures.judged(content)
    assert (found.media_type if found else None) == size
