"""The exam page in a browser: what it says of the answers is true at every moment, and nothing is lost.

The page itself writes down every word it shows of the answers' state, with what its fields held then; that is compared
with what was on the server's disk at that moment.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import delete, select, update

from lmsapp import installation
from lmsapp.accounts.models import SignIn
from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock, settings
from lmsapp.core.sessions import transaction
from lmsapp.core.signing import KeyRing
from lmsapp.exams import collecting, sitting
from lmsapp.exams.models import AnswerEvent, Attempt, DeviceLease, Sitting, Submission
from lmsapp.installation import Installation
from lmsapp.upkeep import catalogues
from tests import cast
from tests.exams import tenkinds
from tests.flows.conftest import RULES, _wait
from tests.flows.line import Line
from tests.house import Worlds

# What the page says, written down by the page; survives reloads.
WITNESS = """
addEventListener("DOMContentLoaded", () => {
  const seen = () => {
    const page = document.querySelector("exam-page");
    const shown = [...document.querySelectorAll("[data-saving]")].find((one) => !one.hidden);
    if (!page?.questions || !shown) return;
    const log = JSON.parse(sessionStorage.witness || "[]");
    const values = Object.fromEntries(page.questions.map((one) => [one.item, one.value]));
    log.push({ state: shown.dataset.saving, words: shown.innerText.trim(), at: Date.now(), values });
    sessionStorage.witness = JSON.stringify(log);
  };
  const bar = document.querySelector(".savings");
  if (bar) new MutationObserver(seen).observe(bar, { subtree: true, attributes: true, childList: true, characterData: true });
});
"""


@dataclass
class Room:
    """A running server with an exam of all kinds, and a line to it."""

    opened: Installation
    line: Line
    sitting_id: int
    number: str

    def attempt(self, session: Any) -> Attempt:
        return session.scalars(select(Attempt).where(Attempt.sitting_id == self.sitting_id)).one()  # type: ignore[no-any-return]

    def answers(self) -> dict[str, str]:
        """What the server has, by kind of question."""
        with self.opened.sessions() as session:
            attempt = self.attempt(session)
            kinds = {item: shaped["kind"] for item, shaped in attempt.paper.shapes.items()}
            return {kinds[item]: value for item, value in sitting.answers_of(session, attempt.id).items()}

    def change(self, **values: Any) -> None:
        """Changes the attempt behind the browser's back."""
        with transaction(self.opened.sessions) as session:
            session.execute(update(Attempt).where(Attempt.sitting_id == self.sitting_id).values(**values))


@pytest.fixture
def room(worlds: Worlds, tmp_path: Path) -> Iterator[Room]:
    folder = tmp_path / "room"
    shutil.copytree(worlds.folder, folder)
    catalogues.main("compile")
    opened = installation.opened(settings.load(folder, {}, allow_drafts=True))
    with transaction(opened.sessions) as session:
        cohort = session.scalars(select(Cohort).where(Cohort.code == worlds.things["own"]["code"])).one()
        held = tenkinds.hold(session, cohort, tenkinds.bank(session))
        sitting_id, number = held.id, cast.members(session)["trainee"].number
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "lmsapp", "serve", "--port", str(port), "--no-worker"]
    process = subprocess.Popen(words, env=os.environ | {"LMSAPP_DATA": str(folder), "LMSAPP_ALLOW_DRAFTS": "true"})
    line = Line(port)
    try:
        _wait(f"http://127.0.0.1:{port}")
        yield Room(opened, line, sitting_id, number)
    finally:
        line.close()
        process.terminate()
        process.wait(60)
        opened.engine.dispose()


@pytest.fixture
def browse(chromium: Browser, room: Room) -> Iterator[Callable[..., Page]]:
    """Opens a device of the candidate, signed in, at the exam."""
    contexts: list[BrowserContext] = []

    def begin(language: str = "prs", width: int = 390, **options: Any) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 844}, **options)
        contexts.append(context)
        context.add_init_script(WITNESS)
        page = context.new_page()
        page.goto(f"{room.line.address}/{language}/sign-in")
        page.fill("#login", room.number)
        page.fill("#secret", cast.PIN)
        press(page, "main form button.button")
        page.goto(f"{room.line.address}/{language}/exams/begin/{room.sitting_id}")
        page.click("main form button.button")
        page.wait_for_url(re.compile("/exams/.*/1$"))
        return page

    yield begin
    for context in contexts:
        context.close()


def press(page: Page, what: str) -> None:
    """Presses a button that leads to another page, and waits for that page."""
    with page.expect_navigation():
        page.click(what)


def of(page: Page, kind: str) -> Locator:
    """Goes to the question of a kind."""
    form = page.locator(f"form.question[data-kind={kind}]")
    item = form.get_attribute("data-item") or "q1"
    page.locator(f".navigator a[data-number='{item[1:]}']").first.click()
    expect(form).to_be_visible()
    return form


def writes(page: Page) -> None:
    """Waits until this device is the one that writes the exam."""
    until(page, "document.querySelector('exam-page').memory?.device.epoch")


def said(page: Page, state: str) -> None:
    """Waits for the words of a state."""
    expect(page.locator(f"[data-saving={state}]")).to_be_visible(timeout=40_000)


def check_words(room: Room, page: Page) -> int:
    """Whether all that was shown as saved had been acknowledged when it was shown; returns how often it was."""
    claims = [one for one in page.evaluate("JSON.parse(sessionStorage.witness || '[]')") if one["state"] == "saved"]
    for claim in claims:
        there: dict[str, str] = {}
        for at, answers in room.line.ledger:
            if at <= claim["at"] / 1000 + 0.001:
                there |= answers
        shown = {item: value for item, value in claim["values"].items() if value}
        assert shown == {item: value for item, value in there.items() if value}, claim
    return len(claims)


def until(page: Page, expression: str) -> None:
    """Waits until an expression is true; the site's content policy forbids Playwright's own way."""
    for _try in range(300):
        if page.evaluate(f"(async () => Boolean(await ({expression})))()"):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never true: {expression}")


def choose(form: Locator, *names: str) -> None:
    for at, name in enumerate(names):
        form.locator("select").nth(at).select_option(name)


def write(form: Locator, *texts: str) -> None:
    for at, text in enumerate(texts):
        form.locator("textarea, fieldset input:not([type])").nth(at).fill(text)


def tick(form: Locator, *values: str) -> None:
    for value in values:
        form.locator(f"input[value={value}]").check(force=True)


DOINGS: dict[str, Callable[[Locator], None]] = {
    "single": lambda form: tick(form, "o1"),
    "true-false": lambda form: tick(form, "o1"),
    "multiple": lambda form: tick(form, "o1", "o3"),
    "matching": lambda form: choose(form, "c2", "c1", "c3"),
    "ordering": lambda form: choose(form, "o3", "o1", "o4", "o2"),
    "numeric": lambda form: write(form, "۸۰۰۰"),
    "short-text": lambda form: write(form, "  EORE "),
    "hotspot": lambda form: tick(form, "B3", "G4"),
    "cloze": lambda form: (choose(form, "o1"), write(form, "پولیس", "50"))[0],
    "written": lambda form: write(form, "اول خبر می‌دهم.\nبعد صبر می‌کنم."),
}


def answer(page: Page, kind: str) -> None:
    """Answers the question of a kind, with and without a script alike."""
    DOINGS[kind](page.locator(f"form.question[data-kind={kind}]"))


ANSWERED = {
    "single": "o1", "true-false": "o1", "multiple": "o1 o3", "matching": "p1=c2 p2=c1 p3=c3", "ordering": "o3 o1 o4 o2",
    "numeric": "۸۰۰۰", "short-text": "EORE", "hotspot": "B3 G4", "cloze": '{"1":"o1","2":"پولیس","3":"50"}',
    "written": "اول خبر می‌دهم.\nبعد صبر می‌کنم.",
}  # fmt: skip


@pytest.mark.parametrize(("language", "width", "scheme"), [("prs", 390, "light"), ("en", 1280, "dark")])
def test_every_kind_is_answered_saved_and_handed_in_with_the_same_check_sum(
    room: Room, browse: Callable[..., Page], language: str, width: int, scheme: str
) -> None:
    page = browse(language, width, color_scheme=scheme)
    faults: list[str] = []
    for kind in ANSWERED:
        of(page, kind)
        answer(page, kind)
        said(page, "saved")
        faults += [
            f"{kind}: {one['id']}: {one['nodes'][0]['html'][:120]}"
            for one in Axe().run(page, options=RULES).response["violations"]
        ]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        faults += [f"{kind}: {wide} px too wide"] if wide > 0 else []
    assert room.answers() == ANSWERED
    assert not faults, "\n".join(faults)
    assert check_words(room, page) >= len(ANSWERED)
    page.locator("aside [data-go=review]").click()
    page.locator("[data-act=hand-in]").click()
    expect(page.locator("[data-view=receipt]")).to_be_visible()
    shown = page.locator("[data-receipt=hash8]").inner_text()
    with room.opened.sessions() as session:
        attempt = room.attempt(session)
        kept = session.get_one(Submission, attempt.id)
        assert (shown, kept.answered) == (kept.answers_hash[:8], 10)
        assert kept.answers_hash == sitting.answers_hash(sitting.answers_of(session, attempt.id))
    page.locator("[data-receipt=address]").click()
    expect(page.locator("[data-receipt=hash8]")).to_have_text(shown)


