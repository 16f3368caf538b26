"""Waitress, whose loop waits for a thread that is sending instead of asking again and again whether it has sent.

As it comes, the loop finds such a connection ready for more, sees its lock taken, and looks again at once, for as long as the
thread that sends waits for the interpreter the loop holds: up to five milliseconds each time. With many connections that
cost nineteen of twenty requests a second.
"""

from typing import Any

import waitress
from waitress.channel import HTTPChannel

from lmsapp.web.crowds import Crowd

LONGEST = 0.01  # seconds; a thread holds the lock for a send that does not block


class PatientChannel(HTTPChannel):  # type: ignore[misc]
    """One connection."""

    def _flush_some_if_lockable(self, do_close: bool = True) -> None:  # noqa: FBT001, FBT002 - Waitress's own signature
        if self.outbuf_lock.acquire(timeout=LONGEST):
            try:
                self._flush_some(do_close=do_close)
                if self.total_outbufs_len < self.adj.outbuf_high_watermark:
                    self.outbuf_lock.notify()
            finally:
                self.outbuf_lock.release()


def create_server(application: Any, crowd: Crowd | None = None, **settings: Any) -> Any:
    """A server of Waitress with patient channels, whose requests wait in `crowd` if one is given; `run` it."""
    server = waitress.create_server(application, asyncore_use_poll=True, **settings)
    if crowd is not None:
        server.task_dispatcher.queue = crowd
    server.channel_class = PatientChannel
    return server
