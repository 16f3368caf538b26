"""Starting cohorts, putting people on the roster, taking them off, printing their slips, closing."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.accounts import registering
from lmsapp.accounts.models import Organisation, Person
from lmsapp.accounts.registering import NewPerson, Slip
from lmsapp.accounts.roles import Role
from lmsapp.catalogue.models import Edition
from lmsapp.cohorts import policy
from lmsapp.cohorts.events import CohortClosed, CohortStarted, Enrolled
from lmsapp.cohorts.models import Cohort, CohortStaff, Enrolment
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.events import publish
from lmsapp.core.translations import N_


@dataclass(frozen=True)
class NewCohort:
    """What is written on the form."""

    starts_on: date
    ends_on: date
    place: str
    languages: tuple[str, ...]
    seats: int
    partner: Organisation | None = None


def start(session: Session, actor: Actor, edition: Edition, new: NewCohort) -> Cohort:
    """Sets up a cohort of a published edition; whoever starts it as an instructor teaches it."""
    demand(policy.may_start(actor))
    if edition.state != "published":
        raise Conflict(N_("Only a published edition can be taught."))
    in_order(new.starts_on, new.ends_on)
    year, code = new.starts_on.year, edition.course.code
    count = (
        session.scalar(select(func.count()).select_from(Cohort).where(Cohort.code.startswith(f"{code}-{year}-"))) or 0
    )
    cohort = Cohort(
        code=f"{code}-{year}-{count + 1:02d}",
        edition_id=edition.id,
        starts_on=new.starts_on,
        ends_on=new.ends_on,
        place=new.place,
        languages=list(new.languages),
        seats=new.seats,
        state="running" if new.starts_on <= clock.now().date() else "planned",
        partner_id=new.partner.id if new.partner else None,
        created_at=clock.now(),
    )
    session.add(cohort)
    if actor.person_id is not None and actor.is_a(Role.INSTRUCTOR):
        cohort.staff.append(CohortStaff(person_id=actor.person_id, part="instructor"))
    session.flush()
    audit.record(session, "cohort.started", actor, on=("cohort", cohort.id), after={"code": cohort.code})
    publish(session, CohortStarted(cohort.id))
    return cohort


def in_order(first: date, last: date) -> None:
    """Raises Invalid beside the last day when it is before the first."""
    if last < first:
        message = N_("The last day is before the first.")
        raise Invalid(message, {"ends_on": message})


def assign(session: Session, actor: Actor, cohort: Cohort, person: Person, part: str) -> None:
    """Puts an instructor or assessor on the cohort's staff."""
    demand(policy.may_run(actor, cohort))
    role = {"instructor": Role.INSTRUCTOR, "assessor": Role.ASSESSOR}[part]
    if not any(m.role == role and m.until is None for m in person.memberships):
        raise Conflict(N_("%(name)s does not hold this role at the centre."), name=person.name)
    if any(s.person_id == person.id and s.part == part for s in cohort.staff):
        return
    cohort.staff.append(CohortStaff(person_id=person.id, part=part))
    session.flush()
    audit.record(session, "cohort.staffed", actor, on=("cohort", cohort.id), after={"part": part, "person": person.id})


def take_off(session: Session, actor: Actor, cohort: Cohort, person: Person, part: str) -> None:
    """Takes somebody off the cohort's staff; what she entered stays hers."""
    demand(policy.may_run(actor, cohort))
    for one in [s for s in cohort.staff if s.person_id == person.id and s.part == part]:
        cohort.staff.remove(one)
        session.delete(one)
        audit.record(session, "cohort.left", actor, on=("cohort", cohort.id), after={"part": part, "person": person.id})


def enrol(session: Session, actor: Actor, cohort: Cohort, person: Person, language: str) -> Enrolment:
    """Puts a person on the roster; who was taken off comes back with all her records."""
    demand(policy.may_run(actor, cohort))
    if language not in cohort.languages:
        message = N_("This cohort is not held in that language.")
        raise Invalid(message, {"language": message})
    enrolment = session.scalar(
        select(Enrolment).where(Enrolment.cohort_id == cohort.id, Enrolment.person_id == person.id)
    )
    if enrolment is not None and enrolment.state == "enrolled":
        raise Conflict(N_("%(name)s is on the roster already."), name=person.name)
    taken = session.scalar(
        select(func.count())
        .select_from(Enrolment)
        .where(Enrolment.cohort_id == cohort.id, Enrolment.state == "enrolled")
    )
    if (taken or 0) >= cohort.seats:
        raise Conflict(N_("All %(seats)s seats are taken."), seats=cohort.seats)
    if enrolment is None:
        enrolment = Enrolment(
            cohort_id=cohort.id, person_id=person.id, language=language, enrolled_at=clock.now(), state="enrolled"
        )
        session.add(enrolment)
    enrolment.state, enrolment.language = "enrolled", language
    session.flush()
    audit.record(session, "enrolled", actor, on=("enrolment", enrolment.id), after={"cohort": cohort.code})
    publish(session, Enrolled(enrolment.id))
    return enrolment


def trainee(session: Session, actor: Actor, cohort: Cohort, number: str) -> Person:
    """The trainee with this number, for who may run the cohort; NotFound for numbers nobody has, and for staff."""
    demand(policy.may_run(actor, cohort))
    found = session.scalar(select(Person).where(Person.number == number, Person.active))
    if found is None or not any(m.role == Role.TRAINEE and m.until is None for m in found.memberships):
        message = N_("There is no trainee with the number %(number)s.")
        raise Invalid(message, {"number": message}, number=number)
    return found


def enrol_new(
    session: Session, actor: Actor, cohort: Cohort, new: NewPerson, organisation: Organisation, language: str
) -> Enrolment:
    """Registers somebody as a trainee and puts her on the roster in one step."""
    demand(policy.may_run(actor, cohort))
    person = registering.register(session, actor, new, organisation, Role.TRAINEE)
    return enrol(session, actor, cohort, person, language)


def withdraw(session: Session, actor: Actor, cohort: Cohort, enrolment: Enrolment, reason: str) -> None:
    """Takes a person off the roster; her records stay."""
    demand(policy.may_run(actor, cohort))
    if enrolment.state == "withdrawn":
        return
    enrolment.state = "withdrawn"
    audit.record(
        session,
        "withdrawn",
        actor,
        on=("enrolment", enrolment.id),
        personal={"reason": reason[:200]},
        about=enrolment.person_id,
    )


def print_slips(session: Session, actor: Actor, cohort: Cohort, enrolments: list[Enrolment]) -> list[Slip]:
    """New one-time PINs for the chosen people; earlier slips stop working. Who has chosen her own PIN keeps it."""
    demand(policy.may_run(actor, cohort))
    slips = []
    for enrolment in enrolments:
        person = enrolment.person
        if person.secret_kind is not None and not person.must_choose_secret:
            continue
        slips.append(Slip(person, registering.issue_pin(session, actor, person), enrolment.language))
    return slips


def print_slip(session: Session, actor: Actor, cohort: Cohort, enrolment: Enrolment) -> Slip:
    """A new one-time PIN for one who forgot her own."""
    demand(policy.may_run(actor, cohort))
    return Slip(enrolment.person, registering.issue_pin(session, actor, enrolment.person), enrolment.language)


def close(session: Session, actor: Actor, cohort: Cohort) -> None:
    """Ends a cohort: its roster, hours and results stand from now on."""
    demand(policy.may_run(actor, cohort))
    cohort.state, cohort.closed_at = "closed", clock.now()
    audit.record(session, "cohort.closed", actor, on=("cohort", cohort.id))
    publish(session, CohortClosed(cohort.id))
