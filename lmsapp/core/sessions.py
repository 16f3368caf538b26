"""Engines and transactions: SQLite in WAL with full syncing, PostgreSQL by one setting.

Reading transactions begin plainly; writing ones take the write lock at once (`BEGIN IMMEDIATE`), so that a transaction
which read something can't find the file locked when it comes to write. A flush outside `writing()` is refused.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from lmsapp.core.errors import Busy, Full, LmsError
from lmsapp.core.translations import N_

_writing: ContextVar[bool] = ContextVar("writing", default=False)
BUSY_TIMEOUT_MS = 10_000
POOL_SIZE = 10
IN_A_RUSH = (
    38  # more, so that there are more than threads: who waits for the writer holds one, and the writer needs one
)
INTRANS = 2  # libpq's name for a transaction in which all went well


class ReadOnlyTransaction(RuntimeError):
    """A defect: a reading request or job tried to change rows."""


@contextmanager
def writing() -> Iterator[None]:
    """Transactions begun inside the block may write."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def begin_writing() -> Any:
    """Like `writing()` for a span that is not a block; give the token to `end_writing`."""
    return _writing.set(True)


def end_writing(token: Any) -> None:
    """Ends what `begin_writing` began."""
    _writing.reset(token)


def make_engine(url: str) -> Engine:
    """An engine with this project's promises: synced commits, foreign keys, patient locks."""
    engine = create_engine(
        url,
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
        pool_pre_ping=not url.startswith("sqlite"),
        pool_size=POOL_SIZE,
        max_overflow=IN_A_RUSH,
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-16000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    if _writing.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # takes no lock and can't fail, so the driver is asked without ceremony
        connection.connection.cursor().execute("BEGIN")


def standing(connection: Connection) -> bool:
    """Whether the transaction is still there: on a full disk SQLite gives it up, and what follows would be written without."""
    raw: Any = connection.connection.driver_connection
    return bool(raw.in_transaction if connection.dialect.name == "sqlite" else raw.info.transaction_status == INTRANS)


def outage(problem: DBAPIError) -> LmsError | None:
    """What stopped the database, if it was no defect of ours: a full disk, too many at once, a restart."""
    code = getattr(problem.orig, "sqlite_errorname", "") or getattr(problem.orig, "sqlstate", "") or ""
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR", "53100")):
        return Full(N_("The disk of the server is full. Nothing was stored; call whoever looks after the server."))
    away = problem.connection_invalidated or (isinstance(problem, OperationalError) and not code)
    if away or code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "08", "40", "53", "57P")):
        return Busy(N_("The server is busy. Try again in a moment; nothing was lost."))
    return None


def refuse_writes_while_reading(session: Session, _context: object, _instances: object) -> None:
    """A session hook: a GET that changes rows is a defect, whatever it changes."""
    if not _writing.get() and (session.new or session.dirty or session.deleted):
        raise ReadOnlyTransaction("rows were changed outside a writing transaction")


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """A maker of sessions that keep what was loaded usable after the commit."""
    maker = sessionmaker(engine, expire_on_commit=False)
    event.listen(maker, "before_flush", refuse_writes_while_reading)
    return maker


@contextmanager
def transaction(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A writing transaction for commands and jobs: commits when the block ends well, undoes everything otherwise."""
    with writing(), sessions() as session:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise
