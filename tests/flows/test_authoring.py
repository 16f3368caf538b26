"""One question of each kind is written in a browser, beside its preview in both directions, and put into the bank."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lmsapp.demo.secrets import PASSWORD
from lmsapp.exams.questions import Kind
from tests.flows.conftest import Served, Walker

WALKS = {"english-desk": ("en", 1280, "light"), "dari-phone": ("prs", 390, "dark")}
OTHER = {"en": ("prs", "rtl"), "prs": ("en", "ltr")}
WORDS = {
    "en": ("What does the red side of a painted stone mean?", "Danger, not cleared", "A road", "A clinic"),
    "prs": ("رنگ سرخ سنگ چه معنا دارد؟", "خطر است، پاک نشده", "سرک است", "کلینیک است"),
}
BANK = "/banks/maf-101"


@pytest.fixture(params=list(WALKS))
def walker(request: pytest.FixtureRequest, served: Served, chromium: Browser, tmp_path: Path) -> Iterator[Walker]:
    """The training manager at her desk in English, and on her phone in Dari."""
    language, width, scheme = WALKS[request.param]
    pictures = Path(os.environ.get("LMSAPP_PICTURES") or tmp_path) / f"authoring-{request.param}"
    pictures.mkdir(parents=True, exist_ok=True)
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    one = Walker(context.new_page(), served.address, language, pictures)
    one.page.on("console", lambda said: one.faults.append(said.text) if said.type == "error" else None)
    one.page.on("pageerror", lambda fault: one.faults.append(str(fault)))
    one.sign_in("sevda@demonstration.example", PASSWORD)
    yield one
    context.close()


def fields(kind: str, answers: list[str]) -> dict[str, str]:
    """What is typed into which field of a kind."""
    numbered = list(enumerate(answers, 1))
    typed: dict[str, dict[str, str]] = {
        Kind.SINGLE: {f"#options-{n}-text": answer for n, answer in numbered},
        Kind.MULTIPLE: {f"#options-{n}-text": answer for n, answer in numbered},
        Kind.MATCHING: {
            f"#pairs-{n}-{side}": f"{answer} {side}" for n, answer in numbered for side in ("prompt", "choice")
        },
        Kind.ORDERING: {f"#items-{n}-text": answer for n, answer in numbered},
        Kind.NUMERIC: {"#answer": "۸۰۰۰", "#tolerance": "۵", "#unit": answers[0]},
        Kind.SHORT_TEXT: {"#accepted": "\n".join(answers)},
        Kind.HOTSPOT: {"#alt": answers[0]},
        Kind.CLOZE: {"#gaps-1-right": "\n".join(answers)},
        Kind.WRITTEN: {"#rubric-1-text": answers[0], "#rubric-1-points": "2"},
    }
    return typed.get(kind, {})


def fill(page: Page, kind: str, words: tuple[str, str, str, str]) -> None:
    """Types a whole question of a kind; squares of a drawing are marked by keyboard and by finger."""
    stem, *answers = words
    page.fill("#stem", f"{stem} [[1]]" if kind == Kind.CLOZE else stem)
    if kind == Kind.HOTSPOT:
        page.select_option("#figure", "landscape-signs")
        expect(page.locator("#draft .hotspot")).to_be_visible()
        page.locator("#draft .hotspot input[value=B4]").focus()
        page.keyboard.press("Space")
        page.locator("#draft .hotspot label", has_text="C4").click()
    if kind == Kind.CLOZE:
        page.locator("#stem").blur()
        expect(page.locator("#gaps-1-right")).to_be_visible()
    for field, text in fields(kind, answers).items():
        page.fill(field, text)
    if kind in (Kind.SINGLE, Kind.MULTIPLE, Kind.TRUE_FALSE):
        page.locator("input[name=options-right], input[name=options-1-right], #answer input").first.check()


def test_a_question_of_each_kind_is_written_beside_its_preview(walker: Walker) -> None:
    page, words = walker.page, WORDS[walker.language]
    sheet, (other, way) = page.locator("[data-part=preview] .sheet"), OTHER[walker.language]
    for kind in Kind:
        walker.go(f"{BANK}/write/{kind}")
        fill(page, kind, words)
        page.select_option("#topic", index=1)
        expect(sheet).to_contain_text(words[0])
        walker.look(f"{kind}-written")
        page.locator(f"button[value='look:{other}']").click()
        expect(page.locator(f"[data-part=preview] .sheet[dir={way}]")).to_contain_text(words[0])
        assert page.locator("#stem").input_value().startswith(words[0])
        walker.look(f"{kind}-other-way")
        walker.press("button[value=publish]")
        expect(page.locator("main h1")).to_be_visible()
        walker.look(f"{kind}-look")
        walker.press("main form:not([action]) button.button:not(.quiet)")
        expect(page.locator("main")).to_contain_text(words[0])
        walker.look(f"{kind}-question")
    assert not walker.faults, "\n".join(walker.faults)


def test_banks_drafts_and_exams_can_be_read_and_composed(walker: Walker) -> None:
    page = walker.page
    for name, path in (
        ("banks", "/banks"),
        ("bank", BANK),
        ("found", f"{BANK}?q=xyzxyz"),
        ("kinds", f"{BANK}/write"),
        ("new-bank", "/banks/new"),
        ("drafts", f"{BANK}/drafts"),
        ("exams", "/exams"),
    ):
        walker.go(path)
        walker.look(name)
    walker.go("/courses/maf-101/editions/1/exams/final")
    page.fill("#lines-1-count", "90")
    expect(page.locator(".reach .short").first).to_be_visible()
    walker.look("exam-short")
    walker.press("button[value=save]")
    expect(page.locator(".errors")).to_be_visible()
    walker.look("exam-refused")
    page.fill("#lines-1-count", "4")
    walker.press("button[value=save]")
    expect(page.locator(".toast")).to_be_visible()
    # a refused form answers 422, which the browser's console tells of
    faults = [fault for fault in walker.faults if "422" not in fault]
    assert not faults, "\n".join(faults)


def test_without_a_script_rows_preview_and_draft_work_alike(served: Served, chromium: Browser, tmp_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    one = Walker(context.new_page(), served.address, "en", tmp_path)
    one.sign_in("gunay@demonstration.example", PASSWORD)
    one.go(f"{BANK}/write/ordering")
    page = one.page
    page.fill("#stem", "What comes first?")
    for number, step in enumerate(("stop", "warn", "report"), 1):
        page.fill(f"#items-{number}-text", step)
    one.press("button[value='more:items:0']")
    one.press("button[value='up:items:3']")
    assert [page.locator(f"#items-{n}-text").input_value() for n in (1, 2, 3)] == ["stop", "report", "warn"]
    one.press("button[value='look:ps']")
    assert "What comes first?" in page.locator(".sheet[dir=rtl]").inner_text()
    one.press("button[value=save]")
    assert page.locator("#items-2-text").input_value() == "report"
    context.close()
