"""What every route promises: fields it does not know are refused, files are not taken, reading changes no row."""

import hashlib
import io
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, inspect
from werkzeug.routing import Rule

from tests import cast
from tests.architecture.test_routes import allowed
from tests.house import House, Worlds, address, rules

STRANGE = ("role", "organisation_id", "score", "serial", "user_id", "is_demonstration", "__class__")
# Fields by these names that a form does have.
HAS = {"accounts.new_person": {"role"}, "accounts.grant_role": {"role"}}
ASKS_JSON = {"exams.events", "exams.leave", "exams.bundle"}  # what a device sends: asked about in tests/exams
ASKS_FOR_MORE_FIRST = {"accounts.letter"}  # whose address must hold a token that is alive
# The traces reading may leave: where one was seen last, how far a lesson was read, who took a file.
TRACES = {("sign_in", "seen_at"), ("progress", None), ("download", None)}


def posting(house: House) -> Iterator[Rule]:
    """Every route that takes a form of somebody in the cast."""
    for rule in rules(house.app):
        asked = "POST" in rule.methods and rule.endpoint not in ASKS_JSON | ASKS_FOR_MORE_FIRST
        if asked and allowed(rule.endpoint, "POST"):
            yield rule


def who_may(rule: Rule) -> str:
    """Somebody who gets past the route's policy."""
    may = allowed(rule.endpoint, "POST")
    return next(
        key for key in ("manager", "administrator", "instructor", "trainee", "anonymous", *cast.PEOPLE) if key in may
    )


LISTINGS: dict[str, str] = {}  # what lists each table; found once, every house has the same


def listings(connection: Connection) -> dict[str, str]:
    """For every table, all of it but for the traces reading may leave."""
    looked, found = inspect(connection), {}
    for name in looked.get_table_names():
        columns = [c["name"] for c in looked.get_columns(name) if (name, c["name"]) not in TRACES]
        if (name, None) not in TRACES:
            found[name] = "SELECT {} FROM {} ORDER BY 1".format(", ".join(f'"{column}"' for column in columns), name)
    return found


def rows(house: House) -> dict[str, str]:
    """A digest of every table."""
    with house.opened.engine.connect() as connection:
        if not LISTINGS:
            LISTINGS.update(listings(connection))
        return {
            name: hashlib.sha256(repr(connection.exec_driver_sql(listing).all()).encode()).hexdigest()
            for name, listing in LISTINGS.items()
        }


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The tables in which something is different."""
    return {name for name in before if before[name] != after[name]}


def test_a_field_no_form_has_is_answered_400_and_changes_nothing(house: House, worlds: Worlds) -> None:
    browsers = {key: house.browser(key) for key in ("anonymous", *cast.PEOPLE)}
    before, tried, taken = rows(house), 0, []
    for rule in posting(house):
        browser, token = browsers[who_may(rule)]
        for field in set(STRANGE) - HAS.get(rule.endpoint, set()):
            tried += 1
            reply = browser.post(address(rule, worlds.things["own"]), data={"csrf_token": token, field: "1"})
            if reply.status_code != 400:
                taken.append(f"{rule.endpoint} with {field}: {reply.status_code}")
    assert not taken, "\n".join(taken)
    assert not changed(before, rows(house)) - {"sign_in"}
    assert tried > 150


UPLOADS = {
    "picture.jpg": b"<html><script>alert(1)</script>", "drawing.svg": b"<svg onload='alert(1)'/>", "two.pdf": b"%PDF-1.7\nPK\x03\x04", "": b"x", "none.pdf": b"",
    "../../etc/passwd": b"x", "..\\..\\boot.ini": b"x", "a\x00.pdf": b"x", "a\nb.pdf": b"x", "\u202egpj.exe": b"MZ",
}  # fmt: skip


def test_no_form_takes_a_file(house: House, worlds: Worlds) -> None:
    """There is no upload yet: whatever is sent is refused before anything is kept (checklist 28)."""
    browsers = {key: house.browser(key) for key in ("anonymous", *cast.PEOPLE)}
    before, files = rows(house), set(house.settings.data.rglob("*"))
    for rule in posting(house):
        browser, token = browsers[who_may(rule)]
        for name, content in UPLOADS.items():
            data = {"csrf_token": token, "upload": (io.BytesIO(content), name)}
            reply = browser.post(address(rule, worlds.things["own"]), data=data, content_type="multipart/form-data")
            assert reply.status_code in (400, 403, 404, 409, 422) or (not name and not content), (rule.endpoint, name)
    assert not changed(before, rows(house)) - {"sign_in"}
    assert not {
        path for path in set(house.settings.data.rglob("*")) - files if not path.name.startswith("lmsapp.sqlite")
    }


def test_what_is_too_large_is_refused_before_it_is_read(house: House) -> None:
    browser, token = house.browser("anonymous")
    reply = browser.post("/ka/sign-in", data={"csrf_token": token, "login": "x" * 3_000_000, "secret": "x"})
    assert reply.status_code == 413
    assert '<html lang="ka"' in reply.get_data(as_text=True)
    lengths = {"content_length": 1 << 40, "content_type": "application/x-www-form-urlencoded"}
    assert browser.post("/ka/sign-in", input_stream=io.BytesIO(b"a=b"), **lengths).status_code in (400, 413)


@pytest.mark.parametrize(
    "key", ["anonymous", "trainee", "instructor", "partner", "manager", "administrator", "auditor"]
)
def test_reading_changes_no_row(key: str, house: House, worlds: Worlds) -> None:
    browser, _token = house.browser(key)
    before, tried = rows(house), 0
    for rule in rules(house.app):
        if "GET" in rule.methods:
            for things in worlds.things.values():
                reply = browser.get(address(rule, things), buffered=True)
                if reply.status_code == 403:  # which is written to the log of acts
                    before = rows(house)
                    continue
                tried += 1
                browser.head(address(rule, things), buffered=True)
    assert not changed(before, rows(house))
    assert tried > 60
