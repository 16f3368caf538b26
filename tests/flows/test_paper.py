"""A paper exam walked in a browser: prepared, keyed twice from the keyboard, decided and handed in."""

import os
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from lmsapp.accounts.models import Person
from lmsapp.cohorts.models import CohortStaff
from lmsapp.core import clock
from lmsapp.demo.secrets import PASSWORD
from lmsapp.exams.models import Attempt, KeyedSheet, SheetDecision, Sitting, Submission
from tests.flows.conftest import Served, Walker

pytestmark = pytest.mark.browser
WALKS = {"dari-phone": ("prs", 390), "georgian-desk": ("ka", 1280)}
LETTER = {"prs": "الف", "ps": "الف", "ka": "ა"}


@pytest.fixture(params=list(WALKS))
def walker(request: pytest.FixtureRequest, served: Served, chromium: Browser, tmp_path: Path) -> Iterator[Walker]:
    """A browser of the given width; screenshots go to `LMSAPP_PICTURES` or the test's folder."""
    language, width = WALKS[request.param]
    pictures = Path(os.environ.get("LMSAPP_PICTURES") or tmp_path) / f"paper-{request.param}"
    pictures.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(viewport={"width": width, "height": 844})
    found = Walker(context.new_page(), served.address, language, pictures)
    found.page.on("pageerror", lambda fault: found.faults.append(str(fault)))
    yield found
    context.close()


def people_of(served: Served, sitting: Sitting) -> dict[str, str]:
    """Who may key its sheets, by their part."""
    with served.opened.sessions() as session:
        query = select(CohortStaff.part, Person.email).join(Person).where(CohortStaff.cohort_id == sitting.cohort_id)
        staff = {part: email or "" for part, email in session.execute(query)}
        return staff | {"manager": "sevda@demonstration.example"}


def test_a_paper_is_prepared_keyed_twice_decided_and_handed_in(walker: Walker, served: Served) -> None:
    with served.opened.sessions() as session:
        now = clock.now()
        open_now = select(Sitting).where(
            Sitting.opens_at <= now, Sitting.closes_at > now, Sitting.released_at.is_(None)
        )
        sitting = session.scalars(open_now).first()
        assert sitting is not None
    people, page = people_of(served, sitting), walker.page

    walker.sign_in(people["manager"], PASSWORD)
    walker.go(f"/exams/sittings/{sitting.id}")
    walker.press("a[href$='/papers']")
    page.locator("input[name=chosen]").first.check()
    walker.press("main form .actions button.button")
    walker.look("papers")
    with served.opened.sessions() as session:
        attempt = session.scalars(select(Attempt).where(Attempt.mode == "paper").order_by(Attempt.id.desc())).first()
        assert attempt is not None and attempt.state == "prepared"

    for times, who in enumerate(("manager", "instructor"), start=1):
        page.context.clear_cookies()
        walker.sign_in(people[who], PASSWORD)
        walker.go("/exams/papers")
        walker.look(f"find-{who}")
        with page.expect_navigation():
            page.keyboard.type(attempt.code.lower())
            page.keyboard.press("Enter")
        walker.look(f"key-{who}")
        _key(walker, attempt, second=times == 2)
        with served.opened.sessions() as session:
            assert len(session.scalars(select(KeyedSheet).where(KeyedSheet.attempt_id == attempt.id)).all()) == times

    page.context.clear_cookies()
    walker.sign_in(people["assessor"], PASSWORD)
    walker.go(f"/exams/papers/{attempt.code}/reconcile")
    walker.look("reconcile")
    rows = page.locator("fieldset.decide")
    expect(rows).to_have_count(1)
    rows.locator("input[value=first]").check()
    rows.locator("input[name$=reason]").fill("x")
    walker.press("main form .actions button.button")
    with served.opened.sessions() as session:
        assert session.get_one(Attempt, attempt.id).state == "submitted"
        assert session.get(Submission, attempt.id) is not None and session.get(SheetDecision, attempt.id) is not None
    assert not walker.faults, "\n".join(walker.faults)


def _key(walker: Walker, attempt: Attempt, *, second: bool) -> None:
    """Types the whole sheet without leaving the keyboard; the second person reads the first row as blank."""
    page = walker.page
    rows = page.locator(".keying tbody tr")
    letter = LETTER.get(attempt.language, "a")
    for place in range(rows.count()):
        takes_letters = rows.nth(place).locator("bdi").count() > 0
        page.keyboard.type("-" if second and place == 0 else (letter if not second else "a") if takes_letters else "۴۵")
        page.keyboard.press("Enter")
    expect(page.locator("#time")).to_be_focused()
    opens = attempt.started_at.astimezone(ZoneInfo("Asia/Baku"))
    page.locator("select[name=day]").select_option(opens.date().isoformat())
    page.locator("#time").focus()
    page.keyboard.type(f"{opens.hour}:{opens.minute:02d}")
    page.keyboard.press("Enter")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith("/exams/papers"), page.locator("main").inner_text()[:400]
