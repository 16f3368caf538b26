"""A crowd before the server: who is served first, and what the others are told."""

from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lmsapp.web import crowds
from lmsapp.web.crowds import Crowd


def asking(path: str) -> SimpleNamespace:
    """A connection with one request."""
    return SimpleNamespace(requests=[SimpleNamespace(path=path)])


def test_candidates_are_served_before_readers_and_each_kind_in_turn() -> None:
    crowd = Crowd()
    for path in ("/en/reports", "/ka/exams/AB12/events", "/en/exams/sittings/3", "/prs/exams/AB12", "/static/page.css"):
        crowd.append(asking(path))
    assert len(crowd) == 5
    served = [crowd.popleft().requests[0].path for _ in range(5)]
    assert served == [
        "/ka/exams/AB12/events",
        "/prs/exams/AB12",
        "/static/page.css",
        "/en/reports",
        "/en/exams/sittings/3",
    ]
    assert not crowd


def test_others_come_to_their_turn_however_many_candidates_there_are() -> None:
    crowd = Crowd()
    for path in ["/en/reports", *["/ka/exams/AB12/events"] * 20]:
        crowd.append(asking(path))
    served = [crowd.popleft().requests[0].path for _ in range(crowds.OTHERS_EVERY)]
    assert served.count("/en/reports") == 1


def test_when_too_many_wait_they_are_told_so_in_turn_with_candidates() -> None:
    crowd = Crowd()
    for path in ["/en/reports"] * (crowds.MOST_WAITING + 6) + ["/ka/exams/AB12/events"] * 20:
        crowd.append(asking(path))
    served = [crowd.popleft().requests[0].path for _ in range(10)]
    assert served.count("/en/reports") == 5


def test_a_request_that_could_not_be_read_waits_like_any_other() -> None:
    crowd, bad = Crowd(), SimpleNamespace(requests=[SimpleNamespace()])
    crowd.append(bad)
    assert crowd.popleft() is bad


@pytest.fixture
def crowded(app: Flask) -> FlaskClient:
    """A browser that comes when too many wait."""
    for _ in range(crowds.MOST_WAITING + 1):
        app.extensions["crowd"].append(asking("/en/reports"))
    return app.test_client()


def test_one_too_many_is_told_in_her_language_when_to_come_again(crowded: FlaskClient) -> None:
    reply = crowded.get("/ka/courses")
    assert reply.status_code == 503
    assert reply.headers["Retry-After"].isdigit()
    assert 'lang="ka"' in reply.text
    assert "/ka/" in reply.text


def test_a_program_is_told_so_in_json_and_a_form_is_not_read(crowded: FlaskClient) -> None:
    reply = crowded.post("/en/sign-in", json={})
    assert (reply.status_code, reply.get_json()["error"]) == (503, "busy")


def test_candidates_are_never_turned_away(crowded: FlaskClient) -> None:
    assert crowded.post("/en/exams/AB12/events", json={}).status_code not in (200, 503)
    assert crowded.get("/healthz").status_code == 200
