"""Years of a centre's work in a minute: trainees of closed cohorts with released attempts, mostly written by the database itself.

Everything follows from numbers and a seed. Papers, facts and acts of the past are as small as they can be and their hashes
empty: nothing that is measured reads them.
"""

import random
from datetime import timedelta
from itertools import islice, product
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    cast,
    create_engine,
    func,
    insert,
    literal,
    select,
    update,
)

from lmsapp.accounts.models import Membership, Organisation, Person, SignIn
from lmsapp.accounts.numbers import number_of
from lmsapp.accounts.roles import Role
from lmsapp.catalogue.models import Course, Edition, Lesson, Module
from lmsapp.certificates.models import Award, AwardDocument, AwardEvent
from lmsapp.cohorts.models import Cohort, Enrolment, HoursEntry, LessonProgress
from lmsapp.core import clock
from lmsapp.core.audit import AuditHead, AuditLine
from lmsapp.core.collation import fold, sort_key
from lmsapp.core.jobs import Job
from lmsapp.core.locales import LANGUAGES
from lmsapp.exams import composing
from lmsapp.exams.models import (
    AnswerCurrent,
    AnswerEvent,
    Attempt,
    AttemptEvent,
    Bank,
    Exam,
    Mark,
    Paper,
    Question,
    Sitting,
    Submission,
)

A_COHORT, SITTINGS, TRIES = 30, 5, 2
EACH = SITTINGS * TRIES  # attempts of one trainee
EXAMS, ITEMS, SHEETS, PASS = 50, 20, 60, 16
NOTHING = "0" * 64

# Answered papers that many attempts share.
_sheets = Table(
    "sheet", MetaData(), Column("number", Integer, primary_key=True), Column("points", Integer), Column("observed", JSON),
    prefixes=["TEMPORARY"],
)  # fmt: skip


