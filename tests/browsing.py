"""What a browser without JavaScript does: opens a page, sends its form with the token that stands in it."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def token_of(page: str) -> str:
    """The form token in a page."""
    return page.split('name="csrf_token" value="')[1].split('"', maxsplit=1)[0]


def text_of(browser: FlaskClient, path: str) -> str:
    """A page that must be there."""
    reply = browser.get(path)
    assert reply.status_code == 200, f"{path}: {reply.status_code}"
    return reply.get_data(as_text=True)


def send(browser: FlaskClient, path: str, page: str | None = None, **fields: object) -> TestResponse:
    """Opens `page` (else the path itself) and sends a form to the path."""
    token = token_of(text_of(browser, page or path))
    return browser.post(path, data={"csrf_token": token, **fields})


def sign_in(browser: FlaskClient, login: str, secret: str, **more: str) -> int:
    """Signs in through the form; 303 when the door opened."""
    return send(browser, "/en/sign-in", login=login, secret=secret, **more).status_code
