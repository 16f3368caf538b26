"""Who may see and change people. One function for one thing, one for lists, side by side; tests ask both."""

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, Select, false, or_, select

from lmsapp.accounts.models import Membership, Organisation, Person
from lmsapp.accounts.roles import Role, grantable
from lmsapp.core import clock
from lmsapp.core.access import SIGN_IN_AFRESH, YES, Actor, Answer, no, yes_if
from lmsapp.core.translations import N_

OVERSIGHT = (Role.ADMINISTRATOR, Role.MANAGER)


def running(at: BindParameter[datetime] | None = None) -> ColumnElement[bool]:
    """SQL: a membership that has begun and not ended, now or at the moment a prepared statement is given."""
    moment = clock.now() if at is None else at
    return (Membership.since <= moment) & or_(Membership.until.is_(None), Membership.until > moment)


def visible_people(actor: Actor) -> Select[Person]:
    """Persons the actor may see: all for the centre's administration, her own organisation's for a partner, herself."""
    query = select(Person)
    if actor.keeper or actor.is_a(*OVERSIGHT, Role.AUDITOR):
        return query
    own = Person.id == (actor.person_id or 0)
    organisations = actor.organisations(Role.PARTNER, Role.ADMINISTRATOR)
    if not organisations:
        return query.where(own)
    members = select(Membership.person_id).where(Membership.organisation_id.in_(organisations), running())
    return query.where(or_(own, Person.id.in_(members)))


def may_see_person(actor: Actor, person: Person | None = None) -> Answer:
    """Herself; her organisation's people for a partner; everybody for the centre's administration and auditor."""
    if person is None:
        return yes_if(actor.known, N_("Sign in to see this page."))
    wide = actor.keeper or actor.is_a(*OVERSIGHT, Role.AUDITOR)
    shared = {m.organisation_id for m in person.memberships if _runs(m)} & set(
        actor.organisations(Role.PARTNER, Role.ADMINISTRATOR)
    )
    return yes_if(
        wide or person.id == actor.person_id or shared,
        N_("Only the centre and the person's own agency may see this person."),
    )


def may_list_people(actor: Actor, _thing: object = None) -> Answer:
    """Administrators, training managers and auditors of the centre; partners their own people."""
    return yes_if(
        actor.keeper or actor.is_a(*OVERSIGHT, Role.AUDITOR) or actor.organisations(Role.PARTNER, Role.ADMINISTRATOR),
        N_("Only administrators, training managers, auditors and partner officers may list people."),
    )


def may_register(actor: Actor, organisation: Organisation | None = None) -> Answer:
    """New people are registered by administrators (in their organisation) and by the centre's managers and instructors."""
    inside = actor.is_a(*OVERSIGHT, Role.INSTRUCTOR)
    own = organisation is not None and organisation.id in actor.organisations(Role.ADMINISTRATOR)
    in_principle = organisation is None and bool(actor.organisations(Role.ADMINISTRATOR))
    return yes_if(
        actor.keeper or inside or own or in_principle,
        N_("Only administrators, training managers and instructors may register people."),
    )


def may_grant(
    actor: Actor, person: Person | None = None, role: Role | None = None, organisation: Organisation | None = None
) -> Answer:
    """Roles are granted by an administrator of the same organisation (the centre's: of any), never to herself."""
    if actor.keeper:
        return yes_if(condition=True, reason="")
    everywhere = actor.is_a(Role.ADMINISTRATOR)
    at = actor.organisations(Role.ADMINISTRATOR)
    if not at:
        return no(N_("Only administrators may grant roles."))
    if person is not None and person.id == actor.person_id:
        return no(N_("Nobody changes her own roles. Ask another administrator."))
    if organisation is not None and not everywhere and organisation.id not in at:
        return no(N_("You may grant roles in your own organisation only."))
    if (
        role is not None
        and organisation is not None
        and role not in grantable(in_centre=organisation.id == actor.centre_id)
    ):
        return no(N_("This role exists at the centre only."))
    return yes_if(condition=True, reason="") if actor.fresh else SIGN_IN_AFRESH


def may_close_account(actor: Actor, person: Person | None = None) -> Answer:
    """Accounts are closed and opened by the centre's administrators; by another agency's only for who belongs there alone."""
    answer = may_grant(actor, person)
    return answer and _hers_alone(actor, person)


def may_correct_person(actor: Actor, person: Person | None = None) -> Answer:
    """Names, birth and the like are corrected by the centre's administrators; by another agency's for who belongs there alone."""
    inside = actor.keeper or actor.organisations(Role.ADMINISTRATOR)
    answer = yes_if(inside, N_("Only administrators may correct what is kept about a person."))
    return answer and _hers_alone(actor, person)


def _hers_alone(actor: Actor, person: Person | None) -> Answer:
    """Whether a person belongs to nobody but the administrator's own organisations; the centre's reach all."""
    if person is None or actor.keeper or actor.is_a(Role.ADMINISTRATOR):
        return YES
    elsewhere = {m.organisation_id for m in person.memberships if _runs(m)} - set(
        actor.organisations(Role.ADMINISTRATOR)
    )
    return yes_if(not elsewhere, N_("This person belongs to another organisation too. Ask the centre."))


def may_issue_secret(actor: Actor, person: Person | None = None) -> Answer:
    """Slips and letters come from administrators and managers; instructors give slips to trainees only."""
    if actor.keeper or actor.is_a(*OVERSIGHT):
        return yes_if(condition=True, reason="")
    instructor = actor.is_a(Role.INSTRUCTOR) and (
        person is None or all(m.role == Role.TRAINEE for m in person.memberships if _runs(m))
    )
    own = person is not None and {m.organisation_id for m in person.memberships if _runs(m)} & set(
        actor.organisations(Role.ADMINISTRATOR)
    )
    return yes_if(
        instructor or own or (person is None and actor.organisations(Role.ADMINISTRATOR)),
        N_("Only administrators, training managers and instructors may print login slips."),
    )


def may_read_audit(actor: Actor, _thing: object = None) -> Answer:
    """The audit log is for the centre's administrators and auditors."""
    return yes_if(
        actor.keeper or actor.is_a(Role.ADMINISTRATOR, Role.AUDITOR),
        N_("Only administrators and auditors may read the log."),
    )


def may_administer(actor: Actor, _thing: object = None) -> Answer:
    """Settings, style page, status: the centre's administrators."""
    return yes_if(actor.keeper or actor.is_a(Role.ADMINISTRATOR), N_("Only administrators of the centre may do this."))


def visible_organisations(actor: Actor) -> Select[Organisation]:
    """All for the centre's staff; a partner sees the centre and itself."""
    query = select(Organisation)
    if actor.keeper or actor.centre_id in actor.organisations():
        return query
    mine = actor.organisations()
    return query.where(or_(Organisation.kind == "centre", Organisation.id.in_(mine))) if mine else query.where(false())


def _runs(membership: Membership) -> bool:
    now = clock.now()
    return membership.since <= now and (membership.until is None or membership.until > now)
