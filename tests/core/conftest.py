"""Engines with every table, on SQLite and on PostgreSQL; nobody of the cast is needed here."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core import sessions
from lmsapp.core.settings import Settings
from lmsapp.models import Base


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables, copied for each test."""
    path = tmp_path_factory.mktemp("core") / "tables.sqlite"
    make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_tables(postgres_cluster: str) -> str:
    """The same on PostgreSQL."""
    name = f"core_template_{uuid.uuid4().hex[:8]}"
    administer(postgres_cluster, f"CREATE DATABASE {name}")
    make_tables(f"{postgres_cluster}/{name}")
    return name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine on an empty database with all tables."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_tables"), tmp_path / "test.sqlite")
        made = sessions.make_engine(f"sqlite:///{tmp_path / 'test.sqlite'}")
        yield made
        made.dispose()
        return
    cluster, template = request.getfixturevalue("postgres_cluster"), request.getfixturevalue("postgres_tables")
    name = f"core_{uuid.uuid4().hex[:12]}"
    administer(cluster, f"CREATE DATABASE {name} TEMPLATE {template}")
    made = sessions.make_engine(f"{cluster}/{name}")
    yield made
    made.dispose()
    administer(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def make_tables(url: str) -> None:
    made = sessions.make_engine(url)
    with sessions.writing():
        Base.metadata.create_all(made)
    made.dispose()


def administer(cluster: str, statement: str) -> None:
    keeper = create_engine(f"{cluster}/postgres", isolation_level="AUTOCOMMIT")
    with keeper.connect() as connection:
        connection.execute(text(statement))
    keeper.dispose()


@pytest.fixture
def maker(engine: Engine) -> sessionmaker[Session]:
    """Makes sessions on it."""
    return sessions.make_sessions(engine)


@pytest.fixture
def settings(tmp_path: Path, engine: Engine) -> Settings:
    """Settings of an installation with this database."""
    url = engine.url.render_as_string(hide_password=False)
    return Settings(data=tmp_path, database_url=url, secret="not secret", mail_from="NMC <training@nmc.example>")
