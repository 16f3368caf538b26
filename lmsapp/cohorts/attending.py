"""Hours attended, until there is a timetable: entered per trainee; a correction is a new entry with its reason."""

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy.orm import Session

from lmsapp.cohorts import policy, queries
from lmsapp.cohorts.models import Cohort, HoursEntry
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Invalid
from lmsapp.core.quantities import decimal
from lmsapp.core.translations import N_

MOST_HOURS = 1000


def enter_hours(session: Session, actor: Actor, cohort: Cohort, typed: Mapping[int, str], reason: str = "") -> int:
    """Keeps new hours by enrolment id; empty and unchanged ones are passed over. Returns how many were entered.

    Raises Invalid naming each wrong field (`hours-<enrolment id>`) and stores nothing; lowering hours needs a reason.
    """
    demand(policy.may_run(actor, cohort))
    known_hours = queries.with_hours(session, cohort.id)
    now = {one.id: hours for one, hours in known_hours.items()}
    people = {one.id: one.person_id for one in known_hours}
    most = cohort.edition.teaching_hours
    wrong: dict[str, str] = {}
    entries: list[HoursEntry] = []
    for enrolment_id, text in typed.items():
        if not text.strip():
            continue
        hours = decimal(text)
        known = now.get(enrolment_id)
        if hours is None or not 0 <= hours <= most:
            wrong[f"hours-{enrolment_id}"] = N_("Write the hours as a number from 0 to %(most)s.")
        elif known is not None and hours < known and not reason:
            wrong[f"hours-{enrolment_id}"] = N_("This is less than before. Write the reason below.")
        elif hours != known:
            entries.append(
                HoursEntry(
                    enrolment_id=enrolment_id,
                    hours=hours.quantize(Decimal("0.01")),
                    entered_at=clock.now(),
                    entered_by=actor.person_id,
                    reason=reason[:400] or None,
                )
            )
    if wrong:
        raise Invalid(N_("Some hours have to be put right; nothing was saved."), wrong, most=most)
    for entry in entries:
        session.add(entry)
        audit.record(
            session,
            "hours.entered",
            actor,
            on=("enrolment", entry.enrolment_id),
            before={"hours": str(now.get(entry.enrolment_id))},
            after={"hours": str(entry.hours)},
            personal={"reason": reason[:200]} if reason else None,
            about=people[entry.enrolment_id],
        )
    return len(entries)
