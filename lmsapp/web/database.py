"""One transaction a request: commits before the reply leaves, or undoes everything.

GET, HEAD and OPTIONS read. Other methods write, unless their route is declared `hot`: such a route reads through its
session and hands its writes to the group-commit writer, and the two must not wait for each other.
"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from lmsapp.core import jobs, sessions, translations
from lmsapp.core.orm import Base
from lmsapp.core.writer import Writer

T = TypeVar("T")
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_first = threading.Lock()


class Database(SQLAlchemy):
    """Flask-SQLAlchemy on our base and our engine."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:  # noqa: ARG002
        return sessions.make_engine(app.config["SQLALCHEMY_DATABASE_URI"])


db = Database(model_class=Base, session_options={"expire_on_commit": False})


def install(app: Flask) -> None:
    """Connects the database and the writer; must run before anything that reads rows in a request."""
    db.init_app(app)
    event.listen(db.session, "before_flush", sessions.refuse_writes_while_reading)
    app.before_request(_choose_transaction)
    app.teardown_request(_forget_choice)


def writer() -> Writer:
    """The process's one group-commit writer, started when first asked for: a second would wait for as long as the first writes."""
    with _first:
        if "writer" not in current_app.extensions:
            current_app.extensions["writer"] = Writer(db.engine)
    found: Writer = current_app.extensions["writer"]
    return found


def write_aside(function: Callable[[Session], T]) -> T:
    """Runs `function` in a transaction of the writer's own, which stands whatever becomes of this request's.

    It may run twice (`core.writer`), so it only reads and writes rows.
    """
    db.session.rollback()  # or the two would wait for each other
    language, known = translations.current().code, {jobs.COMMITTED_BY_OTHERS: True}

    def write(connection: Connection) -> tuple[T, list[int]]:
        with translations.use(language), Session(bind=connection, info=known) as session:
            result = function(session)
            session.commit()
            return result, jobs.asked_in(session)

    result, asked = writer().write(write)
    jobs.carry(asked)
    return result


def reading() -> bool:
    """Whether this request writes nothing through its own session: then the writer may write beside it."""
    return g.get("writing") is None


def finish(response: Response) -> Response:
    """Commits what a view did when it ended well (below 400); called before the reply leaves."""
    if not db.session.registry.has():
        return response  # it asked nothing, or the writer alone
    if request.method in READING:
        db.session.close()  # a rollback would expire every row that was read, one by one
    elif response.status_code >= 400:
        db.session.rollback()
    else:
        db.session.commit()
    return response


def _choose_transaction() -> None:
    hot = request.endpoint in current_app.extensions["hot_routes"]
    g.writing = sessions.begin_writing() if request.method not in READING and not hot else None


def _forget_choice(_problem: BaseException | None) -> None:
    token = g.pop("writing", None)
    if token is not None:
        sessions.end_writing(token)
