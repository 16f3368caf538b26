"""Names and words of any of our languages are drawn in our own faces on pages in every other one."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from lmsapp.accounts.models import Membership, Person
from lmsapp.accounts.roles import Role
from lmsapp.cohorts.models import Cohort
from lmsapp.demo.secrets import PASSWORD
from tests.flows.conftest import Served, Walker

# Languages that wait to be chosen are named in the reader's own letters, and a file's field in those of the browser.
LETTERED = "body *:not(:has(*), .other-script, [type=file], script, style)"


def strange(page: Page) -> list[str]:
    """What the browser drew with a face of the machine: no face of ours that the page asks for has its letters."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("DOM.enable")
    devtools.send("CSS.enable")
    root = devtools.send("DOM.getDocument")["root"]["nodeId"]
    found = []
    for place in devtools.send("DOM.querySelectorAll", {"nodeId": root, "selector": LETTERED})["nodeIds"]:
        faces = devtools.send("CSS.getPlatformFontsForNode", {"nodeId": place})["fonts"]
        if not all(face["isCustomFont"] for face in faces):
            found.append(devtools.send("DOM.getOuterHTML", {"nodeId": place})["outerHTML"][:160])
    devtools.detach()
    return found


@pytest.mark.browser
@pytest.mark.parametrize("language", ["ka", "ps"])
def test_no_name_is_drawn_in_a_face_of_the_machine(
    served: Served, chromium: Browser, language: str, tmp_path: Path
) -> None:
    with served.opened.sessions() as session:
        managers = select(Person.email).join(Membership).where(Membership.role == Role.MANAGER)
        login = session.scalars(managers).first() or ""
        cohorts = session.scalars(select(Cohort.code).where(Cohort.state == "running")).all()
    page = chromium.new_page()
    walker = Walker(page, served.address, language, tmp_path)
    walker.sign_in(login, PASSWORD)
    paths = ["/", "/people", "/cohorts", "/cohorts/new", "/materials", "/certificates", "/profile"]
    paths += [f"/cohorts/{code.lower()}{tab}" for code in cohorts for tab in ("", "/hours", "/close-out", "/exams")]
    faults = {}
    for path in paths:
        walker.go(path)
        page.wait_for_load_state("networkidle")
        faults[path] = strange(page)
        if path.count("/") == 2 and (leaving := page.locator("a[href$=withdraw]")).count():
            paths.append((leaving.first.get_attribute("href") or "").removeprefix(f"/{language}"))
    page.close()
    assert len(paths) > 7 + 4 * len(cohorts)
    assert {path: found for path, found in faults.items() if found} == {}
