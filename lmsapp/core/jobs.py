"""Long work: a row in our own table is the job, written with the act that asks for it.

At least once: a job may run again after a crash, so its effects are made idempotent by keys. A lease with a heartbeat
tells a running job from a dead one; a worker that lost its lease can change the row no more. After five tries, further and
further apart, that brought it no further, a job is parked with its error; what the domain refuses is not tried again. Progress
is committed as it is made.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Index,
    String,
    UniqueConstraint,
    and_,
    event,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from lmsapp.core import clock, translations
from lmsapp.core.errors import Busy, LmsError
from lmsapp.core.orm import Base, Id, table, upserting
from lmsapp.core.sessions import transaction

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=1)
BEATS_A_LEASE = 4
LEFT_BEHIND = timedelta(seconds=5)
MOST_TRIES = 5
PAUSES = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))
MOST_LOG_LINES = 200


class Job(Base):
    """One piece of long work: what, for whom, how far, how it ended.

    `lease_until` is how long a running job's worker is trusted, or when a waiting one is tried again.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("name", "key"),
        CheckConstraint("state in ('waiting', 'running', 'done', 'failed', 'cancelled', 'parked')", name="state"),
        Index("ix_job_state_lease", "state", "lease_until"),
    )

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str | None] = mapped_column(String(120))
    arguments: Mapped[dict[str, Any]]
    asked_by: Mapped[int | None]
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(400), default="")
    lines: Mapped[list[str]] = mapped_column(default=list)
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Cancelled(Exception):
    """Raised inside a job when its cancellation was asked for or another worker took it over; what was finished stays."""


class Interrupted(Cancelled):
    """Raised inside a job when its worker stops; it goes on after the next start."""


Carry = Callable[[int], None]
_carriers: list[Carry] = []
_TO_CARRY = "jobs to carry after the commit"
COMMITTED_BY_OTHERS = "whoever holds the transaction commits and carries"  # in a session's info


def enqueue(
    session: Session,
    name: str,
    arguments: dict[str, Any],
    *,
    asked_by: int | None,
    key: str | None = None,
    total: int | None = None,
) -> int:
    """Asks for work in the caller's transaction; returns the job's number.

    With a `key`, asking twice gives the same job, whatever became of it.
    """
    asked = {
        "name": name,
        "key": key,
        "arguments": arguments,
        "asked_by": asked_by,
        "language": translations.current().code,
        "total": total,
        "created_at": clock.now(),
    }
    number: int | None = session.scalar(_asking(session.get_bind().dialect.name), asked)
    if number is None:
        return session.scalars(select(Job.id).where(Job.name == name, Job.key == key)).one()
    _carry_after_commit(session, number)
    return number


@cache
def _asking(dialect: str) -> Any:
    jobs = table(Job)
    return upserting(dialect)(jobs).on_conflict_do_nothing(index_elements=["name", "key"]).returning(jobs.c.id)


def carry_with(carry: Carry) -> None:
    """Connects what carries a job's number to a worker after the commit."""
    if carry not in _carriers:
        _carriers.append(carry)


def carry_no_more(carry: Carry) -> None:
    """Disconnects it."""
    if carry in _carriers:
        _carriers.remove(carry)


def known(session: Session, name: str, key: str | None) -> Job | None:
    """The job asked for with this key before; None when there is none, or no key."""
    return None if key is None else session.scalar(select(Job).where(Job.name == name, Job.key == key))


def _carry_after_commit(session: Session, number: int) -> None:
    session.info.setdefault(_TO_CARRY, []).append(number)


@event.listens_for(Session, "after_commit")
def _carry(session: Session) -> None:
    if not session.in_nested_transaction() and COMMITTED_BY_OTHERS not in session.info:
        carry(asked_in(session))


def asked_in(session: Session) -> list[int]:
    """The jobs a session asked for, which nobody was told to carry yet."""
    numbers: list[int] = session.info.pop(_TO_CARRY, [])
    return numbers


def carry(numbers: list[int]) -> None:
    """Has committed jobs carried to a worker."""
    for number in numbers:
        for one in _carriers.copy():
            one(number)


@event.listens_for(Session, "after_rollback")
def _carry_nothing(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_TO_CARRY, None)


