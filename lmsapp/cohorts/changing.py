"""Changing what was set when a cohort was started, and cancelling it. What others hold against it they raise at the event."""

from collections import Counter
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Edition
from lmsapp.cohorts import enrolling, policy, queries
from lmsapp.cohorts.events import CohortCancelled, CohortChanged
from lmsapp.cohorts.models import Cohort, Enrolment, HoursEntry, LessonProgress
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.events import publish
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import N_


@dataclass(frozen=True)
class Plan:
    """Everything of a cohort that can be changed."""

    starts_on: date
    ends_on: date
    place: str
    languages: list[str]
    seats: int
    edition_id: int


def plan_of(cohort: Cohort) -> Plan:
    """What a cohort is set to."""
    return Plan(**{field.name: getattr(cohort, field.name) for field in fields(Plan)})


def change(session: Session, actor: Actor, cohort: Cohort, plan: Plan) -> frozenset[str]:
    """Sets a cohort anew; returns what is different. Raises Invalid beside the field that can't be kept."""
    session.refresh(cohort, ["state"], with_for_update=True)
    demand(policy.may_change(actor, cohort))
    was = plan_of(cohort)
    different = {field.name for field in fields(Plan) if getattr(plan, field.name) != getattr(was, field.name)}
    if not different:
        return frozenset()
    enrolling.in_order(plan.starts_on, plan.ends_on)
    _fits_roster(queries.enrolments(session, cohort.id), plan)
    if "edition_id" in different:
        _edition_free(session, cohort, session.get_one(Edition, plan.edition_id))
    for name in different:
        setattr(cohort, name, getattr(plan, name))
    session.flush()
    session.expire(cohort, ["edition"])
    audit.record(
        session,
        "cohort.changed",
        actor,
        on=("cohort", cohort.id),
        before=_values(was, different),
        after=_values(plan, different),
    )
    publish(session, CohortChanged(cohort.id, frozenset(different)))
    return frozenset(different)


def cancel(session: Session, actor: Actor, cohort: Cohort, reason: str) -> None:
    """Calls a cohort off: nobody is enrolled, taught or examined in it from now on; what is on record stays."""
    session.refresh(cohort, ["state"], with_for_update=True)
    demand(policy.may_change(actor, cohort))
    if not reason:
        raise Invalid(N_("Write the reason."), {"reason": N_("Write the reason.")})
    cohort.state, cohort.cancelled_because, cohort.closed_at = "cancelled", reason[:400], clock.now()
    session.flush()
    audit.record(session, "cohort.cancelled", actor, on=("cohort", cohort.id), personal={"reason": reason[:400]})
    publish(session, CohortCancelled(cohort.id))


def _fits_roster(enrolments: Any, plan: Plan) -> None:
    if len(enrolments) > plan.seats:
        message = N_("%(count)s trainees are on the roster already. Write at least as many seats.")
        raise Invalid(message, {"seats": message}, count=len(enrolments))
    left_out = Counter(one.language for one in enrolments if one.language not in plan.languages)
    for language, count in left_out.items():
        message = N_("%(language)s can't be left out: %(count)s trainees learn in it.")
        raise Invalid(message, {"languages": message}, language=LANGUAGES[language].name, count=count)


def _edition_free(session: Session, cohort: Cohort, edition: Edition) -> None:
    """Whether another edition of the same course can still be taken: nobody has begun anything."""
    if edition.course_id != cohort.edition.course_id or edition.state != "published":
        raise Conflict(N_("Only a published edition can be taught."))
    of_cohort = select(Enrolment.id).where(Enrolment.cohort_id == cohort.id)
    begun = exists().where(LessonProgress.enrolment_id.in_(of_cohort))
    entered = exists().where(HoursEntry.enrolment_id.in_(of_cohort))
    if session.scalar(select(begun | entered)):
        message = N_("Lessons or hours were begun with this edition; it stays.")
        raise Invalid(message, {"edition": message})


def _values(plan: Plan, names: set[str]) -> dict[str, str]:
    return {name: str(getattr(plan, name)) for name in sorted(names)}