def test_the_line_is_cut_more_is_typed_the_page_reloaded_and_nothing_is_lost(
    room: Room, browse: Callable[..., Page]
) -> None:
    page = browse()
    of(page, "single").locator(".answer input").nth(1).check()
    area = of(page, "written").locator("textarea")
    area.fill("با ارتباط")
    said(page, "saved")
    page.context.set_offline(True)
    area.press_sequentially(" و بی ارتباط", delay=20)
    said(page, "unsent")
    expect(page.locator("[data-notice=offline]")).to_be_visible()
    of(page, "true-false").locator(".answer input").first.check()
    assert room.answers() == {"single": "o2", "written": "با ارتباط"}
    room.line.state = "posts-cut"
    page.context.set_offline(False)
    area = of(page, "written").locator("textarea")
    area.press_sequentially(" و باز", delay=5)
    page.reload()  # before half a second has passed: what was being typed was kept too
    expect(page.locator("form.question[data-kind=written] textarea")).to_have_value("با ارتباط و بی ارتباط و باز")
    expect(page.locator("form.question[data-kind=true-false] .answer input").first).to_be_checked()
    assert room.answers() == {"single": "o2", "written": "با ارتباط"}
    room.line.state = "up"
    said(page, "saved")
    assert room.answers() == {"single": "o2", "written": "با ارتباط و بی ارتباط و باز", "true-false": "o1"}
    assert check_words(room, page) >= 2


@pytest.mark.parametrize("state", ["portal", "cut", "deaf"])
def test_somebody_elses_answer_never_counts_as_saved(room: Room, browse: Callable[..., Page], state: str) -> None:
    page = browse("en", 1280)
    of(page, "short-text").locator(".field input").fill("one")
    said(page, "saved")
    room.line.state = state
    page.locator("form.question[data-kind=short-text] .field input").fill("two")
    said(page, "unsent")
    expect(page.locator("[data-saving=saved]")).to_be_hidden()
    room.line.state = "up"
    said(page, "saved")
    assert room.answers() == {"short-text": "two"}
    assert check_words(room, page) >= 2
    with room.opened.sessions() as session:
        values = [
            e.value for e in session.scalars(select(AnswerEvent).where(AnswerEvent.item != "").order_by(AnswerEvent.id))
        ]
        assert values[-2:] == ["one", "two"]


def test_two_devices_one_writes_and_the_other_is_told(room: Room, browse: Callable[..., Page]) -> None:
    first = browse()
    writes(first)
    second = browse("en", 1280)
    expect(second.locator("[data-notice=lease]")).to_be_visible()
    of(first, "single").locator(".answer input").first.check()
    said(first, "saved")
    second.locator("[data-act=take-over]").click()
    expect(second.locator("[data-notice=lease]")).to_be_hidden()
    expect(second.locator("form.question[data-kind=single] .answer input").first).to_be_checked()
    of(second, "single").locator(".answer input").nth(1).check()
    said(second, "saved")
    of(first, "single").locator(".answer input").nth(2).check()
    expect(first.locator("[data-notice=lease]")).to_be_visible()
    expect(first.locator("form.question:not([hidden]) fieldset")).to_have_js_property("disabled", True)
    assert room.answers() == {"single": "o2"}
    with room.opened.sessions() as session:
        attempt = room.attempt(session)
        told = session.scalars(
            select(AnswerEvent).where(AnswerEvent.attempt_id == attempt.id).order_by(AnswerEvent.id)
        ).all()
        assert [(one.value, one.evidence) for one in told] == [("o1", False), ("o2", False), ("o3", True)]
        leases = session.scalars(select(DeviceLease).where(DeviceLease.attempt_id == attempt.id)).all()
        assert len({lease.device for lease in leases}) == 2


