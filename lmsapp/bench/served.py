"""A server of our own in a process group of its own, for as long as it is measured, or until it is killed."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lmsapp.bench.measuring import Cost

WAIT_SECONDS = 30
SERVE = [sys.executable, "-m", "lmsapp", "serve", "--port", "{port}"]


@dataclass
class Server:
    """Runs a command on a data folder; `{port}` in it is a free port, the same after every start."""

    words: list[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    first_answer: Cost = field(default=Cost(0.0), init=False)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits for its first answer; `first_answer` is what that cost, in seconds."""
        self.port = self.port or _free_port()
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as installed
        begun = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own words
                [word.replace("{port}", str(self.port)) for word in self.words],
                env=kept | {"LMSAPP_DATA": str(self.folder)} | dict(self.environment),
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        while not self.answers("healthz"):
            if self._process.poll() is not None or time.perf_counter() - begun > WAIT_SECONDS:
                raise RuntimeError("the server did not start")
            time.sleep(0.01)
        self.first_answer = Cost(self.processor_seconds(), time.perf_counter() - begun)

    def kill(self) -> None:
        """Ends the whole process group at once, as a power cut does: nobody is asked, nothing is finished."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(WAIT_SECONDS)
            self._process = None

    def stop(self) -> None:
        """Asks it to end, and waits."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(WAIT_SECONDS)
            self._process = None

    def answers(self, path: str, timeout: float = 5) -> bool:
        """Whether a page is answered with success."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=timeout) as reply:
                reply.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True

    def memory(self) -> float:
        """What the process holds now, in MB."""
        lines = Path(f"/proc/{self._pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))

    def processor_seconds(self) -> float:
        """What the process has used until now."""
        parts = Path(f"/proc/{self._pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid


@contextmanager
def served(words: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Runs a command on a data folder until the block ends."""
    server = Server(words, folder, environment or {})
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
