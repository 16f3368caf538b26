"""Pages of cohorts, as the instructor and the trainee meet them."""

from flask.testing import FlaskClient
from sqlalchemy import select

from lmsapp.cohorts.models import Cohort
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.sessions import transaction
from tests import cast
from tests.browsing import send, sign_in, text_of
from tests.house import House, Worlds


def code_of(worlds: Worlds) -> str:
    return str(worlds.things["own"]["code"]).lower()


def new_cohort(**other: str) -> dict[str, object]:
    days = {"starts_on-day": "1", "starts_on-month": "۱۲", "starts_on-year": "۲۰۲۶", "ends_on-day": "12", "ends_on-month": "12", "ends_on-year": "2026"}  # fmt: skip
    return {
        **days,
        "course": "TST-100",
        "place": "Hall B",
        "languages": ["ka", "prs"],
        "seats": "۱۲",
        "partner": "ge",
        **other,
    }


def test_an_instructor_sets_up_a_cohort_in_persian_digits(house: House) -> None:
    browser, _token = house.browser("instructor")
    reply = send(browser, "/prs/cohorts/new", **new_cohort())
    assert reply.headers["Location"].startswith("/prs/cohorts/tst-100-2026-")
    page = text_of(browser, reply.headers["Location"])
    assert "Hall B" in page and "Agency GE" in page


def test_a_refused_cohort_keeps_what_was_typed_and_names_every_field(house: House) -> None:
    browser, _token = house.browser("instructor")
    reply = send(browser, "/ka/cohorts/new", **new_cohort(place="", seats="many", **{"ends_on-month": "13"}))
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422
    assert '<html lang="ka"' in page
    assert all(f'id="{name}-error"' in page for name in ("place", "seats", "ends_on"))
    assert 'value="many"' in page and 'value="2026"' in page


def test_a_new_trainee_is_put_on_the_roster_gets_a_slip_and_signs_in_with_it(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("instructor")
    base = f"/en/cohorts/{code_of(worlds)}"
    fields = {"new-name": "گلنار نوری", "new-language": "prs", "new-latin_name": "Gulnar Nuri", "new-father_name": "", "new-sex": "f",
              "new-birth-day": "", "new-birth-month": "", "new-birth-year": "1995"}  # fmt: skip
    assert send(browser, f"{base}/people/add", **fields).status_code == 303
    assert "گلنار نوری" in text_of(browser, base)
    sheet = send(browser, f"{base}/slips").get_data(as_text=True)
    assert "<svg" in sheet and "گلنار نوری" in sheet
    number, pin = (
        part.split("<")[0].replace(" ", "") for part in sheet.split('class="slip-code"><span class="code">')[1:3]
    )
    trainee = house.app.test_client()
    assert sign_in(trainee, number, pin) == 303
    assert trainee.get("/prs/").headers["Location"] == "/prs/choose-secret"


def test_a_trainee_known_by_number_is_added_and_a_wrong_number_is_kept_in_the_field(
    house: House, worlds: Worlds
) -> None:
    browser, _token = house.browser("instructor")
    path = f"/en/cohorts/{code_of(worlds)}/people/add"
    with house.opened.sessions() as session:
        number = cast.members(session)["another_trainee"].number
    for typed in ("12345678", "۰۴۸۲۱۹۹", "abc"):
        reply = send(browser, path, **{"known-number": typed, "known-language": "prs"})
        assert reply.status_code == 422
        assert f'value="{typed}"' in reply.get_data(as_text=True)
    assert send(browser, path, **{"known-number": number, "known-language": "prs"}).status_code == 303


def test_hours_are_saved_together_or_not_at_all(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("instructor")
    path, field = f"/en/cohorts/{code_of(worlds)}/hours", f"hours-{worlds.things['own']['enrolment_id']}"
    wrong = send(browser, path, **{field: "many", "reason": ""})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.get_data(as_text=True)
    assert send(browser, path, **{field: "20", "reason": ""}).status_code == 303
    assert send(browser, path, **{field: "18", "reason": ""}).status_code == 422
    assert send(browser, path, **{field: "18", "reason": "left early"}).status_code == 303


def test_a_manager_puts_an_instructor_on_the_staff_and_takes_her_off(house: House, worlds: Worlds) -> None:
    manager, _token = house.browser("manager")
    other, _other_token = house.browser("other_instructor")
    path = f"/en/cohorts/{code_of(worlds)}"
    with house.opened.sessions() as session:
        who = f"instructor:{cast.members(session)['other_instructor'].number}"
    assert other.get(path).status_code == 404
    assert send(manager, f"{path}/staff", who=who, act="on").status_code == 303
    assert other.get(path).status_code == 200
    assert "Elçin" in text_of(manager, f"{path}/staff")
    assert send(other, f"{path}/staff", who=who, act="off").headers["Location"] == "/en/cohorts"
    assert other.get(path).status_code == 404
    assert send(manager, f"{path}/staff", who="instructor:00000000", act="on").status_code == 422


def read(browser: FlaskClient, worlds: Worlds, **fields: str) -> int:
    """Notes progress in the first lesson."""
    lesson = f"/prs/learn/{code_of(worlds)}/1-first/1-signs"
    return send(browser, f"{lesson}/progress", lesson, **fields).status_code


def test_a_lesson_remembers_how_far_it_was_read_and_leads_on_when_done(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("trainee")
    lesson = f"/prs/learn/{code_of(worlds)}/1-first/1-signs"
    assert read(browser, worlds, position="420") == 204
    assert "420" in text_of(browser, lesson)
    assert read(browser, worlds, position="1e9") == 204
    reply = send(browser, f"{lesson}/progress", lesson, done="1", position="1000")
    assert reply.headers["Location"].endswith("/2-telling")
    assert lesson in text_of(browser, f"/prs/learn/{code_of(worlds)}")


def test_every_page_of_a_cohort_speaks_every_language(house: House, worlds: Worlds) -> None:
    browser, _token = house.browser("instructor")
    for language in LANGUAGES.values():
        for page in ("", "/hours", "/slips", "/staff", "/people/add"):
            text = text_of(browser, f"/{language.code}/cohorts/{code_of(worlds)}{page}")
            assert f'lang="{language.tag}" dir="{language.direction}"' in text


def test_a_cohort_nobody_teaches_says_what_to_do(house: House, worlds: Worlds) -> None:
    with transaction(house.opened.sessions) as session:
        found = session.scalars(select(Cohort).where(Cohort.code == worlds.things["own"]["code"])).one()
        for one in list(found.staff):
            session.delete(one)
    browser, _token = house.browser("manager")
    assert "Nobody teaches this cohort yet" in text_of(browser, f"/en/cohorts/{code_of(worlds)}/staff")
