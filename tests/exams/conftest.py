"""An attempt that is open now."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import settings
from lmsapp.exams.models import Attempt
from tests import world


@pytest.fixture
def attempt(session: Session, tmp_path: Path) -> Attempt:
    """An attempt that is open now."""
    things = world.build(session, settings.load(tmp_path / "keys-folder", {}))
    return session.scalars(select(Attempt).where(Attempt.code == things["own"]["attempt"])).one()
