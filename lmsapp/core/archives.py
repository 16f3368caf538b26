"""The one reader of ZIP archives. What breaks a limit or a rule is refused whole and leaves nothing behind.

The directory is checked before anything is unpacked, and the sizes it declares are held while unpacking: APPNOTE 6.3.10
for the format; the rules are those of the checklist, line 29. Archives inside an archive stay closed.
"""

import io
import os
import re
import secrets
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lmsapp.core.errors import Invalid
from lmsapp.core.translations import N_

CHUNK = 1 << 18
_END = struct.Struct("<4s4H2LH")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_SIGN, _LOCAL_SIGN = b"PK\x05\x06", b"PK\x03\x04"
_FLAG_LOCKED, _FLAG_UTF8 = 0x1 | 0x40 | 0x2000, 0x800
_DIRECTORY_BYTES_AN_ENTRY = 512
# Embeddings, overrides and isolates hide where a name ends; the joiner of Persian names is none of them.
_HIDING = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Limits:
    """How large an archive may be: entries, octets unpacked in all and of one file, packed how many times, folders."""

    entries: int = 5_000
    total: int = 512 << 20
    one: int = 128 << 20
    ratio: int = 200
    ratio_from: int = 1 << 20
    depth: int = 12


USUAL = Limits()


@dataclass
class _Seen:
    """Every path met so far, folders above included: its spelling, whether it is a file; and which had an entry."""

    spelling: dict[str, tuple[str, bool]] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)


class Archive:
    """An archive whose directory was found sound: names in their order, and the files' contents."""

    def __init__(self, file: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo]) -> None:
        self._file, self._entries = file, entries

    @property
    def names(self) -> tuple[str, ...]:
        """Paths of the files, `/` between folders, NFC."""
        return tuple(self._entries)

    def read(self, name: str) -> bytes:
        """The contents of one file; raises KeyError for a name that is not here, Invalid when they are damaged."""
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The contents piece by piece; raises as `read`."""
        entry = self._entries[name]
        seen = 0
        try:
            with self._file.open(entry) as file:
                while piece := file.read(CHUNK):
                    seen += len(piece)
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as problem:
            raise Invalid(N_("“%(name)s” in the archive is damaged; make the archive again."), name=name) from problem
        if seen != entry.file_size:
            raise Invalid(N_("“%(name)s” in the archive is not as long as it says."), name=name)


@contextmanager
def opened(source: bytes | Path | BinaryIO, limits: Limits = USUAL) -> Iterator[Archive]:
    """Opens an archive after checking its whole directory; raises Invalid naming the entry and the rule."""
    stream = _stream(source)
    try:
        start = _check_end(stream, limits)
        stream.seek(0)
        with zipfile.ZipFile(stream) as file:
            yield Archive(file, _checked(file, stream, start, limits))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, struct.error, NotImplementedError, UnicodeError) as problem:
        raise Invalid(N_("This is not a ZIP archive, or it is damaged.")) from problem
    finally:
        if stream is not source:
            stream.close()


def unpack(source: bytes | Path | BinaryIO, folder: Path, limits: Limits = USUAL) -> list[Path]:
    """Unpacks everything into the new folder `folder`, or nothing; returns the files. Raises Invalid as `opened`."""
    part = folder.with_name(f".part-{secrets.token_hex(8)}")
    try:
        with opened(source, limits) as archive:
            part.mkdir(parents=True)
            for name in archive.names:
                target = part / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    file.writelines(archive.chunks(name))
            names = archive.names
        os.rename(part, folder)  # noqa: PTH104 - unlike Path.replace it refuses a folder that holds something
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return [folder / name for name in names]


def _stream(source: bytes | Path | BinaryIO) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    return source.open("rb") if isinstance(source, Path) else source


def _check_end(stream: BinaryIO, limits: Limits) -> int:
    """Reads the end record before zipfile builds an object for each entry; returns where the directory begins."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 0xFFFF - _END.size))
    tail = stream.read()
    at = tail.rfind(_END_SIGN)
    if at < 0 or at + _END.size > len(tail):
        raise Invalid(N_("This is not a ZIP archive, or it is damaged."))
    _, disk, first_disk, here, entries, length, offset, comment = _END.unpack_from(tail, at)
    position = size - len(tail) + at
    if entries > limits.entries or length > limits.entries * _DIRECTORY_BYTES_AN_ENTRY:
        raise Invalid(N_("The archive has more than %(most)s entries."), most=limits.entries)
    if disk or first_disk or here != entries or offset + length != position or at + _END.size + comment != len(tail):
        raise Invalid(N_("The archive has something before, between or after its parts; make it again."))
    return int(offset)


