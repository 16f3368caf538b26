"""Marking written answers: one question at a time across candidates, who stay unnamed to the marker.

What a marker is shown of a candidate is the language she wrote in. Answers are told by a reference that stands nowhere else,
and come in an order that says nothing. Readings are inserted, never changed; when nothing of an attempt waits, it is marked.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.translations import N_
from lmsapp.exams import corrections, judgements, marking, marks, policy
from lmsapp.exams.attempts import State
from lmsapp.exams.corrections import Change, Corrected
from lmsapp.exams.judgements import Part, Readings
from lmsapp.exams.marks import KeyItem
from lmsapp.exams.models import AnswerCurrent, Attempt, Judgement, Paper, Sitting

LONGEST_REMARK = 2000
CLOSED = (State.SUBMITTED, State.MARKED, State.RELEASED, State.DISPUTED)


@dataclass(frozen=True)
class Task:
    """One written answer: what was asked, what was written, and which part of its marking waits (None: it is settled)."""

    reference: str
    attempt: Attempt
    item: KeyItem
    sheet: Mapping[str, Any]
    frozen: Mapping[str, Any]
    value: str
    readings: Readings
    part: Part | None

    def waits_for(self, actor: Actor) -> bool:
        """Whether this person can be the next to read it: she is not the candidate and has not read it before."""
        read = any(reading.by == actor.person_id for reading in self.readings.values())
        return self.part is not None and (actor.keeper or (not read and self.attempt.person_id != actor.person_id))


@dataclass(frozen=True)
class Pile:
    """The written answers to one question of a sitting."""

    question_id: int
    sheet: Mapping[str, Any]
    tasks: Sequence[Task]

    @property
    def settled(self) -> int:
        """How many need nobody any more."""
        return sum(task.part is None for task in self.tasks)

    def mine(self, actor: Actor) -> list[Task]:
        """What this person can read now."""
        return [task for task in self.tasks if task.waits_for(actor)]


def piles(session: Session, actor: Actor, held: Sitting) -> list[Pile]:
    """All written answers of the sitting's closed attempts, by question."""
    demand(policy.may_judge(actor, held))
    attempts = session.scalars(
        select(Attempt)
        .where(Attempt.sitting_id == held.id, Attempt.state.in_(CLOSED))
        .options(joinedload(Attempt.paper).undefer(Paper.key))
    ).all()
    answers: dict[int, dict[str, str]] = {}
    for row in session.execute(
        select(AnswerCurrent.attempt_id, AnswerCurrent.item, AnswerCurrent.value)
        .join(Attempt, Attempt.id == AnswerCurrent.attempt_id)
        .where(Attempt.sitting_id == held.id, AnswerCurrent.value != "")
    ):
        answers.setdefault(row.attempt_id, {})[row.item] = row.value
    readings = marking.readings_of(session, [a.id for a in attempts])
    changes = marking.corrections_of(session, held)
    found: dict[int, list[Task]] = {}
    for attempt in attempts:
        for task in _tasks(attempt, answers.get(attempt.id, {}), readings.get(attempt.id, {}), changes):
            found.setdefault(task.frozen["question"], []).append(task)
    return [
        Pile(question, tasks[0].sheet, sorted(tasks, key=lambda t: t.reference)) for question, tasks in found.items()
    ]


def _tasks(
    attempt: Attempt, answers: Mapping[str, str], readings: Mapping[str, Readings], changes: Sequence[Any]
) -> list[Task]:
    frozen = attempt.paper.key
    key = []
    for item in marking.key_of(attempt):
        own = [c for c in changes if marking.concerns(c, attempt, frozen[item.item]) and c.kind == Change.VOID]
        kept = corrections.applied(item, {}, [Corrected(c.kind, c.content) for c in own])
        key += [kept] if kept else []
    written = [item for item in key if marks.is_written(item, answers)]
    border = judgements.on_border(key, answers, attempt.sitting.exam.pass_mark, readings) if written else False
    sheet = {one["item"]: one for one in attempt.paper.sheet["items"]}
    return [
        Task(
            reference(attempt.paper.seed, item.item),
            attempt,
            item,
            sheet[item.item],
            frozen[item.item],
            answers[item.item],
            readings.get(item.item, {}),
            judgements.next_part(item, readings.get(item.item, {}), border=border)
            if attempt.state == State.SUBMITTED
            else None,
        )
        for item in written
    ]


def reference(seed: str, item: str) -> str:
    """What tells an answer to markers; nobody who does not know the paper's seed can tell whose it is."""
    return hashlib.sha256(f"{seed}:{item}".encode()).hexdigest()[:16]


def pile(session: Session, actor: Actor, held: Sitting, question_id: int) -> Pile | None:
    """The answers to one question; None when nobody wrote one."""
    return next((one for one in piles(session, actor, held) if one.question_id == question_id), None)


def judge(
    session: Session,
    actor: Actor,
    held: Sitting,
    question_id: int,
    told: str,
    points: Mapping[str, int],
    remark: str = "",
) -> Judgement:
    """One marker's points for one answer, by criterion. What is marked completely gets its mark at once."""
    demand(policy.may_judge(actor, held))
    found = pile(session, actor, held, question_id)
    task = next((t for t in found.tasks if t.reference == told), None) if found else None
    if task is None:
        raise NotFound
    attempt = session.get_one(Attempt, task.attempt.id, with_for_update=True)
    if not task.waits_for(actor) or task.part is None or attempt.state != State.SUBMITTED:
        raise Conflict(N_("This answer does not wait for you any more. Take the next one."))
    rubric = task.item.structure["rubric"]
    if set(points) != set(rubric) or any(not 0 <= points[key] <= most for key, most in rubric.items()):
        raise Invalid(N_("Give points for every criterion, none above what it is worth."))
    made = Judgement(
        attempt_id=attempt.id,
        item=task.item.item,
        part=task.part,
        points=dict(points),
        remark=remark[:LONGEST_REMARK],
        judged_by=actor.person_id,
        judged_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError as problem:
        raise Conflict(N_("Somebody else has marked this answer a moment ago. Take the next one.")) from problem
    audit.record(
        session,
        "answer.judged",
        actor,
        on=("attempt", attempt.id),
        after={"item": made.item, "part": made.part, "points": sum(points.values())},
    )
    marking.mark(session, attempt, by=actor.person_id)
    return made


def waiting(session: Session, held: Sitting) -> int:
    """How many handed-in attempts of a sitting have no mark yet."""
    return len(
        session.scalars(select(Attempt.id).where(Attempt.sitting_id == held.id, Attempt.state == State.SUBMITTED)).all()
    )
