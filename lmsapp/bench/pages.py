"""E5, E6: pages as the server makes them, beside a bare page of 24 KB with Flask, the ORM and Jinja."""

import gc
from collections.abc import Iterator
from pathlib import Path

from flask import Flask, render_template_string
from flask.testing import FlaskClient
from sqlalchemy import String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from lmsapp.accounts.roles import Role
from lmsapp.bench.measuring import Row, in_turn, timed
from lmsapp.bench.school import School
from lmsapp.cohorts.models import Cohort

TIMES = 30
BARE_OCTETS = 24_000
BARE = """<!doctype html><html lang="en"><head><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
<table>{% for one in rows %}<tr><th scope="row">{{ one.name }}</th><td>{{ one.number }}</td><td>{{ one.note }}</td></tr>{% endfor %}
</table></body></html>"""


def run(school: School, folder: Path, repeat: int) -> Iterator[Row]:
    """The trainee's first page, a course, a cohort of thirty, the catalogue."""
    bare = _bare(folder)
    school.count_statements()
    with school.opened.sessions() as session:
        cohort = session.scalars(select(Cohort)).first()
        code = cohort.code.lower() if cohort else ""
    trainee = school.browser(school.person_with(Role.TRAINEE).id)
    teacher = school.browser(school.person_with(Role.INSTRUCTOR).id)
    visitor = school.browser()
    gc.freeze()  # as the server does
    for what, client, path in (
        ("trainee's first page (E5)", trainee, "/prs/"),
        ("course page (E6)", visitor, "/en/courses/maf-101"),
        ("cohort of thirty (E6)", teacher, f"/en/cohorts/{code}"),
        ("catalogue", visitor, "/en/courses"),
    ):
        reply = client.get(path)
        if reply.status_code != 200:
            raise RuntimeError(f"{path} answers {reply.status_code}")
        school.statements = 0
        octets = len(client.get(path).data)
        statements = school.statements
        ours, limit = in_turn(
            lambda client=client, path=path: timed(lambda: client.get(path), TIMES),  # type: ignore[misc]
            lambda: timed(lambda: bare.get("/"), TIMES),
            repeat,
        )
        yield Row(
            "pages", what, "CPU ms", ours, "bare page of 24 KB", limit, {"statements": statements, "octets": octets}
        )


class _Base(DeclarativeBase):
    pass


class _Line(_Base):
    __tablename__ = "line"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    note: Mapped[str] = mapped_column(String(200))


def _bare(folder: Path) -> FlaskClient:
    """A client of the least page: one query, one template, 24 KB."""
    engine = create_engine(f"sqlite:///{folder / 'bare.sqlite'}")
    _Base.metadata.create_all(engine)
    app = Flask("bare")
    with Session(engine) as session:
        session.add_all(_Line(name=f"Person {n}", number=n, note="Some words of a line " * 6) for n in range(130))
        session.commit()

    @app.get("/")
    def page() -> str:
        with Session(engine) as session:
            return render_template_string(BARE, title="Bare", rows=session.scalars(select(_Line)).all())

    client = app.test_client()
    size = len(client.get("/").data)
    if not 0.8 < size / BARE_OCTETS < 1.2:
        raise RuntimeError(f"the bare page has {size} octets")
    return client
