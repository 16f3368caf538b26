"""Two hundred clients that send and read one octet a second; everybody else is served all the same."""

import contextlib
import http.client
import re
import sys
import urllib.parse
from pathlib import Path

from lmsapp import installation
from lmsapp.bench.served import served
from lmsapp.bench.slow import crowd
from lmsapp.core import settings

SLOW, HONEST = 200, 60
WAITS_AT_MOST = 30  # seconds until an unanswered request counts as lost


def ask(port: int, method: str, path: str, body: str = "", cookie: str = "") -> tuple[int, str, str]:
    """Status, text and cookies of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAITS_AT_MOST)
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    with contextlib.closing(connection):
        connection.request(method, path, body or None, headers)
        reply = connection.getresponse()
        given = "; ".join(line.split(";")[0] for line in reply.headers.get_all("Set-Cookie", []))
        return reply.status, reply.read().decode(), given


def test_honest_visitors_are_served_beside_two_hundred_slow_ones(tmp_path: Path) -> None:
    installation.opened(settings.load(tmp_path, {})).engine.dispose()
    with served([sys.executable, "-m", "lmsapp", "serve", "--port", "{port}"], tmp_path) as server:
        with crowd(server.port, SLOW) as slow:
            for n in range(HONEST):
                status, page, cookie = ask(server.port, "GET", "/en/sign-in")
                token = re.search(r'name="csrf_token" value="([^"]+)"', page)
                assert status == 200
                assert token
                tried = urllib.parse.urlencode({"csrf_token": token[1], "login": f"0482{n:04d}", "secret": "000000"})
                assert ask(server.port, "POST", "/en/sign-in", tried, cookie)[0] in (422, 429)
            assert slow.held == SLOW
        assert ask(server.port, "GET", "/healthz")[0] == 200


def test_the_server_stops_when_told_though_visitors_hold_on(tmp_path: Path) -> None:
    installation.opened(settings.load(tmp_path, {})).engine.dispose()
    words = [sys.executable, "-m", "lmsapp", "serve", "--port", "{port}"]
    with contextlib.ExitStack() as held, served(words, tmp_path) as server:
        held.enter_context(crowd(server.port, 12))
        connection = held.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)))
        connection.request("GET", "/healthz")
        assert connection.getresponse().read()
