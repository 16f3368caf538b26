"""An account that tries doors: twenty refusals within ten minutes are told to the administrators, once a burst."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts.models import Person
from lmsapp.core import clock
from lmsapp.core.mailing import Mail
from lmsapp.core.sessions import transaction
from tests import cast
from tests.browsing import text_of
from tests.house import House


def try_door(browser: FlaskClient, times: int) -> None:
    for _ in range(times):
        assert browser.get("/en/people").status_code == 403


def told(house: House) -> list[str]:
    """To whom letters about it were written."""
    with Session(house.opened.engine) as session:
        return list(session.scalars(select(Mail.recipient).where(Mail.subject.contains("turned away"))))


def test_the_twentieth_refusal_is_told_once_by_letter_and_on_the_first_page(house: House) -> None:
    with transaction(house.opened.sessions) as session:
        session.get_one(Person, cast.members(session)["administrator"].person_id).language = "en"
        number = cast.members(session)["trainee"].number
    browser, _token = house.browser("trainee")
    with clock.held(clock.now()):
        try_door(browser, 19)
        assert told(house) == []
        try_door(browser, 10)
        assert told(house) == ["administrator@example.org"]
        administrator, _token = house.browser("administrator")
        assert "was turned away 20 times" in text_of(administrator, "/en/")
        page = text_of(administrator, f"/en/log?who={number}")
        assert page.count("was turned away<") == 29 and "Acts of" in page
        manager, _token = house.browser("manager")
        assert "was turned away 20 times" not in text_of(manager, "/en/")
        clock.forward(timedelta(hours=2))
        try_door(browser, 19)
        assert len(told(house)) == 1
        try_door(browser, 1)
        assert len(told(house)) == 2
        clock.forward(timedelta(days=8))
        assert "was turned away 20 times" not in text_of(house.browser("administrator")[0], "/en/")


def test_refusals_spread_over_time_are_nobody_s_alarm(house: House) -> None:
    browser, _token = house.browser("trainee")
    with clock.held(clock.now()):
        for _ in range(25):
            try_door(browser, 1)
            clock.forward(timedelta(seconds=40))
    assert told(house) == []
