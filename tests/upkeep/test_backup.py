"""Backup and restore: what comes back is what was there, and what is damaged is named before anything is touched."""

import sqlite3
import tarfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from lmsapp import installation
from lmsapp.accounts.models import Person
from lmsapp.core import audit, settings
from lmsapp.core.access import KEEPER
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from lmsapp.installation import Installation
from lmsapp.upkeep import backup


@pytest.fixture
def filled(opened: Installation) -> Installation:
    """An installation with a few acts, a file and a key."""
    with transaction(opened.sessions) as session:
        for number in range(5):
            audit.record(session, "test.act", KEEPER, on=("thing", number))
    Folder(opened.settings.files).put(b"a printed leaflet")
    KeyRing.load_or_create(opened.settings.keys)
    return opened


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    """An empty data folder on another machine."""
    return settings.load(tmp_path / "elsewhere", {})


def damaged(path: Path, at: int) -> Path:
    octets = bytearray(path.read_bytes())
    octets[at] ^= 1
    target = path.with_name("damaged.tar")
    target.write_bytes(octets)
    return target


def offset_of(path: Path, name: str) -> int:
    with tarfile.open(path) as tar:
        return tar.getmember(name).offset_data


def test_everything_comes_back(filled: Installation, elsewhere: Settings, tmp_path: Path) -> None:
    manifest = backup.write(filled.settings, tmp_path / "b.tar")
    assert backup.read(elsewhere, tmp_path / "b.tar")["rows"] == manifest["rows"]
    found = installation.opened(elsewhere)
    with found.sessions() as session, filled.sessions() as before:
        assert list(session.scalars(select(Person.number))) == list(before.scalars(select(Person.number)))
        assert audit.head(session) == audit.head(before)
    found.engine.dispose()
    (digest,) = manifest["files"]
    assert Folder(elsewhere.files).path(digest).read_bytes() == b"a printed leaflet"


def test_public_keys_travel_and_private_ones_and_secrets_stay(
    filled: Installation, elsewhere: Settings, tmp_path: Path
) -> None:
    backup.write(filled.settings, tmp_path / "b.tar")
    backup.read(elsewhere, tmp_path / "b.tar")
    assert KeyRing(elsewhere.keys).public_keys() == KeyRing(filled.settings.keys).public_keys()
    assert not list(elsewhere.keys.glob("*.key"))
    octets = (tmp_path / "b.tar").read_bytes()
    (private,) = filled.settings.keys.glob("*.key")
    assert private.read_bytes().strip() not in octets
    assert filled.settings.secret.encode() not in octets


def test_a_backup_is_whole_while_others_write(filled: Installation, elsewhere: Settings, tmp_path: Path) -> None:
    stop = threading.Event()

    def write_on() -> None:
        number = 100
        while not stop.is_set():
            with transaction(filled.sessions) as session:
                audit.record(session, "test.act", KEEPER, on=("thing", number))
            number += 1

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for number in range(3):
            backup.write(filled.settings, tmp_path / f"b{number}.tar")
    finally:
        stop.set()
        writer.join()
    manifest = backup.read(elsewhere, tmp_path / "b2.tar")
    assert manifest["rows"]["audit_line"] == manifest["audit_head"][0]


@pytest.mark.parametrize("part", ["lmsapp.sqlite", "files/"])
def test_one_changed_octet_is_named_and_nothing_is_touched(
    filled: Installation, elsewhere: Settings, tmp_path: Path, part: str
) -> None:
    manifest = backup.write(filled.settings, tmp_path / "b.tar")
    name = part if part != "files/" else f"files/{next(iter(manifest['files']))}"
    bad = damaged(tmp_path / "b.tar", offset_of(tmp_path / "b.tar", name) + 5)
    with pytest.raises(Invalid, match=name):
        backup.read(elsewhere, bad)
    assert sorted(path.name for path in elsewhere.data.iterdir()) == ["secret"]


def test_a_cut_archive_a_foreign_file_and_an_empty_one_are_refused_in_words(
    filled: Installation, elsewhere: Settings, tmp_path: Path
) -> None:
    backup.write(filled.settings, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    for name, content in (("cut", whole[: len(whole) // 2]), ("text", b"hello" * 500), ("nothing", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(Invalid, match="backup"):
            backup.read(elsewhere, path)
    assert not (elsewhere.data / "lmsapp.sqlite").exists()


def test_a_path_that_leads_out_of_the_archive_is_refused(
    filled: Installation, elsewhere: Settings, tmp_path: Path
) -> None:
    backup.write(filled.settings, tmp_path / "b.tar")
    outside = tmp_path / "outside.txt"
    outside.write_text("x", encoding="utf-8")
    with tarfile.open(tmp_path / "b.tar", "a") as tar:
        tar.add(outside, arcname="../../outside.txt")
    with pytest.raises(Invalid, match="does not name"):
        backup.read(elsewhere, tmp_path / "b.tar")


def test_what_is_here_is_kept_unless_told_and_then_moved_aside(filled: Installation, tmp_path: Path) -> None:
    backup.write(filled.settings, tmp_path / "b.tar")
    filled.engine.dispose()
    with pytest.raises(Conflict, match="--replace"):
        backup.read(filled.settings, tmp_path / "b.tar")
    backup.read(filled.settings, tmp_path / "b.tar", replace=True)
    aside = list(filled.settings.data.glob("lmsapp.sqlite.before-*"))
    assert [path for path in aside if not path.name.endswith(("-wal", "-shm"))]


def test_a_newer_programs_backup_is_refused_by_its_step(
    filled: Installation, elsewhere: Settings, tmp_path: Path
) -> None:
    with sqlite3.connect(filled.settings.data / "lmsapp.sqlite") as plain:
        plain.execute("UPDATE alembic_version SET version_num = '9999_later'")
    backup.write(filled.settings, tmp_path / "b.tar")
    with pytest.raises(Invalid, match="newer lmsapp"):
        backup.read(elsewhere, tmp_path / "b.tar")


def test_a_damaged_stored_file_is_named_and_left_out(filled: Installation, tmp_path: Path) -> None:
    storage = Folder(filled.settings.files)
    (digest,) = storage.all()
    storage.path(digest).write_bytes(b"something else")
    assert backup.write(filled.settings, tmp_path / "b.tar")["damaged"] == [digest]


def test_a_backup_never_overwrites_a_file(filled: Installation, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine", encoding="utf-8")
    with pytest.raises(Conflict, match="there already"):
        backup.write(filled.settings, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text(encoding="utf-8") == "mine"


def test_another_databases_installation_is_told_which_tools_to_use(filled: Installation, tmp_path: Path) -> None:
    chosen = replace(filled.settings, database_url="postgresql+psycopg://lms@localhost/lms")
    with pytest.raises(Invalid, match="pg_dump"):
        backup.write(chosen, tmp_path / "b.tar")
