"""A whole exam while the server or its database dies again and again; every acknowledgement is held against the disk (R1, R2)."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from lmsapp.bench.candidates import Candidate, Line, Seat, seated
from lmsapp.bench.school import School
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import clock
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.jobs import Job
from lmsapp.core.sessions import transaction
from lmsapp.exams import composing, sitting
from lmsapp.exams.models import AnswerCurrent, AnswerEvent, Attempt, Mark, Submission

BETWEEN_FAULTS = (2.0, 4.0)  # seconds
MARKED_WITHIN = 120  # seconds after the last hand-in
ALL_DAY = 600  # minutes


@dataclass
class Tally:
    """What a storm tried and what it found. Everything from `lost` on must be 0."""

    candidates: int = 0
    faults: int = 0
    acknowledged: int = 0
    seconds: float = 0.0
    lost: int = 0
    changed: int = 0
    projected_wrongly: int = 0
    handed_in_wrongly: int = 0
    marked_wrongly: int = 0
    refused: int = 0
    damaged: int = 0
    first_refusal: str = ""

    @property
    def sound(self) -> bool:
        """Whether nothing acknowledged was lost and nothing happened twice, and something was tried at all."""
        wrong = self.lost + self.changed + self.projected_wrongly + self.handed_in_wrongly + self.marked_wrongly
        return self.acknowledged > 0 and wrong + self.damaged + self.refused == 0

    def with_ledgers(self, candidates: Sequence[Candidate]) -> "Tally":
        """What the candidates' own ledgers say."""
        self.acknowledged = sum(len(one.ledger.acked) for one in candidates)
        refused = [said for one in candidates for said in one.ledger.refused]
        self.refused, self.first_refusal = len(refused), refused[0] if refused else ""
        return self

    def facts(self) -> dict[str, Any]:
        """For a line of JSON."""
        return asdict(self)


def room(school: School, size: int) -> list[Seat]:
    """Opens the exam to so many trainees and seats them with their papers."""
    with transaction(school.opened.sessions) as session:
        session.execute(update(Attempt).values(state="void"))  # whoever sat before sits as if for the first time
        cohorts = session.scalars(select(Cohort).order_by(Cohort.id)).all()
        attempts: list[Attempt] = []
        for cohort in cohorts:
            now = clock.now()
            held = composing.hold(session, KEEPER, cohort, now - timedelta(hours=1), now + timedelta(days=1))
            held.exam.minutes = ALL_DAY
            session.flush()
            for enrolment in session.scalars(select(Enrolment).where(Enrolment.cohort_id == cohort.id)):
                if len(attempts) < size:
                    actor = Actor(person_id=enrolment.person_id)
                    attempts.append(sitting.begin(session, actor, held, drafts_allowed=True))
        return seated(session, school.app, attempts)


def run(
    candidates: list[Candidate],
    port: int,
    fault: Callable[[], None],
    *,
    seed: int,
    faults: int,
    acknowledged: int,
    pauses: tuple[float, float] = BETWEEN_FAULTS,
) -> Tally:
    """Lets everybody write until so many faults were survived and so many answers acknowledged; then all hand in."""
    tally = Tally(candidates=len(candidates))
    begun = time.perf_counter()
    asyncio.run(_storm(candidates, port, fault, tally, seed, faults, acknowledged, pauses))
    tally.with_ledgers(candidates)
    tally.seconds = round(time.perf_counter() - begun, 1)
    return tally


async def _storm(
    candidates: list[Candidate],
    port: int,
    fault: Callable[[], None],
    tally: Tally,
    seed: int,
    faults: int,
    acknowledged: int,
    pauses: tuple[float, float],
) -> None:
    enough = asyncio.Event()

    async def write(candidate: Candidate) -> None:
        line = Line(port, candidate.seat.cookie)
        for event in candidate.answers(rounds=1_000_000):
            await candidate.give(line, event)
            if enough.is_set():
                break
        await candidate.hand_in(line)
        line.close()

    async def break_things() -> None:
        chance = random.Random(seed)  # noqa: S311 - the same storm every time
        while tally.faults < faults or sum(len(one.ledger.acked) for one in candidates) < acknowledged:
            await asyncio.sleep(chance.uniform(*pauses))
            if tally.faults < faults:
                await asyncio.to_thread(fault)
                tally.faults += 1
        enough.set()

    await asyncio.gather(break_things(), *(write(one) for one in candidates))


def verify(school: School, candidates: Sequence[Candidate], tally: Tally) -> Tally:
    """Holds every ledger against the database, once the worker has marked everybody."""
    with school.opened.sessions() as session:
        if session.get_bind().dialect.name == "sqlite":
            tally.damaged = int(session.scalar(text("PRAGMA integrity_check")) != "ok")
        for candidate in candidates:
            attempt = session.scalars(select(Attempt).where(Attempt.code == candidate.seat.code)).one()
            _events(session, attempt, candidate, tally)
            _projection(session, attempt, candidate, tally)
            submitted = session.get(Submission, attempt.id)
            tally.lost += len(candidate.ledger.forgotten)
            right = submitted is not None and submitted.answered == len(candidate.final())
            tally.handed_in_wrongly += not right
            count = session.scalar(select(func.count()).select_from(Mark).where(Mark.attempt_id == attempt.id))
            tally.marked_wrongly += count != 1
    return tally


def wait_until_marked(school: School, size: int) -> None:
    """Gives the worker time to mark what was handed in."""
    until = time.perf_counter() + MARKED_WITHIN
    while time.perf_counter() < until:
        with school.opened.sessions() as session:
            if (session.scalar(select(func.count()).select_from(Mark)) or 0) >= size:
                return
        time.sleep(0.5)


def mark_all(school: School) -> float:
    """Does the worker's part here: marks all that was handed in. Returns the processor ms one took."""
    with school.opened.sessions() as session:
        waiting = session.scalars(select(Job.id).where(Job.name == "exams.mark", Job.state == "waiting")).all()
    begun = time.process_time()
    for number in waiting:
        school.jobs.run(school.opened.sessions, number, at_once=True)
    return (time.process_time() - begun) * 1000 / max(1, len(waiting))


def _events(session: Session, attempt: Attempt, candidate: Candidate, tally: Tally) -> None:
    rows = session.execute(
        select(AnswerEvent.client_seq, AnswerEvent.item, AnswerEvent.value).where(AnswerEvent.attempt_id == attempt.id)
    )
    kept = {seq: (item, value) for seq, item, value in rows}
    for seq, told in candidate.ledger.acked.items():
        tally.lost += seq not in kept
        tally.changed += seq in kept and kept[seq] != told


def _projection(session: Session, attempt: Attempt, candidate: Candidate, tally: Tally) -> None:
    """The answers that count must be the last ones she was told are saved."""
    rows = session.execute(
        select(AnswerCurrent.item, AnswerCurrent.value).where(AnswerCurrent.attempt_id == attempt.id)
    )
    tally.projected_wrongly += {item: value for item, value in rows if value} != candidate.final()
