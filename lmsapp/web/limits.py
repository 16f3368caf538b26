"""Rate limits per address on what a stranger may try: sign-in, resets, verification."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import request
from werkzeug.exceptions import TooManyRequests

from lmsapp.core import clock

MINUTE, HOUR = 60, 3600
View = Callable[..., Any]


class Limiter:
    """Counts in this process, in spans that begin anew: what was counted in the last one is forgotten as a whole."""

    def __init__(self) -> None:
        self.enabled = True
        self._lock = threading.Lock()
        self._spans: dict[tuple[View, int], tuple[int, Counter[str]]] = {}

    def limit(self, rates: dict[int, int], methods: frozenset[str]) -> Callable[[View], View]:
        """Lets an address ask a view so often in so many seconds; past that it is answered 429 and when to come again."""

        def decorate(view: View) -> View:
            @wraps(view)
            def limited(*values: Any, **named: Any) -> Any:
                if self.enabled and request.method in methods:
                    for seconds, most in rates.items():
                        self._count(view, seconds, most, request.remote_addr or "")
                return view(*values, **named)

            return limited

        return decorate

    def reset(self) -> None:
        """Forgets everything."""
        self._spans.clear()

    def _count(self, view: View, seconds: int, most: int, address: str) -> None:
        span, passed = divmod(int(clock.monotonic()), seconds)
        with self._lock:
            known, counts = self._spans.get((view, seconds), (span, Counter()))
            if known != span:
                counts = Counter()
            counts[address] += 1
            self._spans[view, seconds] = span, counts
            tries = counts[address]
        if tries > most:
            raise TooManyRequests(retry_after=seconds - passed)


limiter = Limiter()
POSTS = frozenset({"POST"})
sign_ins = limiter.limit({MINUTE: 600, HOUR: 3000}, POSTS)  # a room of two hundred shares one address
letters = limiter.limit({MINUTE: 10, HOUR: 40}, POSTS)
look_ups = limiter.limit({MINUTE: 30, HOUR: 300}, POSTS | {"GET", "HEAD"})
