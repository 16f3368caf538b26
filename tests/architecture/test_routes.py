"""Every route, every method, everybody of the cast, on one's own, another's and a missing object."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lmsapp.core.access import public
from lmsapp.web.pages import UndeclaredRoute, check_declared
from tests import cast, world
from tests.architecture.policy_table import OTHER_WORLD, PUBLIC, SIGNED_IN, TABLE, WITHOUT_OWNER
from tests.house import MISSING, House, Worlds, address, rules


def refused(reply: TestResponse) -> bool:
    """Whether the visitor was turned away: to the sign-in page, 401 where a device asks, 403 or 404."""
    to_sign_in = (
        reply.status_code == 303 and "/sign-in" in reply.headers["Location"] and "next=" in reply.headers["Location"]
    )
    return to_sign_in or reply.status_code in (401, 403, 404)


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


def _how_late(endpoint: str) -> tuple[bool, bool, bool]:
    """Acts that close accounts and end roles come when all others were tried."""
    return endpoint.startswith("accounts"), endpoint not in SIGNED_IN, endpoint == "accounts.end_role"


def test_everybody_gets_exactly_what_the_policy_table_says(
    house: House, worlds: Worlds, capsys: pytest.CaptureFixture[str]
) -> None:
    things = {**worlds.things, "missing": MISSING}
    browsers = {key: house.browser(key) for key in ("anonymous", *cast.PEOPLE)}
    cells, surprises = 0, []
    reading = [(rule, "GET") for rule in rules(house.app) if "GET" in rule.methods]
    writing = [(rule, "POST") for rule in rules(house.app) if "POST" in rule.methods]
    writing.sort(key=lambda pair: _how_late(pair[0].endpoint))
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


def test_what_is_not_hers_looks_like_what_does_not_exist(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("instructor")
    for rule in rules(house.app):
        if rule.endpoint in ("cohorts.cohort", "exams.room", "certificates.award", "exams.result"):
            others = browser.get(address(rule, worlds.things["other"]))
            missing = browser.get(address(rule, MISSING))
            assert others.status_code == missing.status_code == 404
            assert _plain(others) == _plain(missing)


def _plain(reply: TestResponse) -> str:
    text = reply.get_data(as_text=True)
    for mark in ('name="csrf_token" value="', 'href="/'):
        text = "".join(part.split('"', 1)[-1] if at else part for at, part in enumerate(text.split(mark)))
    return text


def test_no_form_is_taken_without_its_token(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("manager")
    _other, others_token = house.browser("instructor")
    tried = 0
    for rule in rules(house.app):
        if "POST" in rule.methods:
            for data in ({}, {"csrf_token": others_token}, {"csrf_token": "made up"}):
                tried += 1
                assert browser.post(address(rule, worlds.things["own"]), data=data).status_code == 400, rule.endpoint
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


def test_every_reply_carries_the_protecting_headers(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("manager")
    for rule in rules(house.app):
        if "GET" in rule.methods:
            headers = browser.get(address(rule, worlds.things["own"]), buffered=True).headers
            policy = headers["Content-Security-Policy"]
            assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy, rule.endpoint
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"


def test_signed_in_pages_are_not_kept_by_caches(house: House) -> None:
    browser, _token = house.browser("manager")
    assert browser.get("/en/people").headers["Cache-Control"] == "no-store"
