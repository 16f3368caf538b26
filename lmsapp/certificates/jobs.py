"""What the worker does for certificates: the documents of a batch, one after the other, each kept as soon as it is made.

One that can't be made keeps no other from being made; it is tried again, and named where the job is parked.
"""

from lmsapp.accounts import queries as accounts
from lmsapp.certificates import issuing, policy, rendering
from lmsapp.certificates.models import Award
from lmsapp.core.access import demand
from lmsapp.core.jobs import Registry, Run
from lmsapp.core.pdf import PdfFailed
from lmsapp.core.settings import Settings
from lmsapp.core.storage import Folder


def register(registry: Registry, settings: Settings) -> None:
    """Connects the rendering job."""
    storage = Folder(settings.files)

    def render(run: Run) -> None:
        ids, failed = run.arguments["awards"], []
        for done, award_id in enumerate(ids, start=1):
            with run.sessions() as session:
                award = session.get_one(Award, award_id)
                demand(policy.may_see_award(accounts.asker(session, run.asked_by), award))  # as it stands today
                if rendering.kept(session, award, storage):
                    continue
            try:
                stored = storage.put(rendering.rendered(award))  # takes its time: nobody waits for it to write
            except PdfFailed as problem:
                failed.append(PdfFailed(problem.reason, f"{award.serial}: {problem}"))
                continue
            with run.session() as session:
                rendering.keep(session, award.id, award.kind, stored)
            run.step(done, len(ids), note=award.serial, kept=True)
        if failed:
            raise failed[0]

    registry.add(issuing.RENDER, render)
