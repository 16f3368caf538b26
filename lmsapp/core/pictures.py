"""Pictures of the first pages of a PDF, by poppler's `pdftoppm` where this machine has it."""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60


@dataclass(frozen=True)
class Picture:
    """A page as PNG: its number, its size in pixels, its bytes."""

    page: int
    width: int
    height: int
    content: bytes


def available() -> bool:
    """Whether this machine can draw pages."""
    return shutil.which("pdftoppm") is not None


def first_pages(pdf: bytes, *, count: int, width: int) -> list[Picture]:
    """The first `count` pages, `width` pixels wide; none where `pdftoppm` is missing or fails on the file."""
    program = shutil.which("pdftoppm")
    if program is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "in.pdf")
        source.write_bytes(pdf)
        options = f"-png -l {count} -scale-to-x {width} -scale-to-y -1".split()
        command = [program, *options, str(source), f"{folder}/p"]
        done = subprocess.run(command, check=False, capture_output=True, timeout=SECONDS)  # noqa: S603 - our own file
        if done.returncode:
            return []
        return [_picture(path) for path in sorted(Path(folder).glob("p-*.png"))]


def _picture(path: Path) -> Picture:
    """A PNG says its size in the first chunk (W3C PNG, 11.2.1)."""
    content = path.read_bytes()
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return Picture(int(path.stem.partition("-")[2]), width, height, content)
