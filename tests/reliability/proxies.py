"""A bad network between candidate and server: it cuts, swallows replies, dawdles, or answers with somebody else's page."""

import random
import socket
import threading
from contextlib import suppress

PORTAL = b"<!doctype html><title>Welcome</title><p>Accept the terms of this network to go on."
FOREIGN = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PORTAL), PORTAL)
MOODS = ("well", "well", "well", "cut", "swallow", "portal", "slow")


class BadNetwork:
    """Listens on a port of its own; every connection to the server goes through one of its moods. `faults` counts the bad ones."""

    def __init__(self, server_port: int, seed: int) -> None:
        self._to, self._chance = server_port, random.Random(seed)
        self._door = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._door.getsockname()[1]
        self.faults, self.healed = 0, False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Takes no more connections."""
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                inside, _address = self._door.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(inside,), daemon=True).start()

    def _carry(self, inside: socket.socket) -> None:
        """One request after another, each in a mood of its own; a bad mood ends the connection."""
        with suppress(OSError), inside, socket.create_connection(("127.0.0.1", self._to)) as outside:
            while request := self._message(inside):
                mood = "well" if self.healed else self._chance.choice(MOODS)
                self.faults += mood not in ("well", "slow")
                if mood == "portal":
                    inside.sendall(FOREIGN)
                    return
                if mood == "cut":
                    outside.sendall(request[: len(request) // 2])
                    return
                outside.sendall(request)
                reply = self._message(outside)
                if mood == "swallow":
                    return
                if mood == "slow":
                    threading.Event().wait(0.3)
                inside.sendall(reply)

    @staticmethod
    def _message(line: socket.socket) -> bytes:
        """One whole message of HTTP/1.1 with its length said; empty when the other side closed."""
        text = b""
        while b"\r\n\r\n" not in text:
            part = line.recv(65_536)
            if not part:
                return b""
            text += part
        head, _, body = text.partition(b"\r\n\r\n")
        said = [one for one in head.lower().split(b"\r\n") if one.startswith(b"content-length:")]
        wanted = int(said[0].partition(b":")[2]) if said else 0
        while len(body) < wanted:
            part = line.recv(65_536)
            if not part:
                return b""
            body += part
        return head + b"\r\n\r\n" + body
