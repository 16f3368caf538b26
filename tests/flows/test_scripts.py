"""Scripts written into everything people write never run in a real browser under the shipped policy (checklist 31).

Each text gets another of 300 samples; whoever may open a page opens it, and the page must neither run one of them nor report
that the policy stopped one. `--long` turns the samples through all fields, for all roles, in both directions.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, product
from typing import Any

import pytest
from jinja2 import BaseLoader, ChoiceLoader, Environment, FunctionLoader
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import String, Text, select, update
from sqlalchemy.orm import Session

from lmsapp.core.sessions import transaction
from lmsapp.exams import papers
from lmsapp.exams.models import AnswerCurrent, Paper, QuestionDraft
from lmsapp.models import Base
from lmsapp.web import channels, headers
from tests.house import House, Worlds, address, rules

ACTS = (
    "<script>planted()</script>", "<img src=x onerror=planted()>", "<svg onload=planted()>", "<svg><animate onbegin=planted() attributeName=x dur=1s>",
    "<details open ontoggle=planted()>", "<input autofocus onfocus=planted()>", "<iframe srcdoc='<script>parent.planted()</script>'></iframe>",
    "<iframe src=javascript:parent.planted()></iframe>", "<object data=javascript:planted()></object>", "<a href=javascript:planted()>x</a>",
    "<form action=javascript:planted()><button>x</button></form>", "<meta http-equiv=refresh content='0;url=javascript:planted()'>",
    "<base href=javascript:/planted()//>", "<style>@import'javascript:planted()';</style>", "<math><a xlink:href=javascript:planted()>x</a></math>",
    "<video><source onerror=planted()></video>", "<body onload=planted()>", "<script src=data:,planted()></script>", "<link rel=stylesheet href=data:,x onload=planted()>",
    "<scr<script>ipt>planted()</scr</script>ipt>", "&lt;script&gt;planted()&lt;/script&gt;", "{{ planted() }}", "${planted()}", "javascript:planted()",
    "[x](javascript:planted())", "![x](x\"onerror=planted())", "<ScRiPt\n>planted()</sCrIpT >", "<svg><script href=data:,planted() /></svg>",
    "<template shadowrootmode=open><img src=x onerror=planted()></template>", "<noscript><p title='</noscript><img src=x onerror=planted()>'>",
)  # fmt: skip
BEFORE = (
    "",
    '">',
    "'>",
    "</title>",
    "</textarea>",
    "</script>",
    "-->",
    "</bdi></a>",
    '" onmouseover=planted() x="',
    "`",
)
SAMPLES = [f"{before}{act}" for before, act in product(BEFORE, ACTS)]
RIGHT_TO_LEFT = "\u202eتهدید\u2069 "
MEMBERS = ("manager", "administrator", "trainee", "instructor", "partner", "anonymous")
# What the program writes itself: names, states, digests, what says in which language or alphabet something stands.
OURS = {
    "unit", "document", "module", "course", "lesson", "serial_counter", "audit_head", "audit_line", "audit_subject", "audit_personal", "alembic_version",
    "message", "safety_setting", "tries", "sign_in", "server_run", "clock_jump", "paper", "paper_file", "printed_file", "preview", "device_lease", "answer_event",
    "answer_current", "offline_grant", "bundle", "submission", "award_document", "question", "bank",
}  # fmt: skip
WRITTEN = {
    "person": ("name", "latin_name", "father_name", "phone"), "organisation_name": ("name",), "cohort": ("place", "cancelled_because"), "hours_entry": ("reason",),
    "award_event": ("reason",), "void_serial": ("reason",), "attempt_event": ("reason",), "extension": ("reason",), "room_note": ("text",),
    "mark": ("reason",), "judgement": ("remark",), "answer_clash": ("value",), "correction": ("reason",), "question_draft": ("remark", "origin"), "mail": ("subject", "text"),
    "material_edition": ("reason",), "job": ("note",), "source_revision": ("text",), "translation": ("text",), "project": ("publisher", "agency", "office", "focus_area", "implementing_partner"),
    "instrument": ("counterpart",), "contribution": ("donor",),
}  # fmt: skip

MADE = {
    ("person", "sort_key"),
    ("person", "search_key"),
    ("award", "payload"),
}  # by the program, out of what is written


def write_everywhere(session: Session, turn: int) -> int:
    """Another sample into each text of each row; returns how many were written. `turn` moves all samples on by one field."""
    samples = cycle(SAMPLES[turn:] + SAMPLES[:turn])
    written = 0
    for name, columns in WRITTEN.items():
        table = Base.metadata.tables[name]
        keys = list(table.primary_key.columns)
        for row in session.execute(select(*keys, *(table.c[c] for c in columns))).all():
            values = {
                c: _fitting(table.c[c].type, next(samples), written) for c in columns if getattr(row, c) is not None
            }
            if values:
                session.execute(update(table).where(*(key == getattr(row, key.name) for key in keys)).values(values))
                written += len(values)
    for draft in session.scalars(select(QuestionDraft)):
        draft.entry = _in_words(draft.entry, samples)
    for answer in session.scalars(select(AnswerCurrent)):
        answer.value = next(samples)
    for paper in session.scalars(select(Paper)):
        paper.sheet = _in_words(paper.sheet, samples)
        paper.digest = papers.digest(paper.sheet)
    return written


def _fitting(kind: Any, sample: str, place: int) -> str:
    length = kind.length if isinstance(kind, String) and kind.length else 10_000
    words = f"{RIGHT_TO_LEFT if place % 2 else ''}{sample}"
    return words if len(words) <= length else sample[:length]


def _in_words(value: Any, samples: Iterator[str], name: str = "") -> Any:
    """The same structure with samples where people's words stand."""
    if isinstance(value, Mapping):
        return {k: _in_words(v, samples, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_in_words(one, samples, name) for one in value]
    words = name in ("stem", "text", "alt", "feedback", "label") and isinstance(value, str)
    return next(samples) if words else value


@contextmanager
def served(house: House) -> Iterator[str]:
    """The application behind its real server, on a port of its own."""
    server = channels.create_server(house.app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.trigger.pull_trigger(server.close)  # by its own thread: nobody closes what another one waits for
        thread.join(60)


def pages_of(
    house: House, worlds: Worlds, languages: Sequence[str], members: Sequence[str], *, once: bool
) -> list[tuple[str, str]]:
    """Who opens which page: those on which something planted stands; each endpoint `once`, or as often as there are readers."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for member in members:
        browser, _token = house.browser(member)
        for place, rule in enumerate(rules(house.app)):
            if "GET" not in rule.methods or rule.endpoint in ("certificates.offline", "accounts.sign_out"):
                continue
            for language in languages if not once else (languages[place % len(languages)],):
                key = (rule.endpoint,) if once else (rule.endpoint, member, language)
                if key in found:
                    continue
                path = address(rule, worlds.things["own"]).replace("/en/", f"/{language}/", 1)
                reply = browser.get(path, buffered=True)
                assert reply.status_code < 500, path
                if reply.mimetype == "text/html" and "planted" in reply.get_data(as_text=True):
                    found[key] = (member, path)
    return list(found.values())


WATCH = """
  window.planted = () => window.told("a script ran");
  document.addEventListener("securitypolicyviolation", e => window.told("the policy stopped " + e.violatedDirective + " " + e.sample));
"""
RUNNABLE = """() => [...document.querySelectorAll("*")].flatMap(e => [...e.attributes]).filter(a =>
  a.name.startsWith("on") || a.name == "srcdoc" || /^\\s*(javascript|vbscript):/i.test(a.value) && a.name != "value").map(a => a.name + "=" + a.value)"""


class Reader:
    """A browser that tells what ran, was stopped, or would run when pressed."""

    def __init__(self, chromium: Browser, house: House, address_of_site: str) -> None:
        self.chromium, self.house, self.address = chromium, house, address_of_site
        self.pages: dict[str, Page] = {}
        self.told: list[str] = []
        self.path = ""

    def read(self, member: str, path: str) -> None:
        """Opens a page as a member of the cast."""
        page = self.pages.get(member) or self._begin(member)
        self.path = path
        page.goto(f"{self.address}{path}", wait_until="load")
        self.told += [f"{path}: {one[:120]} could run" for one in page.evaluate(RUNNABLE)]

    def _begin(self, member: str) -> Page:
        context: BrowserContext = self.chromium.new_context()
        browser, _token = self.house.browser(member)
        cookie = browser.get_cookie("session")
        if cookie is not None:
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.address}])
        context.expose_function("told", lambda what: self.told.append(f"{self.path}: {what}"))
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.dismiss())
        self.pages[member] = page
        return page

    def close(self) -> None:
        """Ends all its contexts."""
        for page in self.pages.values():
            page.context.close()


def told_on(chromium: Browser, house: House, wanted: Sequence[tuple[str, str]]) -> list[str]:
    """What a browser tells of these pages."""
    with served(house) as site:
        reader = Reader(chromium, house, site)
        try:
            for member, path in wanted:
                reader.read(member, path)
        finally:
            reader.close()
    return reader.told


@pytest.mark.browser
def test_no_script_that_people_write_runs_or_is_reported(
    request: pytest.FixtureRequest,
    chromium: Browser,
    house: House,
    worlds: Worlds,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert len(set(SAMPLES)) >= 300
    whole = request.config.getoption("--long")
    written = opened = 0
    told: list[str] = []
    for turn in range(0, len(SAMPLES), 10) if whole else (0,):
        with transaction(house.opened.sessions) as session:
            written += write_everywhere(session, turn)
        members = MEMBERS if whole else MEMBERS[:4]
        wanted = pages_of(house, worlds, ("prs", "ka") if whole else ("prs", "en"), members, once=not whole)
        told += told_on(chromium, house, wanted)
        opened += len(wanted)
    with capsys.disabled():
        print(
            f"\nscripts: {len(SAMPLES)} samples, written into {written} texts, {opened} pages opened, {len(told)} told"
        )
    assert not told, "\n".join(told[:20])
    assert opened > 30


@pytest.mark.browser
@pytest.mark.parametrize("policy", [True, False], ids=["stopped by the policy", "run without it"])
def test_an_unescaped_name_is_told(
    policy: bool, chromium: Browser, house: House, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: a template that trusts names. Where the policy holds it is reported, where it does not it runs."""
    _trust_names(house.app.jinja_env)
    if not policy:
        monkeypatch.setattr(headers, "content_policy", lambda: "default-src * 'unsafe-inline' data:")
    with transaction(house.opened.sessions) as session:
        session.execute(update(Base.metadata.tables["person"]).values(name="<img src=x onerror=planted()>"))
    told = told_on(chromium, house, [("administrator", "/prs/people")])
    assert any(("the policy stopped script-src" if policy else "a script ran") in one for one in told)


def _trust_names(environment: Environment) -> None:
    shipped = environment.loader
    assert isinstance(shipped, BaseLoader)

    def spoilt(name: str) -> str | None:
        if name != "parts/lists.html":
            return None
        source = shipped.get_source(environment, name)[0]
        assert ">{{ person.name }}<" in source
        return source.replace(">{{ person.name }}<", ">{{ person.name|safe }}<")

    environment.loader = ChoiceLoader([FunctionLoader(spoilt), shipped])
    environment.cache.clear()  # type: ignore[union-attr]


def test_every_text_people_write_is_tried() -> None:
    """A new column of words is either written by people, and tried here, or named among what the program writes."""
    free = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        if table.name not in OURS
        for column in table.columns
        if isinstance(column.type, Text) or (isinstance(column.type, String) and (column.type.length or 400) >= 400)
    }
    assert not free - {(table, column) for table, columns in WRITTEN.items() for column in columns} - MADE
