"""Exams without the server over HTTP: a device asks for leave, sends its bundle, staff hand in files and judge."""

import copy
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from lmsapp.core.sessions import transaction
from lmsapp.exams.models import Attempt, Bundle, Exam
from tests.exams.test_bundles import Tablet, options
from tests.exams.test_sitting_views import Device
from tests.house import House, Worlds


@pytest.fixture
def device(house: House, worlds: Worlds) -> Device:
    with transaction(house.opened.sessions) as session:
        session.query(Exam).update({"offline": True})
    return Device(house, str(worlds.things["own"]["attempt"]), "tablet-1")


@pytest.fixture
def made(house: House, device: Device) -> dict[str, Any]:
    """A whole bundle of the candidate's tablet, all within the first second."""
    tablet = Tablet()
    device.events()
    leave = device.post("leave", {"device": "tablet-1", "public_key": tablet.public}).json
    assert leave is not None
    with house.opened.sessions() as session:
        item, names = options(session.query(Attempt).filter_by(code=device.code).one())[0]
    return tablet.bundle({name: leave[name] for name in ("grant", "key", "signature")}, (item, names[0]), step=0)


def files(browser: FlaskClient, token: str, path: str, *contents: bytes) -> Any:
    data = {
        "csrf_token": token,
        "files": [(io.BytesIO(content), f"{at}.exam.json") for at, content in enumerate(contents)],
    }
    return browser.post(path, data=data, content_type="multipart/form-data", follow_redirects=True)


def test_a_device_sends_its_bundle_by_itself(device: Device, made: dict[str, Any]) -> None:
    made["end"]["offset"] = 2
    sent = device.post("bundle", made)
    assert sent.status_code == 200
    assert sent.json["outcome"] == "held"  # type: ignore[index]


def test_a_whole_bundle_gives_the_receipt(device: Device, made: dict[str, Any], house: House) -> None:
    reply = device.post("bundle", made)
    assert (reply.json["outcome"], reply.json["receipt"]["answered"]) == ("taken", 1)  # type: ignore[index]
    assert device.post("bundle", made).data == reply.data
    page = device.browser.get(reply.json["address"]).get_data(as_text=True)  # type: ignore[index]
    assert reply.json["receipt"]["hash8"] in page  # type: ignore[index]


def test_words_where_files_are_wanted_and_no_file_are_asked_about(house: House, worlds: Worlds) -> None:
    browser, token = house.browser("instructor")
    path = f"/en/exams/sittings/{worlds.things['own']['sitting_id']}/bundles"
    for data in ({"files": "-0"}, {}):
        reply = browser.post(path, data={"csrf_token": token, **data})
        assert reply.status_code == 422 and "Choose a file" in reply.get_data(as_text=True)


def test_staff_hand_in_files_and_judge_what_is_held(
    house: House, worlds: Worlds, device: Device, made: dict[str, Any]
) -> None:
    browser, token = house.browser("instructor")
    path = f"/en/exams/sittings/{worlds.things['own']['sitting_id']}/bundles"
    cut = made | {"events": []}
    page = files(browser, token, path, json.dumps(cut).encode(), b"\xff nonsense").get_data(as_text=True)
    assert "2 bundles are held for you to judge" in page
    assert "answers may have been cut off" in page
    with house.opened.sessions() as session:
        one = session.query(Bundle).filter(Bundle.attempt_id.is_not(None)).one()
    judge = f"{path}/{one.id}"
    refused = browser.post(judge, data={"csrf_token": token, "reason": "", "verdict": "accept"})
    assert refused.status_code == 422
    assert "Write the reason" in refused.get_data(as_text=True)
    assert browser.post(judge, data={"csrf_token": token, "reason": "x", "verdict": "mine"}).status_code == 422
    other, others_token = house.browser("other_instructor")
    assert other.post(judge, data={"csrf_token": others_token, "reason": "x", "verdict": "accept"}).status_code == 404
    done = browser.post(
        judge, data={"csrf_token": token, "reason": "Seen.", "verdict": "set-aside"}, follow_redirects=True
    )
    assert "set aside; it is kept" in done.get_data(as_text=True)
    again = browser.post(judge, data={"csrf_token": token, "reason": "Seen.", "verdict": "accept"})
    assert again.status_code == 409


def test_who_judges_sees_the_closing_code_that_was_sealed_with_the_answers(
    house: House, worlds: Worlds, device: Device
) -> None:
    tablet = Tablet()
    device.events()
    leave = device.post("leave", {"device": "tablet-1", "public_key": tablet.public}).json
    assert leave is not None
    granted = {name: leave[name] for name in ("grant", "key", "signature")}
    with house.opened.sessions() as session:
        item, names = options(session.query(Attempt).filter_by(code=device.code).one())[0]
    sealed = tablet.bundle(granted, (item, names[0]), step=0, code="4711")
    browser, token = house.browser("instructor")
    path = f"/en/exams/sittings/{worlds.things['own']['sitting_id']}/bundles"
    forged = copy.deepcopy(sealed)
    forged["end"]["code"] = "9999"
    page = files(browser, token, path, json.dumps(forged).encode()).get_data(as_text=True)
    assert "1 bundle is held for you to judge" in page
    assert "closing code 9999" in page
    page = files(browser, token, path, json.dumps(sealed).encode()).get_data(as_text=True)
    assert "1 bundle is taken in" in page
    assert "closing code 4711" in page


def test_a_candidate_sends_nobody_elses_bundle(house: House, worlds: Worlds, made: dict[str, Any]) -> None:
    other = Device(house, str(worlds.things["other"]["attempt"]), "tablet-9", "another_trainee")
    assert other.post("bundle", made).status_code == 403
    assert other.post("leave", {"device": "tablet-9", "public_key": 7}).status_code == 422
