"""Every route, every method, everybody of the cast, on one's own, another's and a missing object."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from lmsapp import installation
from lmsapp.accounts.models import SignIn
from lmsapp.app import create_app
from lmsapp.core import clock, settings
from lmsapp.core.access import public
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.web import limits
from lmsapp.web.login import TICKET, ticket_hash
from lmsapp.web.pages import UndeclaredRoute, check_declared
from tests import cast, world
from tests.architecture.policy_table import OTHER_WORLD, PUBLIC, SIGNED_IN, TABLE, WITHOUT_OWNER

MISSING = {
    "number": "04820005", "membership_id": 987654, "code": "nothing-2026-01", "enrolment_id": 987654, "sitting_id": 987654,
    "attempt": "ZZZZZZZZZZ", "released": "ZZZZZZZZZZ", "serial": "NMC-2026-AC-99999-X", "job_id": 987654,
    "slug": "nothing",
}  # fmt: skip
BY_ATTEMPT = {"question", "events", "review", "hand_in", "receipt", "extend"}


@pytest.fixture(scope="module")
def built(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, object]]]:
    """A data folder with both worlds, made once."""
    folder = tmp_path_factory.mktemp("worlds")
    shutil.copy(template, folder / "lmsapp.sqlite")
    chosen = settings.load(folder, {}, allow_drafts=True)
    opened = installation.opened(chosen)
    with transaction(opened.sessions) as session:
        things = world.build(session, chosen)
    opened.engine.dispose()
    return folder, things


class House:
    """An application on its own copy of both worlds."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = settings.load(folder, {}, allow_drafts=True)
        self.opened = installation.opened(self.settings)
        self.app: Flask = create_app(self.settings)
        limits.limiter.enabled = False

    def browser(self, key: str) -> tuple[FlaskClient, str]:
        """A signed-in browser with its form token."""
        browser = self.app.test_client()
        if key != "anonymous":
            ticket, now = uuid.uuid4().hex, clock.now()
            with transaction(self.opened.sessions) as session:
                session.add(
                    SignIn(
                        ticket_hash=ticket_hash(ticket), person_id=cast.members(session)[key].person_id, begun_at=now,
                        fresh_at=now, seen_at=now, ends_at=now + timedelta(days=1),
                    )
                )  # fmt: skip
            with browser.session_transaction() as kept:
                kept[TICKET] = ticket
        page = browser.get("/en/verify").get_data(as_text=True)
        return browser, page.split('name="csrf_token" value="')[1].split('"')[0]

    def close(self) -> None:
        """Lets go of the files."""
        with self.app.app_context():
            if "writer" in self.app.extensions:
                self.app.extensions["writer"].stop()
            self.app.extensions["sqlalchemy"].engine.dispose()
        self.opened.engine.dispose()


@pytest.fixture
def house(built: tuple[Path, dict[str, dict[str, object]]], tmp_path: Path) -> Iterator[House]:
    """A fresh copy for one test."""
    folder = tmp_path / "house"
    shutil.copytree(built[0], folder)
    made = House(folder)
    yield made
    made.close()


def address(rule: Rule, things: dict[str, object]) -> str:
    """The rule's address for one world's things."""
    name = rule.endpoint.split(".")[1] if "." in rule.endpoint else rule.endpoint
    area = rule.endpoint.split(".")[0]
    values: dict[str, object] = {
        "language": "en", "module": "1-first", "lesson": "1-signs", "token": "no-such-letter", "filename": "app.css", "number": things["number"],
    }  # fmt: skip
    if area == "exams":
        values |= {"number": 1, "code": things["attempt"] if name in BY_ATTEMPT else things["code"]}
        values["code"] = things["released"] if name == "result" else values["code"]
        values["code"] = "tst-100" if name == "bank" else values["code"]
    elif area == "engagements":
        values["country"] = "ge"
    elif area in ("materials", "printed"):
        values |= {"number": 1, "code": "en", "purpose": "screen", "page": 1, "name": things["slug"]}
    elif area == "catalogue":
        values["code"] = "tst-100"
    else:
        values["code"] = str(things["code"]).lower()
    values |= {k: things[k] for k in ("membership_id", "enrolment_id", "sitting_id", "serial", "job_id", "slug")}
    path = rule.rule
    for argument in rule.arguments:
        for converter in ("language:", "int:", "path:", "any(press, screen):", ""):
            path = path.replace(f"<{converter}{argument}>", str(values[argument]))
    return path


def refused(reply: TestResponse) -> bool:
    """Whether the visitor was turned away: to the sign-in page, 403 or 404."""
    to_sign_in = (
        reply.status_code == 303 and "/sign-in" in reply.headers["Location"] and "next=" in reply.headers["Location"]
    )
    return to_sign_in or reply.status_code in (403, 404)


def allowed(endpoint: str, method: str) -> set[str]:
    """Who may, by the table."""
    everybody = {"anonymous", *cast.PEOPLE}
    if endpoint in PUBLIC:
        return everybody
    if endpoint in SIGNED_IN:
        return everybody - {"anonymous"}
    found = TABLE.get(f"{endpoint} {method}", TABLE.get(endpoint))
    assert found is not None, f"{endpoint} is not in the policy table"
    return found


