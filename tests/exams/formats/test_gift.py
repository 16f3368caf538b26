"""GIFT: what can't be held is said with its reason, and one broken question costs one question."""

import pytest

from lmsapp.core.errors import Invalid
from lmsapp.exams.formats import files, gift
from lmsapp.exams.formats.items import MOST_ITEMS, Item, Outcome


def one(text: str) -> Item:
    found = gift.read(text)
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Which? {=right =more ~wrong}", "More than one option is fully right"),
        ("Which? {~a ~b}", "No option is fully right"),
        ("Which? {=a ~b", "A brace has no other end"),
        ("Which} {=a ~b}", "A brace has no other end"),
        ("One {=a ~b} two {=c ~d}", "more than one pair of braces"),
        ("Which? {a ~b}", "begin with = or ~"),
        ("How many? {#many}", "“many” is no number"),
        ("How many? {#=3 =9}", "Several numbers apart"),
        ("How many? {#}", "No answer is fully right"),
        ("Pair {=a -> b =c}", "A pair is not written as"),
        ("Pair {=a -> b =c -> }", "A prompt has nothing that matches it"),
        ("[html]See <img src='x.png'> {T}", "needs the picture “x.png”, which is not in the file"),
        ("[html]Hear <audio src\\='x'> {T}", "<audio>"),
        ('Which? {=<a href="x">y</a> ~z}', "stands inside a tag"),
        ("{T}", "the question itself is empty"),
        ("Name one {=a*}", "No answer is fully right"),
        ("Which? {=a" + " ~b" * 12 + "}", "2 to 12 options"),
        ("x" * 20_001 + " {T}", "a text longer than 20000"),
        ("::" + "t" * 301 + ":: Is it? {T}", "title is longer than 300"),
    ],
)
def test_what_cant_be_held_is_refused_with_the_reason(text: str, reason: str) -> None:
    found = one(text)
    assert found.outcome is Outcome.REFUSED
    assert reason in found.reason
    assert found.entry is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Which? {=a ~%50%b ~c}", "count as wrong here: “b” (50)"),
        ("Which? {~%60%a ~%40%b ~c}", "count alike"),
        ("[html]A <em>word</em> {T}", "Formatting is left out: em"),
        ("[markdown]A *word* {T}", "Formatting is left out: Markdown"),
        ("[html]A <span style\\='color\\:red'>word</span> {T}", "Formatting is left out: style"),
        ("Name {=a* =b}", "“a*”"),
        ("// [tag:hard]\nIs it? {T}", "Tags are left out: hard"),
        ("Is it so? {T} and more; and", ""),
    ],
)
def test_what_is_changed_is_said(text: str, reason: str) -> None:
    found = one(text)
    assert reason in found.reason
    assert found.outcome is (Outcome.CHANGED if reason else Outcome.TAKEN)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[markdown]" + "[" * 4_000_000 + " {T}", "longer than 100000 characters"),
        ("[html]" + "<div>" * 19_000 + " {T}", "more than 2000 tags"),
        ("a {" + "=a~b" * 900_000 + "}", "more than 100 answers"),
        ("{" * 4_000_000, "A brace has no other end"),
    ],
)
def test_hostile_lengths_are_refused_before_they_are_worked_on(text: str, reason: str) -> None:
    assert reason in one(text).reason


def test_one_forgotten_brace_costs_one_question() -> None:
    found = gift.read("First? {=a ~b\n\nSecond? {=c\n\n~d}\n\nThird? {T}")
    assert [item.outcome.value for item in found] == ["refused", "taken", "taken"]
    assert [item.line for item in found] == [1, 3, 7]


def test_a_gap_in_the_middle_stays_where_it_was() -> None:
    found = one("The sun rises in the {=east ~west} each day.")
    assert found.entry is not None
    assert found.entry["stem"] == "The sun rises in the _____ each day."


def test_bold_is_kept_and_lines_are_joined() -> None:
    found = one("[html]<p>Do <b>not</b>\ntouch</p><p>10 m<sup>2</sup> &lt; x</p> {T}")
    assert found.entry is not None
    assert found.entry["stem"] == "Do **not** touch\n10 m² < x"
    assert found.outcome is Outcome.TAKEN


def test_each_several_right_weights_are_our_rule() -> None:
    found = one("Which? {~%33.33333%a ~%33.33333%b ~%33.33333%c ~%-33.33333%d}")
    assert found.outcome is Outcome.TAKEN
    assert found.kind == "multiple"


def test_keys_are_the_same_again_and_differ_between_files() -> None:
    from lmsapp.exams.formats.items import keyed

    text = "::Q1:: First? {T}\n\n::Q1:: Second? {F}\n\n::own-key:: Third? {T}\n\n::Q1:: First? {T}\n\nسوال چیست؟ {T}"
    keys = [key for _item, key in keyed(gift.read(text))]
    assert keys == [key for _item, key in keyed(gift.read(text))]
    assert len(set(keys)) == 5
    assert keys[2] == "own-key"
    assert keys[3] == f"{keys[0]}-2"


@pytest.mark.parametrize(
    "content",
    ["سوال؟ {T}".encode(), b"\xef\xbb\xbf" + "سوال؟ {T}".encode(), "سوال؟ {T}".encode("utf-16"), b"\xfe\xff" + "سوال؟ {T}".encode("utf-16-be")],
)  # fmt: skip
def test_utf_8_and_utf_16_are_read(content: bytes) -> None:
    (found,) = files.read(content).items
    assert found.text == "سوال؟"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("First? {T}\n\nSoru ş? {T}".encode("iso-8859-9"), "Line 3 is not written in UTF-8 (octet FE)"),
        (b"", "empty"),
        (b" \n ", "empty"),
        (b"PK\x03\x04abc", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b"a\x00b {T}", "not a text file"),
        (b"<html><body>x</body></html>", "its first element is <html>"),
        (b"<?xml version='1.0'?><quiz><question>", "Line 1, column"),
        (b"<?xml version='1.0'?><!DOCTYPE quiz [<!ENTITY a 'b'>]><quiz>&a;</quiz>", "document type"),
        (b"<quiz>" + b"<question type='x'/>" * (MOST_ITEMS + 1) + b"</quiz>", "more than 2000 questions"),
        (b"a {T}\n\n" * (MOST_ITEMS + 1), "more than 2000 questions"),
        (b"x" * (files.MOST_TEXT + 1), "larger than 4 MB"),
    ],
)
def test_a_file_that_cant_be_read_says_what_and_where(content: bytes, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        files.read(content)
    assert message in str(refused.value)


def test_aiken_without_its_answer_is_refused_by_item() -> None:
    found = files.read(b"First?\nA) a\nB) b\nANSWER: C\n\nSecond?\nA. a\nB. b\nANSWER: B\n\nThird?\nA) a").items
    assert [item.outcome.value for item in found] == ["refused", "taken", "refused"]
    assert [item.line for item in found] == [1, 6, 11]
