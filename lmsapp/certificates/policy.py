"""Who may award, revoke, list and download certificates. Checking one is everybody's."""

from sqlalchemy import Select, false, or_, select

from lmsapp.accounts.roles import Role
from lmsapp.certificates.models import Award
from lmsapp.cohorts import policy as cohorts
from lmsapp.cohorts.models import Cohort
from lmsapp.core.access import SIGN_IN_AFRESH, YES, Actor, Answer, no, yes_if
from lmsapp.core.translations import N_

READERS = (Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR)


def visible_awards(actor: Actor) -> Select[Award]:
    """All for managers, administrators and auditors; those of the cohorts one sees; one's own."""
    query = select(Award)
    if actor.keeper or actor.is_a(*READERS):
        return query
    if actor.person_id is None:
        return query.where(false())
    seen = cohorts.visible_cohorts(actor).with_only_columns(Cohort.id)
    return query.where(or_(Award.person_id == actor.person_id, Award.cohort_id.in_(seen)))


def may_list_awards(actor: Actor, _thing: object = None) -> Answer:
    """The register of awards: those who oversee, run or sent people to cohorts."""
    inside = actor.is_a(Role.INSTRUCTOR, Role.ASSESSOR, *READERS)
    return yes_if(
        actor.keeper or inside or actor.organisations(Role.PARTNER),
        N_("Only those who run cohorts may see the register."),
    )


def may_see_award(actor: Actor, award: Award | None = None) -> Answer:
    """One's own award, or those one may list."""
    if award is None:
        return yes_if(actor.known, N_("Sign in to see this page."))
    own = award.person_id == actor.person_id
    wide = actor.keeper or actor.is_a(*READERS)
    through = award.cohort is not None and bool(cohorts.may_see_cohort(actor, award.cohort))
    return yes_if(own or wide or through, N_("This certificate is not yours to see."))


def may_close_out(actor: Actor, _cohort: Cohort | None = None) -> Answer:
    """Seeing who has earned what: whoever may see the cohort."""
    return cohorts.may_see_cohort(actor, _cohort)


def may_issue(actor: Actor, _cohort: Cohort | None = None) -> Answer:
    """Awarding is the training manager's, after a fresh sign-in."""
    if actor.keeper:
        return YES
    if not actor.is_a(Role.MANAGER):
        return no(N_("Only the training manager awards certificates."))
    return YES if actor.fresh else SIGN_IN_AFRESH


def decides(actor: Actor) -> bool:
    """Whether the actor decides about certificates, now or after signing in afresh: who is told what waits for that."""
    answer = may_revoke(actor)
    return bool(answer) or answer.needs_fresh_sign_in


def may_revoke(actor: Actor, _award: Award | None = None) -> Answer:
    """Suspending, reinstating and revoking: the training manager's, after a fresh sign-in."""
    if actor.keeper:
        return YES
    if not actor.is_a(Role.MANAGER):
        return no(N_("Only the training manager revokes certificates."))
    return YES if actor.fresh else SIGN_IN_AFRESH
