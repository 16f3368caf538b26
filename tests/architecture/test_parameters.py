"""Search, sort and filter parameters take quotes and operators as words, on both databases (checklist 33)."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import inspect

from lmsapp import installation
from lmsapp.core import settings
from lmsapp.core.sessions import transaction
from lmsapp.models import Base
from tests import world
from tests.house import House, Worlds, address, rules

QUOTED = (
    "'", '"', "';--", "' OR '1'='1", "%", "_", "\\", "%%' ESCAPE '", "1; DROP TABLE person", "NULL", "a' UNION SELECT number FROM person --", "\u02bc OR 1=1", "(", "*", '"a"*',
    "\x00", "a\x00b", "-'", "$1", ":q", "%s", "%(q)s", "E'\\''", "||pg_sleep(9)", "\ud7ff\uffff", "9" * 40, "-1", "1e9",
)  # fmt: skip
# Each page with its parameters; `{code}` is a cohort.
PARAMETERS = {
    "people": ("q", "role", "organisation", "page"),
    "certificates": ("q", "kind", "page"),
    "courses": ("q", "group", "length", "leads", "lessons"),
    "materials": ("q", "in", "kind", "for"),
    "materials/taken": ("page",),
    "cohorts/{code}": ("q", "show", "sort"),
    "banks/tst-100": ("q", "topic", "kind", "difficulty", "competence", "lacking", "sort", "critical", "retired", "page"),
    "banks/tst-100/analysis": ("exam", "papers"),
    "log": ("q", "group", "who", "page"),
    "search": ("q",),
}  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def standing(request: pytest.FixtureRequest) -> Iterator[tuple[House, dict[str, object]]]:
    """The application with both worlds, and the first world's things, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        worlds: Worlds = request.getfixturevalue("worlds")
        yield request.getfixturevalue("house"), worlds.things["own"]
        return
    folder, url = request.getfixturevalue("tmp_path"), request.getfixturevalue("postgres_database")
    opened = installation.opened(settings.load(folder, {}, database_url=url, allow_drafts=True))
    with transaction(opened.sessions) as session:
        things = world.build(session, opened.settings)
    opened.engine.dispose()
    made = House(folder, url)
    yield made, things["own"]
    made.close()


def test_quotes_and_operators_are_words(
    standing: tuple[House, dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    house, things = standing
    readers = {key: house.browser(key)[0] for key in ("administrator", "manager")}
    tried, wrong = 0, []
    for template, names in PARAMETERS.items():
        browser = readers["manager" if template.startswith("banks") else "administrator"]
        path = f"/prs/{template.format(code=str(things['code']).lower())}"
        most = max(lines(browser, path), 1)
        for name in names:
            for typed in QUOTED:
                tried += 1
                found = lines(browser, f"{path}?{name}={quote(typed)}")
                if not 0 <= found <= most and "\x00" not in typed:
                    wrong.append(f"{path} with {name}={typed!r}: {found} lines where all are {most}")
    with house.opened.engine.connect() as connection:
        assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())
        name = connection.dialect.name
    with capsys.disabled():
        print(f"\nparameters ({name}): {tried} asked, {len(wrong)} answered wrongly")
    assert not wrong, "\n".join(wrong)


def test_no_argument_of_an_address_breaks_a_page(standing: tuple[House, dict[str, object]]) -> None:
    house, things = standing
    house.app.config["PROPAGATE_EXCEPTIONS"] = False
    browser, tried, broken = house.browser("manager")[0], 0, []
    for rule in rules(house.app):
        for argument in rule.arguments - {"language"} if "GET" in rule.methods else ():
            for typed in ("9" * 30, str(2**31), str(2**63), "0", "'", "a\x00b", "\u02bc", "%"):
                tried += 1
                path = address(rule, things, **{argument: quote(typed, safe="")})
                reply = browser.get(path, buffered=True)
                if reply.status_code >= 500:
                    broken.append(f"{path}: {reply.status_code}")
    assert not broken, "\n".join(broken)
    assert tried > 300


def lines(browser: FlaskClient, path: str) -> int:
    """How many lines its tables have; -1 when the page does not come."""
    reply = browser.get(path)
    return reply.get_data(as_text=True).count("<tr") if reply.status_code == 200 else -1
