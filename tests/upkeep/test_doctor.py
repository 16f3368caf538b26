"""The doctor: each thing that is wrong gets one sentence with its remedy, and nothing else is called wrong."""

import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from lmsapp.cli import lmsapp
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from lmsapp.installation import Installation
from lmsapp.upkeep import doctor
from tests import world


@pytest.fixture
def at_home(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The command line finds this test's installation."""
    monkeypatch.setenv("LMSAPP_DATA", str(chosen.data))
    return chosen


def sentence(about: str) -> str:
    found = {one.about: one for one in doctor.findings() if one.state == doctor.BAD}
    return found[about].sentence if about in found else f"nothing is bad about {about}"


@pytest.mark.usefixtures("at_home")
def test_a_sound_installation_has_nothing_bad() -> None:
    assert [one for one in doctor.findings() if one.state == doctor.BAD] == []
    assert CliRunner().invoke(lmsapp, ["doctor"]).exit_code == 0


def test_a_database_of_a_newer_program_is_named(at_home: Settings) -> None:
    with sqlite3.connect(at_home.data / "lmsapp.sqlite") as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999_later'")
    assert "newer lmsapp" in sentence("database")
    assert CliRunner().invoke(lmsapp, ["doctor"]).exit_code == 1


def test_a_file_that_is_no_database_is_named(at_home: Settings) -> None:
    (at_home.data / "lmsapp.sqlite").write_bytes(b"not a database" * 1000)
    assert "lmsapp restore FILE" in sentence("database")


def test_a_wrong_setting_is_named_with_its_file(at_home: Settings) -> None:
    (at_home.data / "settings.toml").write_text('smtp_port = "many"\n', encoding="utf-8")
    assert "settings.toml: smtp_port is “many”" in sentence("settings")


def test_a_key_that_others_can_read_is_named_with_the_remedy(at_home: Settings) -> None:
    KeyRing.load_or_create(at_home.keys)
    (key,) = at_home.keys.glob("*.key")
    key.chmod(0o644)
    assert f"chmod 600 {key}" in sentence("keys")


def test_a_file_rows_speak_of_and_that_is_gone_is_named(at_home: Settings, opened: Installation) -> None:
    with transaction(opened.sessions) as session:
        world.printed(session, at_home)
    digest = next(Folder(at_home.files).all())
    Folder(at_home.files).path(digest).unlink()
    assert digest in sentence("files")


def test_findings_as_json_say_what_the_page_says(at_home: Settings) -> None:
    said = CliRunner().invoke(lmsapp, ["doctor", "--json"])
    assert said.exit_code == 0
    assert str(at_home.data) in said.output


def test_a_data_folder_that_can_not_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("LMSAPP_DATA", str(tmp_path / "file" / "inside"))
    assert "LMSAPP_DATA" in sentence("settings")
