"""Correcting marks that stand: a faulty question in a sitting, or one candidate's points. First seen as a list, then done.

Nothing is overwritten: every mark that changes gets a further version with the reason. Where somebody passes who had not,
or the other way, one person asks and a second decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.events import publish
from lmsapp.core.quantities import decimal
from lmsapp.core.translations import N_
from lmsapp.exams import marking, policy, queries, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.corrections import CHOICES, WITH_ANSWERS, Change
from lmsapp.exams.events import MarkCorrected
from lmsapp.exams.marking import Assessed
from lmsapp.exams.models import Attempt, Correction, Mark, Paper, QuestionVersion, Sitting
from lmsapp.exams.questions import Kind

MARKED = (State.MARKED, State.RELEASED, State.DISPUTED)


@dataclass(frozen=True)
class Regraded:
    """One attempt before and after a correction."""

    attempt: Attempt
    before: Mark
    after: Assessed

    @property
    def percents(self) -> tuple[Fraction, Fraction]:
        """The result before and after."""
        return queries.percent(self.before), self.after.outcome.percent

    @property
    def flips(self) -> bool:
        """Whether it changes who passes."""
        return self.before.passed != self.after.outcome.passed

    @property
    def changes(self) -> bool:
        """Whether anything of the mark changes."""
        old, new = self.before, self.after.outcome
        points = Fraction(old.points_numerator, old.points_denominator)
        facts = (points, old.possible, old.passed, old.critical_failed)
        return facts != (new.points, new.possible, new.passed, new.critical_failed)


@dataclass(frozen=True)
class Asked:
    """A question as it stands in the papers of a sitting."""

    question_id: int
    version: int
    kind: str
    topic: str
    critical: bool
    sheet: Mapping[str, Any]
    papers: int


def asked(session: Session, actor: Actor, held: Sitting) -> list[Asked]:
    """The questions of a sitting's marked papers, the most asked first."""
    demand(policy.may_correct(actor, held))
    found: dict[tuple[int, int], Asked] = {}
    for attempt in _marked(session, held):
        sheet = {one["item"]: one for one in attempt.paper.sheet["items"]}
        for item, k in attempt.paper.key.items():
            place = (k["question"], k["version"])
            papers = found[place].papers + 1 if place in found else 1
            words = found[place].sheet if place in found else sheet[item]
            found[place] = Asked(*place, k["kind"], k["topic"], k["critical"], words, papers)
    return sorted(found.values(), key=lambda one: (-one.papers, one.question_id))


def _marked(session: Session, held: Sitting) -> Sequence[Attempt]:
    return session.scalars(
        select(Attempt)
        .where(Attempt.sitting_id == held.id, Attempt.state.in_(MARKED))
        .options(joinedload(Attempt.paper).undefer(Paper.key))
        .order_by(Attempt.code)
    ).all()


def printed(session: Session, question_id: int, version: int) -> QuestionVersion | None:
    """The version of a question as its bank has it."""
    return session.scalar(
        select(QuestionVersion)
        .where(QuestionVersion.question_id == question_id, QuestionVersion.number == version)
        .options(joinedload(QuestionVersion.question))
    )


def draft(
    held: Sitting,
    version: QuestionVersion,
    kind: str,
    content: Mapping[str, Any],
    *,
    language: str | None = None,
    reason: str = "",
) -> Correction:
    """A correction that is only looked at; raises Invalid when it could not be done."""
    wrong = _fault(version, kind, content)
    if wrong:
        raise Invalid(wrong, {"content": wrong})
    return Correction(
        sitting_id=held.id,
        question_id=version.question_id,
        version=version.number,
        kind=kind,
        language=language,
        content=dict(content),
        reason=reason[:400],
        state="asked",
        asked_at=clock.now(),
    )


def _fault(version: QuestionVersion, kind: str, content: Mapping[str, Any]) -> str | None:
    own = version.question.kind
    if kind in (Change.VOID, Change.PRINTED):
        return None if not content else N_("This correction takes no answer.")
    if own not in WITH_ANSWERS:
        return N_("For this kind of question another answer can't be given. Take the question out instead.")
    if own in CHOICES:
        right, known = content.get("right") or [], version.structure["options"]
        one = own != Kind.MULTIPLE
        if not right or not set(right) <= set(known) or (one and len(right) != 1):
            return N_("Choose the answer that is to count.")
    elif own == Kind.NUMERIC:
        tolerance = decimal(str(content.get("tolerance", "")))
        if decimal(str(content.get("answer", ""))) is None or tolerance is None or tolerance < 0:
            return N_("Write the number that is to count, and a tolerance from 0.")
    elif not [text for text in content.get("accepted", ()) if str(text).strip()]:
        return N_("Write the answers that are to count, one a line.")
    return None


