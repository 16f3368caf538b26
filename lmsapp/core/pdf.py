"""Asks the press for PDF files. The press (`core.press`) is a child process with limits; only it loads WeasyPrint.

`render` sets one HTML document. `stamp` sets the common part of a batch once and lays the changing words over it:
many times cheaper, same page. Both read nothing but what they are given: no file, no network, no `data:` address.
A page refers to what is in `resources` as `res:<name>`.
"""

import atexit
import contextlib
import ctypes.util
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal, cast

from lmsapp.core.errors import Busy
from lmsapp.core.qr import FINE, Code
from lmsapp.core.translations import N_

FONTS = Path(__file__).parent / "print_fonts"
LIBRARIES = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
IDLE_SECONDS = 60.0
DOCUMENTS_PER_PRESS = 400
Reply = tuple[dict[str, Any], dict[str, bytes]]


class PdfError(Exception):
    """No PDF was made."""


class PdfUnavailable(PdfError, Busy):
    """PDF is switched off on this machine; the message names what is missing. Jobs try again later."""

    def __init__(self, lacking: tuple[str, ...]) -> None:
        Busy.__init__(
            self,
            N_(
                "PDF is switched off on this machine, since %(missing)s is missing. “lmsapp doctor” says how to switch it on."
            ),
            missing=", ".join(lacking),
        )


