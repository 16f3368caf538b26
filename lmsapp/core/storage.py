"""Files named by their content: written, synced, renamed, and only then spoken of in a row."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from lmsapp.core import clock

CHUNK = 1 << 20


@dataclass(frozen=True)
class Stored:
    """A file in the store: its SHA-256 and its size in octets."""

    digest: str
    size: int


class Storage(Protocol):
    """What every store can do; the local folder is the default, object storage an extra."""

    def put(self, content: bytes | BinaryIO) -> Stored:
        """Keeps a file; the same content twice is one file."""

    def open(self, digest: str) -> BinaryIO:
        """Reads a file; raises FileNotFoundError."""

    def exists(self, digest: str) -> bool:
        """Whether the file is here."""


class Folder:
    """The store in a local folder, two letters a level."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, content: bytes | BinaryIO) -> Stored:
        """Writes to a temporary name, syncs, renames, syncs the folder."""
        if not self.root.exists():
            self.root.mkdir(parents=True, exist_ok=True)
            _sync(self.root.parent)
        part = self.root / f".part-{secrets.token_hex(8)}"
        hasher, size = hashlib.sha256(), 0
        try:
            with part.open("xb") as file:
                for chunk in [content] if isinstance(content, bytes) else iter(lambda: content.read(CHUNK), b""):
                    hasher.update(chunk)
                    size += len(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            target = self.path(hasher.hexdigest())
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for folder in (target.parent, self.root):
            _sync(folder)
        return Stored(hasher.hexdigest(), size)

    def path(self, digest: str) -> Path:
        """Where a file lies; raises ValueError for what is no digest."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError(f"{digest!r} is no SHA-256")
        return self.root / digest[:2] / digest

    def open(self, digest: str) -> BinaryIO:
        """Reads a file; raises FileNotFoundError."""
        return self.path(digest).open("rb")

    def exists(self, digest: str) -> bool:
        """Whether the file is here."""
        return self.path(digest).is_file()

    def all(self) -> Iterator[str]:
        """Digests of all files."""
        return (file.name for file in sorted(self.root.glob("??/*")) if file.is_file())

    def sweep(self, known: Iterable[str], untouched_for: timedelta = timedelta(days=1)) -> int:
        """Removes files no row speaks of and what an interrupted writing left; returns how many.

        Files younger than `untouched_for` stay: their rows may not be committed yet.
        """
        kept = set(known)
        orphans = [self.path(digest) for digest in self.all() if digest not in kept]
        before = clock.now() - untouched_for
        old = [file for file in [*orphans, *self.root.glob(".part-*")] if _changed_at(file) < before]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)


def put_whole(target: Path, content: bytes) -> None:
    """Writes a file under its own name, whole or not at all, readable by the keeper of the machine only."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(target)


def _changed_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
