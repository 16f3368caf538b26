"""Garbage to every form and every address: a clear message in the reader's language, never a failure of the server."""

import io
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from html.parser import HTMLParser
from itertools import cycle, islice
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from lmsapp.core.locales import LANGUAGES
from lmsapp.upkeep import catalogues
from tests import cast
from tests.architecture.policy_table import OTHER_WORLD
from tests.architecture.test_routes import allowed
from tests.house import House, Worlds, address, rules
from tests.world import MIRROR

FORMS, ADDRESSES, EVENTS = 500, 1500, 500  # six times 500 forms: 5,000 inputs together
SEEDS = st.integers(0, 2**32 - 1)
RUN = {"deadline": None, "database": None, "derandomize": True, "suppress_health_check": list(HealthCheck)}
LEAVING = ("sign-out", "/profile/sessions")  # they end the sign-in of the one who tries
ENDING = (
    "/end",
    "/withdraw",
    "/reset",
    "/close",
    "/slips",
)  # they take away what the others need, so their turn comes last

DEVICES = {"exams.events", "exams.leave", "exams.bundle"}  # what a device sends, not a form
NOBODY = {"exams.judge_bundle"}  # the worlds hold no bundle; tried in tests/exams/test_bundles.py
USUAL = ("reason", "minutes", "code", "text", "note", "back", "answer", "state", "act", "who", "decision", "points")

# Where messages stand: the list above a form, the line beside a field, the page that says what went wrong.
SAID = re.compile(r'<div class="errors".*?</div>|<p class="error".*?</p>|<p class="plainly">.*?</p>', re.DOTALL)

WORDS = [
    "", " ", "\t\n\r", "0", "-1", "-0", "1e309", "NaN", "Infinity", "9" * 400, "1.5", "١٢٣", "۴۵۶", "१२", "½", "²", "0x10", "1_000",
    "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-13-01T25:61", "۱۴۰۵-۱۲-۳۰", "31.12.2026", "-2026-01-01",
    "2026-11-24T09:00:60", "0001-01-01T00:00", "' OR '1'='1", "\"; DROP TABLE person; --", "<script>alert(1)</script>", "{{ 7*7 }}",
    "%(name)s", "%s%n%d", "${7*7}", "../../../../etc/passwd", "..\\..\\windows", "file:///etc/passwd", "//evil.example", "javascript:alert(1)",
    "https://[::1", "a@b", "a@b@c.example", "ə" * 300 + "@example.org", "x" * 255, "x" * 70_000, "\u202e\u2066تهدید\u2069", "\u200c\u200d\u200b\ufeff",
    "مين", "ماین‌پاکی", "ნაღმი", "İıŞşĞğ", "👩‍🔧🧨", "\ud7ff\uffff\ufffe", "\x00", "a\x00b", "\x1b[31m", "e\u0301" * 200, "\u0000" * 10,
    "null", "None", "undefined", "true", "[]", "{}", "[[]]", "on", "1,2,3", "1;2", "=1+1", "@SUM(A1)", "+49 (0) 1", "en", "xx", "AZ",
]  # fmt: skip


@dataclass
class Shape:
    """A form as the page shows it."""

    member: str
    action: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)  # name, kind, value


