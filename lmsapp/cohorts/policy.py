"""Who may see, run and close cohorts. Each `may_…` has its `visible_…` beside it."""

from sqlalchemy import Select, false, or_, select

from lmsapp.accounts.roles import Role
from lmsapp.cohorts.models import Cohort, CohortStaff, Enrolment
from lmsapp.core.access import YES, Actor, Answer, no, yes_if
from lmsapp.core.translations import N_

READERS = (Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR)
OVER = {
    "closed": N_("This cohort is closed; its records stand."),
    "cancelled": N_("This cohort was cancelled; its records stand."),
}


def visible_cohorts(actor: Actor) -> Select[Cohort]:
    """Cohorts one teaches or assesses; all for managers, administrators and auditors; those of a partner's own people."""
    query = select(Cohort)
    if actor.keeper or actor.is_a(*READERS):
        return query
    ways = []
    parts = [p for p, role in (("instructor", Role.INSTRUCTOR), ("assessor", Role.ASSESSOR)) if actor.is_a(role)]
    if parts:
        taught = select(CohortStaff.cohort_id).where(
            CohortStaff.person_id == actor.person_id, CohortStaff.part.in_(parts)
        )
        ways.append(Cohort.id.in_(taught))
    partners = actor.organisations(Role.PARTNER)
    if partners:
        ways.append(Cohort.partner_id.in_(partners))
    return query.where(or_(*ways)) if ways else query.where(false())


def visible_enrolments(actor: Actor) -> Select[Enrolment]:
    """Enrolments of the cohorts one may see, and one's own."""
    seen = visible_cohorts(actor).with_only_columns(Cohort.id)
    return select(Enrolment).where(or_(Enrolment.person_id == (actor.person_id or 0), Enrolment.cohort_id.in_(seen)))


def teaches(actor: Actor, cohort: Cohort, *parts: str) -> bool:
    """Whether the actor stands on the cohort's staff in one of these parts, and still holds that role."""
    roles = {"instructor": Role.INSTRUCTOR, "assessor": Role.ASSESSOR}
    return any(s.person_id == actor.person_id and s.part in parts and actor.is_a(roles[s.part]) for s in cohort.staff)


def may_list_cohorts(actor: Actor, _thing: object = None) -> Answer:
    """Those who run, oversee or sent people to cohorts."""
    inside = actor.is_a(Role.INSTRUCTOR, Role.ASSESSOR, *READERS)
    return yes_if(
        actor.keeper or inside or actor.organisations(Role.PARTNER), N_("Only those who run cohorts may see this list.")
    )


def may_see_cohort(actor: Actor, cohort: Cohort | None = None) -> Answer:
    """A cohort's staff, the centre's managers, administrators and auditors, and the partner whose people are in it."""
    if cohort is None:
        return may_list_cohorts(actor)
    wide = actor.keeper or actor.is_a(*READERS) or teaches(actor, cohort, "instructor", "assessor")
    own = cohort.partner_id is not None and cohort.partner_id in actor.organisations(Role.PARTNER)
    return yes_if(wide or own, N_("Only those who run this cohort may see it."))


def may_run(actor: Actor, cohort: Cohort | None = None) -> Answer:
    """Roster, slips, hours: the cohort's instructors and the training manager, until it is closed."""
    if cohort is not None and cohort.state in OVER:
        return no(OVER[cohort.state])
    if actor.keeper or actor.is_a(Role.MANAGER):
        return YES
    inside = actor.is_a(Role.INSTRUCTOR) and (cohort is None or teaches(actor, cohort, "instructor"))
    return yes_if(inside, N_("Only the instructors of this cohort may do this."))


def may_change(actor: Actor, cohort: Cohort | None = None) -> Answer:
    """Changing days, place and the like, and cancelling: the training manager, until the cohort is closed."""
    if cohort is not None and cohort.state in OVER:
        return no(OVER[cohort.state])
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers may change or cancel a cohort."))


def may_start(actor: Actor, _thing: object = None) -> Answer:
    """Starting a cohort: instructors and training managers."""
    return yes_if(
        actor.keeper or actor.is_a(Role.INSTRUCTOR, Role.MANAGER),
        N_("Only instructors and training managers may start a cohort."),
    )


def may_learn(actor: Actor, enrolment: Enrolment | None = None) -> Answer:
    """Following a course with progress: whoever is enrolled."""
    own = enrolment is None or (enrolment.person_id == actor.person_id and enrolment.state == "enrolled")
    return yes_if(actor.person_id is not None and own, N_("You are not enrolled in this cohort."))
