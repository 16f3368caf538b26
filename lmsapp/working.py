"""The worker: certificates, books and mail, beside the web server or in a process of its own."""

import threading

import click

from lmsapp import installation, wiring
from lmsapp.core import logs, queues, settings
from lmsapp.core.signals import stop_on_signals
from lmsapp.installation import Installation


def begin(opened: Installation) -> queues.Worker:
    """Starts the worker in threads of this process."""
    return queues.start_worker(opened.sessions, opened.settings, wiring.connect(opened))


@click.command()
def worker() -> None:
    """Run the jobs only: certificates, books, mail."""
    chosen = settings.load()
    logs.begin(chosen.log_level)
    running = begin(installation.opened(chosen))
    ended = threading.Event()
    stop_on_signals(ended.set)
    ended.wait()
    running.stop()