class FormReader(HTMLParser):
    """Collects the forms that are posted."""

    def __init__(self, member: str, page: str) -> None:
        super().__init__()
        self.member, self.page = member, page
        self.found: list[Shape] = []
        self.open: Shape | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = (
                Shape(self.member, given.get("action") or self.page)
                if given.get("method", "").lower() == "post"
                else None
            )
            if self.open is not None:
                self.found.append(self.open)
        if self.open is None:
            return
        if tag in ("input", "textarea", "button") and given.get("name"):
            self.open.fields.append((given["name"], given.get("type", tag), unescape(given.get("value", ""))))
        if tag == "select":
            self.select = given.get("name", "")
        if tag == "option" and self.select:
            self.open.fields.append((self.select, "option", given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        if tag == "select":
            self.select = ""


@pytest.fixture(scope="module")
def shapes(worlds: Worlds, tmp_path_factory: pytest.TempPathFactory) -> list[Shape]:
    """Every form that some member of the cast is shown, once for each set of fields."""
    folder = tmp_path_factory.mktemp("forms") / "house"
    shutil.copytree(worlds.folder, folder)
    house = House(folder)
    found: dict[tuple[str, tuple[str, ...]], Shape] = {}
    for member in ("anonymous", *cast.PEOPLE):
        browser, _token = house.browser(member)
        for rule in rules(house.app):
            if "GET" not in rule.methods or member not in readers(rule):
                continue
            for which in worlds.things.values():
                path = address(rule, which)
                page = browser.get(path, buffered=True)
                if page.status_code != 200 or page.mimetype != "text/html":
                    continue
                reader = FormReader(member, path)
                reader.feed(page.get_data(as_text=True))
                for shape in reader.found:
                    if not shape.action.endswith(LEAVING):
                        names = tuple(sorted({name for name, _kind, _value in shape.fields}))
                        found.setdefault((urlsplit(shape.action).path, names), shape)
    known = reached(house, found.values())
    for rule in rules(house.app):  # forms that no page of the worlds shows just now
        if "POST" in rule.methods and rule.endpoint not in known | DEVICES | NOBODY | {"accounts.sign_out"}:
            member = min(allowed(rule.endpoint, "POST"))
            path = address(rule, worlds.things["own"])
            found[path, ()] = Shape(member, path)
    house.close()
    return list(found.values())


def readers(rule: Rule) -> set[str]:
    """Who may read a page in one world or the other; nobody else is shown a form."""
    may = allowed(rule.endpoint, "GET")
    return may | {MIRROR.get(key, key) for key in may} | OTHER_WORLD.get(rule.endpoint, set())


def reached(house: House, shapes: Iterable[Shape]) -> set[str]:
    """The routes these forms are sent to."""
    match = house.app.url_map.bind("127.0.0.1").match
    return {match(urlsplit(shape.action).path, method="POST")[0] for shape in shapes}


class Visitors:
    """One browser for each member; signed in again when something ended the sign-in."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.known: dict[str, tuple[FlaskClient, str]] = {}

    def __call__(self, member: str) -> tuple[FlaskClient, str]:
        if member not in self.known:
            self.known[member] = self.house.browser(member)
        return self.known[member]

    def forget(self, member: str) -> None:
        """The next request signs in anew."""
        self.known.pop(member, None)


@pytest.fixture
def visitors(house: House) -> Visitors:
    """Browsers of the cast."""
    house.app.config["PROPAGATE_EXCEPTIONS"] = False
    return Visitors(house)


def garbage(dice: random.Random) -> str:
    """A word from the list, two glued together, or random characters of the whole of Unicode."""
    kind = dice.random()
    if kind < 0.7:
        return dice.choice(WORDS)
    if kind < 0.85:
        return dice.choice(WORDS) + dice.choice(WORDS)
    return "".join(
        chr(dice.choice((dice.randrange(1, 0xD800), dice.randrange(0xE000, 0x110000), dice.randrange(32, 127))))
        for _ in range(dice.randrange(1, 60))
    )


def upload(dice: random.Random) -> tuple[io.BytesIO, str]:
    """A file nobody should have to read."""
    heads = (b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]>", b"a,b\n1,\x00", b"\xff\xfe")  # fmt: skip
    names = ("a.pdf", "", "..", "../../x.zip", "مين.csv", "x" * 300 + ".pdf", "a.pdf\x00.exe", "con.txt", "<b>.svg")
    return io.BytesIO(dice.choice(heads) + dice.randbytes(dice.choice((0, 10, 5000)))), dice.choice(names)


def spoilt(shape: Shape, dice: random.Random) -> MultiDict[str, object]:
    """What is sent for a form: some fields as shown, some garbage, some twice, some missing, some nobody asked for."""
    sent: MultiDict[str, object] = MultiDict()
    if not shape.fields and dice.random() < 0.7:
        sent.add(dice.choice(USUAL), garbage(dice))
    for name, kind, value in shape.fields:
        fate = dice.random()
        if kind == "file":
            sent.add(name, upload(dice))
        elif fate < 0.4:
            sent.add(name, garbage(dice))
        elif fate < 0.9:
            sent.add(name, value)
        if fate > 0.97:
            sent.add(name, garbage(dice))
    if dice.random() < 0.1:
        sent.add(garbage(dice)[:200], garbage(dice))
    return sent


def in_language(path: str, language: str) -> str:
    """The same address in another language."""
    first = path.split("/")[1]
    return "/".join(["", language, *path.split("/")[2:]]) if first in LANGUAGES else path


def answered(reply: TestResponse, path: str, language: str | None) -> str | None:
    """What is wrong with an answer; None when it is one a reader can use."""
    said = f"{reply.request.method} {path[:120]}: {reply.status_code}"
    if reply.status_code >= 500:
        return said
    if reply.mimetype == "text/html" and reply.status_code >= 400:
        page = reply.get_data(as_text=True)
        if language and f'<html lang="{LANGUAGES[language].tag}"' not in page:
            return f"{said} in another language than {language}"
        if "<h1" not in page and 'role="alert"' not in page:
            return f"{said} without a message"
        english = in_english(page) if language and language != "en" else ""
        if english:
            return f"{said} in {language} says “{english}”"
    return None


@cache
def sentences() -> frozenset[str]:
    """What the program says in English: whole sentences without values."""
    said = (message.id for message in catalogues.extracted() if isinstance(message.id, str))
    return frozenset(text for text in said if text.endswith(".") and " " in text and "%(" not in text)


def in_english(page: str) -> str:
    """The first English sentence of ours in the messages of a page, or nothing."""
    told = SAID.findall(page)
    plain = unescape(" ".join(re.sub(r"<[^>]*>", " ", "".join(one)) for one in told))
    return next((one for one in sentences() if one in plain), "")


@pytest.mark.parametrize("language", LANGUAGES)
def test_garbage_in_every_form(
    language: str, shapes: list[Shape], visitors: Visitors, capsys: pytest.CaptureFixture[str]
) -> None:
    gentle = [shape for shape in shapes if not shape.action.endswith(ENDING)]
    ending = [shape for shape in shapes if shape.action.endswith(ENDING)]
    turns = [*islice(cycle(gentle), FORMS - len(ending)), *ending]
    faults: dict[str, str] = {}
    statuses: Counter[int] = Counter()
    tried: Counter[str] = Counter()

    @settings(max_examples=FORMS, **RUN)
    @given(SEEDS)
    def send(seed: int) -> None:
        dice = random.Random(f"{seed} {language}")
        shape = turns[tried.total() % FORMS]
        path = in_language(shape.action, language)
        browser, token = visitors(shape.member)
        sent = spoilt(shape, dice)
        sent.setlist("csrf_token", [token])
        reply = browser.post(path, data=sent, buffered=True)
        statuses[reply.status_code] += 1
        tried[shape.action] += 1
        wrong = answered(reply, path, language)
        if wrong:
            faults.setdefault(wrong, f"{wrong} with {dict(sent.lists())!r:.600}")
        if reply.status_code in (302, 303, 400, 403):
            visitors.forget(shape.member)

    send()
    with capsys.disabled():
        print(
            f"\ngarbage ({language}): {sum(statuses.values())} forms sent to {len(tried)} addresses, answers {dict(sorted(statuses.items()))}"
        )
    assert not faults, "\n".join(faults.values())
    assert len(tried) == len({shape.action for shape in shapes})


def test_garbage_in_every_address(
    house: House, worlds: Worlds, visitors: Visitors, capsys: pytest.CaptureFixture[str]
) -> None:
    reading = [rule for rule in rules(house.app) if "GET" in rule.methods]
    members = ["anonymous", *cast.PEOPLE]
    faults: dict[str, str] = {}
    statuses: Counter[int] = Counter()

    @settings(max_examples=ADDRESSES, **RUN)
    @given(SEEDS)
    def ask(seed: int) -> None:
        dice = random.Random(seed)
        rule = dice.choice(reading)
        language = dice.choice(list(LANGUAGES))
        path = in_language(address(rule, dice.choice(list(worlds.things.values()))), language)
        parts = path.split("/")
        if dice.random() < 0.6 and len(parts) > 3:
            at = dice.randrange(3, len(parts))
            parts[at] = quote(garbage(dice)[:2000], safe="" if dice.random() < 0.8 else "/")
            path = "/".join(parts)
        names = (
            "q",
            "page",
            "sort",
            "language",
            "country",
            "course",
            "next",
            "number",
            "staff",
            "kind",
            "state",
            "of",
            "from",
            "year",
        )
        query = "&".join(f"{dice.choice(names)}={quote(garbage(dice)[:2000])}" for _ in range(dice.randrange(4)))
        if query:
            path += "?" + query
        browser, _token = visitors(dice.choice(members))
        headers = {"Accept-Language": garbage(dice), "Range": garbage(dice), "HX-Request": garbage(dice)}
        kept = {k: v for k, v in headers.items() if v.isascii() and v.isprintable() and dice.random() < 0.1}
        reply = browser.get(path, headers=kept, buffered=True)
        statuses[reply.status_code] += 1
        wrong = answered(reply, path, language if path.startswith(f"/{language}/") else None)
        if wrong:
            faults.setdefault(wrong, f"{wrong} {kept}")

    ask()
    with capsys.disabled():
        print(f"\ngarbage: {sum(statuses.values())} addresses asked, answers {dict(sorted(statuses.items()))}")
    assert not faults, "\n".join(faults.values())


def test_garbage_as_answers_of_an_exam(
    house: House, worlds: Worlds, visitors: Visitors, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = next(rule for rule in rules(house.app) if rule.endpoint == "exams.events")
    path = address(rule, worlds.things["own"])
    statuses: Counter[int] = Counter()
    faults: dict[str, str] = {}
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(WORDS))
    anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3), max_leaves=8)  # fmt: skip
    names = ("device", "events", "seq", "sequence", "number", "item", "answer", "given", "at", "kind", "elapsed")
    events = st.dictionaries(st.sampled_from(names), anything, max_size=8)
    bodies = st.one_of(
        anything, events, st.fixed_dictionaries({"device": scalars, "events": st.lists(events, max_size=3)})
    )

    @settings(max_examples=EVENTS, **RUN)
    @given(bodies)
    def send(body: object) -> None:
        browser, token = visitors("trainee")
        reply = browser.post(path, json=body, headers={"X-CSRFToken": token}, buffered=True)
        statuses[reply.status_code] += 1
        wrong = answered(reply, path, None)
        if wrong:
            faults.setdefault(wrong, f"{wrong} {body!r:.600}")

    send()
    with capsys.disabled():
        print(f"\ngarbage: {sum(statuses.values())} bodies of answers sent, answers {dict(sorted(statuses.items()))}")
    assert not faults, "\n".join(faults.values())
    assert statuses.keys() & {400, 422}


def test_every_route_that_takes_a_form_is_walked(house: House, shapes: list[Shape]) -> None:
    taking = {rule.endpoint for rule in rules(house.app) if "POST" in rule.methods}
    assert taking - reached(house, shapes) == DEVICES | NOBODY | {"accounts.sign_out"}
