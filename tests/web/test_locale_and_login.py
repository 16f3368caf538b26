"""The language in the address, sessions, forms and errors, as a visitor meets them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lmsapp.core import clock
from lmsapp.core.locales import LANGUAGES
from lmsapp.web import limits
from lmsapp.web.login import local_path
from tests import cast
from tests.browsing import sign_in, text_of, token_of
from tests.house import House, Worlds


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_every_language_has_its_direction_and_tag(client: FlaskClient, code: str) -> None:
    page = client.get(f"/{code}/").get_data(as_text=True)
    assert f'<html lang="{LANGUAGES[code].tag}" dir="{LANGUAGES[code].direction}"' in page


@pytest.mark.parametrize(("code", "separated"), [("prs", "؛ "), ("ps", "؛ "), ("ka", " · "), ("en", " · ")])
def test_no_dot_stands_where_it_would_be_read_as_a_nought(house: House, code: str, separated: str) -> None:
    page = text_of(house.app.test_client(), f"/{code}/materials")
    assert separated in page
    assert " · " not in page or separated == " · "


@pytest.mark.parametrize(("code", "opens"), [("prs", "۹:۰۰"), ("ka", "9:00")])
def test_fields_are_filled_in_the_reader_s_digits(house: House, worlds: Worlds, code: str, opens: str) -> None:
    browser, _token = house.browser("manager")
    cohort = str(worlds.things["own"]["code"]).lower()
    assert f'value="{opens}"' in text_of(browser, f"/{code}/cohorts/{cohort}/exams")


def test_an_address_without_a_language_leads_on(client: FlaskClient) -> None:
    reply = client.get("/courses?q=a", headers={"Accept-Language": "prs-AF"})
    assert (reply.status_code, reply.headers["Location"]) == (302, "/prs/courses?q=a")
    assert client.get("/nowhere").status_code == 404
    assert client.get("/de/courses").status_code == 404


def test_switching_the_language_stays_on_the_page(client: FlaskClient) -> None:
    page = client.get("/en/courses?q=mine").get_data(as_text=True)
    assert 'href="/ka/courses?q=mine"' in page


def test_number_and_pin_or_address_and_password_open_the_same_door(
    app: Flask, signed_in: Callable[[str], FlaskClient]
) -> None:
    browser = app.test_client()
    assert sign_in(browser, "trainee@example.org", cast.PIN) == 303
    assert b"Sign out" in browser.get("/en/").data
    assert sign_in(app.test_client(), "manager@example.org", cast.PASSWORD) == 303


@pytest.mark.parametrize("typed", ["۰۴۸۲۱۰۰۸", "0482 1008", "04821008"])
def test_a_number_may_be_typed_in_any_digits(app: Flask, typed: str) -> None:
    assert sign_in(app.test_client(), typed, cast.PIN) == 303


def test_known_and_unknown_accounts_can_not_be_told_apart(app: Flask) -> None:
    pages = []
    for login in ("manager@example.org", "nobody@example.org"):
        browser = app.test_client()
        page = browser.get("/en/sign-in").get_data(as_text=True)
        reply = browser.post(
            "/en/sign-in", data={"csrf_token": token_of(page), "login": login, "secret": "wrong wrong wrong"}
        )
        text = reply.get_data(as_text=True).replace(login, "")
        pages.append((reply.status_code, text.replace(token_of(text), "")))
    assert pages[0] == pages[1]


def test_guessing_is_slowed_and_who_is_signed_in_goes_on(app: Flask, signed_in: Callable[[str], FlaskClient]) -> None:
    working = signed_in("trainee")
    statuses = [sign_in(app.test_client(), "trainee@example.org", f"{n:06d}") for n in range(12)]
    assert statuses[0] == 422
    assert statuses[-1] == 429
    assert sign_in(app.test_client(), "trainee@example.org", cast.PIN) == 429
    assert working.get("/en/profile").status_code == 200


def test_signing_in_gives_a_new_token_and_the_old_ticket_dies_with_sign_out(app: Flask) -> None:
    browser = app.test_client()
    before = token_of(browser.get("/en/sign-in").get_data(as_text=True))
    assert sign_in(browser, "manager@example.org", cast.PASSWORD) == 303
    copied = browser.get_cookie("session")
    assert copied is not None
    assert browser.post("/en/sign-out", data={"csrf_token": before}).status_code == 400
    page = browser.get("/en/profile").get_data(as_text=True)
    assert browser.post("/en/sign-out", data={"csrf_token": token_of(page)}).status_code == 303
    thief = app.test_client()
    thief.set_cookie("session", copied.value)
    assert thief.get("/en/profile").status_code == 303


def test_a_closed_account_ends_at_the_next_request(app: Flask, signed_in: Callable[[str], FlaskClient]) -> None:
    victim, administrator = signed_in("instructor"), signed_in("administrator")
    number = victim.get("/en/profile").get_data(as_text=True).split('class="code">')[1].split("<")[0].replace(" ", "")
    page = administrator.get(f"/en/people/{number}").get_data(as_text=True)
    assert administrator.post(f"/en/people/{number}/account", data={"csrf_token": token_of(page)}).status_code == 303
    assert victim.get("/en/profile").status_code == 303


def test_a_stale_sign_in_is_asked_again_before_awarding(signed_in: Callable[[str], FlaskClient]) -> None:
    manager = signed_in("manager")
    with clock.held(clock.now()):
        clock.forward(timedelta(hours=2))
        reply = manager.get("/en/certificates/NMC-2026-AC-00001-3/state")
        assert reply.status_code == 303
        assert "fresh=1" in reply.headers["Location"]
        door = manager.get(reply.headers["Location"]).get_data(as_text=True)
    assert "Sign in once more" in door
    assert "E-mail address" in door
    assert "slip-paper" not in door


HOSTILE = [
    "//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example/en/", "javascript:alert(1)", "/\tevil", "/\nevil", "\\\\evil",
    "/%5cevil.example", "///evil.example", "http:///evil.example", " /en/", "/en/\x00", "//evil.example/..", "https://localhost@evil.example/", "evil.example",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_no_address_leads_away_after_sign_in(app: Flask, address: str) -> None:
    with app.test_request_context("/en/sign-in"):
        assert local_path(address) is None


def test_a_path_of_this_site_is_kept(app: Flask) -> None:
    with app.test_request_context("/en/sign-in"):
        assert local_path("/en/cohorts?x=1#y") == "/en/cohorts?x=1"
        assert local_path("http://localhost/en/") == "/en/"


def test_an_unknown_field_is_refused_not_ignored(signed_in: Callable[[str], FlaskClient]) -> None:
    browser = signed_in("instructor")
    page = browser.get("/en/profile").get_data(as_text=True)
    data = {"csrf_token": token_of(page), "language": "az", "time_zone": "", "calendar": "", "phone": ""}
    assert browser.post("/en/profile", data={**data, "role": "administrator"}).status_code == 400
    assert browser.post("/en/profile", data=data).status_code == 303


def test_error_pages_speak_the_reader_s_language_and_keep_their_status(client: FlaskClient) -> None:
    assert client.get("/en/nowhere").status_code == 404
    assert client.get("/en/courses/nothing").status_code == 404
    assert client.post("/en/courses").status_code == 405
    assert client.get("/en/people").headers["Location"] == "/en/sign-in?next=/en/people"


def test_looking_codes_up_is_slowed(app: Flask) -> None:
    limits.limiter.enabled = True
    limits.limiter.reset()
    browser = app.test_client()
    statuses = {browser.get("/en/verify").status_code for _ in range(40)}
    limits.limiter.enabled = False
    assert statuses == {200, 429}


def test_cookies_are_closed_to_scripts(client: FlaskClient) -> None:
    cookies = client.get("/en/sign-in").headers.getlist("Set-Cookie")
    assert cookies
    assert all("HttpOnly" in c and "SameSite=Lax" in c for c in cookies)


def test_a_room_of_two_hundred_signs_in_from_one_address_and_a_flood_does_not(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lmsapp.web.limits.clock.monotonic", lambda: 0.0)
    browser = app.test_client()
    empty = {"csrf_token": token_of(browser.get("/en/sign-in").get_data(as_text=True))}
    limits.limiter.enabled = True
    limits.limiter.reset()
    statuses = [browser.post("/en/sign-in", data=empty).status_code for _ in range(601)]
    limits.limiter.enabled = False
    assert set(statuses[:200]) == {422}
    assert statuses[-1] == 429
