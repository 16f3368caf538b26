"""Who may read, draft and publish courses. Published ones are public: reading a lesson needs no account."""

from sqlalchemy import Select, select

from lmsapp.accounts.roles import Role
from lmsapp.catalogue.models import Course, Edition
from lmsapp.core.access import Actor, Answer, yes_if
from lmsapp.core.translations import N_

AUTHORS = (Role.INSTRUCTOR, Role.MANAGER, Role.TRANSLATOR, Role.LANGUAGE_REVIEWER, Role.TECHNICAL_REVIEWER)


def visible_editions(actor: Actor) -> Select[Edition]:
    """Published editions for everybody; drafts too for those who write, translate and review them."""
    query = select(Edition).join(Course)
    return query if actor.keeper or actor.is_a(*AUTHORS) else query.where(Edition.state == "published")


def may_read_edition(actor: Actor, edition: Edition | None = None) -> Answer:
    """A published edition can be read by everybody."""
    return yes_if(
        edition is None or edition.state == "published" or actor.keeper or actor.is_a(*AUTHORS),
        N_("This edition is not published yet."),
    )


def may_publish(actor: Actor, _edition: Edition | None = None) -> Answer:
    """Publishing is the training manager's."""
    return yes_if(actor.keeper or actor.is_a(Role.MANAGER), N_("Only training managers publish courses."))
