"""Files named by their content."""

import hashlib
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest

from lmsapp.core import clock, storage
from lmsapp.core.storage import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data" / "files")


def test_a_file_is_found_by_its_digest(folder: Folder) -> None:
    kept = folder.put(b"certificate")
    assert (kept.digest, kept.size) == (hashlib.sha256(b"certificate").hexdigest(), 11)
    with folder.open(kept.digest) as file:
        assert file.read() == b"certificate"
    assert folder.exists(kept.digest)
    assert not folder.exists("0" * 64)
    with pytest.raises(FileNotFoundError):
        folder.open("0" * 64)


def test_a_stream_larger_than_a_piece_is_kept_whole_and_the_same_content_is_one_file(folder: Folder) -> None:
    content = os.urandom(storage.CHUNK * 2 + 17)
    assert folder.put(io.BytesIO(content)) == folder.put(content)
    assert list(folder.all()) == [hashlib.sha256(content).hexdigest()]
    assert folder.put(b"").size == 0


def test_a_stream_that_breaks_off_leaves_nothing(folder: Folder) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("line cut")
            return super().read(3)

    with pytest.raises(OSError, match="line cut"):
        folder.put(Broken(b"abcdef"))
    assert list(folder.root.rglob("*")) == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "0" * 63, "", "0" * 63 + "/", "0" * 64 + "\n"])
def test_what_is_no_digest_is_no_path(folder: Folder, name: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        folder.path(name)


def test_the_sweep_removes_old_files_no_row_speaks_of_and_leaves_fresh_ones(folder: Folder) -> None:
    known, orphan = folder.put(b"known"), folder.put(b"orphan")
    (folder.root / ".part-0011").write_bytes(b"interrupted")
    assert folder.sweep([known.digest]) == 0
    with clock.held(clock.now() + timedelta(days=2)):
        assert folder.sweep([known.digest]) == 2
    assert list(folder.all()) == [known.digest]
    assert not folder.exists(orphan.digest)
    assert not list(folder.root.glob(".part-*"))
