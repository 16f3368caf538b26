"""First pages: what each reader is told to do next; pages about the site; what machines ask."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from lmsapp.cohorts.models import Enrolment
from lmsapp.core import clock
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.sessions import transaction
from lmsapp.exams.models import Sitting
from tests.browsing import text_of
from tests.house import House, Worlds


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("page", ["", "help", "privacy", "accessibility", "about"])
def test_pages_about_the_site_speak_every_language(client: FlaskClient, code: str, page: str) -> None:
    text = text_of(client, f"/{code}/{page}")
    assert f'lang="{LANGUAGES[code].tag}"' in text
    assert "%(" not in text


def test_a_trainee_is_led_to_her_next_lesson_and_her_open_exam(house: House, worlds: Worlds) -> None:
    things = worlds.things["own"]
    browser, _token = house.browser("trainee")
    page = text_of(browser, "/en/")
    assert f"/en/learn/{str(things['code']).lower()}/1-first/1-signs" in page
    assert f"/exams/{things['attempt']}" in page or f"/exams/begin/{things['sitting_id']}" in page
    assert str(things["serial"]) in page or "/en/certificates/mine" in page


def test_an_exam_is_called_what_it_is(house: House, worlds: Worlds) -> None:
    number = worlds.things["own"]["sitting_id"]
    with transaction(house.opened.sessions) as session:
        session.get_one(Sitting, number).exam.code = "pre-test"
    browser, _token = house.browser("trainee")
    assert "<h1>Pre-test</h1>" in text_of(browser, f"/en/exams/begin/{number}")
    assert "Pre-test: open now" in text_of(browser, "/en/")


def test_a_trainee_without_a_cohort_is_told_what_to_do(house: House, worlds: Worlds) -> None:
    with transaction(house.opened.sessions) as session:
        session.get_one(Enrolment, worlds.things["own"]["enrolment_id"]).state = "withdrawn"
    browser, _token = house.browser("trainee")
    page = text_of(browser, "/en/")
    assert str(worlds.things["own"]["code"]).lower() not in page
    assert "/en/courses" in page


def test_staff_see_their_cohorts_and_what_waits_in_them(house: House, worlds: Worlds) -> None:
    mine, others = (str(worlds.things[one]["code"]).lower() for one in ("own", "other"))
    browser, _token = house.browser("instructor")
    page = text_of(browser, "/en/")
    assert mine in page
    assert others not in page
    with clock.held(clock.now()):
        clock.forward(timedelta(hours=3))  # the exam is over, its results wait
        assert f"/exams/sittings/{worlds.things['own']['sitting_id']}" in text_of(browser, "/en/")


@pytest.mark.parametrize("key", ["partner", "auditor", "administrator", "manager", "stranger", "translator"])
def test_everybody_has_a_first_page_without_a_dead_link(house: House, key: str) -> None:
    browser, _token = house.browser(key)
    links = {part.split('"')[0] for part in text_of(browser, "/en/").split('href="/en/')[1:]}
    assert len(links) > 5
    assert not {link: status for link in links if (status := browser.get(f"/en/{link}").status_code) >= 400}


def test_the_bare_address_leads_to_the_best_language(client: FlaskClient) -> None:
    for header, where in (
        ("ka,en;q=0.5", "/ka/"),
        ("fa-AF", "/prs/"),
        ("pbu", "/ps/"),
        ("de", "/en/"),
        ("", "/en/"),
        ("x" * 9000, "/en/"),
    ):
        assert client.get("/", headers={"Accept-Language": header}).headers["Location"] == where


def test_machines_are_answered_without_a_language(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    robots = text_of(client, "/robots.txt")
    assert "Disallow: /verify" in robots
    assert client.get("/healthz").headers["X-Content-Type-Options"] == "nosniff"


def test_only_who_asked_and_the_administrator_touch_a_job(house: House, worlds: Worlds) -> None:
    job = worlds.things["own"]["job_id"]
    for key, status in (("instructor", 404), ("trainee", 404), ("manager", 303), ("administrator", 303)):
        browser, token = house.browser(key)
        for act in ("cancel", "resume"):
            reply = browser.post(f"/en/jobs/{job}/{act}", data={"csrf_token": token, "back": "//evil.example/"})
            assert reply.status_code == status, (key, act)
            assert status != 303 or reply.headers["Location"] == "/en/"
