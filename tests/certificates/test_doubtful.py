"""A mark that was corrected to a fail revokes nothing by itself: the training manager is told and decides."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.certificates import issuing, queries, revoking
from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock, settings
from lmsapp.core.access import KEEPER
from lmsapp.core.signing import KeyRing
from lmsapp.exams import marking, regrading
from lmsapp.exams.models import Attempt
from tests import world


def test_a_certificate_on_a_corrected_mark_is_shown_until_somebody_decides(session: Session, tmp_path: Path) -> None:
    chosen = settings.load(tmp_path / "issuing", {}, base_url="https://nmc.example")
    things = world.build(session, chosen)
    cohort = session.scalars(select(Cohort).where(Cohort.code == things["own"]["code"])).one()
    writing = session.scalars(select(Attempt).where(Attempt.code == things["own"]["attempt"])).one()
    with clock.held(writing.deadline_at + timedelta(minutes=2)):
        marking.release(session, KEEPER, writing.sitting, without_papers=True)
    (award,) = issuing.close_out(session, KEEPER, cohort, chosen, KeyRing.load_or_create(chosen.keys))
    passed = session.scalars(select(Attempt).where(Attempt.code == things["own"]["released"])).one()
    assert award.kind == "achievement" and queries.doubtful(session) == []
    for item in list(passed.paper.key):
        change = regrading.points(passed.sitting, passed, item, "0", "Answered from another paper.")
        asked = regrading.ask(session, KEEPER, passed.sitting, change)
        if asked.state == "asked":
            assert queries.doubtful(session) == []
            regrading.decide(session, KEEPER, passed.sitting, asked.id, agreed=True)
            break
    session.flush()
    assert queries.doubtful(session) == [award] and queries.state_of(award) == "valid"
    revoking.change(session, KEEPER, award, "revoked", "The exam is not passed.")
    session.flush()
    assert queries.doubtful(session) == []
