"""Spoilt files of questions: refused by item or as a whole with words for a person, never a failure of the program.

The short form runs with the suite; `LMSAPP_INPUTS=100000` (how many inputs) is the long one, `LMSAPP_ROUND=2` gives others.
"""

import json
import os
import random
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lmsapp.core.errors import Invalid
from lmsapp.exams import entries
from lmsapp.exams.formats import files, gift_written, items, moodle_xml_written
from lmsapp.exams.formats.items import Outcome
from tests import samples
from tests.exams.formats.test_moodle_xml import png
from tests.exams.formats.test_written import HARD
from tests.exams.test_entries import WHOLE, whole

INPUTS = int(os.environ.get("LMSAPP_INPUTS", "2000"))
ROUND = os.environ.get("LMSAPP_ROUND", "1")
RUN = {"deadline": None, "database": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}
PIECES = [
    b"{", b"}", b"=", b"~", b"#", b"####", b"::", b"->", b"..", b":", b"\\", b"\\n", b"%50%", b"%-100%", b"%1e9%", b"//", b"$CATEGORY: x", b"[html]",
    b"[markdown]", b"\n\n", b"\r", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"&#0;", b"&#x1F4A3;", b"&amp;", b"&lt;!--", b"]]>",
    b"<![CDATA[", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"<?xml version='1.0' encoding='utf-7'?>", b"<question type='category'>", b"<question type='cloze'>", b"</question>",
    b"<text>", b"</text>", b"<answer fraction='NaN'>", b"<img src='@@PLUGINFILE@@/x' alt='", b"<file name='x' encoding='base64'>QUJD</file>", b"[[1]]", b"[[99]]",
    b"{1:MULTICHOICE:=a~b}", b"{999:NUMERICAL:=1e30:1e30}", b"{:SA:=*}", b"ANSWER: A", b"A) ", b"1e400", b"9" * 40, b"-0", "۱۲".encode(), "\u200f\u202e".encode(), b"T", b"F",
    b"<audio>", b"<b>", b"**", b"lmsapp:points=999", b"[tag:lmsapp:difficulty=9]", b"<style>", b"\xf0\x9f\xa7\xa8" * 50,
]  # fmt: skip


def seeds() -> list[bytes]:
    """Files to be spoilt: the samples, where they are, and our own with every kind."""
    own = [whole(kind) | {"key": kind, "topic": "law"} for kind in WHOLE] + HARD
    found = [gift_written.write("b", own)[0].encode(), moodle_xml_written.write("b", own, lambda _digest: png())[0]]
    if samples.FOLDER is not None:
        found += [path.read_bytes() for folder in ("gift", "moodle-xml") for path in sorted((samples.FOLDER / folder).iterdir()) if path.suffix != ".json"]  # fmt: skip
    return found


def spoilt(content: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    """A file with one to eight things done to it: octets changed, pieces put in, taken out, doubled, moved, mixed with another."""
    for _ in range(dice.randrange(1, 9)):
        at, to = sorted((dice.randrange(len(content) + 1), dice.randrange(len(content) + 1)))
        fate = dice.randrange(8)
        if fate == 0 and content:
            at = min(at, len(content) - 1)
            content = content[:at] + bytes([content[at] ^ 1 << dice.randrange(8)]) + content[at + 1 :]
        elif fate <= 2:
            content = content[:at] + dice.choice(PIECES) + content[at:]
        elif fate == 3:
            content = content[:at] + content[min(to, at + dice.randrange(1, 60)) :]
        elif fate == 4:
            content = content[:to] + content[at:]
        elif fate == 5:
            content = content[:at] + dice.randbytes(dice.randrange(1, 12)) + content[at:]
        elif fate == 6:
            other = dice.choice(others)
            content = content[:at] + other[dice.randrange(len(other)) :][: dice.randrange(1, 2000)] + content[at:]
        elif dice.random() < 0.3:
            content = content[:at]
    return content[:200_000]


def test_spoilt_files_are_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    whole_files = seeds()
    fates: Counter[str] = Counter()
    reasons: set[str] = set()
    faults: dict[str, bytes] = {}

    @settings(max_examples=INPUTS, **RUN)
    @given(st.integers(0, 2**64 - 1))
    def read(seed: int) -> None:
        dice = random.Random(f"{seed} {ROUND}")
        content = spoilt(dice.choice(whole_files), dice, whole_files)
        try:
            _read(content, fates, reasons)
        except Exception as problem:  # noqa: BLE001 - what the test looks for
            faults.setdefault(f"{type(problem).__name__}: {problem}"[:300], content[:2000])

    read()
    with capsys.disabled():
        print(
            f"\nspoilt question files: {INPUTS} inputs, {dict(sorted(fates.items()))}, {len(reasons)} different reasons"
        )
    assert not faults, "\n".join(f"{said} with {content!r}" for said, content in faults.items())
    assert "file refused without a word" not in fates
    assert {"file refused", "taken", "changed", "refused"} <= set(fates)


def _read(content: bytes, fates: Counter[str], reasons: set[str]) -> None:
    try:
        found = files.read(content).items
    except Invalid as problem:
        said = str(problem)
        reasons.add(problem.message)
        fates["file refused" if said else "file refused without a word"] += 1
        return
    kept = []
    for one, key in items.keyed(found):
        assert one.entry is not None and entries.fault(one.entry) is None
        json.dumps(one.entry)
        kept.append(one.entry | {"key": key, "topic": "law"})
    for one in found:
        assert (one.entry is None) == (one.outcome is Outcome.REFUSED)
        assert bool(one.reason) == (one.outcome is not Outcome.TAKEN)
        reasons.update(because.message for because in one.reasons)
        fates[one.outcome] += 1
    gift_written.write("b", kept)
    moodle_xml_written.write("b", kept, lambda _digest: png())
