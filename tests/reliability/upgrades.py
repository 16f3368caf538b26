"""Starts that die: a start of the program in a process of its own, killed before its statement of some number."""

import hashlib
import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, event, inspect, text

from lmsapp import installation, migrations
from lmsapp.core import sessions, settings
from lmsapp.core.errors import LmsError

NEVER = 1_000_000
NEXT = "0002_next"
STEP = '''
"""What a later version may do to rows that are there: a table remade to which others refer, a column filled, one taken away."""

import sqlalchemy as sa
from alembic import op

revision = "0002_next"
down_revision = "0001_house"


def upgrade() -> None:
    op.create_table("badge", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.String(40)))
    op.bulk_insert(sa.table("badge", sa.column("name", sa.String)), [{"name": "blue"}, {"name": "red"}])
    with op.batch_alter_table("person") as batch:
        batch.add_column(sa.Column("badge_id", sa.Integer()))
        batch.create_foreign_key("fk_person_badge", "badge", ["badge_id"], ["id"])
    op.execute("UPDATE person SET badge_id = 1")
    with op.batch_alter_table("audit_personal") as batch:
        batch.drop_index("ix_audit_personal_token")
        batch.add_column(sa.Column("origin", sa.String(8), server_default="old"))
    op.create_index("ix_person_badge", "person", ["badge_id"])
'''
on_its_own = multiprocessing.get_context("forkserver")
on_its_own.set_forkserver_preload([__name__, "alembic.command", "lmsapp.models"])  # once for all children


def with_next_step(folder: Path) -> Path:
    """A folder with our steps and one more."""
    folder.mkdir()
    for one in migrations.VERSIONS.glob("[0-9]*.py"):
        (folder / one.name).write_text(one.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / f"{NEXT}.py").write_text(STEP, encoding="utf-8")
    return folder


def start(data: Path, url: str, versions: Path | None, dies_at: int = NEVER, fault: str = "") -> int:
    """A start in a process of its own; how it ended: 0 well, -9 killed, 1 refused with a sentence in `said`."""
    child = begin(data, url, versions, dies_at, fault)
    child.join()
    assert child.exitcode is not None
    return child.exitcode


def begin(data: Path, url: str, versions: Path | None, dies_at: int = NEVER, fault: str = "") -> Any:
    """The same, not waited for."""
    child = on_its_own.Process(target=_start, args=(data, url, versions, dies_at, fault))
    child.start()
    return child


def _start(data: Path, url: str, versions: Path | None, dies_at: int, fault: str) -> None:
    if versions is not None:
        migrations.VERSIONS = versions
        migrations.HEAD = installation.HEAD = migrations._steps()
    if fault:
        FAULTS[fault]()
    seen = [0]

    def count(*_: Any) -> None:
        if seen[0] == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen[0] += 1

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)
    try:
        installation.opened(settings.load(data, {}, database_url=url))
    except LmsError as problem:
        (data / "said").write_text(str(problem), encoding="utf-8")
        os._exit(1)
    os._exit(0)


def statement_by_statement() -> None:
    """The planted fault: every statement is committed for itself, as Python's driver and Alembic do when they are left alone."""
    sessions._begin_sqlite = lambda _connection: None  # type: ignore[assignment]


FAULTS: dict[str, Callable[[], None]] = {"statement-by-statement": statement_by_statement}


def picture(url: str) -> dict[str, Any]:
    """Everything a database holds: shape and rows, each table by its digest. Equal pictures are equal databases."""
    engine = create_engine(url, poolclass=NullPool)
    found: dict[str, Any] = {}
    with engine.connect() as connection:
        looked = inspect(connection)
        shapes = [
            looked.get_multi_columns(),
            looked.get_multi_foreign_keys(),
            looked.get_multi_indexes(),
            looked.get_multi_unique_constraints(),
        ]
        for key in shapes[0]:
            shape = [sorted(re.sub(" at 0x[0-9a-f]+", "", repr(part)) for part in one[key]) for one in shapes]
            rows = sorted(map(repr, connection.execute(text(f'SELECT * FROM "{key[1]}"'))))
            if key[1] != "alembic_version" or rows:  # an empty one: nothing was done yet
                found[str(key[1])] = hashlib.sha256(repr((shape, rows)).encode()).hexdigest()
    engine.dispose()
    return found