def ask(browser: FlaskClient, token: str, method: str, path: str) -> TestResponse:
    """One request; POST carries the right form token and nothing else."""
    if method == "GET":
        return browser.get(path, buffered=True)
    if path.endswith("/events"):
        return browser.post(path, json={"device": "device-1", "events": []}, headers={"X-CSRFToken": token})
    return browser.post(path, data={"csrf_token": token})


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def test_everybody_gets_exactly_what_the_policy_table_says(
    house: House, built: tuple[Path, dict[str, dict[str, object]]], capsys: pytest.CaptureFixture[str]
) -> None:
    things = {**built[1], "missing": MISSING}
    browsers = {key: house.browser(key) for key in ("anonymous", *cast.PEOPLE)}
    cells, surprises = 0, []
    reading = [(rule, "GET") for rule in rules(house.app) if "GET" in rule.methods]
    writing = [(rule, "POST") for rule in rules(house.app) if "POST" in rule.methods]
    writing.sort(key=lambda pair: (pair[0].endpoint.startswith("accounts"), pair[0].endpoint == "accounts.end_role"))
    for rule, method in [*reading, *writing]:
        if rule.endpoint == "accounts.sign_out":
            continue
        for which in ("missing", "other", "own") if rule.arguments - {"language"} else ("own",):
            may = allowed(rule.endpoint, method)
            if which == "other" and rule.endpoint not in PUBLIC | SIGNED_IN | WITHOUT_OWNER:
                may = {world.MIRROR.get(key, key) for key in may} - {"assessor"} | OTHER_WORLD.get(rule.endpoint, set())
            path = address(rule, things[which])
            for key in sorted(browsers, key=lambda k: (k in may, k == "administrator")):
                cells += 1
                if method == "POST" and key in may:
                    browsers[key] = house.browser(key)
                reply = ask(*browsers[key], method, path)
                expected = key not in may or (which == "missing" and rule.endpoint not in PUBLIC | WITHOUT_OWNER)
                if rule.endpoint in PUBLIC and rule.arguments - {"language"}:
                    continue
                if refused(reply) != expected or reply.status_code >= 500:
                    surprises.append(f"{method} {rule.endpoint} {which} as {key}: {reply.status_code}")
    with capsys.disabled():
        print(f"\nmatrix: {len(reading) + len(writing)} routes x methods, {cells} cells, {len(surprises)} surprises")
    assert not surprises, "\n".join(surprises)


def test_what_is_not_hers_looks_like_what_does_not_exist(
    house: House, built: tuple[Path, dict[str, dict[str, object]]]
) -> None:
    browser, _token = house.browser("instructor")
    for rule in rules(house.app):
        if rule.endpoint in ("cohorts.cohort", "exams.room", "certificates.award", "exams.result"):
            others = browser.get(address(rule, built[1]["other"]))
            missing = browser.get(address(rule, MISSING))
            assert others.status_code == missing.status_code == 404
            assert _plain(others) == _plain(missing)


def _plain(reply: TestResponse) -> str:
    text = reply.get_data(as_text=True)
    for mark in ('name="csrf_token" value="', 'href="/'):
        text = "".join(part.split('"', 1)[-1] if at else part for at, part in enumerate(text.split(mark)))
    return text


def test_no_form_is_taken_without_its_token(house: House, built: tuple[Path, dict[str, dict[str, object]]]) -> None:
    browser, _token = house.browser("manager")
    _other, others_token = house.browser("instructor")
    tried = 0
    for rule in rules(house.app):
        if "POST" in rule.methods:
            for data in ({}, {"csrf_token": others_token}, {"csrf_token": "made up"}):
                tried += 1
                assert browser.post(address(rule, built[1]["own"]), data=data).status_code == 400, rule.endpoint
    assert tried > 60


def test_a_route_without_a_policy_stops_the_application(app: Flask) -> None:
    app._got_first_request = False
    app.add_url_rule("/en/forgotten", "forgotten", lambda: "open to all")
    with pytest.raises(UndeclaredRoute, match="forgotten"):
        check_declared(app)


def test_a_policy_that_fails_shows_nothing(app: Flask) -> None:
    def broken(_actor: object, _thing: object = None) -> object:
        raise RuntimeError("the policy is broken")

    app.extensions["policies"]["home.help_page"] = broken
    assert app.test_client().get("/en/help").status_code == 500
    app.extensions["policies"]["home.help_page"] = public
    assert app.test_client().get("/en/help").status_code == 200


def test_every_reply_carries_the_protecting_headers(
    house: House, built: tuple[Path, dict[str, dict[str, object]]]
) -> None:
    browser, _token = house.browser("manager")
    for rule in rules(house.app):
        if "GET" in rule.methods:
            headers = browser.get(address(rule, built[1]["own"]), buffered=True).headers
            policy = headers["Content-Security-Policy"]
            assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy, rule.endpoint
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"


def test_signed_in_pages_are_not_kept_by_caches(house: House) -> None:
    browser, _token = house.browser("manager")
    assert browser.get("/en/people").headers["Cache-Control"] == "no-store"
