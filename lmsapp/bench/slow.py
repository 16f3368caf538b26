"""Slow clients: how long honest visitors wait while others send and read one octet a second (RELIABILITY R12)."""

import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lmsapp.bench.measuring import Cost, Row, Spread
from lmsapp.bench.served import Server, served

CROWDS = (20, 200)
REQUESTS = 100
DRIP_SECONDS = 1.0
ENDLESS = 1_000_000
_HEAD = "{} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_KINDS = (
    _HEAD.format("GET /en/courses").encode() + b"X-Slow: ",  # a head that never ends
    _HEAD.format("POST /en/sign-in").encode() + b"Content-Length: %d\r\n\r\n" % ENDLESS,  # a body that never ends
    _HEAD.format("GET /en/courses").encode() + b"\r\n",  # an answer that is hardly read
)


class Crowd:
    """So many connections that send a little, once a second, and read one octet of what comes back."""

    def __init__(self, port: int, size: int) -> None:
        self._sockets = [self._connected(port, _KINDS[n % len(_KINDS)]) for n in range(size)]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._drip, daemon=True)
        self._thread.start()

    @property
    def held(self) -> int:
        """How many the server still keeps open."""
        return len(self._sockets)

    def end(self) -> None:
        """Closes every connection."""
        self._ended.set()
        self._thread.join()
        for one in self._sockets:
            one.close()

    @staticmethod
    def _connected(port: int, head: bytes) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        made.connect(("127.0.0.1", port))
        made.sendall(head)
        made.setblocking(False)
        return made

    def _drip(self) -> None:
        while not self._ended.wait(DRIP_SECONDS):
            for one in list(self._sockets):
                try:
                    one.send(b"x")
                except BlockingIOError:
                    pass
                except OSError:
                    self._sockets.remove(one)
                with suppress(OSError):
                    one.recv(1)


@contextmanager
def crowd(port: int, size: int) -> Iterator[Crowd]:
    """A crowd for as long as the block lasts."""
    found = Crowd(port, size)
    try:
        yield found
    finally:
        found.end()


def run(folder: Path, repeat: int) -> Iterator[Row]:
    """The 95th percentile of honest requests, alone and in each crowd, in turn."""
    with served([sys.executable, "-m", "lmsapp", "serve", "--port", "{port}"], folder) as server:
        _waited(server)
        for size in CROWDS:
            alone, beside, held = [], [], size
            for _ in range(repeat):
                alone.append(Cost(_waited(server)))
                with crowd(server.port, size) as slow:
                    beside.append(Cost(_waited(server)))
                    held = min(held, slow.held)
            yield Row(
                "slow", f"p95 beside {size} slow clients (R12)", "wall ms", Spread.of(beside), "p95 alone", Spread.of(alone),
                {"connections_held": held},
            )  # fmt: skip


def _waited(server: Server) -> float:
    """The 95th percentile of the milliseconds that requests take."""
    took = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        if not server.answers("en/courses"):
            raise RuntimeError("an honest request was not answered")
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.02)
    return statistics.quantiles(took, n=20)[-1]
