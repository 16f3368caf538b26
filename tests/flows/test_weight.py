"""What a browser loads and how wide pages are: first visits are light, next pages lighter, and nothing scrolls sideways at 360 px."""

import pytest
from playwright.sync_api import Browser, Page

from lmsapp.core.locales import LANGUAGES
from tests.flows.conftest import Served

FIRST_VISIT, MOST_REQUESTS, NEXT_PAGE = 90_000, 6, 12_000
PUBLIC = (
    "/", "/courses", "/courses/maf-101", "/courses/maf-101/2-recognition/3-signs-clues-behaviour", "/materials",
    "/materials/leaflet", "/partners", "/partners/tr", "/verify", "/sign-in", "/sign-in?staff=1", "/lost-slip", "/help", "/privacy",
    "/accessibility", "/about", "/no-such-page",
)  # fmt: skip


def visit(page: Page, address: str) -> tuple[int, int]:
    """Octets as sent and requests of one visit, by what the browser's own network log says."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    seen: dict[str, int] = {}
    session.on("Network.loadingFinished", lambda one: seen.__setitem__(one["requestId"], int(one["encodedDataLength"])))
    failed: list[str] = []
    page.on("requestfailed", lambda one: failed.append(one.url))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    session.detach()
    assert failed == []
    fresh = [size for size in seen.values() if size]
    return sum(fresh), len(fresh)


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_a_first_visit_is_light_and_the_next_page_lighter(served: Served, chromium: Browser, code: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    octets, requests = visit(page, f"{served.address}/{code}/")
    following, _requests = visit(page, f"{served.address}/{code}/courses/maf-101/2-recognition/1-words-and-groups")
    context.close()
    assert octets <= FIRST_VISIT
    assert requests <= MOST_REQUESTS
    assert following <= NEXT_PAGE


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_no_public_page_scrolls_sideways_on_the_smallest_phone(served: Served, chromium: Browser, code: str) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    wide = []
    for path in PUBLIC:
        page.goto(f"{served.address}/{code}{path}")
        by = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if by > 0:
            wide.append(f"{path}: {by} px")
    context.close()
    assert wide == []
