"""Sessions live on the server: what ends them ends them at the next request, whatever the browser kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lmsapp.accounts.models import Membership, Organisation, Person, SignIn
from lmsapp.app import create_app
from lmsapp.cohorts.models import Enrolment
from lmsapp.core import clock
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.installation import Installation
from tests import cast
from tests.browsing import send, sign_in, text_of, token_of
from tests.house import House, Worlds, address, rules

Browser = Callable[[str], FlaskClient]


def inside(browser: FlaskClient, path: str = "/en/profile") -> bool:
    """Whether this browser is still signed in."""
    return browser.get(path).status_code == 200


def copied(app: Flask, browser: FlaskClient) -> FlaskClient:
    """Another browser with the same cookie, as a thief or a second window has it."""
    cookie = browser.get_cookie("session")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("session", cookie.value)
    return thief


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """The training manager's browser, signed in through the form."""
    made = app.test_client()
    assert sign_in(made, "manager@example.org", cast.PASSWORD) == 303
    return made


def test_a_session_fixed_before_sign_in_is_worth_nothing_after_it(app: Flask) -> None:
    victim = app.test_client()
    text_of(victim, "/en/sign-in")
    thief = copied(app, victim)
    token = token_of(text_of(thief, "/en/sign-in"))
    assert sign_in(victim, "manager@example.org", cast.PASSWORD) == 303
    assert not inside(thief)
    assert victim.post("/en/sign-out", data={"csrf_token": token}).status_code == 400
    assert inside(victim)


def test_sign_out_ends_a_copied_cookie(app: Flask, browser: FlaskClient) -> None:
    thief = copied(app, browser)
    assert inside(thief)
    assert send(browser, "/en/sign-out", "/en/profile").status_code == 303
    assert not inside(thief)


def test_another_password_ends_every_other_session(app: Flask, browser: FlaskClient) -> None:
    other = app.test_client()
    assert sign_in(other, "manager@example.org", cast.PASSWORD) == 303
    new = "another four quiet words"
    assert send(browser, "/en/choose-secret", new=new, again=new).status_code == 303
    assert inside(browser)
    assert not inside(other)
    assert sign_in(app.test_client(), "manager@example.org", cast.PASSWORD) == 422
    assert sign_in(app.test_client(), "manager@example.org", new) == 303


def test_ending_all_others_leaves_this_one(app: Flask, browser: FlaskClient) -> None:
    other = app.test_client()
    assert sign_in(other, "manager@example.org", cast.PASSWORD) == 303
    assert send(browser, "/en/profile/end-sessions", "/en/profile").status_code == 303
    assert (inside(browser), inside(other)) == (True, False)


def test_a_device_left_open_can_not_change_the_password(browser: FlaskClient) -> None:
    with clock.held(clock.now()):
        clock.forward(timedelta(minutes=20))
        reply = browser.get("/en/choose-secret")
    assert reply.status_code == 303
    assert "fresh=1" in reply.headers["Location"]


def test_idle_and_absolute_limits(browser: FlaskClient, chosen: Settings) -> None:
    with clock.held(clock.now()):
        for _ in range(3):  # used again and again, it lives on
            clock.forward(timedelta(hours=chosen.session_idle_hours - 1))
            assert inside(browser)
        clock.forward(timedelta(hours=chosen.session_idle_hours + 1))
        assert not inside(browser)


def test_the_absolute_limit_ends_even_a_busy_session(browser: FlaskClient, chosen: Settings) -> None:
    with clock.held(clock.now()):
        steps = 0
        while inside(browser):
            clock.forward(timedelta(hours=6))
            steps += 1
            assert steps < 100
    assert steps * 6 >= chosen.session_days * 24 > (steps - 1) * 6


# ---------- rights withdrawn between two requests (checklist 8) ----------


def change(opened: Installation, model: type, of: str, **values: object) -> None:
    """Changes the rows of one of the cast, as somebody else's act would."""
    with transaction(opened.sessions) as session:
        person_id = cast.members(session)[of].person_id
        column = model.id if model is Person else model.person_id  # type: ignore[attr-defined]
        session.execute(update(model).where(column == person_id).values(**values))