def _checked(file: zipfile.ZipFile, stream: BinaryIO, start: int, limits: Limits) -> dict[str, zipfile.ZipInfo]:
    entries = file.infolist()
    if len(entries) > limits.entries:
        raise Invalid(N_("The archive has more than %(most)s entries."), most=limits.entries)
    if sum(entry.file_size for entry in entries) > limits.total:
        raise Invalid(N_("Unpacked, the archive is larger than %(most)s MB."), most=limits.total >> 20)
    _check_places(entries, stream, start)
    files: dict[str, zipfile.ZipInfo] = {}
    seen = _Seen()
    for entry in entries:
        name = _name(entry)
        _check_name(name, limits)
        _check_kind(entry, name)
        _check_size(entry, name, limits)
        _check_clash(seen, name)
        if not name.endswith("/"):
            files[name] = entry
    return files


def _name(entry: zipfile.ZipInfo) -> str:
    """The name as it was meant: some programs write UTF-8 without saying so."""
    name = entry.orig_filename
    if not entry.flag_bits & _FLAG_UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name)


def _check_name(name: str, limits: Limits) -> None:
    shown = _HIDING.sub("\ufffd", name)[:120]
    parts = name.removesuffix("/").split("/")
    if _HIDING.search(name):
        raise Invalid(N_("The name “%(name)s” in the archive has control characters."), name=shown)
    if "\\" in name or ":" in name or any(part in {"", ".", ".."} for part in parts):
        raise Invalid(N_("“%(name)s” in the archive leads out of its folder."), name=shown)
    if len(parts) > limits.depth:
        raise Invalid(N_("“%(name)s” lies more than %(most)s folders deep."), name=shown, most=limits.depth)
    if len(name) > 500 or any(len(part.encode()) > 255 for part in parts):
        raise Invalid(N_("The name “%(name)s…” in the archive is too long."), name=shown)


def _check_kind(entry: zipfile.ZipInfo, name: str) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or (kind == stat.S_IFDIR) > name.endswith("/"):
        raise Invalid(N_("“%(name)s” in the archive is a link or a device, not a file."), name=name)
    if entry.flag_bits & _FLAG_LOCKED:
        raise Invalid(N_("“%(name)s” in the archive is locked with a password."), name=name)
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise Invalid(N_("“%(name)s” is packed in a way that is not read here; use the usual ZIP format."), name=name)


def _check_size(entry: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    if entry.file_size > limits.one:
        raise Invalid(N_("“%(name)s” is larger than %(most)s MB."), name=name, most=limits.one >> 20)
    if entry.file_size > limits.ratio_from and entry.file_size > limits.ratio * entry.compress_size:
        raise Invalid(N_("“%(name)s” is packed more than %(most)s times smaller."), name=name, most=limits.ratio)
    stored = entry.compress_type == zipfile.ZIP_STORED
    if (stored and entry.compress_size != entry.file_size) or (name.endswith("/") and entry.file_size):
        raise Invalid(N_("“%(name)s” in the archive is not as long as it says."), name=name)


def _check_clash(seen: _Seen, name: str) -> None:
    """No name twice, not even in other letters' case, and no file that is a folder too."""
    parts = name.removesuffix("/").split("/")
    for count in range(1, len(parts) + 1):
        path = "/".join(parts[:count])
        key = unicodedata.normalize("NFC", path.casefold())
        is_file = count == len(parts) and not name.endswith("/")
        if seen.spelling.setdefault(key, (path, is_file)) != (path, is_file):
            raise Invalid(N_("“%(name)s” stands in the archive twice."), name=name)
    if key in seen.entered:
        raise Invalid(N_("“%(name)s” stands in the archive twice."), name=name)
    seen.entered.add(key)


def _check_places(entries: list[zipfile.ZipInfo], stream: BinaryIO, start: int) -> None:
    """Each entry's octets are its own: one that lies over another is how a small archive unpacks to a huge one."""
    free = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        stream.seek(entry.header_offset)
        header = stream.read(_LOCAL.size)
        if entry.header_offset < free or len(header) < _LOCAL.size or header[:4] != _LOCAL_SIGN:
            raise Invalid(N_("Parts of the archive lie over one another; make it again."))
        *_, name_length, extra_length = _LOCAL.unpack(header)
        if free == 0 and entry.header_offset != 0:
            raise Invalid(N_("The archive has something before, between or after its parts; make it again."))
        free = entry.header_offset + _LOCAL.size + name_length + extra_length + entry.compress_size
        if free > start:
            raise Invalid(N_("Parts of the archive lie over one another; make it again."))
