"""What programs are told, key by key and role by role; a key that is not in these tables is not sent (checklist, line 6)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lmsapp.core.sessions import transaction
from lmsapp.exams.models import Attempt, Exam
from tests import cast
from tests.exams.test_bundles import Tablet, options
from tests.exams.test_sitting_views import Device
from tests.house import House, Worlds, address, rules

REFUSED = {"error", "title", "message"}
RECEIPT = {"receipt", "receipt.code", "receipt.at", "receipt.answered", "receipt.total", "receipt.hash8"}
TOLD = {"acked_to", "epoch", "seconds_left", "server_time", "at", "receipt", "late", "state", "paused"}
GRANT = {"attempt", "device", "public_key", "paper", "granted_at", "expires_at", "seconds", "epoch"}
LIST = {"list", "list.version", "list.sequence", "list.issued", "list.next", "list.key", "list.lines[]"}

# What everybody is told who may use the route; all others are told REFUSED and no more.
KEYS = {
    "machine.health GET": {"status"},
    "verification.revocation_list GET": {*LIST, "signature"},
    "exams.events POST": TOLD,
    "exams.events POST 409": {*TOLD, "error", "message"},
    "exams.leave POST": {"grant", *(f"grant.{name}" for name in GRANT), "key", "signature", "hash", "address"},
    "exams.bundle POST": {"outcome", "address", *RECEIPT},
    "exams.hand_in POST": {*RECEIPT, "address"},
    "exams.hand_in POST 409": {"acked_to", "error", "message"},
}
CANDIDATE = "trainee"
NOBODY_S = "0" * 64


def keys(said: Any, before: str = "") -> Iterator[str]:
    """The paths of all keys of a reply; what stands in a list is written once."""
    if isinstance(said, dict):
        for name, value in said.items():
            yield f"{before}{name}" + ("[]" if isinstance(value, list) else "")
            yield from keys(value, f"{before}{name}.")
    elif isinstance(said, list):
        for one in said:
            yield from keys(one, f"{before.removesuffix('.')}[].")


@pytest.fixture
def own(worlds: Worlds, house: House) -> Callable[[str], Device]:
    """`own(role)` is a device of somebody of the cast at the candidate's exam, which may be sat without the server."""
    with transaction(house.opened.sessions) as session:
        session.query(Exam).update({"offline": True})
    return lambda who: Device(house, str(worlds.things["own"]["attempt"]), "tablet-1", who)


def test_a_candidate_s_device_is_told_these_keys_and_nobody_else_s_any(
    house: House, own: Callable[[str], Device]
) -> None:
    tablet, candidate = Tablet(), own(CANDIDATE)
    wish = {"device": "tablet-1", "public_key": tablet.public}
    claim = {"idempotency_key": "key-0001", "device": "tablet-1", "last_seq": 99, "answers_hash": NOBODY_S}
    found = {"exams.events POST": candidate.events(), "exams.hand_in POST 409": candidate.post("hand-in", claim)}
    left = found["exams.leave POST"] = candidate.post("leave", wish)
    with house.opened.sessions() as session:
        item, names = options(session.query(Attempt).filter_by(code=candidate.code).one())[0]
    granted = {name: left.get_json()[name] for name in ("grant", "key", "signature")}
    made = tablet.bundle(granted, (item, names[0]), step=0)
    bodies = {
        "events": {"device": "tablet-1", "epoch": 0, "events": []},
        "leave": wish,
        "bundle": made,
        "hand-in": claim,
    }
    for who in {"anonymous", *cast.PEOPLE} - {CANDIDATE}:
        device = own(who)
        for page, body in bodies.items():
            told = device.post(page, body)
            assert told.status_code in (401, 403, 404), (who, page)
            assert set(keys(told.get_json())) == REFUSED, (who, page)
    found["exams.bundle POST"] = candidate.post("bundle", made)
    found["exams.hand_in POST"] = candidate.post("hand-in", claim)
    found["exams.events POST 409"] = candidate.events((1, item, names[0]))
    for case, told in found.items():
        assert told.status_code == (409 if case.endswith("409") else 200), (case, told.text)
        assert set(keys(told.get_json())) == KEYS[case], case


def test_no_other_page_answers_in_json_whoever_asks(house: House, worlds: Worlds) -> None:
    asked = 0
    for who in ("anonymous", CANDIDATE, "instructor", "manager", "administrator"):
        browser, _token = house.browser(who)
        for rule in rules(house.app):
            if "GET" in rule.methods and rule.endpoint != "static":
                told = browser.get(address(rule, worlds.things["own"]), headers={"Accept": "application/json"})
                asked += 1
                if told.is_json:
                    expected = KEYS.get(f"{rule.endpoint} GET", set()) if told.status_code < 400 else REFUSED
                    assert set(keys(told.get_json())) <= expected, (rule.endpoint, who)
                    assert expected, (rule.endpoint, who)
                told.close()
    assert asked > 400
