"""First pages, search, navigation and lists: what each kind of reader is led to."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lmsapp.accounts.acts import ACTS, THINGS
from lmsapp.certificates.models import Award
from lmsapp.core.formatting import native_digits
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.sessions import transaction
from tests.conftest import Worlds
from tests.house import House

RECORDED = re.compile(r'audit\.record\(\s*session,\s*"([a-z._-]+)".{0,120}?on=\("([a-z_]+)"', re.DOTALL)


def _page(house: House, key: str, path: str) -> str:
    return str(house.browser(key)[0].get(path).get_data(as_text=True))


def test_a_partner_officer_first_sees_her_agencys_people(house: House, worlds: Worlds) -> None:
    page = _page(house, "partner", "/en/")
    assert "Your people in training" in page
    assert str(worlds.things["own"]["code"]) in page
    assert str(worlds.things["other"]["code"]) not in page


def test_a_trainee_is_led_to_the_course_she_follows_and_anybody_else_to_the_catalogue(
    house: House, worlds: Worlds
) -> None:
    code = str(worlds.things["own"]["code"]).lower()
    assert house.browser("trainee")[0].get("/en/learn").location == f"/en/learn/{code}"
    assert house.browser("manager")[0].get("/en/learn").location == "/en/courses"


def test_a_trainee_reads_how_many_of_her_hours_count(house: House) -> None:
    assert "19.5 hours" in _page(house, "trainee", "/en/")


def test_search_finds_courses_and_materials_or_says_what_to_try(house: House) -> None:
    assert "sample-leaflet" in _page(house, "anonymous", "/en/search?q=leaflet")
    assert "Nothing found for “no such thing”" in _page(house, "anonymous", "/en/search?q=no+such+thing")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("manager", "/materials/taken"),
        ("administrator", "/style"),
        ("administrator", "/log"),
        ("administrator", "/organisations"),
        ("manager", "/exams"),
        ("manager", "/certificates"),
    ],
)
def test_one_place_is_marked_in_the_side_navigation(house: House, key: str, path: str) -> None:
    navigation = _page(house, key, f"/en{path}").split('class="sidenav"')[1].split("</nav>")[0]
    assert re.findall(r'href="/en([^"]*)" aria-current="page"', navigation) == [path]


def test_every_recorded_act_has_its_words() -> None:
    found = {pair for path in Path("lmsapp").rglob("*.py") for pair in RECORDED.findall(path.read_text("utf-8"))}
    assert len(found) > 20
    assert {act for act, _thing in found} <= set(ACTS)
    assert {thing for _act, thing in found} <= set(THINGS)


def test_the_log_names_who_did_what(house: House) -> None:
    page = _page(house, "administrator", "/en/log?group=cohorts")
    assert "entered hours" in page
    assert "the command line" in page
    assert "awarded" not in page


def test_the_log_counts_things_in_the_readers_digits_and_finds_them_so(house: House, worlds: Worlds) -> None:
    number = worlds.things["own"]["sitting_id"]
    thing = f"جلسۀ امتحان {native_digits(str(number), LANGUAGES['prs'])}"
    log = _page(house, "administrator", "/prs/log?group=exams")
    assert thing in log
    assert thing in _page(house, "administrator", f"/prs/log?q={native_digits(str(number), LANGUAGES['prs'])}")


def test_the_roster_is_searched_narrowed_and_sorted(house: House, worlds: Worlds) -> None:
    things = worlds.things["own"]
    address = f"/en/cohorts/{str(things['code']).lower()}"
    number = f"{str(things['number'])[:4]} {str(things['number'])[4:]}"
    roster = _page(house, "manager", f"{address}?sort=-hours&q={things['number']}").split('id="people"')[1]
    assert number in roster
    assert 'aria-sort="descending"' in roster
    assert "Nobody found" in _page(house, "manager", f"{address}?q=nobody-of-this-name")
    assert "Nobody found" in _page(house, "manager", f"{address}?show=ka&sort=nonsense")


def test_certificates_are_found_by_kind(house: House, worlds: Worlds) -> None:
    serial = str(worlds.things["own"]["serial"])
    assert serial in _page(house, "manager", "/en/certificates?kind=attendance")
    assert serial not in _page(house, "manager", "/en/certificates?kind=qualification")


def test_a_certificate_without_a_cohort_is_checked_by_its_code(house: House, worlds: Worlds) -> None:
    serial = str(worlds.things["own"]["serial"])
    with transaction(house.opened.sessions) as session:
        session.execute(update(Award).where(Award.serial == serial).values(cohort_id=None, enrolment_id=None))
        code = session.scalars(select(Award.code).where(Award.serial == serial)).one()
    browser, token = house.browser("anonymous")
    answer = browser.post("/en/verify", data={"csrf_token": token, "text": code})
    assert answer.status_code == 200
    assert "Genuine and valid" in answer.get_data(as_text=True)


def test_a_thing_that_is_not_there_is_said_in_the_readers_language(house: House) -> None:
    page = _page(house, "anonymous", "/ka/courses/no-101")
    assert "The address may be mistyped" not in page
    assert "There is nothing here" not in page


def test_a_lesson_shows_its_source_beside_the_translation(house: House, worlds: Worlds) -> None:
    browser = house.browser("anonymous")[0]
    course = browser.get("/ka/courses").get_data(as_text=True)
    code = re.findall(r'href="/ka/courses/([a-z0-9-]+)"', course)[0]
    lesson = re.findall(
        rf'href="(/ka/courses/{code}/[^"]+)"', browser.get(f"/ka/courses/{code}").get_data(as_text=True)
    )[0]
    assert 'class="twin"' not in browser.get(lesson).get_data(as_text=True)
    assert 'class="twin"' in browser.get(f"{lesson}?beside=1").get_data(as_text=True)


def test_nobody_is_shown_a_tab_she_may_not_open(house: House, worlds: Worlds) -> None:
    address = f"/en/cohorts/{str(worlds.things['own']['code']).lower()}"
    for key in ("partner", "administrator", "auditor", "assessor", "instructor", "manager"):
        browser = house.browser(key)[0]
        tabs = browser.get(address).get_data(as_text=True).split('class="tabs"')[1].split("</nav>")[0]
        for tab in re.findall(r'href="([^"]+)"', tabs):
            assert browser.get(tab).status_code == 200, (key, tab)
