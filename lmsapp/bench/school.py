"""A school to measure: the shipped courses and seven cohorts of thirty, in a folder of its own, the same for each seed."""

import random
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from lmsapp import installation, wiring
from lmsapp.accounts import registering, secrets
from lmsapp.accounts.models import Membership, Organisation, Person, SignIn
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import Role
from lmsapp.app import create_app
from lmsapp.catalogue.models import Course, Edition
from lmsapp.cohorts import attending, enrolling
from lmsapp.cohorts.models import Cohort, CohortStaff
from lmsapp.core import clock, paths, settings, yaml
from lmsapp.core.access import KEEPER
from lmsapp.core.jobs import Registry
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.sessions import transaction
from lmsapp.installation import Installation
from lmsapp.upkeep import content
from lmsapp.web import limits
from lmsapp.web.login import TICKET, ticket_hash

COHORTS, SIZE = 7, 30
PIN = "604118"


@dataclass
class School:
    """The installation and its application; `statements` counts the SQL of the last request."""

    opened: Installation
    app: Flask
    jobs: Registry
    statements: int = 0
    counts: bool = False

    def browser(self, person_id: int | None = None) -> FlaskClient:
        """A browser without JavaScript, signed in as a person."""
        client = self.app.test_client()
        if person_id is not None:
            ticket, now = uuid.uuid4().hex, clock.now()
            with transaction(self.opened.sessions) as session:
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
            with client.session_transaction() as kept:
                kept[TICKET] = ticket
        return client

    def count_statements(self) -> None:
        """Counts from now on."""
        with self.app.app_context():
            engines = self.app.extensions["sqlalchemy"].engine, self.opened.engine

        def count(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
            self.statements += not statement.startswith("BEGIN")

        for engine in () if self.counts else engines:
            event.listen(engine, "before_cursor_execute", count)
        self.counts = True

    def person_with(self, role: Role) -> Person:
        """The first person who holds a role."""
        with self.opened.sessions() as session:
            return session.scalars(select(Person).join(Membership).where(Membership.role == role)).first() or Person()

    def close(self) -> None:
        """Lets go of the files."""
        with self.app.app_context():
            if "writer" in self.app.extensions:
                self.app.extensions["writer"].stop()
            self.app.extensions["sqlalchemy"].engine.dispose()
        self.opened.engine.dispose()


def reopened(folder: Path, database_url: str | None = None) -> School:
    """A school that was built before."""
    more = {"database_url": database_url} if database_url else {}
    opened = installation.opened(settings.load(folder, {}, allow_drafts=True, **more))
    jobs = wiring.connect(opened)
    app = create_app(opened.settings)
    limits.limiter.enabled = False
    return School(opened, app, jobs)


def build(folder: Path, seed: int, database_url: str | None = None, cohorts: int = COHORTS) -> School:
    """Writes the school into an empty folder and opens it."""
    made = reopened(folder, database_url)
    opened = made.opened
    chance = random.Random(seed)  # noqa: S311 - the same school every time
    with transaction(opened.sessions) as session:
        content.load_all(session, paths.shipped("content"))
        centre = registering.register_organisation(
            session, KEEPER, code="nmc", kind="centre", country="AZ", names={"en": "Centre"}, since=date(2000, 1, 1)
        )
        session.flush()
        people = yaml.read((paths.shipped("content") / "demonstration/people.yaml").read_text(encoding="utf-8"))
        names = [
            (one["name"], one["language"], one.get("latin")) for one in people["people"] if one["role"] == "trainee"
        ]
        hashed = secrets.hashed(PIN)
        teacher = registering.register(session, KEEPER, NewPerson("Instructor", "en"), centre, Role.INSTRUCTOR)
        registering.register(session, KEEPER, NewPerson("Manager", "en"), centre, Role.MANAGER)
        edition = session.scalars(select(Edition).join(Course).where(Course.code == "MAF-101")).one()
        for number in range(cohorts):
            cohort = _cohort(session, edition, centre, number, teacher.id)
            enrolments = []
            for _ in range(SIZE):
                name, language, latin = chance.choice(names)
                person = registering.register(
                    session, KEEPER, NewPerson(name, language, latin_name=latin), centre, Role.TRAINEE
                )
                person.secret_kind, person.secret_hash = "pin", hashed
                enrolments.append(enrolling.enrol(session, KEEPER, cohort, person, language))
            session.flush()
            attending.enter_hours(
                session, KEEPER, cohort, {one.id: str(chance.randrange(30, 60)) for one in enrolments}
            )
    return made


def _cohort(session: Any, edition: Edition, centre: Organisation, number: int, teacher_id: int) -> Cohort:
    starts = clock.now().date() - timedelta(days=3 + number)
    new = enrolling.NewCohort(starts, starts + timedelta(days=11), "Hall", tuple(LANGUAGES), SIZE, centre)
    cohort = enrolling.start(session, KEEPER, edition, new)
    cohort.state = "running"
    cohort.staff.append(CohortStaff(person_id=teacher_id, part="instructor"))
    session.flush()
    return cohort