class PdfFailed(PdfError):
    """The document was not made. `reason` says which limit or rule ended it, the message what happened."""

    def __init__(self, reason: Literal["time", "memory", "rule", "crash"], message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Attachment:
    """A file inside the PDF: its name, bytes, media type, and its relation to the page (PDF/A-3: `Data`, `Source`)."""

    name: str
    content: bytes
    media_type: str = "application/json"
    description: str = ""
    relationship: str = "Data"


@dataclass(frozen=True)
class PdfOptions:
    """What the file says of itself, and how much it may cost.

    `created` is written as given, never the clock: the same input is the same bytes. `strict` fails on any complaint of
    the typesetter (a letter no face has, a file not given, a rule not understood). Limits: seconds, megabytes.
    """

    created: datetime
    attachments: Sequence[Attachment] = ()
    strict: bool = True
    processor_seconds: int = 30
    wall_seconds: float = 60.0
    memory_megabytes: int = 1024
    file_megabytes: int = 64


@lru_cache(maxsize=1)
def missing() -> tuple[str, ...]:
    """The shared libraries and packages this machine lacks for PDF; empty when all are there."""
    lacking = [name for name in LIBRARIES if not ctypes.util.find_library(name)]
    lacking += [name for name in ("weasyprint", "pikepdf") if not importlib.util.find_spec(name)]
    return tuple(lacking)


def available() -> bool:
    """Whether PDF files can be made here; starts nothing and loads nothing."""
    return not missing()


def render(html: str, *, resources: Mapping[str, bytes], options: PdfOptions) -> bytes:
    """One HTML document as a tagged, archival PDF. Raises PdfUnavailable or PdfFailed."""
    return _room.ask({"act": "render"}, {"html": html.encode(), **_given(resources)}, options)


def page_count(content: bytes) -> int:
    """How many pages a file of ours has."""
    import pikepdf  # noqa: PLC0415 - heavy, and only printing asks

    with pikepdf.open(io.BytesIO(content)) as opened:
        return len(opened.pages)


def joined(files: Sequence[bytes]) -> bytes:
    """Files of ours one behind the other, for a printer that prints on both sides: each begins on a fresh leaf.

    What only readers on screen need (tags, outlines) stays with the single files; the same files give the same bytes.
    """
    import pikepdf  # noqa: PLC0415 - heavy, and only printing asks

    whole = pikepdf.new()
    for content in files:
        with pikepdf.open(io.BytesIO(content)) as one:
            whole.pages.extend(one.pages)
            if len(one.pages) % 2:
                _x, _y, width, height = (int(side) for side in one.pages[0].mediabox.as_list())
                whole.add_blank_page(page_size=(width, height))
            preferences = one.Root.get("/ViewerPreferences")
            if preferences is not None:
                whole.Root["/ViewerPreferences"] = whole.copy_foreign(one.make_indirect(preferences))
    for page in whole.pages:
        if "/StructParents" in page.obj:
            del page.obj["/StructParents"]
    made = io.BytesIO()
    whole.save(made, deterministic_id=True, min_version="1.7")
    return made.getvalue()


def stamp(
    base: str,
    overlay: str,
    *,
    specimen: str,
    overlay_style: str = "",
    codes: Mapping[str, tuple[Code, str]] | None = None,
    resources: Mapping[str, bytes],
    options: PdfOptions,
) -> bytes:
    """`overlay` laid over `base`, each one page. Raises PdfUnavailable or PdfFailed.

    Every `<section id>` of the base is a place; the overlay's `<section>` of the same id, or the QR code of `codes`
    with its words for readers aloud, is set there and read there. A section whose id begins with `artifact-` is drawn
    and never read. The letters of `specimen`, an overlay too, go into the base: what overlays share is set and packed once.
    The press keeps the last bases, so the first of a batch pays for it; the style belongs to the base.
    """
    parts = {
        "html": overlay.encode(),
        "base": base.encode(),
        "style": overlay_style.encode(),
        "specimen": specimen.encode(),
    }
    for section, (code, alt) in (codes or {}).items():
        parts[f"figure:{section}"] = (
            json.dumps([section, FINE * len(code.rows), code.side, alt]).encode() + b"\n" + code.bits()
        )
    return _room.ask({"act": "stamp"}, {**parts, **_given(resources)}, options)


def close() -> None:
    """Ends the press now instead of when it is idle."""
    _room.close()


def processor_seconds() -> float:
    """What the running press has used so far, for measurements; 0 when none runs."""
    return _room.processor_seconds()


def _given(resources: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"res:{name}": content for name, content in resources.items()}


def write_frame(pipe: IO[bytes], header: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """One message: a line of JSON with the parts' names and sizes, then the parts."""
    sizes = [[name, len(content)] for name, content in parts.items()]
    pipe.write(json.dumps({**header, "parts": sizes}).encode() + b"\n")
    for content in parts.values():
        pipe.write(content)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> Reply | None:
    """The next message, or None when the other side is gone."""
    line = pipe.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    parts = {}
    for name, size in header.pop("parts"):
        parts[name] = pipe.read(size)
        if len(parts[name]) < size:
            return None
    return header, parts


class _Press:
    """One running child: its pipes, and what it said before it died."""

    def __init__(self) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        command = [sys.executable, "-I", "-m", "lmsapp.core.press", str(IDLE_SECONDS), str(DOCUMENTS_PER_PRESS)]
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            bufsize=1 << 16,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            start_new_session=True,
            env=environment(),
        )
        self._orders = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        self._late = False

    def alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, order: Mapping[str, Any], parts: Mapping[str, bytes], seconds: float) -> Reply | None:
        """The answer, or None when the child is gone: too late, too greedy, or idle just now."""
        alarm = threading.Timer(seconds, self._too_late)
        alarm.start()
        try:
            write_frame(self._orders, order, parts)
            return read_frame(self._replies)
        except BrokenPipeError:
            return None
        finally:
            alarm.cancel()

    def _too_late(self) -> None:
        self._late = True
        self.kill()

    def kill(self) -> None:
        """Ends the child with its process group, which it leads, so nothing else is hit."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def left(self) -> bool:
        """Whether it went by itself, having nothing to do."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(5) == 0
        return False

    def death(self) -> PdfFailed:
        """Why there is no answer."""
        self.kill()
        status = self._process.wait()
        if self._late:
            return PdfFailed("time", "The document took longer than allowed and was stopped.")
        if status == -signal.SIGXCPU:
            return PdfFailed("time", "The document used more processor time than allowed and was stopped.")
        self._said.seek(0)
        return PdfFailed("crash", f"The press ended with {status}: {self._said.read()[-500:].decode(errors='replace')}")

    def close(self) -> None:
        self.kill()
        self._process.wait()
        for pipe in (self._orders, self._replies, self._said):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()

    def processor_seconds(self) -> float:
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class _Room:
    """Where the press stands: started at first use, one document at a time, started again when it has gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._press: _Press | None = None
        self._owner = os.getpid()

    def ask(self, order: dict[str, Any], parts: Mapping[str, bytes], options: PdfOptions) -> bytes:
        if not available():
            raise PdfUnavailable(missing())
        order = {**order, **_limits(options), "attachments": [_about(one) for one in options.attachments]}
        attached = {f"attached:{number}": one.content for number, one in enumerate(options.attachments)}
        with self._lock:
            press = self._ready()
            reply = press.exchange(order, {**parts, **attached}, options.wall_seconds)
            if reply is None and press.left():
                press = self._ready()
                reply = press.exchange(order, {**parts, **attached}, options.wall_seconds)
            if reply is None:
                raise press.death()
        answer, content = reply
        if "failed" in answer:
            raise PdfFailed(answer["failed"], answer["message"])
        return content["pdf"]

    def _ready(self) -> _Press:
        if self._owner != os.getpid():  # a fork must not share the pipes of its parent
            self._press, self._owner = None, os.getpid()
        if self._press is None or not self._press.alive():
            self.close()
            self._press = _Press()
        return self._press

    def close(self) -> None:
        press, self._press = self._press, None
        if press is not None and self._owner == os.getpid():
            press.close()

    def processor_seconds(self) -> float:
        return self._press.processor_seconds() if self._press is not None and self._press.alive() else 0.0


def _limits(options: PdfOptions) -> dict[str, Any]:
    return {
        "created": options.created.astimezone(UTC).isoformat(),
        "strict": options.strict,
        "processor_seconds": options.processor_seconds,
        "memory_megabytes": options.memory_megabytes,
        "file_megabytes": options.file_megabytes,
    }


def _about(one: Attachment) -> list[str]:
    return [one.name, one.media_type, one.description, one.relationship]


def environment() -> dict[str, str]:
    """What a press is given: our faces only, no secrets of the parent's environment."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "TZ": "UTC", "FONTCONFIG_FILE": str(FONTS / "fonts.conf")}


_room = _Room()
atexit.register(close)
