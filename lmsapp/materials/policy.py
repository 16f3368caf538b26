"""Who may read, take, publish and withdraw materials, and see who took them. What is published is everybody's."""

from sqlalchemy import Select, false, or_, select

from lmsapp.accounts.roles import Role
from lmsapp.core.access import SIGN_IN_AFRESH, YES, Actor, Answer, no, yes_if
from lmsapp.core.translations import N_
from lmsapp.materials.models import Download, Material, MaterialEdition

READERS = (Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR)


def visible_materials(_actor: Actor) -> Select[Material]:
    """All: a material enters the library with its first published edition."""
    return select(Material)


def may_read_material(_actor: Actor, _material: Material | None = None) -> Answer:
    """Everybody may browse."""
    return YES


def may_take(actor: Actor, edition: MaterialEdition | None = None) -> Answer:
    """Files are everybody's; those of a withdrawn edition only for those who must know what was in it."""
    withdrawn = edition is not None and edition.state == "withdrawn"
    return yes_if(
        not withdrawn or actor.keeper or actor.is_a(*READERS),
        N_("This edition was withdrawn. Do not use it; take the current one."),
    )


def may_publish_material(actor: Actor, _material: Material | None = None) -> Answer:
    """Publishing is the training manager's."""
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers publish materials."))


def may_withdraw(actor: Actor, edition: MaterialEdition | None = None) -> Answer:
    """Withdrawing a published or superseded edition: the training manager's, after a fresh sign-in."""
    if not (actor.keeper or actor.is_a(Role.MANAGER)):
        return no(N_("Only training managers withdraw materials."))
    if edition is not None and edition.state == "withdrawn":
        return no(N_("This edition is withdrawn already."))
    return YES if actor.fresh else SIGN_IN_AFRESH


def visible_downloads(actor: Actor) -> Select[Download]:
    """All for managers, administrators and auditors; a partner officer's own agency's; one's own."""
    query = select(Download)
    if actor.keeper or actor.is_a(*READERS):
        return query
    if actor.person_id is None:
        return query.where(false())
    agencies = actor.organisations(Role.PARTNER)
    return query.where(or_(Download.person_id == actor.person_id, Download.organisation_id.in_(agencies)))


def may_see_downloads(actor: Actor, download: Download | None = None) -> Answer:
    """One's own, one's agency's as its officer, all for those who oversee."""
    if actor.keeper or actor.is_a(*READERS):
        return YES
    if download is None:
        return yes_if(actor.known, N_("Sign in to see this page."))
    own = actor.person_id is not None and download.person_id == actor.person_id
    agency = download.organisation_id is not None and download.organisation_id in actor.organisations(Role.PARTNER)
    return yes_if(own or agency, N_("Only the agency that took it and the centre may see this."))
