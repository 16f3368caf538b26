"""The safe reader: about forty hostile archives, and those real programs make."""

import io
import os
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lmsapp.core import archives
from lmsapp.core.archives import Limits
from lmsapp.core.errors import Invalid

SMALL = Limits(entries=50, total=4 << 20, one=2 << 20, ratio=50, ratio_from=64 << 10, depth=4)
ATTACKS: dict[str, Callable[[], bytes]] = {}


def packed(*files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        for name, content in files:
            file.writestr(name, content, compress_type=method)
    return target.getvalue()


def special(name: str, kind: int) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return info, b"/etc/passwd"


def attack(name: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def keep(make: Callable[[], bytes]) -> Callable[[], bytes]:
        ATTACKS[name] = make
        return make

    return keep


def raw(*entries: tuple[bytes, bytes, bytes, dict[str, int]]) -> bytes:
    """An archive written octet by octet: (name in the file's header, name in the directory, content, lies)."""
    body, directory = b"", b""
    for local, central, content, lies in entries:
        crc, size = lies.get("crc", zlib.crc32(content)), lies.get("size", len(content))
        packed_size, flags = lies.get("packed", len(content)), lies.get("flags", 0)
        method, offset = lies.get("method", 0), lies.get("offset", len(body))
        if "offset" not in lies:
            body += struct.pack("<4s5H3L2H", b"PK\3\4", 20, flags, method, 0, 0, crc, packed_size, size, len(local), 0)
            body += local + content
        directory += (
            struct.pack(
                "<4s6H3L5H2L",
                b"PK\1\2",
                20,
                20,
                flags,
                method,
                0,
                0,
                crc,
                packed_size,
                size,
                len(central),
                0,
                0,
                0,
                0,
                0,
                offset,
            )
            + central
        )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + end


def counted(content: bytes, count: int) -> bytes:
    """The archive with another number of entries in its end record."""
    return content[:-14] + struct.pack("<HH", count, count) + content[-10:]


for hostile in (
    "../up.txt", "a/../../up.txt", "/absolute.txt", "//host/share.txt", "C:/drive.txt", "C:up.txt", "..\\up.txt",
    "a\\b.txt", "a//b.txt", "./a.txt", "a/./b.txt", "..", "new\nline.txt", "bell\x07.txt", "delete\x7f.txt",
    "over\u202etxt.exe", "isolate\u2067x.txt", "a/b/c/d/e/deep.txt", "n" * 256 + ".txt", "file.txt:stream",
):  # fmt: skip
    ATTACKS[f"name {hostile[:24]!r}"] = lambda hostile=hostile: packed((hostile, b"x"), method=zipfile.ZIP_STORED)
for kind in ("S_IFLNK", "S_IFCHR", "S_IFBLK", "S_IFIFO", "S_IFSOCK"):
    ATTACKS[f"kind {kind}"] = lambda kind=kind: packed(special("thing", getattr(stat, kind)))
ATTACKS |= {
    "bomb: one file": lambda: packed(("zeros", b"\0" * (2 << 20))),
    "bomb: many files": lambda: packed(*[(f"{n}", os.urandom(100_000)) for n in range(49)]),
    "bomb: too large one": lambda: packed(("noise", os.urandom((2 << 20) + 1)), method=zipfile.ZIP_STORED),
    "bomb: nested": lambda: packed(("inner.zip", packed(*[(f"{n}", b"\0" * (1 << 20)) for n in range(20)]) * 200)),
    "too many entries": lambda: packed(*[(f"{n}.txt", b"") for n in range(51)]),
    "twice": lambda: raw((b"a.txt", b"a.txt", b"1", {}), (b"a.txt", b"a.txt", b"2", {})),
    "case clash": lambda: packed(("Lesson.md", b"1"), ("lesson.MD", b"2")),
    "case clash of folders": lambda: packed(("Text/a.md", b"1"), ("text/b.md", b"2")),
    "composed and decomposed": lambda: packed(("é.md", b"1"), ("e\u0301.md", b"2")),
    "file and folder": lambda: packed(("a", b"1"), ("a/b", b"2")),
    "folder and file": lambda: packed(("a/b", b"1"), ("a", b"2")),
    "folder with content": lambda: packed(("folder/", b"hidden"), method=zipfile.ZIP_STORED),
    "NUL in the name": lambda: raw((b"safe.txt\0.exe", b"safe.txt\0.exe", b"x", {})),
    "two names for one file": lambda: raw((b"evil.exe", b"safe.txt", b"x", {})),
    "overlap: all entries are one": lambda: raw(
        (b"a", b"a", b"x" * 999, {}), *[(b"a", b"%d" % n, b"x" * 999, {"offset": 0}) for n in range(20)]
    ),
    "overlap: one inside another": lambda: raw(
        (b"a", b"a", (inner := raw((b"b", b"b", b"x", {}))), {}),
        (b"b", b"b", b"x", {"offset": 31 + inner.index(b"PK\3\4")}),
    ),
    "directory lies: longer": lambda: raw((b"a", b"a", b"x" * 10, {"size": 1_000_000, "method": 8})),
    "directory lies: shorter": lambda: raw((b"a", b"a", b"x" * 10, {"size": 5, "packed": 5})),
    "wrong checksum": lambda: raw((b"a", b"a", b"x" * 10, {"crc": 1})),
    "not deflate inside": lambda: raw((b"a", b"a", b"\xff" * 100, {"method": 8})),
    "locked": lambda: raw((b"a", b"a", b"x" * 20, {"flags": 1})),
    "unknown packing": lambda: raw((b"a", b"a", b"x", {"method": 99})),
    "bzip2": lambda: packed(("a", b"x" * 100), method=zipfile.ZIP_BZIP2),
    "something before it": lambda: b"<script>alert(1)</script>" + packed(("a", b"x")),
    "something after it": lambda: packed(("a", b"x")) + b"<script>alert(1)</script>",
    "cut": lambda: packed(("a", os.urandom(5000)))[:-300],
    "cut in front": lambda: packed(("a", os.urandom(5000)))[300:],
    "empty": lambda: b"",
    "not an archive": lambda: b"%PDF-1.7 and so on",
    "end record only, a million promised": lambda: struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 0, 0
    ),
    "entries hidden from the count": lambda: counted(packed(*[(f"{n}.txt", b"") for n in range(60)]), 1),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_archive_is_refused_whole_and_leaves_nothing_behind(name: str, tmp_path: Path) -> None:
    content = ATTACKS[name]()
    (tmp_path / "kept.txt").write_text("kept")
    begun = time.monotonic()
    with pytest.raises(Invalid) as refused:
        archives.unpack(content, tmp_path / "unpacked", SMALL)
    assert time.monotonic() - begun < 5
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]
    assert str(refused.value).endswith(".")


def test_about_forty_attacks_are_tried() -> None:
    assert len(ATTACKS) >= 40


def test_a_million_entries_are_refused_before_they_are_listed() -> None:
    one = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = one * 1_000_000
    content = directory + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 16960, 16960, len(directory), 0, 0)
    begun = time.monotonic()
    with pytest.raises(Invalid, match="5000 entries"), archives.opened(content):
        pass
    assert time.monotonic() - begun < 1