ENDED = {
    "role withdrawn": (Membership, {"until": clock.now() - timedelta(seconds=1)}),
    "account closed": (Person, {"active": False}),
    "session ended": (SignIn, {"ended_at": clock.now()}),
}


@pytest.mark.parametrize("what", ENDED)
@pytest.mark.parametrize(("key", "path"), [("instructor", "/en/cohorts"), ("manager", "/en/certificates"), ("administrator", "/en/log"), ("partner", "/en/people")])  # fmt: skip
def test_what_was_withdrawn_stops_at_the_next_request(
    signed_in: Browser, opened: Installation, what: str, key: str, path: str
) -> None:
    browser = signed_in(key)
    assert inside(browser, path)
    model, values = ENDED[what]
    change(opened, model, key, **values)
    assert not inside(browser, path)


def test_a_suspended_organisation_stops_its_officers(signed_in: Browser, opened: Installation) -> None:
    partner, other = signed_in("partner"), signed_in("other_partner")
    with transaction(opened.sessions) as session:
        session.execute(update(Organisation).where(Organisation.code == "ge").values(active=False))
    assert (inside(partner, "/en/people"), inside(other, "/en/people")) == (False, True)


def test_who_left_a_cohort_reads_its_lessons_no_more_and_sits_no_exam(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("trainee")
    mine = worlds.things["own"]
    paths = {rule.endpoint: address(rule, mine) for rule in rules(house.app) if rule.endpoint in ("cohorts.learn", "cohorts.lesson", "exams.begin")}  # fmt: skip
    assert all(browser.get(path).status_code < 304 for path in paths.values())
    with transaction(house.opened.sessions) as session:
        session.execute(update(Enrolment).where(Enrolment.id == mine["enrolment_id"]).values(state="withdrawn"))
    assert {browser.get(path).status_code for path in paths.values()} <= {403, 404}


# ---------- an exam is never cut by the idle limit (checklist 14) ----------


@pytest.fixture
def strict_house(house: House) -> House:
    """An installation whose sessions idle out after an hour."""
    house.app.extensions["settings"] = replace(house.settings, session_idle_hours=1)
    return house


def test_answers_keep_the_session_of_an_exam_alive(strict_house: House, worlds: Worlds) -> None:
    browser, token = strict_house.browser("trainee")
    events = next(
        address(rule, worlds.things["own"]) for rule in rules(strict_house.app) if rule.endpoint == "exams.events"
    )
    with clock.held(clock.now()):
        for _ in range(4):  # three hours of answers from one page, which is never reloaded
            clock.forward(timedelta(minutes=45))
            reply = browser.post(events, json={"device": "device-1", "events": []}, headers={"X-CSRFToken": token})
            assert reply.status_code == 200
        assert inside(browser)


# ---------- cookies (checklist 15) ----------


def test_cookies_are_closed_to_scripts_and_bound_to_the_host_where_the_site_has_https(
    chosen: Settings, app: Flask
) -> None:
    plain = app.test_client().get("/en/sign-in").headers.getlist("Set-Cookie")
    assert [one for one in plain if one.startswith("session=") and "Secure" not in one]
    secure = create_app(replace(chosen, base_url="https://nmc.example"))
    cookies = secure.test_client().get("/en/sign-in", base_url="https://nmc.example").headers.getlist("Set-Cookie")
    [session] = [one for one in cookies if one.startswith("__Host-session=")]
    assert "Path=/" in session and "Domain" not in session
    assert all("Secure" in one and "HttpOnly" in one and "SameSite=Lax" in one for one in cookies)
    with secure.app_context():
        secure.extensions["sqlalchemy"].engine.dispose()


def test_the_row_of_a_session_keeps_no_ticket(browser: FlaskClient, opened: Installation) -> None:
    cookie = browser.get_cookie("session")
    with Session(opened.engine) as session:
        kept = session.scalars(select(SignIn.ticket_hash)).all()
    assert cookie is not None
    assert not [one for one in kept if one in cookie.value]
