"""Long work: a row in our own table is the job, written with the act that asks for it.

At least once: a job may run again after a crash, so its effects are made idempotent by keys. A lease with a heartbeat
tells a running job from a dead one; after five tries it is parked with its error. Progress is committed as it is made.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, and_, event, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, sessionmaker

from lmsapp.core import clock, translations
from lmsapp.core.orm import Base, Id
from lmsapp.core.sessions import transaction

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=2)
LEFT_BEHIND = timedelta(seconds=5)
MOST_TRIES = 5
MOST_LOG_LINES = 200


class Job(Base):
    """One piece of long work: what, for whom, how far, how it ended."""

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
    """Raised inside a job when its cancellation was asked for; what was finished stays."""


Carry = Callable[[int], None]
_carriers: list[Carry] = []


def enqueue(
    session: Session,
    name: str,
    arguments: dict[str, Any],
    *,
    asked_by: int | None,
    key: str | None = None,
    total: int | None = None,
) -> Job:
    """Asks for work in the caller's transaction; with a `key`, asking twice gives the same job."""
    if key is not None:
        known = session.scalar(select(Job).where(Job.name == name, Job.key == key))
        if known is not None:
            return known
    job = Job(
        name=name,
        key=key,
        arguments=arguments,
        asked_by=asked_by,
        language=translations.current().code,
        total=total,
        created_at=clock.now(),
        state="waiting",
    )
    session.add(job)
    session.flush()
    number = job.id
    event.listen(session, "after_commit", lambda _session: [carry(number) for carry in _carriers], once=True)
    return job


def carry_with(carry: Carry) -> None:
    """Connects what carries a job's number to a worker after the commit."""
    if carry not in _carriers:
        _carriers.append(carry)


def carry_no_more(carry: Carry) -> None:
    """Disconnects it."""
    if carry in _carriers:
        _carriers.remove(carry)


def cancel(session: Session, job: Job) -> None:
    """Stops a job: at once when it waits, at its next step when it runs; what was finished stays."""
    if job.state in {"waiting", "running", "parked"}:
        job.state, job.ended_at = "cancelled", clock.now()


def resume(session: Session, job: Job) -> None:
    """Takes a cancelled, failed or parked job up again where it stopped."""
    if job.state in {"cancelled", "failed", "parked"}:
        job.state, job.tries, job.ended_at, job.lease_until = "waiting", 0, None, None
        number = job.id
        event.listen(session, "after_commit", lambda _session: [carry(number) for carry in _carriers], once=True)


@dataclass
class Run:
    """What a job's function is given."""

    job_id: int
    arguments: dict[str, Any]
    asked_by: int | None
    sessions: sessionmaker[Session]

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction of the job: committed at the end of the block."""
        with transaction(self.sessions) as session:
            yield session

    def step(self, done: int, total: int | None = None, note: str = "", line: str = "") -> None:
        """Tells how far the work is and renews the lease; raises Cancelled when that was asked for."""
        with transaction(self.sessions) as session:
            job = session.get_one(Job, self.job_id)
            if job.state == "cancelled":
                raise Cancelled
            job.done, job.total = done, total if total is not None else job.total
            job.note = note[:400] or job.note
            if line:
                job.lines = [*job.lines, line[:400]][-MOST_LOG_LINES:]
            job.lease_until = clock.now() + LEASE

    def finish_with(self, result: dict[str, Any]) -> None:
        """Keeps what the work produced."""
        with transaction(self.sessions) as session:
            session.get_one(Job, self.job_id).result = result


Work = Callable[[Run], None]


class Registry:
    """Which job name runs which function; filled by `wiring.py`."""

    def __init__(self) -> None:
        self._work: dict[str, Work] = {}

    def add(self, name: str, work: Work) -> None:
        """Connects one name."""
        self._work[name] = work

    def run(self, sessions: sessionmaker[Session], job_id: int) -> bool:
        """Runs one job if it waits or was left behind; False when there was nothing to do. Never raises for the job's faults."""
        job = _take(sessions, job_id)
        if job is None:
            return False
        try:
            with translations.use(job.language):
                self._work[job.name](Run(job.id, job.arguments, job.asked_by, sessions))
        except Cancelled:
            return True
        except Exception as problem:
            log.exception("job failed", extra={"job": job.name})
            _settle(sessions, job_id, f"{type(problem).__name__}: {problem}")
        else:
            _settle(sessions, job_id, None)
        return True


def left_behind(session: Session) -> list[int]:
    """Jobs nobody works on though they should be: waiting too long, or running with a lease that ended."""
    now = clock.now()
    waiting = and_(Job.state == "waiting", Job.created_at < now - LEFT_BEHIND)
    dead = and_(Job.state == "running", Job.lease_until < now)
    return list(session.scalars(select(Job.id).where(or_(waiting, dead)).order_by(Job.id).limit(100)))


def _take(sessions: sessionmaker[Session], job_id: int) -> Job | None:
    now = clock.now()
    with transaction(sessions) as session:
        free = or_(Job.state == "waiting", and_(Job.state == "running", Job.lease_until < now))
        taken = session.execute(
            update(Job)
            .where(Job.id == job_id, free)
            .values(state="running", lease_until=now + LEASE, tries=Job.tries + 1, started_at=now)
        )
        return session.get(Job, job_id) if taken.rowcount else None  # type: ignore[attr-defined]


def _settle(sessions: sessionmaker[Session], job_id: int, problem: str | None) -> None:
    with transaction(sessions) as session:
        job = session.get_one(Job, job_id)
        if job.state == "cancelled":
            return
        job.lease_until = None
        if problem is None:
            job.state, job.ended_at = "done", clock.now()
            job.done = job.total if job.total is not None else job.done
            return
        job.note = problem[:400]
        job.lines = [*job.lines, problem[:400]][-MOST_LOG_LINES:]
        job.state = "parked" if job.tries >= MOST_TRIES else "waiting"
        job.ended_at = clock.now() if job.state == "parked" else None
