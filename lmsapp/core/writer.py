"""Group commit: one thread writes what many requests hand in, and answers after one synced commit.

What waits is committed together; nobody waits for more to come. Callers get their answer only after the commit; when the
commit fails, everybody is told. When a function fails, what the group did is undone and done once more with each function
in a savepoint of its own, so that the one that fails takes nobody with it: functions may run twice, and only write rows.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from lmsapp.core.errors import Busy
from lmsapp.core.sessions import standing, writing
from lmsapp.core.translations import N_

T = TypeVar("T")
MOST_WAITING = 2000
MOST_TOGETHER = 256


@dataclass
class _Wish:
    function: Callable[[Connection], Any]
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None
    problem: BaseException | None = None


class Writer:
    """The process's writer; start one, stop it before the process ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.Queue[_Wish | None] = queue.Queue(MOST_WAITING)
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def write(self, function: Callable[[Connection], T]) -> T:
        """Runs `function(connection)` and returns its result after the commit; raises what it raised.

        Raises Busy when too much waits already or the writer is stopping.
        """
        wish = _Wish(function)
        with self._door:  # nothing is handed in behind the back of `stop`, where nobody would answer it
            if self._closed:
                raise Busy(N_("The server is stopping. Try again in a moment; nothing was lost."))
            try:
                self._waiting.put_nowait(wish)
            except queue.Full:
                raise Busy(N_("The server is busy. Try again in a moment; nothing was lost.")) from None
        wish.done.wait()
        if wish.problem is not None:
            raise wish.problem
        result: T = wish.result
        return result

    def stop(self) -> None:
        """Takes no more, writes what waits, ends."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            group = [self._waiting.get()]
            while len(group) < MOST_TOGETHER:
                try:
                    group.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
            ending = None in group
            wishes = [wish for wish in group if wish is not None]
            if wishes:
                self._settle(wishes)

    def _settle(self, wishes: list[_Wish]) -> None:
        try:
            if not self._all_went_well(wishes):
                with writing(), self._engine.connect() as connection, connection.begin():
                    for wish in wishes:
                        self._try(connection, wish)
        except BaseException as problem:  # noqa: BLE001 - whatever stopped the commit, everybody in the group is told
            for wish in wishes:
                wish.problem = wish.problem or problem
        finally:
            for wish in wishes:
                wish.done.set()

    def _all_went_well(self, wishes: list[_Wish]) -> bool:
        """Runs and commits the whole group; False, with nothing of it written, when one of its functions fails."""
        with writing(), self._engine.connect() as connection, connection.begin() as together:
            try:
                well = all(self._goes_well(connection, wish) for wish in wishes)
            except Exception:  # noqa: BLE001 - whoever it was will fail again, alone
                well = False
            if not well:
                together.rollback()
        return well

    @staticmethod
    def _goes_well(connection: Connection, wish: _Wish) -> bool:
        wish.result = wish.function(connection)
        return standing(connection)

    @staticmethod
    def _try(connection: Connection, wish: _Wish) -> None:
        """Runs one function in its savepoint. A savepoint that can't be ended is everybody's problem and not caught here:

        on a full disk SQLite gives up the whole transaction, and what follows would be committed without what went before;
        a server that was restarted has forgotten it, too.
        """
        savepoint = connection.begin_nested()
        try:
            wish.result = wish.function(connection)
        except Exception as problem:
            if connection.invalidated:
                raise
            savepoint.rollback()
            wish.problem = problem
        else:
            savepoint.commit()
