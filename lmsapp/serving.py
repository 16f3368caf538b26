"""`lmsapp serve`: the web server, with the worker in a thread of its own."""

import ctypes
import gc
import logging
import signal
import socket
import threading
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from lmsapp import installation
from lmsapp.app import LARGEST_FORM, create_app
from lmsapp.core import logs, runs, settings, translations
from lmsapp.core.errors import Invalid, LmsError
from lmsapp.core.signals import stop_on_signals
from lmsapp.demo import accounts
from lmsapp.exams import queries as exams
from lmsapp.installation import Installation
from lmsapp.web.channels import create_server

log = logging.getLogger(__name__)
THREADS = 32
MOST_CONNECTIONS = 1000
LATER_SECONDS, WORKER_AGAIN_SECONDS = 1.0, 10.0  # after the start; after a worker could not begin
M_ARENA_MAX = -8  # malloc.h
GRACE_SECONDS = 5.0  # for answers under way when the server is told to stop


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Port to listen on.")
@click.option("--demo", is_flag=True, help="Print the demonstration's accounts at the start.")
@click.option("--worker/--no-worker", "with_worker", default=True, help="Run jobs in this process too.")
def serve(host: str, port: int, *, demo: bool, with_worker: bool) -> None:
    """Serve the site; brings the database up to date first."""
    gc.disable()  # nothing of what is loaded here is ever garbage
    _share_one_arena()
    chosen = settings.load()
    logs.begin(chosen.log_level)
    opened = installation.opened(chosen)
    app = create_app(chosen)
    listener = _listen(host, port)
    run = runs.Run(opened.sessions, exams.somebody_sits)
    worker = _Worker(opened) if with_worker else None
    click.echo(f"lmsapp serves on http://{host}:{port}/  (stop with Ctrl-C)", err=True)
    if demo and chosen.demonstration:
        accounts.tell(opened.sessions)
    server = create_server(
        app,
        app.extensions["crowd"],
        sockets=[listener],
        threads=THREADS,
        connection_limit=MOST_CONNECTIONS,
        channel_timeout=60,
        max_request_body_size=2 * LARGEST_FORM,  # what is a little too large is told so by a page
        ident=None,
    )
    stop_on_signals(lambda: _wind_down(server))
    telling = threading.Timer(LATER_SECONDS, _tell_faults)
    telling.daemon = True
    telling.start()
    gc.freeze()
    gc.enable()
    try:
        server.run()
    except OSError:
        pass
    finally:
        if worker is not None:
            worker.stop()
        if "writer" in app.extensions:
            app.extensions["writer"].stop()
        run.stop()
        opened.engine.dispose()


def _share_one_arena() -> None:
    """An arena for each thread costs 3 MB and speeds nothing up: the interpreter lets them allocate one at a time."""
    with suppress(OSError, AttributeError):  # not glibc
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def _tell_faults() -> None:
    """Says which catalogues can't be read: reading them all takes as long as opening the database."""
    for fault in translations.faults():
        click.echo(f"lmsapp: {fault}", err=True)


class _Worker:
    """The worker, begun a moment later: what it loads takes as long as everything visitors need.

    What keeps it from beginning (a full disk) is said, and it tries again until it can.
    """

    def __init__(self, opened: Installation) -> None:
        self._opened = opened
        self._running: Any = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._begin, name="worker begins", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Before or after it began."""
        self._ended.set()
        self._thread.join()
        if self._running is not None:
            self._running.stop()

    def _begin(self) -> None:
        wait = LATER_SECONDS
        while self._running is None and not self._ended.wait(wait):
            try:
                self._running = import_module("lmsapp.working").begin(self._opened)
            except LmsError as problem:
                log.critical("no worker: %s", problem)
                wait = WORKER_AGAIN_SECONDS


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise Invalid(
            "Port %(port)s on %(host)s can't be used: %(problem)s. Choose another with --port.",
            port=port,
            host=host,
            problem=problem.strerror or str(problem),
        ) from problem
    return listener


def _wind_down(server: Any) -> None:
    """Takes no new connection, closes idle ones, lets answers under way reach their readers for a few seconds."""
    server.close()

    def close_all(*_unused: object) -> None:
        for channel in list(server.active_channels.values()):
            channel.handle_close()

    for channel in list(server.active_channels.values()):
        if channel.requests or channel.total_outbufs_len:
            channel.close_when_flushed = True
        else:
            channel.handle_close()
    signal.signal(signal.SIGALRM, close_all)
    signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
