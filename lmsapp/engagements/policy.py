"""Who may read and keep engagements. What a public source states is everybody's; what is linked follows its own rules."""

from sqlalchemy import Select, select

from lmsapp.accounts.roles import Role
from lmsapp.core.access import YES, Actor, Answer, yes_if
from lmsapp.core.translations import N_
from lmsapp.engagements.models import Partner


def visible_partners(_actor: Actor) -> Select[Partner]:
    """All: what is recorded of them comes from a page everybody can read."""
    return select(Partner)


def may_read_partner(_actor: Actor, _partner: Partner | None = None) -> Answer:
    """Everybody may."""
    return YES


def may_keep_engagements(actor: Actor, _thing: object = None) -> Answer:
    """Recording and linking is the training manager's."""
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers keep the engagements."))
