"""The signed head of each day: kept as a file, mailed to the auditors once, and what a later check says against it."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from lmsapp.accounts.models import Person
from lmsapp.cli import lmsapp
from lmsapp.core import audit, clock
from lmsapp.core.access import KEEPER
from lmsapp.core.audit import AuditHead, AuditLine
from lmsapp.core.mailing import Mail
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.installation import Installation
from lmsapp.letters.heads import keep_todays
from tests import cast


@pytest.fixture
def at_home(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The command line finds this test's installation, whose auditor reads English."""
    monkeypatch.setenv("LMSAPP_DATA", str(chosen.data))
    return chosen


@pytest.fixture
def kept(at_home: Settings, opened: Installation) -> Settings:
    """Three acts, with the day's head kept after them, and two acts since."""
    act(opened, 3)
    assert keep_todays(opened.sessions, at_home) is not None
    act(opened, 2)
    return at_home


def act(opened: Installation, times: int) -> None:
    with transaction(opened.sessions) as session:
        for number in range(times):
            audit.record(session, "award.issued", KEEPER, on=("award", number))


def check() -> tuple[int, str]:
    said = CliRunner().invoke(lmsapp, ["audit", "check"])
    return said.exit_code, said.output


def test_each_auditor_gets_each_day_s_head_once(at_home: Settings, opened: Installation) -> None:
    with clock.held(clock.now()):
        with transaction(opened.sessions) as session:
            session.execute(delete(Mail))
            session.execute(delete(AuditLine))
            session.execute(delete(AuditHead))
            session.get_one(Person, cast.members(session)["auditor"].person_id).language = "prs"
        assert keep_todays(opened.sessions, at_home) is None  # nothing was done yet
        act(opened, 3)
        for _ in range(3):
            keep_todays(opened.sessions, at_home)
        clock.forward(timedelta(days=1))
        keep_todays(opened.sessions, at_home)
        with opened.sessions() as session:
            letters = session.scalars(select(Mail)).all()
    assert [(one.recipient, one.language) for one in letters] == [("auditor@example.org", "prs")] * 2
    files = sorted(at_home.audit_heads.glob("*.json"))
    assert len(files) == 2
    assert files[0].read_text().strip() in letters[0].text


def test_a_whole_log_agrees_with_what_was_kept(kept: Settings) -> None:
    code, said = check()
    assert code == 0 and "as 1 kept heads say" in said


def test_a_changed_line_is_named(kept: Settings, opened: Installation) -> None:
    with transaction(opened.sessions) as session:
        last = audit.head(session)[0]
        session.execute(update(AuditLine).where(AuditLine.position == last - 3).values(object_id="77"))
    assert check() == (1, f"line {last - 3}: the line was changed\n")


def test_a_cut_tail_shows_against_the_kept_head_though_the_chain_itself_is_whole(
    kept: Settings, opened: Installation
) -> None:
    with transaction(opened.sessions) as session:
        last = audit.head(session)[0]
        session.execute(delete(AuditLine).where(AuditLine.position > last - 3))
        line = session.get_one(AuditLine, last - 3)
        session.execute(update(AuditHead).values(position=line.position, hash=line.hash))
        session.flush()
        assert audit.verify(session).whole
    code, said = check()
    assert code == 1 and said.startswith(f"line {last - 2}: the end of the chain was cut")


def test_a_kept_head_that_was_altered_is_named_with_its_file(kept: Settings) -> None:
    (path,) = kept.audit_heads.glob("*.json")
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"position": body["position"] - 1}))
    said = CliRunner().invoke(lmsapp, ["doctor"])
    assert said.exit_code == 1 and str(path) in said.output