def points(held: Sitting, attempt: Attempt, item: str, given: str, reason: str = "") -> Correction:
    """Other points for one item of one attempt; raises Invalid for what is no number of its points."""
    frozen = attempt.paper.key.get(item)
    value = decimal(given)
    if frozen is None or value is None or not 0 <= value <= frozen["points"]:
        message = N_("Write a number from 0 to %(most)s.")
        raise Invalid(message, {"points": message}, most=frozen["points"] if frozen else 0)
    exact = Fraction(value).limit_denominator(1000)
    return Correction(
        sitting_id=held.id,
        question_id=frozen["question"],
        version=frozen["version"],
        kind=Change.POINTS,
        attempt_id=attempt.id,
        content={"points": [exact.numerator, exact.denominator]},
        reason=reason[:400],
        state="asked",
        asked_at=clock.now(),
    )


def preview(session: Session, actor: Actor, held: Sitting, change: Correction) -> list[Regraded]:
    """Every marked attempt of the sitting that the correction concerns, before and after; nothing is changed."""
    demand(policy.may_judge(actor, held))
    changes = [*marking.corrections_of(session, held), change]
    found = []
    for attempt in _marked(session, held):
        if any(marking.concerns(change, attempt, frozen) for frozen in attempt.paper.key.values()):
            before = marking.newest(session, attempt.id)
            if before is not None:
                found.append(Regraded(attempt, before, marking.assess(session, attempt, changes)))
    return found


def ask(session: Session, actor: Actor, held: Sitting, change: Correction) -> Correction:
    """Makes the correction; where it changes who passes, it waits for a second person."""
    demand(policy.may_correct(actor, held))
    if not change.reason:
        message = N_("Write the reason; it stands with every mark that changes.")
        raise Invalid(message, {"reason": message})
    _in_line(session, held)
    if any((c.state, c.question_id) == ("asked", change.question_id) for c in corrections(session, held)):
        raise Conflict(N_("A correction of this question waits for a second person already."))
    seen = preview(session, actor, held, change)
    change.asked_by, change.asked_at = actor.person_id, clock.now()
    session.add(change)
    session.flush()
    flips = sum(one.flips for one in seen)
    audit.record(
        session, "correction.asked", actor, on=("correction", change.id), after=_line(change) | {"flips": flips}
    )
    if not flips:
        _apply(session, actor, change, seen)
    return change


def decide(session: Session, actor: Actor, held: Sitting, correction_id: int, *, agreed: bool) -> Correction:
    """A second person's word on a correction that changes who passes."""
    demand(policy.may_judge(actor, held))
    _in_line(session, held)
    change = session.scalar(select(Correction).where(Correction.id == correction_id, Correction.sitting_id == held.id))
    if change is None or change.state != "asked":
        raise Conflict(N_("This correction is decided already."))
    if change.asked_by == actor.person_id and not actor.keeper:
        raise Conflict(N_("You asked for this correction; somebody else has to decide."))
    if agreed:
        _apply(session, actor, change, preview(session, actor, held, change))
    else:
        change.state, change.decided_by, change.decided_at = "refused", actor.person_id, clock.now()
        audit.record(session, "correction.refused", actor, on=("correction", change.id), after=_line(change))
    return change


def _in_line(session: Session, held: Sitting) -> None:
    """One correction of a sitting at a time."""
    session.refresh(held, ["released_at"], with_for_update=True)


def _apply(session: Session, actor: Actor, change: Correction, seen: Sequence[Regraded]) -> None:
    if any(one.after.outcome.waiting for one in seen):
        raise Conflict(N_("Written answers to this question were never marked, so it can't be brought back."))
    change.state, change.decided_by, change.decided_at = "applied", actor.person_id, clock.now()
    session.flush()
    changed = [one for one in seen if one.changes]
    for one in changed:
        made = marking.write(
            session, one.attempt, one.after, by=change.asked_by, cause="corrected", reason=change.reason
        )
        state = State(one.attempt.state)
        sitting.note(session, one.attempt, state, state, by=actor.person_id, reason=change.reason)
        audit.record(
            session,
            "mark.corrected",
            actor,
            on=("attempt", one.attempt.id),
            before={"version": one.before.version, "passed": one.before.passed},
            after={"version": made.version, "passed": made.passed, "correction": change.id},
        )
        publish(session, MarkCorrected(one.attempt.id, one.attempt.enrolment_id, made.passed, one.flips))
    audit.record(
        session,
        "correction.applied",
        actor,
        on=("correction", change.id),
        after=_line(change) | {"marks": len(changed), "flips": sum(one.flips for one in changed)},
    )
    submitted = select(Attempt).where(Attempt.sitting_id == change.sitting_id, Attempt.state == State.SUBMITTED)
    for attempt in session.scalars(submitted).all():
        marking.mark(session, attempt)  # what a marker still had to read may have been taken out


def _line(change: Correction) -> dict[str, Any]:
    return {"sitting": change.sitting_id, "question": change.question_id, "kind": change.kind}


def corrections(session: Session, held: Sitting) -> Sequence[Correction]:
    """All corrections of a sitting, the latest first."""
    return session.scalars(
        select(Correction)
        .where(Correction.sitting_id == held.id)
        .options(joinedload(Correction.question), joinedload(Correction.attempt))
        .order_by(Correction.id.desc())
    ).all()
