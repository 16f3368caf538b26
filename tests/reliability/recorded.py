"""An exam to be recorded: a server and its candidates in one tree of processes, each acknowledgement written down at once.

`python -m tests.reliability.recorded FOLDER SEATS ACKS ROUNDS [FAULT]`; the acknowledgements are the candidates' own.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from lmsapp.bench.candidates import Candidate, Line, Seat
from lmsapp.bench.served import SERVE, Server
from tests.reliability.conftest import SEED, planted


class Witness(Candidate):
    """Writes down what she was told is saved, the moment she is told."""

    def __init__(self, seat: Seat, out: int) -> None:
        super().__init__(seat, SEED)
        self._out = out

    def _told(self, acked_to: int) -> None:
        before = set(self.ledger.acked)
        super()._told(acked_to)
        for seq in sorted(set(self.ledger.acked) - before):
            item, value = self.ledger.acked[seq]
            self._write(seq, item, value)

    async def hand_in(self, line: Line) -> None:
        """Writes down the receipt, too, under the number 0."""
        await super().hand_in(line)
        self._write(0, "", json.loads(self.ledger.receipt)["receipt"]["hash8"])

    def _write(self, *told: object) -> None:
        os.write(self._out, f"{json.dumps([self.seat.code, *told])}\n".encode())


def sit(folder: Path, seats: list[Seat], acks: Path, rounds: int, words: list[str]) -> None:
    """Everybody answers at the same time, every other one hands in; the server ends in good order, tidying up its database."""
    server = Server(words, folder)
    server.start()
    out = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def one(candidate: Witness, *, ends: bool) -> None:
        line = Line(server.port, candidate.seat.cookie)
        for event in candidate.answers(rounds):
            await candidate.give(line, event)
        if ends:
            await candidate.hand_in(line)
        line.close()

    async def everybody() -> None:
        await asyncio.gather(*(one(Witness(seat, out), ends=place % 2 == 0) for place, seat in enumerate(seats)))

    try:
        asyncio.run(everybody())
    finally:
        server.stop()


if __name__ == "__main__":
    where, listed, told, times, *fault = sys.argv[1:]
    seated = [Seat(**one) for one in json.loads(Path(listed).read_text(encoding="utf-8"))]
    sit(Path(where), seated, Path(told), int(times), planted(fault[0]) if fault else SERVE)
