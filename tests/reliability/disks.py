"""What a disk holds after a power cut: images built from the record of all writes, truncations, syncs, renames and unlinks.

What was synced survives. Of what was not, each file keeps none, all, the first part, any part, or any 512-octet sectors;
names that were made, moved or taken away survive half the time until their folder is synced. It trusts that a sync
reaches the medium.
"""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CALLS = "openat,creat,write,pwrite64,writev,pwritev,pwritev2,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat"
SECTOR = 512
STYLES = ("none", "all", "prefix", "any", "torn")
WHOLE = re.compile(r"^(\d+)\s+(\w+)\((.*)\)\s+= (-?\d+)")
BEGUN = re.compile(r"^(\d+)\s+(\w+)\((.*) <unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>.*= (-?\d+)")
HANDLE = re.compile(r"^(?:\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')

Write = tuple[int, bytes]  # from where; an empty one cuts the file off there


@dataclass
class Event:
    """One thing a process did: `write`, `cut`, `sync`, `make`, `move`, `remove`, to a path below the folder that is watched.

    `at` is where a write begins (-1: at the end), where a file is cut off, before which place of the record a sync began.
    """

    what: str
    path: str
    at: int = 0
    data: bytes = b""
    to: str = ""


def recorded(words: Sequence[str], log: Path, folder: Path, more: Path) -> list[Event]:
    """Runs a command with all its children under `strace`; what they did below `folder` and to the file `more`, in order."""
    tracer = shutil.which("strace")
    if tracer is None or subprocess.run([tracer, "-o", os.devnull, "true"], check=False).returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("apt-get install strace, where tracing is allowed")
    options = ["-f", "-y", "-xx", "-s", "1000000", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(log)]
    subprocess.run([tracer, *options, *words], check=True, stdout=subprocess.DEVNULL)
    return list(_events(log, (f"{folder}/", str(more))))


def _events(log: Path, wanted: tuple[str, ...]) -> Iterator[Event]:
    """A write counts from its beginning, a sync from its end and for what was written before it began."""
    under_way: dict[str, tuple[str, str, int]] = {}
    done = 0
    with log.open(encoding="ascii") as lines:
        for line in lines:
            if found := WHOLE.match(line):
                call, words, ended = found[2], found[3], True
                if int(found[4]) < 0:
                    continue
            elif found := BEGUN.match(line):
                call, words, ended = found[2], found[3], False
                under_way[found[1]] = call, words, done
            elif (found := ENDED.match(line)) and found[1] in under_way:
                call, words, before = under_way.pop(found[1])
                if "sync" in call and int(found[3]) == 0:
                    yield from (event for event in _event("sync", words, before) if _inside(event, wanted))
                    done += 1
                continue
            else:
                continue
            if "sync" in call and not ended:
                continue
            for event in _event("sync" if "sync" in call else call, words, done):
                if _inside(event, wanted):
                    done += 1
                    yield event


def _inside(event: Event, wanted: tuple[str, ...]) -> bool:
    folder, more = wanted
    return event.path.startswith(folder) or event.path in (folder.rstrip("/"), more)


def _event(call: str, words: str, done: int) -> Iterator[Event]:
    handle = HANDLE.match(words)
    path = _text(handle[1]) if handle else ""
    texts = [_octets(one) for one in TEXT.findall(words)]
    if call == "sync":
        yield Event("sync", path, done)
    elif call == "ftruncate":
        yield Event("cut", path, int(words.rpartition(",")[2]))
    elif call in ("pwrite64", "write") and any(texts):
        yield Event("write", path, int(words.rpartition(",")[2]) if call == "pwrite64" else -1, texts[0])
    elif "writev" in call:
        yield Event(call, path)
    elif call in ("openat", "creat") and texts and ("O_CREAT" in words or call == "creat"):
        yield Event("make", str(Path(path, texts[0].decode())), int("O_TRUNC" in words or call == "creat"))
    elif call.startswith("rename") and len(texts) > 1:
        yield Event("move", texts[0].decode(), to=texts[1].decode())
    elif call.startswith("unlink") and texts:
        yield Event("remove", str(Path(path, texts[0].decode())))


def _octets(hexed: str) -> bytes:
    return bytes.fromhex(hexed.replace("\\x", ""))


def _text(hexed: str) -> str:
    return _octets(hexed).decode()


# ---------- the disk ----------


@dataclass
class File:
    """What is surely on the medium, and what was written since, each with its place in the record."""

    synced: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, Write]] = field(default_factory=list)
    length: int = 0


