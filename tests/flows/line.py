"""The line between a browser and the server, which a test can cut, spoil, or let a stranger answer."""

import json
import socket
import threading
import time
from contextlib import suppress

PORTAL = b"<!doctype html><title>Welcome</title><h1>Free Wi-Fi: press here to go on</h1>"


class Line:
    """A proxy on a port of its own. `state` is one of:

    up, cut (every connection is closed), portal (somebody else answers 200 with HTML), deaf (requests reach the server,
    replies are lost), posts-cut (pages load, nothing can be sent). The ledger is what the server has acknowledged: when the
    reply went out to the browser, and the answers it was about.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._state = "up"
        self._open: set[socket.socket] = set()
        self.ledger: list[tuple[float, dict[str, str]]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def state(self) -> str:
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        self._state = state
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end."""
        self.state = "cut"
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listener.accept()[0]
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        """One request and its reply, then the connection is closed."""
        self._open.add(caller)
        with suppress(OSError), caller:
            asked = self._request(caller)
            post = asked.startswith(b"POST")
            if not asked or self._state == "cut" or (self._state == "posts-cut" and post):
                return
            if self._state == "portal":
                head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
                caller.sendall(head % len(PORTAL) + PORTAL)
                return
            with socket.create_connection(("127.0.0.1", self._to)) as server:
                server.sendall(asked.replace(b"\r\nConnection: keep-alive", b"\r\nConnection: close", 1))
                told = b""
                while part := server.recv(65536):
                    told += part
                if not (self._state == "deaf" and post):
                    self._note(asked, told)
                    caller.sendall(told)
        self._open.discard(caller)

    def _note(self, asked: bytes, told: bytes) -> None:
        if b"/events HTTP" in asked and b'"acked_to"' in told:
            events = json.loads(asked.partition(b"\r\n\r\n")[2])["events"]
            self.ledger.append((time.time(), {event["item"]: event["value"] for event in events}))

    @staticmethod
    def _request(caller: socket.socket) -> bytes:
        asked = b""
        while b"\r\n\r\n" not in asked:
            part = caller.recv(65536)
            if not part:
                return b""
            asked += part
        head, _end, body = asked.partition(b"\r\n\r\n")
        length = next(
            (int(h.split(b":")[1]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            part = caller.recv(65536)
            if not part:
                return b""
            body += part
        return head + b"\r\n\r\n" + body