def test_the_time_runs_out_while_the_line_is_cut(room: Room, browse: Callable[..., Page]) -> None:
    page = browse()
    of(page, "single").locator(".answer input").first.check()
    said(page, "saved")
    room.change(deadline_at=clock.now() + timedelta(seconds=50), grace_seconds=1)
    page.clock.install()
    page.reload()
    expect(page.locator("[data-notice=minutes-1]")).to_be_visible()
    room.line.state = "cut"
    page.locator("form.question[data-kind=single] .answer input").nth(1).check(force=True)
    until(page, "document.querySelector('exam-page').pending().then((events) => events.length)")
    room.change(deadline_at=clock.now() - timedelta(seconds=2))
    page.clock.fast_forward(50_000)
    expect(page.locator("[data-notice=over]")).to_be_visible()
    expect(page.locator("[data-notice=over] [data-some=unsent]")).to_be_visible()
    room.line.state = "up"
    expect(page.locator("[data-view=receipt]")).to_be_visible(timeout=30_000)
    assert room.answers() == {"single": "o1"}
    with room.opened.sessions() as session:
        attempt = room.attempt(session)
        events = session.scalars(
            select(AnswerEvent).where(AnswerEvent.attempt_id == attempt.id).order_by(AnswerEvent.id)
        ).all()
        assert [(one.value, one.late) for one in events] == [("o1", False), ("o2", True)]
        assert session.get_one(Submission, attempt.id).by_expiry


def test_signing_in_again_happens_on_the_page(room: Room, browse: Callable[..., Page]) -> None:
    page = browse("en")
    with transaction(room.opened.sessions) as session:
        session.execute(delete(SignIn))
    of(page, "short-text").locator(".field input").fill("kept")
    expect(page.locator("[data-notice=sign-in]")).to_be_visible()
    page.fill("#again-login", room.number)
    page.fill("#again-secret", "000000")
    page.locator("[data-sign-in] button").click()
    expect(page.locator("[data-wrong]")).to_be_visible()
    page.fill("#again-secret", cast.PIN)
    page.locator("[data-sign-in] button").click()
    said(page, "saved")
    assert room.answers() == {"short-text": "kept"}


def test_a_pause_is_told_and_ends(room: Room, browse: Callable[..., Page]) -> None:
    page = browse()
    room.change(paused_at=clock.now())
    page.clock.install()
    with page.expect_response("**/events"):
        page.reload()
    expect(page.locator("[data-notice=paused]")).to_be_visible()
    expect(page.locator("form.question:not([hidden]) fieldset")).to_have_js_property("disabled", True)
    until(page, "!document.querySelector('exam-page').sending")
    room.change(paused_at=None)
    page.clock.fast_forward(20_000)  # when the page asks again
    expect(page.locator("form.question:not([hidden]) fieldset")).to_have_js_property("disabled", False)


def test_a_store_that_refuses_is_told_and_the_answers_still_reach_the_server(
    room: Room, browse: Callable[..., Page]
) -> None:
    page = browse("en")
    writes(page)
    page.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('refused'); } });")
    page.reload()
    page.locator("[data-act=take-over]").click()
    expect(page.locator("[data-notice=lease]")).to_be_hidden()
    of(page, "single").locator(".answer input").first.check()
    said(page, "saved")
    room.line.state = "cut"
    page.locator("form.question[data-kind=single] .answer input").nth(1).check()
    said(page, "lost")
    assert room.answers() == {"single": "o1"}


# A store that opens slowly, or never.
SLOW_STORE = """
const open = IDBFactory.prototype.open;
IDBFactory.prototype.open = function (...words) {
  const request = open.apply(this, words);
  Object.defineProperty(request, "onsuccess", { set(told) { request.addEventListener("success", () => WAIT); } });
  return request;
};
"""


@pytest.mark.parametrize("wait", ["setTimeout(told, 1500)", "undefined"], ids=["slow", "never"])
def test_an_answer_given_while_the_store_is_opening_is_kept(room: Room, browse: Callable[..., Page], wait: str) -> None:
    page = browse("en")
    writes(page)
    page.add_init_script(SLOW_STORE.replace("WAIT", wait))
    page.reload()
    if wait == "undefined":  # without its store this page is another device
        page.locator("[data-act=take-over]").click()
    of(page, "single").locator(".answer input").first.check()
    said(page, "saved")
    assert room.answers() == {"single": "o1"}
    assert check_words(room, page) >= 1


def ready(page: Page) -> None:
    """Waits until the device can go on without the server: its worker has the page, its seal has leave."""
    until(page, "document.querySelector('exam-page').seal?.ready")
    until(page, "navigator.serviceWorker.controller !== null")
    until(page, "caches.match(document.querySelector('exam-page').dataset.base + '1', { ignoreVary: true })")


