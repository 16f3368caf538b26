"""Course files: what is wrong is named by file and line, nothing is loaded then, and loading twice changes nothing."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Course, Edition
from lmsapp.catalogue.sources import Sources
from lmsapp.core.errors import Invalid
from lmsapp.core.locales import LANGUAGES
from lmsapp.translation.models import Unit
from lmsapp.upkeep import content
from tests.world import CONTENT

LESSON = "courses/tst-100/1-first/1-signs.md"
SHIPPED = Path(__file__).parents[2] / "content"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample content that a test may damage."""
    return shutil.copytree(CONTENT, tmp_path / "content")


@pytest.fixture
def unknown(folder: Path) -> Path:
    """The same under a code that no database knows yet."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.suffix == ".yaml":
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("tst-100", "tst-200").replace("TST-100", "TST-200"), encoding="utf-8")
        path.rename(path.with_name(path.name.replace("tst-100", "tst-200")))
    return folder


def test_the_sample_content_is_whole() -> None:
    sources = Sources(CONTENT)
    content.read_all(sources)
    assert sources.problems == []


def damage(folder: Path, name: str, old: str, new: str) -> list[str]:
    """Changes a file and returns what the check says."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    sources = Sources(folder)
    content.read_all(sources)
    return [str(problem) for problem in sources.problems]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (LESSON, "- [x] stop", "- [ ] stop", f"{LESSON}:30: a single check needs options with one right"),
        (LESSON, "::: warning", "::: warnung", f"{LESSON}:24: there is no container “warnung”"),
        (LESSON, "A red board by the road.", "A <b>red</b> board", f"{LESSON}:16: HTML is not allowed"),
        (LESSON, "Stay on the road.\n:::", "Stay on the road.", "begins before “warning” is closed"),
        (LESSON, "::: figure sign", "::: figure nothing", "there is no drawing figures/nothing.svg"),
        (LESSON, "title: Signs", "title: [", f"{LESSON}:"),
        ("courses/tst-100/1-first/1-signs.ka.md", "- ქარ a cloth on a string\n", "", "1-signs.ka.md:1: has "),
        ("courses/tst-100/course.yaml", "teaching_hours: 20", "teaching_hours: 30", "modules add up to 20 hours, teaching_hours says 30"),
        ("courses/tst-100/course.yaml", "group: foundations", "group: cooking", "group is “cooking”"),
        ("courses/tst-100/course.yaml", "code: TST-100", "code: [", "not YAML"),
        ("banks/tst-100.yaml", "kind: numeric", "kind: essay", "the kind is “essay”"),
        ("banks/tst-100.ka.yaml", "ქარ Question 0 of law?", "''", "lacks stem"),
        ("messages.tr.yaml", "  R6:", "  R9:", "lacks R6"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_file_and_line(folder: Path, name: str, old: str, new: str, said: str) -> None:
    assert any(said in line for line in damage(folder, name, old, new))


def editions(session: Session) -> list[int]:
    """The editions of the unknown course."""
    query = select(Edition.number).join(Course).where(Course.code == "TST-200").order_by(Edition.number)
    return list(session.scalars(query))


def test_nothing_is_loaded_from_a_damaged_folder(session: Session, unknown: Path) -> None:
    (unknown / LESSON.replace("100", "200")).write_text("no header", encoding="utf-8")
    before = session.scalar(select(func.count()).select_from(Unit))
    with pytest.raises(Invalid, match="nothing was loaded"):
        content.load_all(session, unknown)
    assert editions(session) == []
    assert session.scalar(select(func.count()).select_from(Unit)) == before


def test_loading_twice_changes_nothing_and_a_changed_lesson_is_a_new_edition(session: Session, unknown: Path) -> None:
    assert content.load_all(session, unknown)["courses"] == {"new": 1}
    assert content.load_all(session, unknown)["courses"] == {"unchanged": 1}
    path = unknown / LESSON.replace("100", "200")
    path.write_text(path.read_text(encoding="utf-8").replace("A sign is read", "A sign must be read"), encoding="utf-8")
    assert content.load_all(session, unknown)["courses"] == {"new edition": 1}
    assert editions(session) == [1, 2]


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_a_lesson_is_read_in_every_language(code: str, signed_in: Callable[[str], FlaskClient]) -> None:
    browser = signed_in("anonymous")
    page = browser.get(f"/{code}/courses/tst-100/1-first/1-signs").get_data(as_text=True)
    assert 'class="drawn" role="img"' in page
    assert ("Stay on the road." in page) is True
    if code != "en":
        assert '<div class="source" lang="en" dir="ltr">' in page
    native = "۲" if LANGUAGES[code].digits[0] != "0" else "2"
    assert f'text-anchor="middle">{native}</text>' in page
    assert browser.get(f"/{code}/courses/tst-100").status_code == 200


def test_a_check_tells_right_from_wrong_without_a_script(signed_in: Callable[[str], FlaskClient]) -> None:
    browser = signed_in("anonymous")
    base = "/en/courses/tst-100/1-first/1-signs?check="
    assert "That is right" in browser.get(f"{base}1&answer=o2").get_data(as_text=True)
    assert "Not quite" in browser.get(f"{base}1&answer=o1").get_data(as_text=True)
    assert "That is right" in browser.get(f"{base}3&answer=۲۷").get_data(as_text=True)
    assert "Choose an answer first" in browser.get(f"{base}1").get_data(as_text=True)
    assert browser.get(f"{base}99&answer=x").status_code == 200


def test_the_shipped_content_has_no_problem() -> None:
    sources = Sources(SHIPPED)
    content.read_all(sources)
    assert [str(p) for p in sources.problems] == []
