"""The wheel holds everything the program needs: it loads its courses and serves from an empty directory."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import IN_CI

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".uv/bin"))
    folder = tmp_path_factory.mktemp("wheel")
    if uv is None:
        pytest.skip("uv is not here; ./run test has it")
    built = subprocess.run(
        [uv, "build", "--wheel", "--quiet", "-o", folder, ROOT], capture_output=True, text=True, check=False
    )
    if built.returncode and "Could not connect" in built.stderr and not IN_CI:
        pytest.skip("the package index can't be reached")
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        twice = [name for name, times in Counter(wheel.namelist()).items() if times > 1]
        assert not twice
        wheel.extractall(folder / "program")
    return folder / "program"


def test_a_wheel_serves_from_an_empty_directory(unpacked: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(unpacked), "LMSAPP_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-c", "from lmsapp.cli import main; main()"]

    def run(*words: str) -> str:
        return subprocess.run(
            [*command, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout

    where = "import lmsapp; print(lmsapp.__file__)"
    ran = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith(str(unpacked))
    assert "15 new" in run("content", "load")
    assert "translations: 6 languages." in run("doctor")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen([*command, "serve", "--port", str(port), "--no-worker"], cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as server:  # fmt: skip
        try:
            assert "MAF-101" in fetched(f"http://127.0.0.1:{port}/ka/courses")
        finally:
            server.terminate()


def fetched(address: str) -> str:
    """A page, as soon as the server answers."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(address) as reply:
                return str(reply.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} never answered")
