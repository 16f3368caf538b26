"""What is wrong with the machine is said in one plain sentence with its remedy, at the command line and on the page."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from lmsapp.cli import main
from lmsapp.core import paths, settings, translations, troubles
from lmsapp.core.errors import Invalid
from lmsapp.core.settings import Settings
from lmsapp.upkeep import catalogues, doctor


@pytest.fixture
def at_home(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The command line finds this test's installation."""
    monkeypatch.setenv("LMSAPP_DATA", str(chosen.data))
    return chosen


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command says on standard error when it refuses: one line."""
    with pytest.raises(SystemExit) as ended:
        main([*words])
    assert ended.value.code == 1
    text = capsys.readouterr().err.strip()
    assert text.startswith("lmsapp: ")
    assert "Traceback" not in text
    assert len(text.splitlines()) == 1, text
    return text


def test_where_no_certificate_was_ever_signed_none_is_called_false(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LMSAPP_DATA", str(tmp_path / "elsewhere"))
    text = said(capsys, "verify", "NMC-2026-AC-00417-K")
    assert "LMSAPP_DATA" in text and str(tmp_path / "elsewhere") in text


WRONG = {
    "LMSAPP_LOG_LEVEL": "LOUD", "LMSAPP_TIME_ZONE": "Mars/Base", "LMSAPP_QUEUE": "pigeon", "LMSAPP_BASE_URL": "nmc.example",
    "LMSAPP_DATABASE_URL": "mysql://x:secret@y/z", "LMSAPP_SESSION_DAYS": "-3", "LMSAPP_SESSION_IDLE_HOURS": "0", "LMSAPP_SERIAL_PREFIX": "a b",
    "LMSAPP_SMTP_PORT": "70000", "LMSAPP_MAIL_FROM": "nobody", "LMSAPP_STALE_LIST_DAYS": "0", "LMSAPP_TRUSTED_PROXIES": "-1", "LMSAPP_DEMONSTRATION": "maybe",
}  # fmt: skip


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(("variable", "value"), WRONG.items())
def test_a_wrong_setting_is_named_with_what_to_write(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    sentence = said(capsys, "serve", "--port", "1")
    assert variable in sentence
    assert "; write " in sentence
    assert "secret" not in sentence


@pytest.mark.usefixtures("at_home")
def test_a_slip_in_the_name_of_a_setting_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMSAPP_SMPT_HOST", "mail.example.org")
    assert any("LMSAPP_SMPT_HOST sets nothing" in one.sentence for one in doctor.findings())


def test_a_damaged_a_locked_and_a_newer_database_are_named(
    at_home: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = at_home.data / "lmsapp.sqlite"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr("lmsapp.core.sessions.BUSY_TIMEOUT_MS", 10)
    assert "Another program holds the database" in said(capsys, "content", "load")
    holder.execute("UPDATE alembic_version SET version_num = '9999_later'")
    holder.execute("COMMIT")
    holder.close()
    assert "newer lmsapp" in said(capsys, "demo", "people")
    path.write_bytes(b"not a database" * 1000)
    assert "damaged. Bring the last backup back" in said(capsys, "audit", "check")


def test_a_database_server_that_is_silent_is_named_without_the_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LMSAPP_DATA", str(tmp_path))
    monkeypatch.setenv("LMSAPP_DATABASE_URL", "postgresql+psycopg://lms:geheim@127.0.0.1:1/lms")
    sentence = said(capsys, "demo", "people")
    assert "does not answer. Start it, or correct LMSAPP_DATABASE_URL" in sentence
    assert "geheim" not in sentence


def test_a_failed_first_start_leaves_no_empty_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("", encoding="ascii")  # what a full disk left behind
    made = settings.load(tmp_path, {}).secret
    assert len(made) == 64
    assert settings.load(tmp_path, {}).secret == made
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_demonstration_never_marks_an_installation_for_real(
    at_home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    main_quietly = pytest.raises(SystemExit)
    with main_quietly:
        main(["demo", "load", "--if-empty"])
    assert "Somebody is here already" in said(capsys, "demo", "load")
    assert not (at_home.data / "settings.toml").exists()


@pytest.mark.usefixtures("at_home")
def test_where_no_demonstration_is_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["people", "--json"], ["certificates", "--out", str(tmp_path / "out"), "--json"]):
        assert "There is no demonstration here" in said(capsys, "demo", *words)
    assert not (tmp_path / "out").exists()


# ---------- a full disk: nothing stored, nothing lost, reading goes on ----------


def fill(app: Flask) -> None:
    """From now on the database finds no room, as on a full disk."""
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine

        @event.listens_for(engine, "begin")
        def no_room(connection: object) -> None:
            connection.exec_driver_sql("PRAGMA max_page_count=1")  # type: ignore[attr-defined]


def test_on_a_full_disk_a_form_says_so_in_the_reader_s_language_and_reading_goes_on(
    app: Flask, signed_in: Callable[[str], FlaskClient]
) -> None:
    browser = signed_in("instructor")
    token = browser.get("/az/profile").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    fill(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    sent = {"csrf_token": token, "language": "az", "time_zone": "Asia/Baku", "calendar": "", "phone": "1" * 39}
    replies = [browser.post("/az/profile", data=sent) for _ in range(60)]
    full = [reply for reply in replies if reply.status_code == 507]
    assert full, {reply.status_code for reply in replies}
    assert {reply.status_code for reply in replies} <= {303, 507}
    assert '<html lang="az"' in full[0].get_data(as_text=True)
    assert browser.get("/az/profile").status_code == 200


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (OSError(28, "No space left on device", "/x"), troubles.FULL),
        (OSError(13, "Permission denied", "/x"), "/x can't be used: Permission denied."),
        (RuntimeError("a defect"), None),
    ],
)
def test_what_the_machine_refuses_has_its_sentence_and_a_defect_has_none(
    problem: Exception, sentence: str | None
) -> None:
    assert troubles.sentence(problem) == sentence


# ---------- catalogues ----------


@pytest.fixture
def broken_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shipped translations whose Azerbaijani catalogue is garbage and whose Turkish one is gone."""
    for locale in ("az", "fa_AF", "ps_AF", "tr", "ka"):
        folder = tmp_path / "translations" / locale / "LC_MESSAGES"
        folder.mkdir(parents=True)
        original = paths.shipped("translations") / locale / "LC_MESSAGES" / "messages.mo"
        if locale != "tr":
            (folder / "messages.mo").write_bytes(b"garbage" * 100 if locale == "az" else original.read_bytes())
    monkeypatch.setattr(paths, "shipped", lambda name: tmp_path / name)
    translations.catalogue.cache_clear()
    yield tmp_path
    translations.catalogue.cache_clear()