def test_an_ordinary_archive_is_unpacked_byte_for_byte(tmp_path: Path) -> None:
    files = {"course.yaml": b"code: MAF-101\n", "lessons/ۍ.ps.md": "متن".encode(), "می\u200cرود.md": b"x", "empty": b""}
    content = packed(("lessons/", b""), *files.items())
    made = archives.unpack(content, tmp_path / "course")
    assert {str(p.relative_to(tmp_path / "course")): p.read_bytes() for p in made} == files


def test_an_archive_is_read_without_being_unpacked() -> None:
    with archives.opened(io.BytesIO(packed(("a/b.xml", b"<x/>")))) as archive:
        assert archive.names == ("a/b.xml",)
        assert archive.read("a/b.xml") == b"<x/>"
        with pytest.raises(KeyError):
            archive.read("other")


def test_an_archive_is_not_unpacked_over_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "mine.md").write_text("mine")
    with pytest.raises(OSError):  # noqa: PT011 - the system's own words
        archives.unpack(packed(("a", b"x")), tmp_path / "course")
    assert [p.name for p in tmp_path.rglob("*")] == ["course", "mine.md"]


def test_names_of_programs_that_write_utf8_without_saying_so_are_read() -> None:
    name = "درس ۱.md".encode()
    with archives.opened(raw((name, name, b"x", {}))) as archive:
        assert archive.names == ("درس ۱.md",)
        assert archive.read("درس ۱.md") == b"x"


def test_streamed_archives_with_data_descriptors_are_read() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.octets = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.octets += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as file:  # type: ignore[arg-type]
        file.writestr("a.txt", b"first")
        file.writestr("b.txt", b"second")
    with archives.opened(pipe.octets) as archive:
        assert [archive.read(n) for n in archive.names] == [b"first", b"second"]


@pytest.mark.parametrize("cut", range(0, 300, 7))
def test_any_flipped_octet_is_refused_or_read_never_a_crash(cut: int) -> None:
    content = bytearray(packed(("a.txt", b"hello " * 30), ("b/c.txt", b"world")))
    content[cut % len(content)] ^= 0xFF
    try:
        with archives.opened(bytes(content)) as archive:
            for name in archive.names:
                archive.read(name)
    except Invalid:
        pass