class Disk:
    """The files below a folder as a power cut may leave them at any moment of a record."""

    def __init__(self, folder: Path) -> None:
        files = [one for one in folder.rglob("*") if one.is_file()]
        self.names = {str(one): File(bytearray(one.read_bytes()), length=one.stat().st_size) for one in files}
        self.sure = dict(self.names)
        self.renamed: list[tuple[str, Callable[[dict[str, File]], Any]]] = []
        self._place = 0

    def do(self, event: Event, place: int) -> None:
        """One event of the record, at its place there."""
        self._place = place
        if event.what == "sync":
            self._sync(event)
        elif event.what == "make":
            made = File()
            if event.path not in self.names:
                self._rename(event.path, lambda names: names.setdefault(event.path, made))
            elif event.at:
                self._write(event.path, (0, b""))
        elif event.what == "remove":
            self._rename(event.path, lambda names: names.pop(event.path, None))
        elif event.what == "move":
            self._rename(
                event.path, lambda names: event.path in names and names.update({event.to: names.pop(event.path)})
            )
        elif event.what == "cut":
            self._write(event.path, (event.at, b""))
        elif event.what == "write":
            self._write(event.path, (event.at, event.data))
        else:
            raise ValueError(f"{event.what} to {event.path} is not modelled")

    def _rename(self, path: str, change: Callable[[dict[str, File]], Any]) -> None:
        change(self.names)
        self.renamed.append((str(Path(path).parent), change))

    def _write(self, path: str, write: Write) -> None:
        file = self.names[path]
        at = file.length if write[0] < 0 else write[0]
        file.length = max(file.length, at + len(write[1])) if write[1] else at
        file.waiting.append((self._place, (at, write[1])))

    def _sync(self, event: Event) -> None:
        file = self.names.get(event.path)
        if file is not None:
            for place, write in file.waiting:
                if place < event.at:
                    apply(file.synced, write)
            file.waiting = [one for one in file.waiting if one[0] >= event.at]
            return
        for folder, change in self.renamed:
            if folder == event.path:
                change(self.sure)
        self.renamed = [one for one in self.renamed if one[0] != event.path]

    def image(self, chance: random.Random) -> dict[str, bytes]:
        """What may be found after the power came back."""
        names = dict(self.sure)
        for _folder, change in self.renamed:
            if chance.random() < 0.5:
                change(names)
        return {name: _left(file, chance) for name, file in names.items()}


def apply(content: bytearray, write: Write) -> None:
    """Writes as a disk does: a gap is zeros."""
    at, data = write
    if not data:
        del content[at:]
    if len(content) < at:
        content.extend(bytes(at - len(content)))
    content[at : at + len(data)] = data


def _left(file: File, chance: random.Random) -> bytes:
    content, style = bytearray(file.synced), chance.choice(STYLES)
    writes = [write for _place, write in file.waiting]
    if style == "prefix":
        writes = writes[: chance.randrange(len(writes) + 1)]
    elif style in ("any", "torn"):
        writes = [write for write in writes if chance.random() < 0.5]
    for at, data in writes if style != "none" else ():
        if style != "torn" or not data:
            apply(content, (at, data))
            continue
        for start in range(0, len(data), SECTOR):
            if chance.random() < 0.5:
                apply(content, (at + start, data[start : start + SECTOR]))
    return bytes(content)


def cuts(events: Sequence[Event], said: str, count: int, chance: random.Random) -> set[int]:
    """Moments of a power cut: half of them right after something was `said` to be saved, which is the worst, half anywhere."""
    after = [place for place, event in enumerate(events) if event.path == said]
    first = after[0] if after else 0
    chosen = set(chance.sample(after, min(len(after), count // 2)))
    while len(chosen) < min(count, len(events) - first):
        chosen.add(chance.randrange(first, len(events)))
    return chosen
