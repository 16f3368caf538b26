"""What the reliability suites share: a school that is built once, and a line of JSON for what was tried and found."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lmsapp.bench import school as schools
from lmsapp.bench.clusters import Cluster
from lmsapp.bench.school import School

SEED = 20261123


def planted(fault: str) -> list[str]:
    """The words that start a server with a fault planted in it."""
    return [sys.executable, "-m", "tests.reliability.planted", fault, "serve", "--port", "{port}"]


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form was asked for: `./run reliability --long`."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def tell(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Prints one line of JSON; with `--figures FILE` appends it there too."""

    def line(suite: str, **facts: Any) -> None:
        said = json.dumps({"suite": suite, "seed": SEED} | facts)
        with capsys.disabled():
            print(f"\n{said}")
        target = request.config.getoption("--figures")
        if target:
            with Path(target).open("a", encoding="utf-8") as out:
                out.write(f"{said}\n")

    return line


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a school with 210 trainees, on SQLite."""
    folder = tmp_path_factory.mktemp("built") / "school"
    schools.build(folder, SEED).close()
    return folder


@pytest.fixture
def school(built: Path, tmp_path: Path) -> Iterator[School]:
    """A school of this test's own."""
    folder = tmp_path / "school"
    shutil.copytree(built, folder)
    made = schools.reopened(folder)
    yield made
    made.close()


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that may be stopped at any moment; skips loudly where there is none, but never in CI."""
    if not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("apt-get install postgresql")
    cluster = Cluster(durable=True)
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def built_on_postgres(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same school in the database `school` of that server, built once."""
    folder = tmp_path_factory.mktemp("built") / "school"
    own_cluster.administer("CREATE DATABASE school")
    schools.build(folder, SEED, f"{own_cluster.url}/school").close()
    return folder


@pytest.fixture
def school_on_postgres(own_cluster: Cluster, built_on_postgres: Path, tmp_path: Path) -> Iterator[School]:
    """That school in a database of this test's own."""
    name = f"school_{tmp_path.name.replace('-', '_').lower()[:40]}"
    own_cluster.administer(f'CREATE DATABASE "{name}" TEMPLATE school')
    shutil.copytree(built_on_postgres, tmp_path / "school")
    made = schools.reopened(tmp_path / "school", f"{own_cluster.url}/{name}")
    yield made
    made.close()
