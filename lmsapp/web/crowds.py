"""More than can be served: candidates' exams come first, and who would wait too long is told at once to come again."""

import re
from collections import deque
from typing import Any

from flask import Flask, request

from lmsapp.core.errors import Busy
from lmsapp.core.translations import N_
from lmsapp.web import login

MOST_WAITING = 250  # a room of two hundred that opens a page at the same moment is served
OTHERS_EVERY = 10
FIRST = re.compile(r"/[a-z]+/exams/(?!sittings\b|papers\b|attempts\b)[^/]|/static/|/healthz$")


class Crowd:
    """Connections whose request waits for a thread; stands in for the queue of Waitress' dispatcher."""

    def __init__(self) -> None:
        self._candidates: deque[Any] = deque()
        self._others: deque[Any] = deque()
        self._turn = 0

    def append(self, channel: Any) -> None:
        """Lets a connection wait with its kind."""
        path = getattr(channel.requests[0], "path", "")  # none when the request could not be read
        (self._candidates if comes_first(path) else self._others).append(channel)

    def popleft(self) -> Any:
        """Who is served next: candidates, but every tenth time one of the others, who would never come to their turn.

        When too many of them wait it is every second time: they are told to come again, which takes a moment.
        """
        self._turn += 1
        every = 2 if self.too_large else OTHERS_EVERY
        others = self._others and (not self._candidates or self._turn % every == 0)
        return (self._others if others else self._candidates).popleft()

    def __len__(self) -> int:
        return len(self._candidates) + len(self._others)

    @property
    def too_large(self) -> bool:
        """Whether more wait, beside the candidates, than can be served soon."""
        return len(self._others) > MOST_WAITING


def comes_first(path: str) -> bool:
    """Whether this is a candidate at her exam, or what her page is drawn with."""
    return FIRST.match(path) is not None


def install(app: Flask) -> None:
    """Gives the application its crowd, for the server to fill. Must come when the language is known, before rows are read."""
    crowd = app.extensions["crowd"] = Crowd()

    @app.before_request
    def turn_away() -> None:
        if crowd.too_large and not comes_first(request.path):
            login.ask_no_more()
            raise Busy(N_("The server is busy. Try again in a moment; nothing was lost."))
