"""What the worker does for certificates: the documents of a batch, one after the other, each kept as soon as it is made."""

from lmsapp.accounts import queries as accounts
from lmsapp.certificates import issuing, policy, rendering
from lmsapp.certificates.models import Award
from lmsapp.core.access import demand
from lmsapp.core.jobs import Registry, Run
from lmsapp.core.settings import Settings
from lmsapp.core.storage import Folder


def register(registry: Registry, settings: Settings) -> None:
    """Connects the rendering job."""
    storage = Folder(settings.files)

    def render(run: Run) -> None:
        ids = run.arguments["awards"]
        for done, award_id in enumerate(ids):
            with run.session() as session:
                award = session.get_one(Award, award_id)
                demand(policy.may_see_award(accounts.asker(session, run.asked_by), award))  # as it stands today
                rendering.document(session, award, storage)
                serial = award.serial
            run.step(done + 1, len(ids), note=serial)

    registry.add(issuing.RENDER, render)
