"""R15: killed at any statement of an upgrade, a database is the old one or the new one, and the next start ends well."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

from lmsapp import installation
from lmsapp.bench.clusters import Cluster
from lmsapp.core import settings
from lmsapp.core.sessions import transaction
from lmsapp.migrations import HEAD
from tests import cast as casting
from tests.reliability.upgrades import NEXT, begin, picture, start, with_next_step

AT_ONCE = 6


@dataclass
class Place:
    """Where a database lies, and how it is made what it was."""

    data: Path
    url: str
    again: Callable[[], None] = field(repr=False)


@dataclass
class Found:
    """What was tried and found; `between` and `not_ended_well` must be 0."""

    kills: int = 0
    old: int = 0
    new: int = 0
    between: int = 0
    starts: int = 0
    not_ended_well: int = 0
    no_copy: int = 0

    @property
    def wrong(self) -> int:
        """Whatever must not be."""
        return self.between + self.not_ended_well + self.no_copy


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    """On both."""
    return str(request.param)


@pytest.fixture
def empty(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """A place where nothing is yet."""
    return _place(engine, tmp_path, request, None)


@pytest.fixture
def filled(engine: str, tmp_path: Path, template: Path, request: pytest.FixtureRequest) -> Place:
    """A database of this version with people in it."""
    return _place(engine, tmp_path, request, template)


def _place(engine: str, tmp_path: Path, request: pytest.FixtureRequest, template: Path | None) -> Place:
    data = tmp_path / "var"
    data.mkdir()
    if engine == "postgresql":
        return _on_postgres(request.getfixturevalue("own_cluster"), data, filled=template is not None)

    def again() -> None:
        for one in [*data.glob("lmsapp.sqlite*"), *data.glob("backups/*")]:
            one.unlink()
        if template is not None:
            shutil.copy(template, data / "lmsapp.sqlite")

    return Place(data, f"sqlite:///{data}/lmsapp.sqlite", again)


def _on_postgres(cluster: Cluster, data: Path, *, filled: bool) -> Place:
    before, name = ("upgrade_filled", "upgrade_now") if filled else ("template1", "upgrade_now")
    if filled:
        cluster.administer(f"DROP DATABASE IF EXISTS {before}")
        cluster.administer(f"CREATE DATABASE {before}")
        opened = installation.opened(settings.load(data, {}, database_url=f"{cluster.url}/{before}"))
        with transaction(opened.sessions) as session:
            casting.assemble(session)
        opened.engine.dispose()

    def again() -> None:
        cluster.administer(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cluster.administer(f"CREATE DATABASE {name} TEMPLATE {before}")

    return Place(data, f"{cluster.url}/{name}", again)


@pytest.fixture
def versions(tmp_path: Path) -> Iterator[Path]:
    """The steps of a later version."""
    return with_next_step(tmp_path / "versions")


def killed_everywhere(place: Place, versions: Path | None, every: int, fault: str = "") -> Found:
    """Kills a start before every so many-th of its statements, looks at what is left, and starts again."""
    place.again()
    old = picture(place.url)
    assert start(place.data, place.url, versions) == 0
    new = picture(place.url)
    assert old != new
    found, statement, died = Found(), 0, True
    while died:
        place.again()
        died = start(place.data, place.url, versions, statement, fault) != 0
        left = picture(place.url)
        found.kills += died
        found.old += died and left == old
        found.new += died and left == new
        found.between += left not in (old, new)
        if not fault:
            found.starts += 1
            found.not_ended_well += start(place.data, place.url, versions) != 0 or picture(place.url) != new
            found.no_copy += bool(old) and "sqlite" in place.url and _copied(place) != old
        statement += every
    return found


def _copied(place: Place) -> dict[str, str] | None:
    kept = place.data / "backups" / f"before-{NEXT}.sqlite"
    return picture(f"sqlite:///{kept}") if kept.exists() else None


def test_a_first_start_killed_anywhere_leaves_nothing_or_all_of_it(
    empty: Place, engine: str, long: bool, tell: Callable[..., None]
) -> None:
    found = killed_everywhere(empty, None, 1 if long else 70)
    tell("R15 first start", database=engine, **asdict(found))
    assert found.kills > 1
    assert found.wrong == 0, found


def test_an_upgrade_killed_anywhere_leaves_the_old_rows_or_the_new_ones(
    filled: Place, versions: Path, engine: str, long: bool, tell: Callable[..., None]
) -> None:
    found = killed_everywhere(filled, versions, 1 if long else 5)
    tell("R15 upgrade of a database with rows", database=engine, **asdict(found))
    assert found.kills > 2
    assert found.wrong == 0, found


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_upgrade_that_commits_each_statement_is_found_out(
    filled: Place, versions: Path, tell: Callable[..., None]
) -> None:
    found = killed_everywhere(filled, versions, 9, "statement-by-statement")
    tell("R15 planted: statement by statement", **asdict(found))
    assert found.between > 0


def endings_at_once(place: Place, versions: Path) -> list[int | None]:
    """How several starts at the same moment end."""
    place.again()
    children = [begin(place.data, place.url, versions) for _ in range(AT_ONCE)]
    for child in children:
        child.join()
    return [child.exitcode for child in children]


def test_of_first_starts_at_once_one_makes_the_database_and_all_go_on(empty: Place, versions: Path) -> None:
    assert endings_at_once(empty, versions) == [0] * AT_ONCE


def test_of_starts_at_once_one_upgrades_the_database_and_all_go_on(filled: Place, versions: Path) -> None:
    assert endings_at_once(filled, versions) == [0] * AT_ONCE


def test_a_program_refuses_the_database_of_a_newer_one_and_leaves_it_alone(filled: Place, versions: Path) -> None:
    filled.again()
    assert start(filled.data, filled.url, versions) == 0
    newer = picture(filled.url)
    assert start(filled.data, filled.url, None) == 1
    said = (filled.data / "said").read_text(encoding="utf-8")
    assert NEXT in said and HEAD.name in said and "\n" not in said
    assert picture(filled.url) == newer
