"""When the server ran, so that an outage can be measured; and its clock, which no correction moves in mid-exam.

While somebody depends on the time (`busy`), the server counts by the machine's uptime: a wall clock that jumps is written
down and not followed. A server started again on a machine that went on running counts on from where the last one was;
after a restart of the machine itself only the wall is left, which is told to whoever watches an exam; one that says less
than the last run knew is surely wrong, and time goes on from there.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from lmsapp.core import clock
from lmsapp.core.orm import Base, Id, table
from lmsapp.core.sessions import transaction

log = logging.getLogger(__name__)
BEAT_SECONDS = 5.0
QUIET = timedelta(minutes=1)
JUMP = timedelta(seconds=2)
SHORTEST = timedelta(seconds=15)

Busy = Callable[[Session], bool]


class ServerRun(Base):
    """One run of a web server: from when, when it last lived, which start of the machine, from which moment it counts."""

    __tablename__ = "server_run"

    id: Mapped[Id]
    machine: Mapped[str] = mapped_column(String(40))
    zero_at: Mapped[datetime]
    begun_at: Mapped[datetime] = mapped_column(index=True)
    alive_at: Mapped[datetime]


_RUNS = table(ServerRun)


class ClockJump(Base):
    """The machine's clock moved by so many seconds while somebody depended on the time; it was not followed."""

    __tablename__ = "clock_jump"

    id: Mapped[Id]
    noticed_at: Mapped[datetime] = mapped_column(index=True)
    seconds: Mapped[int]

    @property
    def span(self) -> timedelta:
        """By how much, in whole minutes, rounded up."""
        return timedelta(minutes=-(-abs(self.seconds) // 60))


@dataclass(frozen=True)
class Outage:
    """A span in which no server ran. After a restart of the machine its length rests on the wall clock alone."""

    begun_at: datetime
    ended_at: datetime
    machine_restarted: bool

    @property
    def minutes(self) -> int:
        """Its length in whole minutes, rounded up."""
        return -int(-(self.ended_at - self.begun_at).total_seconds() // 60)


class Run:
    """This server's run: it begins when made and tells every few seconds that it lives, until it is stopped."""

    def __init__(self, sessions: sessionmaker[Session], busy: Busy) -> None:
        self._sessions, self._busy = sessions, busy
        self._drift = timedelta()
        self._ended = threading.Event()
        with transaction(sessions) as session:
            self._zero = self._counted_on(session) or clock.wall() - timedelta(seconds=clock.uptime())
            clock.count_from(self._zero)
            now = clock.now()
            begun = insert(_RUNS).values(
                machine=clock.start_of_machine(), zero_at=self._zero, begun_at=now, alive_at=now
            )
            self._id, self._told = session.scalars(begun.returning(_RUNS.c.id)).one(), now
        self._thread = threading.Thread(target=self._go_on, name="run", daemon=True)
        self._thread.start()

    def _counted_on(self, session: Session) -> datetime | None:
        """From where the last run's time goes on, if somebody depends on it: the machine is still up, or its clock went back."""
        last = session.execute(select(_RUNS).order_by(_RUNS.c.id.desc()).limit(1)).first()
        if last is None or not self._busy(session):
            return None
        if last.machine and last.machine == clock.start_of_machine():
            return last.zero_at  # type: ignore[no-any-return]
        behind = clock.wall() < last.alive_at
        return last.alive_at - timedelta(seconds=clock.uptime()) if behind else None

    def beat(self) -> None:
        """Tells that the server lives, and looks whether the machine's clock was moved."""
        with self._sessions() as session:
            busy = self._busy(session)
        drift = clock.wall() - clock.now()
        jumped = busy and abs(drift - self._drift) > JUMP
        if not busy:
            self._zero += drift
            clock.count_from(self._zero)
        now = clock.now()
        if not (busy or jumped or now - self._told >= QUIET):
            return
        with transaction(self._sessions) as session:
            if jumped:
                moved = round((drift - self._drift).total_seconds())
                log.warning("the machine's clock moved by %s s in mid-exam; it is not followed", moved)
                session.add(ClockJump(noticed_at=now, seconds=moved))
            session.execute(update(ServerRun).where(ServerRun.id == self._id).values(alive_at=now, zero_at=self._zero))
        self._drift, self._told = (drift if busy else timedelta()), now

    def stop(self) -> None:
        """The last beat."""
        self._ended.set()
        self._thread.join()
        clock.count_from(None)

    def _go_on(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                self.beat()
            except Exception:
                log.exception("the server could not tell that it lives")


def measured_outages(session: Session, since: datetime) -> list[Outage]:
    """The spans since a moment in which no server ran, the earliest first."""
    runs = session.scalars(select(ServerRun).where(ServerRun.alive_at >= since).order_by(ServerRun.begun_at)).all()
    before = session.scalar(
        select(ServerRun).where(ServerRun.alive_at < since).order_by(ServerRun.alive_at.desc()).limit(1)
    )
    found, last = [], before
    for run in runs:
        if last is not None and run.begun_at - last.alive_at > SHORTEST:
            begun = max(last.alive_at, since)
            found.append(Outage(begun, run.begun_at, machine_restarted=run.machine != last.machine))
        if last is None or run.alive_at > last.alive_at:
            last = run
    return found


def jumps(session: Session, since: datetime) -> list[ClockJump]:
    """Moves of the machine's clock that were not followed, since a moment."""
    return list(session.scalars(select(ClockJump).where(ClockJump.noticed_at >= since).order_by(ClockJump.noticed_at)))


def restarts(session: Session, since: datetime) -> list[datetime]:
    """When servers began, since a moment, on a machine that had been started anew: from then on its wall clock is believed."""
    before = func.lag(_RUNS.c.machine).over(order_by=_RUNS.c.id).label("before")
    all_runs = select(_RUNS.c.id, _RUNS.c.machine, _RUNS.c.begun_at, before).subquery()
    anew = all_runs.c.machine != all_runs.c.before
    return list(
        session.scalars(select(all_runs.c.begun_at).where(anew, all_runs.c.begun_at >= since).order_by(all_runs.c.id))
    )
