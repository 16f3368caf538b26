"""A served demonstration and a real browser, for walking through the site as its users do."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp import installation
from lmsapp.core import paths, settings
from lmsapp.core.access import KEEPER
from lmsapp.core.sessions import transaction
from lmsapp.core.signing import KeyRing
from lmsapp.demo import seeding
from lmsapp.installation import Installation
from lmsapp.materials import printing
from lmsapp.materials.models import Material
from lmsapp.upkeep import catalogues, content

CHROMIUM = "/usr/bin/chromium"
# `image-alt` is ours to judge: drawings of a page already described are presentational.
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # what is in order is only counted
}
STARTS_WITHIN = 60  # and ends
expect.set_options(timeout=20_000)  # nothing is waited for that long, except where many things are done at once


@dataclass
class Served:
    """A running site with its demonstration."""

    address: str
    opened: Installation


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demonstration, loaded, with the leaflet printed, served by the real command."""
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    (folder / "settings.toml").write_text(
        f'demonstration = true\nallow_drafts = true\nbase_url = "{address}"\n', encoding="utf-8"
    )
    catalogues.main("compile")
    opened = installation.opened(settings.load(folder, {}))
    root = paths.shipped("content")
    with transaction(opened.sessions) as session:
        content.load_all(session, root)
        ring = KeyRing.load_or_create(opened.settings.keys)
        seeding.seed(session, opened.settings, ring, root / "demonstration", lambda _said: None)
        leaflet = session.scalars(select(Material).where(Material.slug == "leaflet")).one().editions[-1].id
    printing.build(opened.sessions, opened.settings, leaflet)
    words = [sys.executable, "-m", "lmsapp", "serve", "--port", str(port), "--no-worker"]
    process = subprocess.Popen(words, env=os.environ | {"LMSAPP_DATA": str(folder)})
    try:
        _wait(address)
        yield Served(address, opened)
    finally:
        process.terminate()
        process.wait(STARTS_WITHIN)
        opened.engine.dispose()


def _wait(address: str) -> None:
    begun = time.monotonic()
    while True:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:
            if time.monotonic() - begun > STARTS_WITHIN:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's chromium; skips loudly where there is none, but never in CI."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("chromium is not installed: apt-get install chromium")
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@dataclass
class Walker:
    """Somebody who walks through the site, looking at every page: each is pictured, measured, and asked of by axe."""

    page: Page
    address: str
    language: str
    pictures: Path
    faults: list[str] = field(default_factory=list)
    steps: int = 0

    def go(self, path: str) -> None:
        """Opens an address of the walker's language."""
        self.page.goto(f"{self.address}/{self.language}{path}")

    def look(self, name: str) -> None:
        """Takes a picture; notes what axe finds, what is wider than the screen, and what is not in the language."""
        self.steps += 1
        self.page.wait_for_load_state("load")
        self.page.evaluate("document.fonts.ready.then(() => true)")
        self.page.screenshot(path=self.pictures / f"{self.steps:02d}-{name}.png", full_page=True)
        found: Any = Axe().run(self.page, options=RULES)
        for one in found.response["violations"]:
            self.faults.append(f"{name}: {one['id']}: {one['nodes'][0]['html'][:160]}")
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.faults.append(f"{name}: {wide} px wider than the screen")

    def sign_in(self, login: str, secret: str) -> None:
        """By the form everybody uses."""
        self.go("/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#secret", secret)
        self.press("main form button.button")

    def press(self, what: str) -> None:
        """Presses the first of what the selector finds, and waits for the page it leads to."""
        with self.page.expect_navigation():
            self.page.locator(what).first.click()


def some(session: Session, query: Any) -> Any:
    """The first of what a query finds."""
    return session.scalars(query).first()


__all__ = ["KEEPER", "Served", "Walker", "some"]
