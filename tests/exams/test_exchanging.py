"""Banks as content files: what was made here is its own master, and the shipped banks hold every kind in six languages."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Edition
from lmsapp.catalogue.sources import Sources
from lmsapp.core import paths
from lmsapp.core.access import KEEPER
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.storage import Folder
from lmsapp.exams import banking, exchanging, queries
from lmsapp.exams.models import Bank, Exam, Question
from lmsapp.exams.questions import Kind
from tests.exams.test_importing import GIFT, take
from tests.world import CONTENT


@pytest.fixture
def bank(session: Session) -> Bank:
    return queries.bank(session, "tst-100")


def test_what_was_made_here_no_file_retires_or_changes(session: Session, bank: Bank, tmp_path: Path) -> None:
    take(session, bank, GIFT, Folder(tmp_path))
    loaded = {q.key: q for q in session.scalars(select(Question).where(Question.bank_id == bank.id))}
    changed, retired = loaded["law-0"], loaded["law-1"]
    assert changed.origin == "content"
    entry = banking.entry_of(session, changed) | {"stem": "Asked otherwise here?"}
    banking.put(session, KEEPER, bank, entry, "en")
    banking.retire(session, KEEPER, retired)
    counts = exchanging.load(session, KEEPER, Sources(CONTENT))
    assert (counts["kept"], counts["changed"], counts["retired"]) == (2, 0, 0)
    assert banking.entry_of(session, changed)["stem"] == "Asked otherwise here?"
    assert retired.retired
    assert not loaded["own-key"].retired
    assert exchanging.conflicts(session, Sources(CONTENT)) == ["tst-100/law-0", "tst-100/law-1"]


def test_a_question_gone_from_its_file_is_retired(session: Session, bank: Bank, tmp_path: Path) -> None:
    question = session.scalars(select(Question).where(Question.key == "law-0")).one()
    question.key = "gone"
    session.flush()
    counts = exchanging.load(session, KEEPER, Sources(CONTENT))
    assert (counts["retired"], counts["new"]) == (1, 1)
    assert question.retired


def test_a_question_that_an_exam_always_asks_stays_when_it_is_gone_from_its_file(session: Session, bank: Bank) -> None:
    question = session.scalars(select(Question).where(Question.key == "law-0")).one()
    question.key = "gone"
    edition = session.scalars(select(Edition)).first()
    assert edition is not None
    session.add(Exam(edition_id=edition.id, code="pre-test", bank_id=bank.id, fixed=["gone"], blueprint=[]))
    session.flush()
    counts = exchanging.load(session, KEEPER, Sources(CONTENT))
    assert (counts["retired"], counts["kept"], question.retired) == (0, 1, False)


def test_a_drawing_we_do_not_have_is_named(tmp_path: Path) -> None:
    folder = shutil.copytree(CONTENT, tmp_path / "content")
    path = folder / "banks" / "tst-100.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("  stem: Question 0 of law?", "  figure: nowhere\n  alt: x\n  stem: Question 0 of law?"),
        encoding="utf-8",
    )
    sources = Sources(folder)
    exchanging.read(sources)
    assert "there is no drawing “nowhere”" in str(sources.problems[0])


def test_the_shipped_banks_hold_every_kind_in_six_languages() -> None:
    sources = Sources(paths.shipped("content"))
    found = exchanging.read(sources)
    assert sources.problems == []
    kinds = Counter(entry["kind"] for _path, bank, _translated in found for entry in bank["questions"])
    assert all(kinds[kind] >= 2 for kind in Kind)
    assert all(set(translated) == set(LANGUAGES) - {"en"} for _path, _bank, translated in found)
