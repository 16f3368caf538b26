"""Pages about people, as they meet them: links that stay on the site, letters, slips, one's own settings."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts.models import Person
from lmsapp.core import clock
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.mailing import Mail
from lmsapp.core.sessions import transaction
from lmsapp.installation import Installation
from tests import cast
from tests.browsing import send, sign_in, text_of

Browser = Callable[[str], FlaskClient]


def number_of(opened: Installation, key: str) -> str:
    with Session(opened.engine) as session:
        return cast.members(session)[key].number


def letters(opened: Installation) -> list[Mail]:
    with Session(opened.engine, expire_on_commit=False) as session:
        return list(session.scalars(select(Mail).order_by(Mail.id)))


# ---------- where one goes after signing in (checklist 17) ----------

HOSTS = ("evil.example", "127.0.0.1@evil.example", "localhost.evil.example", "evil.example:80", "[::1]", "evil。example", "xn--80ak6aa92e.example")  # fmt: skip
LEADS = (
    "//{}", "///{}", "////{}", "/\\{}", "\\\\{}", "\\/{}", "/\\/{}", "https://{}", "http://{}", "https:{}", "https:/{}", "http:\\\\{}", "//{}/..", "/ /{}",
    "\t//{}", "/\t/{}", "/\n/{}", "/\r/{}", "\x00//{}", " //{}", "/%5c{}", "/%5C%5C{}", "//%2f{}", "ftp://{}", "javascript://{}/%0aalert(1)", "data:text/html,{}",
    "//{}\\@localhost", "https://localhost@{}", "http://localhost:80@{}", "\u2028//{}",
)  # fmt: skip
HOSTILE = [lead.format(host) for lead in LEADS for host in HOSTS]


def test_two_hundred_hostile_ways_on_lead_nowhere_else(app: Flask) -> None:
    tried = 0
    for given in (*HOSTILE, *(quote(one, safe="") for one in HOSTILE[:40])):
        reply = send(app.test_client(), "/en/sign-in", login="manager@example.org", secret=cast.PASSWORD, next=given)
        tried += 1
        assert reply.status_code in (303, 422), given
        for where in {reply.headers.get("Location", "/"), unquote(reply.headers.get("Location", "/"))}:
            parts = urlsplit(where.replace("\\", "/"))
            assert not parts.netloc and not parts.scheme and where.startswith("/"), (given, where)
            assert not where.startswith("//"), (given, where)
    assert tried >= 200


def test_the_way_on_is_kept_through_a_mistyped_password(app: Flask) -> None:
    browser = app.test_client()
    assert browser.get("/az/people").headers["Location"] == "/az/sign-in?next=/az/people"
    assert sign_in(browser, "manager@example.org", "wrong wrong wrong", next="/az/people") == 422
    page = send(browser, "/az/sign-in", login="manager@example.org", secret="wrong", next="/az/people").get_data(
        as_text=True
    )
    assert 'name="next" value="/az/people"' in page
    reply = send(browser, "/az/sign-in", login="manager@example.org", secret=cast.PASSWORD, next="/az/people")
    assert reply.headers["Location"] == "/az/people"


def test_after_signing_in_the_site_speaks_her_language(app: Flask) -> None:
    reply = send(app.test_client(), "/en/sign-in", login="trainee@example.org", secret=cast.PIN)
    assert reply.headers["Location"] == "/prs/"


# ---------- known and unknown look the same (checklist 11) ----------


def test_asking_for_a_reset_says_the_same_of_known_and_unknown(app: Flask, opened: Installation) -> None:
    pages = set()
    for login in ("manager@example.org", "nobody@example.org", "trainee@example.org", "no address"):
        reply = send(app.test_client(), "/ka/lost-slip", login=login)
        text = reply.get_data(as_text=True)
        pages.add(
            (reply.status_code, text.split("csrf_token")[0].replace(login, ""), len(text.replace(login, "")) // 50)
        )
    assert len(pages) == 1
    assert [mail.recipient for mail in letters(opened)] == ["manager@example.org", "trainee@example.org"]


# ---------- letters ----------


def test_the_host_in_a_link_is_the_installation_s_whatever_the_request_says(app: Flask, opened: Installation) -> None:
    browser = app.test_client()
    for forged in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}):
        token = text_of(browser, "/en/lost-slip").split('name="csrf_token" value="')[1].split('"')[0]
        browser.post("/en/lost-slip", data={"csrf_token": token, "login": "manager@example.org"}, headers=forged)
    texts = [mail.text for mail in letters(opened)]
    assert texts
    assert not [one for one in texts if "evil" in one]
    assert all("http://127.0.0.1:8000/en/letters/" in one for one in texts)


@pytest.mark.parametrize("code", LANGUAGES)
def test_an_invitation_comes_in_her_language_and_opens_her_account(
    code: str, app: Flask, opened: Installation, signed_in: Browser
) -> None:
    number = number_of(opened, "assessor")
    with transaction(opened.sessions) as session:
        session.scalars(select(Person).where(Person.number == number)).one().language = code
    assert send(signed_in("administrator"), f"/en/people/{number}/invite", f"/en/people/{number}").status_code == 303
    [mail] = letters(opened)
    assert mail.language == code
    assert ("password" in mail.text) == (code == "en")
    assert number in mail.text
    link = urlsplit(mail.text.split("http://127.0.0.1:8000")[1].split()[0]).path
    browser = app.test_client()
    new = "another four quiet words"
    assert send(browser, link, new=new, again="something else altogether").status_code == 422
    assert send(browser, link, new=new, again=new).status_code == 303
    assert sign_in(browser, "assessor@example.org", new) == 303
    assert app.test_client().get(link).status_code == 409


# ---------- slips ----------


def test_who_forgot_her_pin_gets_a_new_slip_and_chooses_her_own(
    app: Flask, opened: Installation, signed_in: Browser
) -> None:
    number = number_of(opened, "trainee")
    sheet = send(signed_in("administrator"), f"/en/people/{number}/slip", f"/en/people/{number}").get_data(as_text=True)
    pin = sheet.split('class="slip-code"')[2].split('class="code">')[1].split("<")[0].replace(" ", "")
    browser = app.test_client()
    assert sign_in(browser, number, cast.PIN) == 422
    assert sign_in(browser, number, pin) == 303
    assert browser.get("/prs/").headers["Location"] == "/prs/choose-secret"
    assert browser.get("/prs/materials").headers["Location"] == "/prs/choose-secret"
    assert send(browser, "/prs/choose-secret", new="۷۳۰۲۱۹", again="۷۳۰۲۱۹").status_code == 303
    assert text_of(browser, "/prs/")
    assert sign_in(app.test_client(), number, "730219") == 303
    assert sign_in(app.test_client(), number, pin) == 422


# ---------- one's own profile ----------


def test_language_time_zone_and_calendar_are_hers(opened: Installation, signed_in: Browser) -> None:
    browser = signed_in("instructor")
    fields = {"language": "prs", "time_zone": "Asia/Kabul", "calendar": "gregorian", "phone": "+93 70 000"}
    assert send(browser, "/az/profile", **fields).headers["Location"] == "/prs/profile"
    with Session(opened.engine) as session:
        kept = session.get_one(Person, cast.members(session)["instructor"].person_id)
        assert (kept.language, kept.time_zone, kept.calendar, kept.phone) == (
            "prs",
            "Asia/Kabul",
            "gregorian",
            "+93 70 000",
        )
    assert browser.get("/").headers["Location"] == "/prs/"


@pytest.mark.parametrize(
    ("field", "value"), [("language", "xx"), ("time_zone", "Mars/Base"), ("calendar", "maya"), ("phone", "1" * 400)]
)
def test_what_is_not_offered_is_refused_beside_its_field(signed_in: Browser, field: str, value: str) -> None:
    fields = {"language": "az", "time_zone": "", "calendar": "", "phone": "", field: value}
    reply = send(signed_in("instructor"), "/en/profile", **fields)
    assert reply.status_code == 422
    assert f'id="{field}-error"' in reply.get_data(as_text=True)


# ---------- people ----------


def test_a_registered_person_is_found_however_her_name_is_typed(signed_in: Browser) -> None:
    browser = signed_in("administrator")
    fields = {
        "name": "Şəhla İbrahimqızı", "name_language": "az", "latin_name": "", "father_name": "", "sex": "f", "birth-year": "1990", "birth-month": "",
        "birth-day": "", "nationality": "AZ", "email": "", "phone": "", "organisation": "nmc", "role": "trainee",
    }  # fmt: skip
    reply = send(browser, "/en/people/new", **fields)
    assert reply.status_code == 303, reply.get_data(as_text=True)
    for typed in ("sehla", "ŞƏHLA", "ibrahimqizi", "İBRAHİMQIZI şəhla", reply.headers["Location"].rpartition("/")[2]):
        assert "Şəhla" in text_of(browser, f"/en/people?q={quote(typed)}"), typed
    assert "Nobody found" in text_of(browser, "/en/people?q=zzzz")


def test_a_refused_form_keeps_what_was_typed_and_says_which_field(signed_in: Browser) -> None:
    fields = {
        "name": "", "name_language": "ka", "latin_name": "Nino <b>K</b>", "father_name": "", "sex": "f", "birth-year": "1990", "birth-month": "13",
        "birth-day": "", "nationality": "", "email": "not an address", "phone": "", "organisation": "nmc", "role": "trainee",
    }  # fmt: skip
    reply = send(signed_in("administrator"), "/en/people/new", **fields)
    page = reply.get_data(as_text=True)
    assert reply.status_code == 422
    assert "Nino &lt;b&gt;K&lt;/b&gt;" in page
    assert all(f'id="{name}-error"' in page for name in ("name", "birth", "email"))


def test_an_administrator_is_asked_to_sign_in_afresh_not_left_without_the_button(
    opened: Installation, signed_in: Browser
) -> None:
    number = number_of(opened, "stranger")
    browser = signed_in("administrator")
    with clock.held(clock.now()):
        clock.forward(timedelta(hours=1))
        page = text_of(browser, f"/en/people/{number}")
        assert f"/en/people/{number}/roles" in page
        reply = send(browser, f"/en/people/{number}/roles", f"/en/people/{number}", organisation="nmc", role="assessor")
    assert reply.status_code == 303
    assert "fresh=1" in reply.headers["Location"]
