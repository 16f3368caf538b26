"""What an invigilator sees: every desk of a room as of now, and the story of one attempt. The number of statements is fixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from lmsapp.accounts.models import Person
from lmsapp.core import clock, runs
from lmsapp.exams import queries
from lmsapp.exams.attempts import State
from lmsapp.exams.models import (
    AnswerEvent,
    Attempt,
    AttemptEvent,
    DeviceLease,
    Extension,
    Mark,
    RoomNote,
    Sitting,
    Submission,
)

QUIET_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Desk:
    """One attempt as of now. `refused` counts answers that another device sent after it had lost its right to write;

    `crossed` says that the machine was started anew while it was open, so that its times rest on a clock nobody checked.
    """

    attempt: Attempt
    state: State
    answered: int
    saved_at: datetime | None
    lease: DeviceLease | None
    refused: int
    mark: Mark | None
    crossed: bool = False

    @property
    def quiet(self) -> bool:
        """Whether somebody writes from whom nothing has come for a while: a broken line, or a person who needs help."""
        since = clock.now() - (self.saved_at or self.attempt.started_at)
        return self.state is State.OPEN and since > QUIET_AFTER

    @property
    def moved(self) -> bool:
        """Whether it went on on another device."""
        return self.lease is not None and self.lease.epoch > 1

    @property
    def percent(self) -> Fraction | None:
        """The mark in percent, exactly."""
        return queries.percent(self.mark) if self.mark else None


def desks(session: Session, held: Sitting) -> list[Desk]:
    """All attempts of a sitting: those that need somebody first, then in the order in which they began."""
    found = queries.attempts_of(session, held.id)
    ids = [one.id for one in found]
    saved, marks = queries.saved(session, ids), queries.newest_marks(session, ids)
    leases = {
        one.attempt_id: one for one in session.scalars(select(DeviceLease).where(DeviceLease.attempt_id.in_(ids)))
    }
    refused, crossed = _refused(session, ids), crossings(session, held, found)
    rows = []
    for one in found:
        count, at = saved.get(one.id, (0, None))
        lease, mark = leases.get(one.id), marks.get(one.id)
        rows.append(
            Desk(one, queries.state_now(one), count, at, lease, refused.get(one.id, 0), mark, one.id in crossed)
        )
    return sorted(rows, key=lambda desk: not (desk.quiet or desk.refused))


def _refused(session: Session, ids: Sequence[int]) -> Mapping[int, int]:
    rows = session.execute(
        select(AnswerEvent.attempt_id, func.count())
        .where(AnswerEvent.attempt_id.in_(ids), AnswerEvent.evidence)
        .group_by(AnswerEvent.attempt_id)
    )
    return {row[0]: row[1] for row in rows}


def crossings(session: Session, held: Sitting, found: Sequence[Attempt]) -> Mapping[int, datetime]:
    """Attempts that were open when the machine was started anew, and when a server began again on it, the last time."""
    begun = runs.restarts(session, held.opens_at)
    if not begun:
        return {}
    ids = [one.id for one in found]
    rows = session.execute(select(Submission.attempt_id, Submission.submitted_at).where(Submission.attempt_id.in_(ids)))
    closed = {row.attempt_id: row.submitted_at for row in rows}
    return {
        one.id: at
        for at in begun
        for one in found
        if one.mode != "paper" and one.started_at < at and closed.get(one.id, at) >= at
    }


@dataclass(frozen=True)
class Clock:
    """What became of the server's clock while a sitting was held: it was set, or its machine was started anew."""

    jumps: Sequence[runs.ClockJump]
    restarts: Sequence[datetime]


def clock_of(session: Session, held: Sitting, desks: Sequence[Desk]) -> Clock:
    """What whoever watches must know of the clock, from the opening until the last deadline."""
    until = max([held.closes_at, *(desk.attempt.deadline_at for desk in desks)])
    jumps, begun = runs.jumps(session, held.opens_at), runs.restarts(session, held.opens_at)
    return Clock([one for one in jumps if one.noticed_at <= until], [at for at in begun if at <= until])


def notes(session: Session, held: Sitting) -> Sequence[RoomNote]:
    """The notes about the room, the latest first."""
    return session.scalars(
        select(RoomNote)
        .where(RoomNote.sitting_id == held.id, RoomNote.attempt_id.is_(None))
        .options(joinedload(RoomNote.person))
        .order_by(RoomNote.id.desc())
    ).all()


@dataclass(frozen=True)
class Happening:
    """One line of an attempt's story: when, what (`state`, `minutes`, `note`, `device`, `restart`), by whom, why."""

    at: datetime
    what: str
    detail: Any
    person: Person | None = None
    reason: str = ""


def story(session: Session, attempt: Attempt) -> list[Happening]:
    """Everything that happened to an attempt, in the order of time."""
    changes = session.scalars(select(AttemptEvent).where(AttemptEvent.attempt_id == attempt.id)).all()
    minutes = session.scalars(select(Extension).where(Extension.attempt_id == attempt.id)).all()
    written = session.scalars(select(RoomNote).where(RoomNote.attempt_id == attempt.id)).all()
    leases = session.scalars(select(DeviceLease).where(DeviceLease.attempt_id == attempt.id, DeviceLease.epoch > 1))
    ids = {*(one.person_id for one in changes), *(one.given_by for one in minutes), *(one.person_id for one in written)}
    people = {one.id: one for one in session.scalars(select(Person).where(Person.id.in_(ids - {None})))}
    lines = [Happening(c.at, "state", c.after, people.get(c.person_id or 0), c.reason or "") for c in changes]
    lines += [Happening(m.given_at, "minutes", m.minutes, people.get(m.given_by or 0), m.reason) for m in minutes]
    lines += [Happening(n.at, "note", n.text, people.get(n.person_id or 0)) for n in written]
    lines += [Happening(lease.taken_at, "device", lease.epoch) for lease in leases]
    crossed = crossings(session, attempt.sitting, [attempt])
    lines += [Happening(at, "restart", None) for at in crossed.values()]
    return sorted(lines, key=lambda line: line.at)
