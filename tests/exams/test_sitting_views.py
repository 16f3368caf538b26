"""The protocol of a sitting as a device speaks it: JSON in, JSON out, after the commit."""

import json
import re
from datetime import datetime, timedelta
from threading import Thread

import pytest
from flask import request
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from lmsapp.core import clock
from lmsapp.core.sessions import transaction
from lmsapp.exams import sitting
from lmsapp.exams.models import AnswerEvent, Attempt
from tests.house import House, Worlds


class Device:
    """A device of the candidate that speaks the protocol."""

    def __init__(self, house: House, code: str, name: str = "device-1", who: str = "trainee") -> None:
        self.browser, self.token = house.browser(who)
        self.code, self.name = code, name

    def post(self, page: str, content: object) -> TestResponse:
        """Sends JSON to a page of the attempt."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"X-CSRFToken": self.token, "Accept": "application/json"}
        address = f"/en/exams/{self.code}/{page}"
        return self.browser.post(address, data=body, headers=headers, content_type="application/json")

    def events(self, *events: tuple[int, str, str], **more: object) -> TestResponse:
        """Sends answers."""
        listed = [{"seq": seq, "item": item, "value": value, "at": "now", "mono": 5} for seq, item, value in events]
        return self.post("events", {"device": self.name, "epoch": 0, "events": listed} | more)


@pytest.fixture
def device(house: House, worlds: Worlds) -> Device:
    return Device(house, str(worlds.things["own"]["attempt"]))


def choice(house: House, code: str) -> tuple[str, list[str]]:
    """An item with options, and their names."""
    with house.opened.sessions() as session:
        sheet = session.query(Attempt).filter_by(code=code).one().paper.sheet
    item = next(i for i in sheet["items"] if "options" in i)
    return item["item"], [option["name"] for option in item["options"]]


def test_a_device_is_told_all_it_must_know(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    told = device.events((1, item, names[0])).json
    assert told is not None
    assert (told["acked_to"], told["epoch"], told["late"], told["state"], told["paused"]) == (
        1,
        1,
        False,
        "open",
        False,
    )
    assert set(told) == {
        "acked_to", "epoch", "seconds_left", "server_time", "at", "receipt", "late", "state", "paused",
    }  # fmt: skip
    assert device.events().json["acked_to"] == 1  # type: ignore[index]


def test_a_page_that_lacks_an_answer_was_begun_before_its_commit_was_told(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    told = []

    def answer() -> None:
        told.append(Device(house, device.code).events((1, item, names[0])).json)

    def answer_meanwhile() -> None:
        if request.method == "GET" and request.path.endswith("/1"):
            aside = Thread(target=answer)
            aside.start()
            aside.join()

    house.app.before_request_funcs[None].append(answer_meanwhile)
    try:
        page = device.browser.get(f"/en/exams/{device.code}/1").get_data(as_text=True)
    finally:
        house.app.before_request_funcs[None].remove(answer_meanwhile)
    shown = re.search(rf'data-item="{item}" data-kind="[^"]*" data-value="([^"]*)"', page)
    served = re.search(r'data-served="([^"]+)"', page)
    assert shown and served and told[0]
    assert shown[1] == ""  # the page was read before the answer was committed
    assert datetime.fromisoformat(served[1]) < datetime.fromisoformat(told[0]["server_time"])


def test_the_device_that_lost_the_exam_is_told_and_what_it_sent_is_stored(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    second = Device(house, device.code, "device-2")
    device.events((1, item, names[0]))
    assert second.events().status_code == 409
    assert second.events((1, item, names[1]), take_over=True).status_code == 200
    lost = device.events((2, item, names[0]), epoch=1)
    assert (lost.status_code, lost.json["error"], lost.json["acked_to"]) == (409, "lease-lost", 2)  # type: ignore[index]


def test_handing_in_again_gives_the_same_octets(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    device.events((1, item, names[0]))
    claimed = {
        "idempotency_key": "key-1", "device": "device-1", "last_seq": 2,
        "answers_hash": sitting.answers_hash({item: names[0]}),
    }  # fmt: skip
    missing = device.post("hand-in", claimed)
    assert (missing.status_code, missing.json) == (409, missing.json | {"error": "missing", "acked_to": 1})  # type: ignore[operator]
    first = device.post("hand-in", claimed | {"last_seq": 1})
    assert first.status_code == 200
    assert device.post("hand-in", claimed | {"last_seq": 1}).data == first.data
    assert device.post("hand-in", claimed | {"idempotency_key": "key-2"}).data == first.data
    assert first.json["receipt"]["hash8"] == claimed["answers_hash"][:8]  # type: ignore[index]
    assert first.json["receipt"]["code"] in device.browser.get(first.json["address"]).get_data(as_text=True)  # type: ignore[index]
    closed = device.events((2, item, names[1]))
    assert (closed.status_code, closed.json["error"], closed.json["acked_to"]) == (409, "closed", 2)  # type: ignore[index]


def test_a_device_whose_sign_in_has_ended_is_asked_to_sign_in(
    house: House, device: Device, client: FlaskClient
) -> None:
    device.browser.post("/en/sign-out", data={"csrf_token": device.token})
    device.browser, device.token = house.browser("anonymous")
    reply = device.events()
    assert (reply.status_code, reply.json["error"]) == (401, "sign-in")  # type: ignore[index]


@pytest.mark.parametrize(
    ("problem", "status", "error"),
    [("SQLITE_FULL", 507, "full"), ("SQLITE_BUSY", 503, "busy"), ("SQLITE_ERROR", 500, "500")],
)
def test_a_database_that_cannot_write_is_told_and_closes_nothing(
    house: House, device: Device, problem: str, status: int, error: str
) -> None:
    item, names = choice(house, device.code)

    def fail(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO answer_event"):
            fault = Exception(problem)
            fault.sqlite_errorname = problem  # type: ignore[attr-defined]
            raise OperationalError(statement, None, fault)

    with house.app.app_context():
        engine = house.app.extensions["sqlalchemy"].engine
    event.listen(engine, "before_cursor_execute", fail)
    reply = device.events((1, item, names[0]))
    event.remove(engine, "before_cursor_execute", fail)
    assert (reply.status_code, reply.json["error"]) == (status, error)  # type: ignore[index]
    assert device.events((1, item, names[0])).json["acked_to"] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"[" * 200_000, b'{"device": "a\\u0000bcd"}', b'{"device":"\\ud800aaa","events":[]}']
)
def test_nonsense_is_refused_plainly(device: Device, body: bytes) -> None:
    for page in ("events", "hand-in"):
        assert device.post(page, body).status_code == 422


def test_too_much_at_once_is_refused_unread(device: Device) -> None:
    assert device.post("events", b" " * (5 * 1024 * 1024)).status_code == 413


def test_answers_that_come_after_the_time_are_told_to_be_late(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    with clock.held(clock.now() + timedelta(hours=1)):
        told = device.events((1, item, names[0])).json
    assert told is not None
    assert (told["late"], told["state"], told["acked_to"]) == (True, "expired", 1)


def test_whoever_was_closed_out_meanwhile_saves_nothing(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    assert device.events((1, item, names[0])).status_code == 200
    with transaction(house.opened.sessions) as session:
        session.query(Attempt).filter_by(code=device.code).one().person.active = False
    assert device.events((2, item, names[1])).status_code == 401
    with house.opened.sessions() as session:
        assert session.query(AnswerEvent).join(Attempt).filter(Attempt.code == device.code).count() == 1


def test_answering_keeps_the_sign_in_awake(house: House, device: Device) -> None:
    item, names = choice(house, device.code)
    idle = timedelta(hours=house.opened.settings.session_idle_hours)
    with clock.held(clock.now()):
        for _ in range(2):
            clock.forward(idle * 2 / 3)
            assert device.events((1, item, names[0])).status_code == 200