def leave(room: Room) -> None:
    """The exam may be sat without the server."""
    with transaction(room.opened.sessions) as session:
        session.get_one(Sitting, room.sitting_id).exam.offline = True


@pytest.mark.parametrize("way", ["by itself", "as a file"])
def test_an_exam_is_finished_without_the_server(
    room: Room, browse: Callable[..., Page], way: str, tmp_path: Path
) -> None:
    leave(room)
    page = browse()
    of(page, "single").locator(".answer input").first.check()
    said(page, "saved")
    ready(page)
    room.line.state = "cut"
    page.reload()
    expect(page.locator("form.question[data-kind=single] .answer input").first).to_be_checked()
    of(page, "written").locator("textarea").fill("بدون سرور نوشتم")
    said(page, "unsent")
    page.reload()
    expect(page.locator("form.question[data-kind=written] textarea")).to_have_value("بدون سرور نوشتم")
    page.locator("aside [data-go=review]").click()
    page.locator("[data-act=hand-in]").click()
    page.fill("#closing-code", "4711")
    page.locator("[data-act=seal]").click()
    expect(page.locator("[data-view=sealed]")).to_be_visible()
    assert room.answers() == {"single": "o1"}
    if way == "as a file":
        with page.expect_download() as taken:
            page.locator("[data-sealed]").click()
        octets = Path(taken.value.path()).read_bytes()
        with transaction(room.opened.sessions) as session:
            held = session.get_one(Sitting, room.sitting_id)
            ring = KeyRing.load_or_create(room.opened.settings.keys)
            made = collecting.collect(session, cast.members(session)["instructor"].actor, held, octets, ring)
            assert (made.state, made.doubts) == ("taken", [])
        assert b'"code":"4711"' in octets
    else:
        page.reload()
        expect(page.locator("[data-view=sealed]")).to_be_visible()
        room.line.state = "up"
        expect(page.locator("[data-view=receipt]")).to_be_visible(timeout=40_000)
    assert room.answers() == {"single": "o1", "written": "بدون سرور نوشتم"}
    with room.opened.sessions() as session:
        assert not session.get_one(Submission, room.attempt(session).id).by_expiry


def test_the_whole_exam_without_a_script(room: Room, browse: Callable[..., Page]) -> None:
    page = browse("en", 390, java_script_enabled=False)
    for place in range(1, 11):
        form = page.locator("form.question:not([hidden])")
        answer(page, form.get_attribute("data-kind") or "")
        if place == 3:
            press(page, "form.question:not([hidden]) button[value=flag]")
            expect(page.locator("form.question:not([hidden]) button[value=flag]")).to_have_attribute(
                "aria-pressed", "true"
            )
        press(page, "form.question:not([hidden]) .actions button:not(.quiet)")
    assert page.url.endswith("/review")
    expect(page.locator("[data-some=flagged] a:visible")).to_have_text(["3"])
    assert room.answers() == ANSWERED
    press(page, "form[action$='/hand-in'] button")
    assert page.url.endswith("/receipt")


def test_without_a_script_an_order_with_a_twin_is_told_and_not_saved(room: Room, browse: Callable[..., Page]) -> None:
    page = browse("en", 390, java_script_enabled=False)
    item = page.locator("form.question[data-kind=ordering]").get_attribute("data-item") or ""
    press(page, f".navigator a[data-number='{item[1:]}'] >> nth=0")
    form = page.locator("form.question:not([hidden])")
    for at in (0, 1):
        form.locator("select").nth(at).select_option("o1")
    press(page, "form.question:not([hidden]) .actions button:not(.quiet)")
    expect(page.locator(".notices [role=alert]")).to_contain_text("two places")
    expect(page.locator("form.question:not([hidden]) select").nth(1)).to_have_value("o1")
    assert room.answers() == {}


def test_by_keyboard_alone(room: Room, browse: Callable[..., Page]) -> None:
    page = browse("en", 1280)
    of(page, "hotspot").locator("input[value=B3]").focus()
    page.keyboard.press("Space")
    form = of(page, "ordering")
    for at, name in enumerate(("o1", "o2", "o3", "o4")):
        form.locator("select").nth(at).select_option(name)
    form.locator("[data-move='1']").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    form.locator("select").nth(3).select_option("o1")
    said(page, "saved")
    assert room.answers() == {"hotspot": "B3", "ordering": "o2 o3 o4 o1"}