def cancel(session: Session, job: Job) -> None:
    """Stops a job: at once when it waits, at its next step when it runs; what was finished stays."""
    session.refresh(job, with_for_update=True)
    if job.state in {"waiting", "running", "parked"}:
        job.state, job.ended_at, job.lease_until = "cancelled", clock.now(), None


def resume(session: Session, job: Job, by: int | None) -> None:
    """Takes a cancelled, failed or parked job up again where it stopped, for whoever asks now."""
    session.refresh(job, with_for_update=True)
    if job.state in {"cancelled", "failed", "parked"}:
        job.asked_by = by
        job.state, job.tries, job.ended_at, job.lease_until = "waiting", 0, None, None
        _carry_after_commit(session, job.id)


@dataclass(frozen=True)
class Run:
    """What a job's function is given. `begun_at` tells this run from any other of the same job."""

    job_id: int
    arguments: dict[str, Any]
    asked_by: int | None
    sessions: sessionmaker[Session]
    begun_at: datetime
    stopping: threading.Event

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction of the job: committed at the end of the block."""
        with transaction(self.sessions) as session:
            yield session

    def step(self, done: int, total: int | None = None, note: str = "", line: str = "", *, kept: bool = False) -> None:
        """Tells how far the work is and renews the lease; raises Cancelled when the work is to end.

        `kept`: what was made now is kept and will not be made again, so its tries are counted from here.
        """
        with transaction(self.sessions) as session:
            job = self.own(session)
            if job is None:
                raise Cancelled
            job.done, job.total = done, total if total is not None else job.total
            job.note = note[:400] or job.note
            job.tries = 1 if kept else job.tries
            if line:
                job.lines = [*job.lines, line[:400]][-MOST_LOG_LINES:]
            job.lease_until = clock.now() + LEASE
        if self.stopping.is_set():
            raise Interrupted

    @property
    def cancelled(self) -> bool:
        """Whether the work is to end: cancelled, taken over, or the worker stops."""
        with self.sessions() as session:
            return self.stopping.is_set() or self.own(session, lock=False) is None

    def finish_with(self, result: dict[str, Any]) -> None:
        """Keeps what the work produced."""
        with transaction(self.sessions) as session:
            if job := self.own(session):
                job.result = result

    def own(self, session: Session, *, lock: bool = True) -> Job | None:
        """The job's row as long as it is this run's; None once it was cancelled or another worker took it over."""
        chosen = select(Job).where(*self.mine())
        return session.scalar(chosen.with_for_update() if lock else chosen)

    def renew(self) -> None:
        """Renews the lease, whatever else the run is at."""
        with transaction(self.sessions) as session:
            session.execute(update(Job).where(*self.mine()).values(lease_until=clock.now() + LEASE))

    def mine(self) -> tuple[ColumnElement[bool], ...]:
        """What is true of the job's row as long as it is this run's."""
        return Job.id == self.job_id, Job.state == "running", Job.started_at == self.begun_at


Work = Callable[[Run], None]
Sweep = Callable[[sessionmaker[Session]], None]


class Registry:
    """Which job name runs which function; filled by `wiring.py`."""

    def __init__(self) -> None:
        self._work: dict[str, Work] = {}
        self._sweeps: list[Sweep] = []
        self._stopping = threading.Event()

    def add(self, name: str, work: Work) -> None:
        """Connects one name."""
        self._work[name] = work

    def add_sweep(self, sweep: Sweep) -> None:
        """Connects what is looked after every few seconds: short, harmless to do twice or late."""
        self._sweeps.append(sweep)

    def sweep(self, sessions: sessionmaker[Session]) -> None:
        """Runs the sweeps once; one that fails takes no other with it."""
        for sweep in self._sweeps:
            try:
                sweep(sessions)
            except Exception:
                log.exception("a sweep failed")

    def interrupt(self) -> None:
        """Asks the running jobs to end at their next step; they go on after the next start."""
        self._stopping.set()

    def run(self, sessions: sessionmaker[Session], job_id: int, *, at_once: bool = False) -> bool:
        """Runs one job if it waits or was left behind; False when there was nothing to do. Never raises for the job's faults.

        `at_once` does not wait for the time of the next try.
        """
        job = _take(sessions, job_id, at_once=at_once)
        if job is None or job.started_at is None:
            return False
        run = Run(job.id, job.arguments, job.asked_by, sessions, job.started_at, self._stopping)
        with translations.use(job.language):
            try:
                with _heartbeat(run):
                    self._work[job.name](run)
            except Interrupted:
                _put_back(run)
            except Cancelled:
                log.info("job cancelled", extra={"job": job.name})
            except LmsError as problem:
                log.warning("job refused: %s", problem, extra={"job": job.name})
                _fail(run, problem)
            except Exception as problem:
                log.exception("job failed", extra={"job": job.name})
                _fail(run, problem)
            else:
                _finish(run)
        return True


def left_behind(session: Session) -> list[int]:
    """Jobs nobody works on though they should be: waiting past their time, or running with a lease that ended."""
    now = clock.now()
    waiting = and_(Job.state == "waiting", Job.created_at < now - LEFT_BEHIND, _free(now))
    dead = and_(Job.state == "running", Job.lease_until < now)
    return list(session.scalars(select(Job.id).where(or_(waiting, dead)).order_by(Job.id).limit(100)))


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Job.lease_until.is_(None), Job.lease_until <= now)


def _take(sessions: sessionmaker[Session], job_id: int, *, at_once: bool) -> Job | None:
    now = clock.now()
    waiting = Job.state == "waiting" if at_once else and_(Job.state == "waiting", _free(now))
    dead = and_(Job.state == "running", Job.lease_until < now)
    ready = and_(Job.id == job_id, or_(waiting, dead))
    begun = {"state": "running", "tries": Job.tries + 1, "started_at": now, "lease_until": now + LEASE}
    with transaction(sessions) as session:
        taken = update(Job).where(ready, Job.tries < MOST_TRIES).values(begun).returning(Job)
        job: Job | None = session.scalar(taken, execution_options={"synchronize_session": False})
        if job is None:
            _park(session, ready, now)
        return job


def _park(session: Session, ready: ColumnElement[bool], now: datetime) -> None:
    """Puts the job aside when it took its worker with it each time it was tried."""
    job = session.scalar(select(Job).where(ready, Job.tries >= MOST_TRIES).with_for_update())
    if job is not None:
        job.state, job.ended_at, job.lease_until = "parked", now, None
        with translations.use(job.language):
            job.note = job.note or translations.gettext("The work ended without a word each time it was tried.")


@contextmanager
def _heartbeat(run: Run) -> Iterator[None]:
    """Renews the lease while the work goes on, so that a step may take longer than a lease."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(LEASE.total_seconds() / BEATS_A_LEASE):
            try:
                run.renew()
            except Exception:
                log.exception("a lease could not be renewed", extra={"job": run.job_id})

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _finish(run: Run) -> None:
    ended = {"state": "done", "ended_at": clock.now(), "lease_until": None, "done": func.coalesce(Job.total, Job.done)}
    with transaction(run.sessions) as session:
        session.execute(update(Job).where(*run.mine()).values(ended), execution_options={"synchronize_session": False})


def _put_back(run: Run) -> None:
    with transaction(run.sessions) as session:
        if job := run.own(session):
            job.state, job.tries, job.lease_until = "waiting", job.tries - 1, None


def _fail(run: Run, problem: Exception) -> None:
    refused = isinstance(problem, LmsError) and not isinstance(problem, Busy)
    with transaction(run.sessions) as session:
        job = run.own(session)
        if job is None:
            return
        job.note = _words(problem)
        job.lines = [*job.lines, job.note][-MOST_LOG_LINES:]
        if refused or job.tries >= MOST_TRIES:
            job.state, job.ended_at, job.lease_until = "failed" if refused else "parked", clock.now(), None
        else:
            job.state, job.lease_until = "waiting", clock.now() + PAUSES[job.tries - 1]


def _words(problem: Exception) -> str:
    """The problem for who asked; of a defect the first line only, since the database's following ones hold values."""
    if isinstance(problem, LmsError):
        return translations.gettext(problem.message, **problem.values)[:400]
    return f"{type(problem).__name__}: {str(problem).partition(chr(10))[0]}"[:400]
