"""What people write never runs in anybody's browser, and what belongs to one organisation is never shown to another."""

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts.models import OrganisationName, Person
from lmsapp.accounts.registering import refresh_keys
from lmsapp.cohorts.models import Cohort, HoursEntry
from lmsapp.core.sessions import transaction
from tests import cast
from tests.house import MISSING, House, Worlds, address, rules

SCRIPTS = (
    "<script>planted()</script>", "\"><img src=x onerror=planted()>", "'><svg/onload=planted()>", "</title><script>planted()</script>", "javascript:planted()",
    "<a href='javascript:planted()'>x</a>", "{{ planted() }}", "${planted()}", "<iframe srcdoc='<script>planted()</script>'>", "<style>@import 'planted'</style>",
    "\u2028<script>planted()</script>", "<scr\x00ipt>planted()</script>", "&lt;script&gt;planted()&lt;/script&gt;", "' onmouseover='planted()", "<math><mi xlink:href='javascript:planted()'>",
)  # fmt: skip


class Suspicious(HTMLParser):
    """Collects what would run: scripts without the reply's nonce, attributes that run, addresses that run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and "nonce" not in given and "src" not in given:
            self.found.append("script")
        if tag in ("iframe", "object", "embed", "base", "style") or (tag == "meta" and "http-equiv" in given):
            self.found.append(tag)
        self.found += [name for name in given if name.startswith("on") or name == "srcdoc"]
        self.found += [
            value for value in given.values() if value.strip().lower().startswith(("javascript:", "vbscript:"))
        ]


def pages(house: House, key: str, worlds: Worlds) -> Iterator[tuple[str, str]]:
    """Every page somebody can open, with its address: on either world's things and on missing ones."""
    browser, _token = house.browser(key)
    for rule in rules(house.app):
        if "GET" in rule.methods and rule.endpoint != "certificates.offline":  # a file of its own, to be kept
            for things in (*worlds.things.values(), MISSING):
                path = address(rule, things)
                reply = browser.get(path, buffered=True)
                if reply.mimetype in ("text/html", "application/json", "text/plain"):
                    yield path, reply.get_data(as_text=True)
    for path in (
        "/en/people?q=planted",
        "/en/certificates?q=planted",
        "/en/courses?q=planted",
        "/en/materials?q=planted",
    ):
        yield path, browser.get(path).get_data(as_text=True)


def write_everywhere(session: Session, worlds: Worlds, words: str) -> None:
    """The same words in every field people write."""
    for person in session.scalars(select(Person)):
        person.name = person.latin_name = person.father_name = words
        person.phone = words[:40]
        refresh_keys(person)
    for cohort in session.scalars(select(Cohort)):
        cohort.place = words
    for name in session.scalars(select(OrganisationName)):
        name.name = words
    for entry in session.scalars(select(HoursEntry)):
        entry.reason = words


@pytest.mark.parametrize("key", ["trainee", "instructor", "manager", "administrator", "partner"])
def test_nothing_people_write_runs(key: str, house: House, worlds: Worlds) -> None:
    wrong, read = [], 0
    with transaction(house.opened.sessions) as session:
        write_everywhere(session, worlds, " ".join(SCRIPTS).replace("\x00", ""))
    for path, page in pages(house, key, worlds):
        reader = Suspicious()
        reader.feed(page)
        read += "planted" in page
        wrong += [f"{path}: {what[:60]}" for what in reader.found]
    assert not wrong, "\n".join(wrong[:20])
    assert read > 5


MARK = "Qzxmark"  # stands in every field of the second world and nowhere else


@pytest.mark.parametrize("key", ["partner", "trainee", "instructor"])
def test_no_word_of_another_organisation_is_shown(key: str, house: House, worlds: Worlds) -> None:
    """The second world's people, cohort and agency bear a mark; the first world's people never see it, nor count it."""
    others = worlds.things["other"]
    with transaction(house.opened.sessions) as session:
        for one in ("another_trainee", "other_partner", "other_administrator"):
            person = session.get_one(Person, cast.members(session)[one].person_id)
            person.name = person.latin_name = person.father_name = f"{MARK} {one}"
            refresh_keys(person)
        session.scalars(select(Cohort).where(Cohort.code == others["code"])).one().place = MARK
        agency = cast.organisation(session, "af")
        if key == "partner":  # the centre's instructors choose among all agencies when they start a cohort
            agency.names[0].name = f"{MARK} agency"
    seen = [path for path, page in pages(house, key, worlds) if MARK in page.replace("q=Qzxmark", "")]
    browser, _token = house.browser(key)
    seen += [
        path
        for path in ("/en/people", "/en/certificates", "/en/cohorts")
        if f">{MARK}" in browser.get(f"{path}?q={MARK}").get_data(as_text=True)
    ]
    assert not seen
    manager = [path for path, page in pages(house, "manager", worlds) if MARK in page]
    assert len(manager) > 3, "the marks must stand where they may be seen"
