"""`lmsapp bank import | export` at the command line."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from lmsapp import installation
from lmsapp.cli import lmsapp
from lmsapp.core import settings
from lmsapp.core.errors import Invalid
from lmsapp.exams.models import Question, QuestionDraft

GIFT = "$CATEGORY: x\n\n::One:: Is it? {T}\n\n::Two:: Half? {=a ~%50%b}\n\n::Three:: How many? {#many}\n\nA description"
FIELDS = ["number", "kind", "title", "outcome", "reason", "line"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LMSAPP_DATA", str(tmp_path / "var"))
    (tmp_path / "a.gift").write_text(GIFT, encoding="utf-8")
    return tmp_path


@pytest.fixture
def loaded(folder: Path, template: Path) -> installation.Installation:
    """With the sample course in it."""
    (folder / "var").mkdir()
    shutil.copy(template, folder / "var" / "lmsapp.sqlite")
    return installation.opened(settings.load(folder / "var", {}))


def run(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(lmsapp, ["bank", *map(str, words)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def kept(opened: installation.Installation) -> int:
    with opened.sessions() as session:
        return session.scalar(select(func.count(Question.id)).where(Question.origin == "here")) or 0


def test_a_dry_run_lists_every_item_and_needs_no_bank_nor_database(folder: Path) -> None:
    code, said, _err = run("import", folder / "a.gift", "--dry-run", "--json")
    report = json.loads(said)
    assert code == 0
    assert [list(item) for item in report["items"]] == [FIELDS] * 4
    assert [(i["number"], i["kind"], i["title"], i["outcome"], i["line"]) for i in report["items"]] == [
        (1, "true-false", "One", "taken", 3), (2, "single", "Two", "changed", 5), (3, "numeric", "Three", "refused", 7), (4, "description", "", "refused", 9),
    ]  # fmt: skip
    assert "“many” is no number" in report["items"][2]["reason"]
    assert report["counts"] == {"taken": 1, "changed": 1, "refused": 2}
    assert not (folder / "var" / "lmsapp.sqlite").exists()


def test_all_or_nothing_unless_what_is_refused_may_be_left_out(folder: Path, loaded: installation.Installation) -> None:
    code, _said, err = run("import", folder / "a.gift", "--bank", "tst-100")
    assert code == 1 and "Nothing was kept" in err
    assert kept(loaded) == 0
    code, said, _err = run("import", folder / "a.gift", "--bank", "tst-100", "--leave-out-refused")
    assert code == 0 and "2 new" in said
    assert kept(loaded) == 2
    code, said, _err = run("import", folder / "a.gift", "--bank", "tst-100", "--leave-out-refused", "--json")
    assert json.loads(said)["effects"] == {"unchanged": 2, "refused": 2}


def test_drafts_wait_for_a_training_manager(folder: Path, loaded: installation.Installation) -> None:
    code, _said, _err = run(
        "import", folder / "a.gift", "--bank", "tst-100", "--leave-out-refused", "--drafts", "--language", "prs"
    )
    assert code == 0
    with loaded.sessions() as session:
        assert {draft.language for draft in session.scalars(select(QuestionDraft))} == {"prs"}
    assert kept(loaded) == 0


@pytest.mark.parametrize(
    ("content", "words", "message"),
    [
        (b"<quiz><question>", ["--dry-run"], "Line 1, column"),
        (GIFT.encode(), ["--bank", "none"], "There is no bank “none”. Banks are: tst-100."),
        (GIFT.encode(), ["--bank", "tst-100", "--topic", "none"], "no topic “none”"),
    ],
)
def test_what_stands_in_the_way_is_said(
    folder: Path, loaded: installation.Installation, content: bytes, words: list[str], message: str
) -> None:
    (folder / "a.gift").write_bytes(content)
    with pytest.raises(Invalid) as problem:
        run("import", folder / "a.gift", *words)
    assert message in str(problem.value)
    code, said, _err = run("import", folder / "a.gift", *words, "--json")
    report = json.loads(said)
    assert code == 1
    assert message in report["problem"] and report["items"] == []


def test_without_a_bank_it_only_looks(folder: Path) -> None:
    code, _said, err = run("import", folder / "a.gift")
    assert code == 2 and "--dry-run" in err


def test_a_bank_goes_into_a_file(folder: Path, loaded: installation.Installation) -> None:
    code, _said, err = run("export", "--bank", "tst-100", "--format", "gift", "--output", folder / "x.gift")
    assert code == 0 and "GIFT:" in err
    code, said, _err = run("import", folder / "x.gift", "--bank", "tst-100", "--json")
    assert code == 0
    assert set(json.loads(said)["effects"]) == {"unchanged"}
    code, said, _err = run("export", "--bank", "tst-100", "--format", "moodle-xml")
    assert said.startswith("<?xml")
