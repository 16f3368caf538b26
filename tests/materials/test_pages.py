"""The library: browsing, a file that can be resumed, who took what, a withdrawn edition."""

from sqlalchemy import select

from lmsapp.core.sessions import transaction
from lmsapp.materials.models import Download
from tests.browsing import send, text_of
from tests.house import House

FILE = "/en/materials/sample-leaflet/1/en/screen.pdf"


def taken(house: House) -> list[tuple[int, int | None]]:
    with house.opened.sessions() as session:
        return [(one.person_id, one.organisation_id) for one in session.scalars(select(Download))]


def test_visitors_browse_search_and_take_without_a_trace(house: House) -> None:
    browser = house.app.test_client()
    assert "sample-leaflet" in text_of(browser, "/en/materials")
    assert "sample-leaflet" not in text_of(browser, "/en/materials?q=zzzz")
    assert "sample-leaflet" in text_of(browser, "/en/materials?kind=leaflet")
    page = text_of(browser, "/prs/materials/sample-leaflet")
    assert 'dir="rtl"' in page
    reply = browser.get(FILE, buffered=True)
    assert (reply.status_code, reply.mimetype) == (200, "application/pdf")
    assert "attachment" in reply.headers["Content-Disposition"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert taken(house) == []


def test_what_a_partner_takes_is_written_down_once_even_when_resumed(house: House) -> None:
    browser, _token = house.browser("partner")
    whole = browser.get(FILE, buffered=True).data
    rest = browser.get(FILE, headers={"Range": "bytes=5-"}, buffered=True)
    assert (rest.status_code, rest.data) == (206, whole[5:])
    assert browser.get(FILE, headers={"Range": "bytes=99999-"}, buffered=True).status_code == 416
    assert browser.head(FILE, buffered=True).status_code == 200
    assert len(taken(house)) == 1
    assert "sample-leaflet" in text_of(browser, "/en/materials/taken").lower() or "Sample" in text_of(
        browser, "/en/materials/taken"
    )
    other, _other = house.browser("other_partner")
    assert FILE not in text_of(other, "/en/materials/taken")


def test_a_partner_sees_what_her_agency_took_and_nobody_else_s(house: House) -> None:
    for key in ("trainee", "another_trainee"):
        browser, _token = house.browser(key)
        assert browser.get(FILE, buffered=True).status_code == 200
    rows = {}
    for key in ("partner", "other_partner", "manager", "trainee"):
        browser, _token = house.browser(key)
        rows[key] = text_of(browser, "/en/materials/taken").count("<tr>")
    assert rows["partner"] == rows["other_partner"] == rows["trainee"] == rows["manager"] - 1


def test_a_withdrawn_edition_says_why_and_gives_no_file(house: House) -> None:
    manager, _token = house.browser("manager")
    path = "/en/materials/sample-leaflet/1/withdraw"
    assert send(manager, path, reason="").status_code == 422
    assert send(manager, path, reason="A picture is wrong").status_code == 303
    visitor = house.app.test_client()
    assert "A picture is wrong" in text_of(visitor, "/en/materials/sample-leaflet/1")
    assert visitor.get(FILE).status_code in (303, 403)
    assert visitor.get("/m/sample-leaflet/en").status_code < 500
    assert manager.get(FILE, buffered=True).status_code == 200


def test_a_printed_code_leads_to_the_current_edition_in_its_language(house: House) -> None:
    reply = house.app.test_client().get("/m/sample-leaflet/ka", headers={"Accept-Language": "tr"})
    assert reply.headers["Location"] == "/tr/materials/sample-leaflet?in=ka"


def test_a_file_that_is_gone_is_a_page_not_a_failure(house: House) -> None:
    for path in house.settings.files.rglob("*"):
        if path.is_file():
            path.unlink()
    assert house.app.test_client().get(FILE).status_code == 404
    with transaction(house.opened.sessions) as session:
        assert session.scalars(select(Download)).all() == []
