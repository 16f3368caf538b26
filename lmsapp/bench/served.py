"""A server of our own in a process of its own, for as long as it is measured."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lmsapp.bench.measuring import Cost

WAIT_SECONDS = 30


@dataclass(frozen=True)
class Served:
    """A running server and what it cost until it first answered."""

    port: int
    process: int
    first_answer: Cost  # seconds

    def answers(self, path: str, timeout: float = 5) -> bool:
        """Whether a page is answered with success."""
        return _answers(self.port, path, timeout)

    def memory(self) -> float:
        """What the process holds now, in MB."""
        lines = Path(f"/proc/{self.process}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


@contextmanager
def served(words: list[str], folder: Path) -> Iterator[Served]:
    """Runs a command, `{port}` in it replaced by a free port, on a data folder, until the block ends."""
    port = _free_port()
    begun = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own words
        [word.replace("{port}", str(port)) for word in words],
        env=os.environ | {"LMSAPP_DATA": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port, "healthz", 5):
            if process.poll() is not None or time.perf_counter() - begun > WAIT_SECONDS:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        yield Served(port, process.pid, Cost(_processor_seconds(process.pid), time.perf_counter() - begun))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_SECONDS)


def _answers(port: int, path: str, timeout: float) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=timeout) as reply:
            reply.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True


def _processor_seconds(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
