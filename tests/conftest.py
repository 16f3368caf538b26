"""Databases, the application, browsers' clients and the cast, for every test."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import CodeType

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from lmsapp import installation, wiring
from lmsapp.accounts import secrets
from lmsapp.accounts.models import SignIn
from lmsapp.app import LmsFlask, create_app
from lmsapp.bench.clusters import Cluster
from lmsapp.core import clock, events, figures, settings
from lmsapp.core.errors import Invalid
from lmsapp.core.sessions import transaction, writing
from lmsapp.core.settings import Settings
from lmsapp.web import limits
from lmsapp.web.login import TICKET, ticket_hash
from tests import cast as casting
from tests import world
from tests.house import House, Worlds

IN_CI = bool(os.environ.get("CI"))
figures.folders.append(Path(__file__).parent / "data" / "content" / "figures")


class Compiled(BytecodeCache):
    """Templates compiled once for all applications of a run."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


LmsFlask.jinja_options = {"bytecode_cache": Compiled()}


@pytest.fixture(autouse=True)
def nobody_listens() -> Iterator[None]:
    """What one test's application hears, the next test's does not."""
    yield
    events.hear_nothing()


@pytest.fixture(autouse=True)
def quick_secrets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing a secret takes no time, except where a test is about that (marked `real_secrets`)."""
    if request.node.get_closest_marker("real_secrets") is None:
        monkeypatch.setattr(secrets, "_hasher", casting.QUICK)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the reliability suites."""
    parser.addoption("--long", action="store_true", help="the long form of the reliability suites")
    parser.addoption(
        "--figures", help="append what the reliability suites tried and found to this file, as lines of JSON"
    )


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables, the cast and the sample course, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    _furnish(installation.opened(settings.load(folder, {})))
    return folder / "lmsapp.sqlite"


def _furnish(opened: installation.Installation) -> None:
    with transaction(opened.sessions) as session:
        casting.assemble(session)
        world.course(session)
    opened.engine.dispose()


@pytest.fixture
def chosen(template: Path, tmp_path: Path) -> Settings:
    """Settings of an installation of its own for this test, on SQLite."""
    folder = tmp_path / "var"
    folder.mkdir()
    shutil.copy(template, folder / "lmsapp.sqlite")
    return settings.load(folder, {}, allow_drafts=True)


@pytest.fixture
def opened(chosen: Settings) -> Iterator[installation.Installation]:
    """The installation, opened."""
    found = installation.opened(chosen)
    yield found
    found.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A writing session with the cast and the sample course in it, on SQLite and on PostgreSQL; it ends in no commit."""
    kept = "postgres_alone" if request.node.get_closest_marker("own_database") else "postgres_shared"
    found = request.getfixturevalue("opened" if request.param == "sqlite" else kept)
    with writing(), found.sessions() as opened_session:
        event.listen(opened_session, "after_commit", _refuse)
        yield opened_session
        opened_session.rollback()


def _refuse(session: Session) -> None:
    if not session.in_nested_transaction():
        pytest.fail("the next test would see what is committed here: use a session of `opened`")


@pytest.fixture
def cast(session: Session) -> dict[str, casting.Member]:
    """Everybody of the cast."""
    return casting.members(session)


@pytest.fixture
def app(chosen: Settings, opened: installation.Installation) -> Iterator[Flask]:
    """The application on its own SQLite database."""
    made = create_app(chosen)
    limits.limiter.enabled = False  # but in the tests that switch them on
    wiring.connect(opened)
    yield made
    with made.app_context():
        if "writer" in made.extensions:
            made.extensions["writer"].stop()
        made.extensions["sqlalchemy"].engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """An anonymous browser without JavaScript."""
    return app.test_client()


@pytest.fixture
def signed_in(app: Flask, opened: installation.Installation) -> Callable[[str], FlaskClient]:
    """`signed_in("trainee")` is a browser in which that member of the cast has signed in."""

    def sign_in(key: str) -> FlaskClient:
        browser = app.test_client()
        if key == "anonymous":
            return browser
        ticket = uuid.uuid4().hex
        now = clock.now()
        with transaction(opened.sessions) as session:
            person_id = casting.person(session, key).id
            session.add(
                SignIn(
                    ticket_hash=ticket_hash(ticket),
                    person_id=person_id,
                    begun_at=now,
                    fresh_at=now,
                    seen_at=now,
                    ends_at=now + timedelta(days=1),
                )
            )
        with browser.session_transaction() as kept:
            kept[TICKET] = ticket
        return browser

    return sign_in


@pytest.fixture(scope="session")
def worlds(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """A data folder with both worlds, made once."""
    folder = tmp_path_factory.mktemp("worlds")
    shutil.copy(template, folder / "lmsapp.sqlite")
    chosen = settings.load(folder, {}, allow_drafts=True)
    opened = installation.opened(chosen)
    with transaction(opened.sessions) as session:
        things = world.build(session, chosen)
    opened.engine.dispose()
    return Worlds(folder, things)


@pytest.fixture
def house(worlds: Worlds, tmp_path: Path) -> Iterator[House]:
    """The application on a fresh copy of both worlds."""
    folder = tmp_path / "house"
    shutil.copytree(worlds.folder, folder)
    made = House(folder)
    yield made
    made.close()


# ---------- PostgreSQL: a cluster of our own, on a socket in a temporary folder ----------


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    """Starts a PostgreSQL server on loopback; skips loudly where there is none, but never in CI."""
    given = os.environ.get("LMSAPP_TEST_POSTGRES")
    if given:
        yield given
        return
    try:
        cluster = Cluster()
    except Invalid as problem:
        (pytest.fail if IN_CI else pytest.skip)(str(problem))
    yield cluster.url
    cluster.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same on PostgreSQL."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    _administer(postgres_cluster, f"CREATE DATABASE {name}")
    folder = tmp_path_factory.mktemp("pg")
    _furnish(installation.opened(settings.load(folder, {}, database_url=f"{postgres_cluster}/{name}")))
    return name


@contextmanager
def _copied(cluster: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    _administer(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield f"{cluster}/{name}"
    _administer(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_database(postgres_cluster: str, postgres_template: str) -> Iterator[str]:
    """The address of a database of this test's own."""
    with _copied(postgres_cluster, postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_shared(
    postgres_cluster: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[installation.Installation]:
    """An installation for tests that commit nothing: copying a database takes longer than most of them."""
    with _copied(postgres_cluster, postgres_template) as url:
        opened = installation.opened(settings.load(tmp_path_factory.mktemp("pg"), {}, database_url=url))
        yield opened
        opened.engine.dispose()


@pytest.fixture
def postgres_alone(postgres_database: str, tmp_path: Path) -> Iterator[installation.Installation]:
    """An installation of this test's own."""
    opened = installation.opened(settings.load(tmp_path / "var", {}, database_url=postgres_database))
    yield opened
    opened.engine.dispose()


def _administer(cluster: str, statement: str) -> None:
    engine = create_engine(f"{cluster}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
