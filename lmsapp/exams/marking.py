"""Marking handed-in attempts and releasing a sitting's results. Marking again adds a version; nothing is overwritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict
from lmsapp.core.events import publish
from lmsapp.core.translations import N_
from lmsapp.exams import analysing, corrections, judgements, marks, policy, sitting
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.corrections import Change, Corrected
from lmsapp.exams.events import AttemptMarked, ResultsReleased
from lmsapp.exams.judgements import Read
from lmsapp.exams.marks import KeyItem, Outcome
from lmsapp.exams.models import Attempt, Correction, Judgement, Mark, QuestionVersion, Sitting
from lmsapp.exams.statistics import POINT, Seen

AT_ONCE = "at-once"


class PapersOut(Conflict):
    """Papers of the sitting are not keyed and reconciled yet, and nobody said that the others need not wait for them."""

    code = "papers-out"

    def __init__(self, count: int) -> None:
        super().__init__(
            N_(
                "Papers of this sitting that are not keyed and reconciled yet: %(count)s. Key them first, or tick that the"
                " results of the others are released now."
            ),
            count=count,
        )


@dataclass(frozen=True)
class Assessed:
    """What an attempt is worth by everything that is stored: its key after corrections, what people gave, how it is counted."""

    key: list[KeyItem]
    outcome: Outcome
    judged: dict[str, Any]
    observed: list[Seen]


def key_of(attempt: Attempt) -> list[KeyItem]:
    """The key the server froze with the paper."""
    return [
        KeyItem(item, k["kind"], k["structure"], k["points"], k["critical"]) for item, k in attempt.paper.key.items()
    ]


def corrections_of(session: Session, held: Sitting) -> list[Correction]:
    """The corrections of a sitting that count, in their order."""
    return list(
        session.scalars(
            select(Correction)
            .where(Correction.sitting_id == held.id, Correction.state == "applied")
            .order_by(Correction.id)
        )
    )


def readings_of(session: Session, attempt_ids: Sequence[int]) -> dict[int, dict[str, dict[str, Read]]]:
    """What markers gave to written answers, by attempt, item and part."""
    found: dict[int, dict[str, dict[str, Read]]] = {}
    for row in session.scalars(select(Judgement).where(Judgement.attempt_id.in_(attempt_ids))):
        by_item = found.setdefault(row.attempt_id, {}).setdefault(row.item, {})
        by_item[row.part] = Read(row.judged_by, row.points, row.remark)
    return found


def concerns(change: Correction, attempt: Attempt, frozen: Mapping[str, Any]) -> bool:
    """Whether a correction touches an item (as the paper's key has it) of an attempt."""
    same = (change.question_id, change.version) == (frozen["question"], frozen["version"])
    return same and change.attempt_id in (None, attempt.id) and change.language in (None, attempt.language)


def assess(session: Session, attempt: Attempt, changes: Sequence[Correction]) -> Assessed:
    """What an attempt is worth now, by these corrections. Reads only what the server stored."""
    frozen, answers = attempt.paper.key, sitting.answers_of(session, attempt.id)
    printed = _printed(session, frozen)
    key: list[KeyItem] = []
    given: dict[str, Fraction] = {}
    for item in key_of(attempt):
        own = [c for c in changes if concerns(c, attempt, frozen[item.item])]
        whole = [Corrected(c.kind, c.content) for c in own if c.kind != Change.POINTS]
        corrected = corrections.applied(item, printed[item.item], whole)
        if corrected is not None:
            key.append(corrected)
            given.update((item.item, Fraction(*c.content["points"])) for c in own if c.kind == Change.POINTS)
    written = [k for k in key if marks.is_written(k, answers)]
    readings = readings_of(session, [attempt.id]).get(attempt.id, {}) if written else {}
    border = judgements.on_border(key, answers, attempt.sitting.exam.pass_mark, readings)
    settled = {k.item: judgements.settled(k, readings.get(k.item, {}), border=border) for k in written}
    points = {item: one.points for item, one in settled.items() if one} | given
    outcome = marks.mark(key, answers, attempt.sitting.exam.pass_mark, points)
    judged = {item: {"rule": str(one.rule), "by": list(one.by)} for item, one in settled.items() if one}
    observed = [
        Seen(
            frozen[k.item]["question"],
            frozen[k.item]["version"],
            k.points,
            int(outcome.by_item[k.item] * POINT),
            corrections.chosen(k.kind, printed[k.item], frozen[k.item]["structure"], answers.get(k.item, "")),
        )
        for k in key
    ]
    return Assessed(key, outcome, judged, observed)


def _printed(session: Session, frozen: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The structure each item's version has in its bank."""
    wanted = {(k["question"], k["version"]): item for item, k in frozen.items()}
    rows = session.execute(
        select(QuestionVersion.question_id, QuestionVersion.number, QuestionVersion.structure).where(
            tuple_(QuestionVersion.question_id, QuestionVersion.number).in_(list(wanted))
        )
    )
    return {wanted[row.question_id, row.number]: row.structure for row in rows}


def newest(session: Session, attempt_id: int) -> Mark | None:
    """The mark that counts."""
    return session.scalar(select(Mark).where(Mark.attempt_id == attempt_id).order_by(Mark.version.desc()).limit(1))


def write(
    session: Session, attempt: Attempt, assessed: Assessed, *, by: int | None, cause: str, reason: str | None = None
) -> Mark:
    """The next version of an attempt's mark; item analysis counts it instead of the one before."""
    before, outcome = newest(session, attempt.id), assessed.outcome
    made = Mark(
        attempt_id=attempt.id,
        version=before.version + 1 if before else 1,
        points_numerator=outcome.points.numerator,
        points_denominator=outcome.points.denominator,
        possible=outcome.possible,
        passed=outcome.passed,
        critical_failed=outcome.critical_failed,
        items={item: [points.numerator, points.denominator] for item, points in outcome.by_item.items()},
        cause=cause,
        reason=reason,
        judged=assessed.judged,
        observed=[list(seen) for seen in assessed.observed],
        marked_at=clock.now(),
        marked_by=by,
    )
    session.add(made)
    session.flush()
    analysing.replace(session, attempt, before, made)
    return made


def mark(session: Session, attempt: Attempt, by: int | None = None) -> Mark | None:
    """Marks a handed-in attempt once nothing of it waits for a person; asking again changes nothing.

    Where the results are shown already, or at once, this one is shown too: a paper keyed late, an answer read late.
    """
    session.flush()
    session.refresh(attempt, ["state"], with_for_update=True)  # two who mark at the same moment wait for each other
    if State(attempt.state) is not State.SUBMITTED:
        return None
    assessed = assess(session, attempt, corrections_of(session, attempt.sitting))
    if assessed.outcome.waiting:
        return None
    made = write(session, attempt, assessed, by=by, cause="marked")
    attempt.state = State.MARKED
    sitting.note(session, attempt, State.SUBMITTED, State.MARKED, by=by)
    session.flush()
    audit.record(
        session,
        "attempt.marked",
        Actor(person_id=by),
        on=("attempt", attempt.id),
        after={"version": made.version, "passed": made.passed, "judged": made.judged},
    )
    publish(session, AttemptMarked(attempt.id, attempt.enrolment_id, made.passed))
    if attempt.sitting.exam.release == AT_ONCE or attempt.sitting.released_at is not None:
        _show(session, attempt, by)
    return made


def _show(session: Session, attempt: Attempt, by: int | None) -> None:
    attempt.state = State.RELEASED
    sitting.note(session, attempt, State.MARKED, State.RELEASED, by=by)


def papers_out(session: Session, held: Sitting) -> int:
    """How many papers of a sitting were prepared and are not keyed by two people and reconciled yet."""
    out = select(func.count()).where(Attempt.sitting_id == held.id, Attempt.state == State.PREPARED)
    return session.scalar(out) or 0


def release(session: Session, actor: Actor, held: Sitting, *, without_papers: bool = False) -> int:
    """Shows the results to the candidates: all attempts must be closed and marked. Returns how many were released.

    Raises PapersOut while papers are not keyed, unless somebody says that the others are released `without_papers`.
    """
    demand(policy.may_hold(actor, held.cohort))
    out = papers_out(session, held)
    if out and not without_papers:
        raise PapersOut(out)
    sitting.close_expired(session, actor, held)
    attempts = list(session.scalars(select(Attempt).where(Attempt.sitting_id == held.id)))
    for attempt in attempts:
        mark(session, attempt)
    if any(a.state in GOING_ON for a in attempts):
        raise Conflict(N_("Somebody is still sitting this exam. Release the results when everybody has handed in."))
    if any(a.state == State.SUBMITTED for a in attempts):
        raise Conflict(N_("Written answers still wait to be marked. Release the results when all are marked."))
    ready = [a for a in attempts if a.state == State.MARKED]
    for attempt in ready:
        _show(session, attempt, actor.person_id)
    at: datetime = clock.now()
    held.released_at = held.released_at or at
    after = {"attempts": len(ready), "papers_out": out}
    audit.record(session, "results.released", actor, on=("sitting", held.id), after=after)
    publish(session, ResultsReleased(held.id))
    return len(ready)
