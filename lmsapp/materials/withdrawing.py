"""Taking an edition of a material out of use."""

from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Invalid
from lmsapp.core.events import publish
from lmsapp.materials import policy
from lmsapp.materials.events import EditionEnded
from lmsapp.materials.models import MaterialEdition


def withdraw(session: Session, actor: Actor, edition: MaterialEdition, reason: str) -> None:
    """Takes an edition out of use, saying why. Copies in the world stay; every page and code that leads to it says so."""
    demand(policy.may_withdraw(actor, edition))
    if not reason:
        raise Invalid("Write the reason.", fields={"reason": "Write the reason."})
    before = edition.state
    edition.state, edition.reason, edition.ended_at = "withdrawn", reason[:400], clock.now()
    audit.record(
        session,
        "material.withdrawn",
        actor,
        on=("material_edition", edition.id),
        before={"state": before},
        after={"state": "withdrawn", "reason": edition.reason},
    )
    publish(session, EditionEnded(edition.id, "withdrawn"))
