"""E15: one sign-in, beside the hash it can't do without."""

import re
from collections.abc import Iterator

from lmsapp.accounts import secrets
from lmsapp.accounts.roles import Role
from lmsapp.bench.measuring import Row, in_turn, timed
from lmsapp.bench.school import PIN, School

TIMES = 5
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def run(school: School, repeat: int) -> Iterator[Row]:
    """A trainee signs in with person number and PIN, in a browser that has the form already."""
    number, hashed = school.person_with(Role.TRAINEE).number, secrets.hashed(PIN)

    def sign_in() -> None:
        browser = school.browser()
        found = TOKEN.search(browser.get("/en/sign-in").get_data(as_text=True))
        token = found[1] if found else ""
        reply = browser.post("/en/sign-in", data={"login": number, "secret": PIN, "csrf_token": token})
        if reply.status_code != 303:
            raise RuntimeError(f"the sign-in answers {reply.status_code}")

    ours, limit = in_turn(
        lambda: timed(sign_in, TIMES), lambda: timed(lambda: secrets.matches(hashed, PIN), TIMES), repeat
    )
    yield Row("login", "page and sign-in (E15)", "CPU ms", ours, "the hash alone", limit)