@pytest.mark.usefixtures("broken_catalogue")
def test_a_broken_catalogue_is_named_and_its_readers_see_english() -> None:
    sentences = translations.faults()
    assert [("az is damaged" in one, "tr is not compiled" in one) for one in sentences] == [
        (True, False),
        (False, True),
    ]
    with translations.use("az"):
        assert translations.gettext("Sign in") == "Sign in"
    with translations.use("ka"):
        assert translations.gettext("Sign in") != "Sign in"


def test_a_catalogue_that_can_not_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    source = tmp_path / "az" / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    source.write_text('msgid "a"\nmsgstr "b"\n\nmsgid "broken\n', encoding="utf-8")
    with pytest.raises(catalogues.BrokenCatalogue, match=r"messages\.po:\d: .* Mend that line"):
        catalogues.compile_catalogues(tmp_path)


def test_refusing_a_setting_takes_no_more_than_the_settings() -> None:
    """A wrong word in a setting is said before the database is touched."""
    with pytest.raises(Invalid, match="queue is"):
        settings.load(Path("/nonexistent/never-made"), {"LMSAPP_QUEUE": "pigeon"})
    assert not Path("/nonexistent").exists()


def test_the_command_line_shows_no_trace_to_its_user(at_home: Settings) -> None:
    (at_home.data / "settings.toml").write_text("queue = [", encoding="utf-8")
    ran = subprocess.run([sys.executable, "-m", "lmsapp", "serve"], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "settings.toml can't be read" in ran.stderr
    assert "Traceback" not in ran.stderr