def fill(url: str, attempts: int, seed: int) -> None:
    """Adds so many attempts of a tenth as many trainees to what the school holds today."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":  # a file that nobody needs after a power cut
            for setting in ("journal_mode=off", "synchronous=off", "cache_size=-200000", "temp_store=memory"):
                connection.exec_driver_sql(f"PRAGMA {setting}")
        _History(connection, seed).write(attempts)
        connection.commit()
    engine.dispose()


class _History:
    """Ten years that ended a month ago."""

    def __init__(self, connection: Connection, seed: int) -> None:
        self._connection = connection
        self._chance = random.Random(seed)  # noqa: S311 - the same history every time
        self._at = clock.now() - timedelta(days=3650)

    def write(self, attempts: int) -> None:
        """Everything, in the order in which one thing needs another."""
        people = self._people(attempts // EACH)
        cohorts = self._cohorts(-(-len(people) // A_COHORT))
        self._enrol(people, cohorts)
        self._hold(cohorts)
        self._sit(cohorts)
        self._award(cohorts)

    def _people(self, size: int) -> range:
        """Named like those who are there, so that they sort and are found as real ones."""
        known = self._connection.execute(select(Person.name, Person.name_language, Person.latin_name).distinct()).all()
        sorts = {one: sort_key(one.name, one.name_language) for one in known}
        folded = {one: fold(f"{one.name} {one.latin_name or ''}") for one in known}
        first = self._next(Person.id)
        rows = []
        for serial in range(1, size + 1):
            one, number = self._chance.choice(known), number_of(serial)
            keys = {"sort_key": sorts[one], "search_key": f"{folded[one]} {number}"}
            said = {"number": number, "language": one.name_language, "created_at": self._at}
            rows.append({"id": first + serial - 1} | one._asdict() | said | keys)
        self._connection.execute(insert(Person), rows)
        new = select(Person).where(Person.id >= first)
        centre = self._connection.scalar(select(Organisation.id).where(Organisation.kind == "centre"))
        self._copy(Membership, new, person_id=Person.id, organisation_id=centre, role=Role.TRAINEE, since=self._at)
        moments = dict.fromkeys(("begun_at", "fresh_at", "seen_at", "ends_at"), self._at)
        self._copy(SignIn, new, ticket_hash=_numbered("past-", Person.id), person_id=Person.id, **moments)
        return range(first, first + size)

    def _cohorts(self, size: int) -> range:
        """Closed, one after the other, of every edition in turn."""
        editions, first = self._editions(), self._next(Cohort.id)
        always: dict[str, Any] = {"place": "Hall", "languages": list(LANGUAGES), "seats": A_COHORT, "state": "closed"}
        rows = []
        for place in range(size):
            day = (self._at + timedelta(days=3600 * place // size)).date()
            days = {
                "starts_on": day,
                "ends_on": day + timedelta(days=11),
                "created_at": self._at,
                "closed_at": self._at,
            }
            told = {"id": first + place, "code": f"PAST-{place:06}", "edition_id": editions[place % len(editions)]}
            rows.append(always | told | days)
        self._connection.execute(insert(Cohort), rows)
        return range(first, first + size)

    def _enrol(self, people: range, cohorts: range) -> None:
        rows = [
            {
                "cohort_id": cohorts[place // A_COHORT],
                "person_id": person,
                "language": self._chance.choice(list(LANGUAGES)),
            }
            | {"enrolled_at": self._at}
            for place, person in enumerate(people)
        ]
        self._connection.execute(insert(Enrolment), rows)
        enrolled = select(Enrolment).where(_among(Enrolment.cohort_id, cohorts))
        self._copy(HoursEntry, enrolled, enrolment_id=Enrolment.id, hours=Enrolment.id % 20 + 40, entered_at=self._at)
        lessons = enrolled.join(Cohort).join(Module, Module.edition_id == Cohort.edition_id).join(Lesson)
        read = {"enrolment_id": Enrolment.id, "lesson_id": Lesson.id}
        self._copy(LessonProgress, lessons, **read, opened_at=self._at, seen_at=self._at, done_at=self._at)

    def _hold(self, cohorts: range) -> None:
        """Fifty exams of the editions, with a bank each; each cohort sits those of its own, released long ago."""
        first, *others = self._editions()
        bank = self._connection.execute(select(Bank).where(Bank.code == "maf-101")).one()
        banks = {first: bank.id}
        for number, edition in enumerate(others, self._next(Bank.id)):
            like = {"code": f"past-{number}", "document_id": bank.document_id, "topics": bank.topics}
            self._connection.execute(insert(Bank).values(id=number, **like))
            banks[edition] = number
        wanted = islice(product((*composing.NAMES, "mid-test"), banks), EXAMS)
        rows = [{"edition_id": edition, "code": code, "bank_id": banks[edition]} for code, edition in wanted]
        self._connection.execute(insert(Exam), rows)
        exams: dict[int, list[int]] = {}
        for edition, exam in self._connection.execute(select(Exam.edition_id, Exam.id).order_by(Exam.id)):
            exams.setdefault(edition, []).append(exam)
        of = dict(self._connection.execute(select(Cohort.id, Cohort.edition_id)).all())
        moments = {"opens_at": self._at, "closes_at": self._at + timedelta(hours=2), "released_at": self._at}
        held = [(cohort, place, exams[of[cohort]]) for cohort in cohorts for place in range(SITTINGS)]
        sittings = [{"cohort_id": cohort, "exam_id": own[place % len(own)]} | moments for cohort, place, own in held]
        self._connection.execute(insert(Sitting), sittings)

    def _editions(self) -> list[int]:
        """That of MAF-101, which has a question bank, before the others."""
        ordered = select(Edition.id).join(Course).order_by(Course.code != "MAF-101", Edition.id)
        return list(self._connection.scalars(ordered))

    def _sit(self, cohorts: range) -> None:
        """Every trainee, every sitting, twice; with all that handing in and marking leave behind."""
        first = self._next(Attempt.id)
        places = select(Enrolment, Sitting).join(Sitting, Sitting.cohort_id == Enrolment.cohort_id)
        sat = places.where(_among(Enrolment.cohort_id, cohorts)).order_by(Enrolment.id, Sitting.id)
        who = {"sitting_id": Sitting.id, "person_id": Enrolment.person_id, "enrolment_id": Enrolment.id}
        when = {"started_at": self._at, "deadline_at": self._at, "grace_seconds": 30, "state": "released"}
        for number in range(1, TRIES + 1):
            code = _numbered(f"{number}-", Enrolment.id) + _numbered("-", Sitting.id)
            self._copy(Attempt, sat, **who, **when, code=code, number=number, language=Enrolment.language)
        attempts = select(Attempt).where(Attempt.id >= first).order_by(Attempt.id)
        its = {"attempt_id": Attempt.id}
        self._copy(Paper, attempts, **its, seed="", digest=NOTHING, sheet={}, shapes={}, key={})
        given = {"item": "1", "value": "a", "epoch": 1, "client_seq": 1}
        event = {"device": "past", "received_at": self._at, "late": False, "evidence": False, "hash": NOTHING}
        self._copy(AnswerEvent, attempts, **its, **given, **event, previous_hash=NOTHING)
        self._copy(AnswerCurrent, attempts, **its, **given, saved_at=self._at)
        said = {"idempotency_key": "past", "answers_hash": NOTHING, "answered": ITEMS, "submitted_at": self._at}
        self._copy(Submission, attempts, **its, **said)
        self._copy(AttemptEvent, attempts, **its, before="marked", after="released", at=self._at)
        self._mark(attempts)
        key = _numbered("attempt-", Attempt.id)
        asked = {"name": "exams.mark", "language": "en", "created_at": self._at}
        self._copy(Job, attempts, **asked, key=key, arguments={}, state="done", done=0, lines=[], result={}, note="")
        self._note_acts(attempts)

    def _mark(self, attempts: Select[Any]) -> None:
        _sheets.create(self._connection)
        questions = (
            self._connection.execute(select(Question.id).join(Bank).where(Bank.code == "maf-101")).scalars().all()
        )
        rows = []
        for number in range(SHEETS):
            right = [self._chance.random() < self._chance.uniform(0.5, 1) for _ in range(ITEMS)]
            asked = zip(self._chance.sample(questions, ITEMS), right, strict=True)
            observed = [[question, 1, 1, 1000 * well, self._chance.choice("abcd")] for question, well in asked]
            rows.append({"number": number, "points": sum(right), "observed": observed})
        self._connection.execute(insert(_sheets), rows)
        sheet = _sheets.c
        points = {"points_numerator": sheet.points, "points_denominator": 1, "possible": ITEMS}
        passed = {"passed": sheet.points >= PASS, "critical_failed": False}
        marked = attempts.join(_sheets, sheet.number == Attempt.id % SHEETS)
        seen = {"observed": sheet.observed, "items": {}, "marked_at": self._at}
        self._copy(Mark, marked, attempt_id=Attempt.id, version=1, **points, **passed, **seen)

    def _award(self, cohorts: range) -> None:
        first = self._next(Award.id)
        finished = select(Enrolment).join(Cohort).where(_among(Enrolment.cohort_id, cohorts))
        named = {
            "serial": _numbered("PAST-", Enrolment.id),
            "code": _numbered("P", Enrolment.id),
            "number": Enrolment.id,
        }
        whose = {"person_id": Enrolment.person_id, "enrolment_id": Enrolment.id, "cohort_id": Enrolment.cohort_id}
        said = {
            "year": 2000,
            "kind": "achievement",
            "course_code": "MAF-101",
            "facts": {"course": {"en": "Course"}},
            "payload": "",
            "key_id": "",
        }
        self._copy(Award, finished, **named, **whose, **said, issued_on=Cohort.ends_on, issued_at=self._at)
        awards = select(Award).where(Award.id >= first)
        self._copy(AwardEvent, awards, award_id=Award.id, kind="issued", at=self._at)
        document = {"digest": _numbered("past-", Award.id), "size": 1, "design_version": 1, "rendered_at": self._at}
        self._copy(AwardDocument, awards, award_id=Award.id, **document)

    def _note_acts(self, attempts: Select[Any]) -> None:
        head = self._connection.scalar(select(AuditHead.position)) or 0
        start = self._next(Attempt.id)
        act = {
            "at": self._at,
            "action": "attempt.handed-in",
            "object_kind": "attempt",
            "object_id": _numbered("", Attempt.id),
        }
        self._copy(AuditLine, attempts, position=Attempt.id + head, **act, previous_hash=NOTHING, hash=NOTHING)
        self._connection.execute(update(AuditHead).values(position=head + start - 1, hash=NOTHING))

    def _copy(self, model: type[Any], rows: Select[*tuple[Any, ...]], **columns: Any) -> None:
        """One row of a table for each row of a query; what is no expression is the same in all of them."""
        types = model.__table__.c
        values = [one if hasattr(one, "label") else literal(one, types[name].type) for name, one in columns.items()]
        self._connection.execute(insert(model).from_select(list(columns), rows.with_only_columns(*values)))

    def _next(self, column: Any) -> int:
        return (self._connection.scalar(select(func.max(column))) or 0) + 1


def _numbered(prefix: str, number: Any) -> Any:
    return literal(prefix, String) + cast(number, String)


def _among(column: Any, ids: range) -> Any:
    return column.between(ids[0], ids[-1])
