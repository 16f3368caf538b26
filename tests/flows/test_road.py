"""The main road, walked in a browser: learn, sit the exam, run the cohort, check a certificate, take a leaflet, see the engagement."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import select

from lmsapp.accounts.models import Membership, Organisation, Person
from lmsapp.accounts.roles import Role
from lmsapp.certificates.models import Award
from lmsapp.cohorts.models import Cohort, CohortStaff
from lmsapp.demo.secrets import PASSWORD, PIN
from lmsapp.materials.models import Download
from tests.flows.conftest import Served, Walker

WALKS = {"dari-phone": ("prs", 390, "AF"), "georgian-desk": ("ka", 1280, "GE")}


@pytest.fixture(params=list(WALKS))
def walk(
    request: pytest.FixtureRequest, served: Served, chromium: Browser, tmp_path: Path
) -> Iterator[tuple[Walker, str, Served]]:
    """A browser of the given width; screenshots go to `LMSAPP_PICTURES` or the test's folder."""
    language, width, country = WALKS[request.param]
    pictures = Path(os.environ.get("LMSAPP_PICTURES") or tmp_path) / request.param
    pictures.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(viewport={"width": width, "height": 844}, accept_downloads=True)
    walker = Walker(context.new_page(), served.address, language, pictures)
    walker.page.on("console", lambda said: walker.faults.append(said.text) if said.type == "error" else None)
    walker.page.on("pageerror", lambda fault: walker.faults.append(str(fault)))
    yield walker, country, served
    context.close()


def somebody_new(walker: Walker) -> None:
    context: BrowserContext = walker.page.context
    context.clear_cookies()


def staff_of(served: Served, cohort: Cohort) -> str:
    with served.opened.sessions() as session:
        person = session.scalars(
            select(Person)
            .join(CohortStaff, CohortStaff.person_id == Person.id)
            .where(CohortStaff.cohort_id == cohort.id, CohortStaff.part == "instructor")
        ).first()
        assert person is not None
        assert person.email is not None
        return person.email


def holder_of(served: Served, role: Role, country: str) -> Person:
    """The last person of a country's agency who holds a role."""
    with served.opened.sessions() as session:
        found = session.scalars(
            select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .join(Organisation)
            .where(Membership.role == role, Organisation.country == country)
            .order_by(Person.id.desc())
        ).first()
        assert found is not None
        return found


def cohort_of(served: Served, country: str) -> Cohort:
    with served.opened.sessions() as session:
        found = session.scalars(
            select(Cohort)
            .join(Organisation, Organisation.id == Cohort.partner_id)
            .where(Organisation.country == country)
        ).first()
        assert found is not None
        return found


def test_the_whole_road(walk: tuple[Walker, str, Served]) -> None:
    walker, country, served = walk
    page, cohort = walker.page, cohort_of(served, country)
    with served.opened.sessions() as session:
        learner = session.scalars(
            select(Person)
            .join(Membership)
            .where(Membership.role == Role.TRAINEE, Person.name_language == walker.language)
            .order_by(Person.id.desc())
        ).first()
        assert learner is not None

    walker.go("/")
    walker.look("home")
    walker.go("/sign-in")
    walker.look("sign-in")
    walker.sign_in(learner.number, PIN)
    walker.look("trainee")

    lesson = f"/learn/{cohort.code.lower()}/2-recognition/4-report-do-not-touch"
    walker.go(lesson)
    walker.look("lesson")
    page.locator(".reading form input[type=radio]").first.check()
    walker.press(".reading form button")
    walker.look("lesson-checked")

    if cohort.state == "running":
        _sit(walker)
    else:
        walker.go("/certificates/mine")
        walker.look("my-certificates")
        expect(page.locator("main")).to_contain_text("NMC-")

    somebody_new(walker)
    walker.sign_in(staff_of(served, cohort), PASSWORD)
    walker.go("/")
    walker.look("instructor")
    for name, path in (("cohort", ""), ("hours", "/hours"), ("exams", "/exams"), ("close-out", "/close-out")):
        if name == "hours" and cohort.state == "closed":
            continue
        walker.go(f"/cohorts/{cohort.code.lower()}{path}")
        walker.look(name)

    somebody_new(walker)
    _check(walker, served)

    somebody_new(walker)
    _take(walker, served, country)

    somebody_new(walker)
    walker.sign_in(holder_of(served, Role.MANAGER, "AZ").email or "", PASSWORD)
    walker.go(f"/partners/{country.lower()}")
    expect(page.locator("main")).to_contain_text(cohort.code)
    walker.look("engagements")
    walker.go("/certificates")
    walker.look("register")
    assert not walker.faults, "\n".join(walker.faults)


def _sit(walker: Walker) -> None:
    """From the first page into the exam, an answer to every question, and out with a receipt."""
    page = walker.page
    walker.go("/")
    walker.press("a[href*='/exams/begin/']")
    walker.look("exam-before")
    walker.press("main form button.button")
    walker.look("exam-question")
    while page.locator("[data-view=paper]").is_visible():
        shown = page.locator("form.question:not([hidden])")
        typed, choice = shown.locator("input.short"), shown.locator(".answer input")
        if typed.count():
            typed.first.fill("۴۵" if walker.language in ("prs", "ps") else "45")
        elif choice.count():
            choice.first.check()
        elif shown.locator("textarea").count():
            shown.locator("textarea").fill("۴۵" if walker.language in ("prs", "ps") else "45")
        shown.locator(".actions button:not(.quiet)").click()
    walker.look("exam-review")
    page.locator("[data-act=hand-in]").click()
    expect(page.locator("[data-view=receipt]")).to_be_visible()
    walker.look("exam-handed-in")
    walker.press("[data-receipt=address]")
    assert page.url.endswith("/receipt")
    walker.look("exam-receipt")


def _check(walker: Walker, served: Served) -> None:
    """At the gate: the printed code says valid, a revoked one says so, a made-up one is not ours."""
    page = walker.page
    with served.opened.sessions() as session:
        awards = session.scalars(select(Award).order_by(Award.id)).all()
        states = {len(award.events) > 1: award.code for award in awards if award.valid_until is None}
    for name, code in (("valid", states[False]), ("revoked", states[True]), ("made-up", "0000-0000-0000-0000")):
        walker.go("/verify")
        if name == "valid":
            walker.look("verify")
        page.fill("main form textarea", re.sub(r"(.{4})(?=.)", r"\1-", code.replace("-", "")))
        walker.press("main form button.button")
        walker.look(f"verify-{name}")


def _take(walker: Walker, served: Served, country: str) -> None:
    """A partner takes the leaflet in her language, and finds it among what she took."""
    page, partner = walker.page, holder_of(served, Role.PARTNER, country)
    walker.sign_in(partner.email or "", PASSWORD)
    walker.go("/materials")
    walker.look("library")
    walker.go(f"/materials/leaflet?in={walker.language}")
    walker.look("material")
    with page.expect_download() as taken:
        page.locator("a.get").first.click()
    content = Path(taken.value.path()).read_bytes()
    assert content.startswith(b"%PDF-")
    walker.go("/materials/taken")
    walker.look("taken")
    with served.opened.sessions() as session:
        assert session.scalars(select(Download).where(Download.person_id == partner.id)).all()
