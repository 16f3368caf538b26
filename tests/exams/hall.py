"""An examination hall: one sitting of six questions, among them a written one, and as many candidates as a test wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import registering
from lmsapp.accounts.models import Person
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import Role
from lmsapp.catalogue.models import Edition
from lmsapp.cohorts import enrolling
from lmsapp.cohorts.models import Cohort, CohortStaff
from lmsapp.core import clock
from lmsapp.core.access import KEEPER, Actor
from lmsapp.exams import banking, corrections, marking, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import Attempt, Bank, Exam, Question, Sitting
from lmsapp.translation import revising
from lmsapp.translation.revising import Piece
from tests import cast as casting

ENTRIES: tuple[dict[str, Any], ...] = (
    {
        "key": "sign", "kind": "single", "stem": "What does a red sign with a skull mean?",
        "options": [{"text": "danger", "right": True}, {"text": "water"}, {"text": "camp"}],
    },
    {
        "key": "both", "kind": "multiple", "stem": "Which two belong to a report?",
        "options": [{"text": "place", "right": True}, {"text": "rumour"}, {"text": "time", "right": True}, {"text": "guess"}],
    },
    {"key": "true", "kind": "true-false", "stem": "Old ammunition is safe.", "answer": False},
    {"key": "metres", "kind": "numeric", "stem": "How many metres is a lane wide?", "answer": 1, "tolerance": "0", "unit": "m"},
    {"key": "word", "kind": "short-text", "stem": "What is UXO short for?", "accepted": ["unexploded ordnance"]},
    {
        "key": "tell", "kind": "written", "stem": "You find something on the way. What do you do?",
        "rubric": [{"text": "stops and does not touch", "points": 3}, {"text": "reports to whom", "points": 2}],
    },
)  # fmt: skip
WRITTEN = "tell"
PASS_MARK = 70


@dataclass
class Hall:
    """What tests of marking work on."""

    session: Session
    cohort: Cohort
    held: Sitting
    people: list[Person]
    assessor: Actor
    second: Actor
    third: Actor
    instructor: Actor

    def sit(
        self,
        place: int = 0,
        right: Sequence[str] = (),
        written: str = "",
        more: Mapping[str, str] | None = None,
        choose: Mapping[str, str] | None = None,
    ) -> Attempt:
        """A candidate answers some questions rightly, writes something, hands in, and is marked as far as a machine can."""
        person = self.people[place]
        attempt = sitting.begin(self.session, Actor(person_id=person.id), self.held, drafts_allowed=True)
        events = []
        more = dict(more or {}) | {key: self.name(attempt, key, option) for key, option in (choose or {}).items()}
        for item, frozen in attempt.paper.key.items():
            key = self.key_of(frozen["question"])
            value = written if key == WRITTEN else _right(frozen) if key in right else ""
            events.append((item, more.get(key, value)))
        given = [pair for pair in events if pair[1]]
        batch = Batch(f"device-{place}", tuple(Given(seq, item, value) for seq, (item, value) in enumerate(given, 1)))
        saving.save(self.session.connection(), attempt.code, person.id, batch)
        hand_in(self.session, attempt)
        marking.mark(self.session, attempt)
        return attempt

    def key_of(self, question_id: int) -> str:
        return self.session.get_one(Question, question_id).key

    def item(self, attempt: Attempt, key: str) -> str:
        return next(i for i, frozen in attempt.paper.key.items() if self.key_of(frozen["question"]) == key)

    def name(self, attempt: Attempt, key: str, option: str) -> str:
        """What an option is called on one paper."""
        frozen = attempt.paper.key[self.item(attempt, key)]
        question = self.session.get_one(Question, frozen["question"])
        return corrections.names(question.versions[-1].structure, frozen["structure"])[option]

    def question(self, key: str) -> Question:
        bank = self.held.exam.bank
        return self.session.scalars(select(Question).where(Question.bank_id == bank.id, Question.key == key)).one()


def _right(frozen: Mapping[str, Any]) -> str:
    structure = frozen["structure"]
    if "right" in structure:
        return " ".join(structure["right"])
    return structure["answer"] if "answer" in structure else structure["accepted"][0]


def hand_in(session: Session, attempt: Attempt) -> None:
    """Closes an attempt without a device's word on what it sent."""
    sitting.hand_in(session, Actor(person_id=attempt.person_id), attempt, f"hall-{attempt.code}")


def build(session: Session, candidates: int = 3, languages: Sequence[str] = ("en", "prs"), critical: str = "") -> Hall:
    """The hall with its bank, exam, cohort, markers and candidates; nobody has begun."""
    members = casting.members(session)
    edition = session.scalars(select(Edition)).one()
    pieces = [Piece("Hall", "title", key="title"), Piece("All", "topic", key="topic.all")]
    document = revising.put_document(session, KEEPER, "bank", "hall", "en", pieces).document
    bank = Bank(code="hall", document_id=document.id, topics=["all"])
    session.add(bank)
    session.flush()
    for entry in ENTRIES:
        whole = {
            "topic": "all",
            "difficulty": 1,
            "feedback": f"About {entry['key']}.",
            "critical": entry["key"] == critical,
        }
        asked = entry | whole
        others = {code: _translated(asked, code) for code in languages if code != "en"}
        banking.put(session, KEEPER, bank, asked, "en", others)
    exam = Exam(
        edition_id=edition.id, code="hall", bank_id=bank.id, questions=len(ENTRIES), pass_mark=PASS_MARK, attempts=2,
        blueprint=[{"count": len(ENTRIES)}],
    )  # fmt: skip
    session.add(exam)
    today = clock.now().date()
    new = enrolling.NewCohort(
        today, today + timedelta(days=5), "Hall B", tuple(languages), 200, casting.organisation(session, "ge")
    )
    cohort = enrolling.start(session, KEEPER, edition, new)
    for key, part in (("assessor", "assessor"), ("instructor", "instructor")):
        cohort.staff.append(CohortStaff(person_id=members[key].person_id, part=part))
    extra = [_marker(session, cohort, name) for name in ("Second Marker", "Third Marker")]
    session.flush()
    people = [_candidate(session, cohort, n, languages[n % len(languages)]) for n in range(candidates)]
    now = clock.now()
    held = Sitting(
        exam_id=exam.id, cohort_id=cohort.id, opens_at=now - timedelta(minutes=5), closes_at=now + timedelta(hours=2)
    )
    session.add(held)
    session.flush()
    return Hall(session, cohort, held, people, members["assessor"].actor, *extra, members["instructor"].actor)


def _translated(entry: Mapping[str, Any], code: str) -> dict[str, Any]:
    """An entry's words as a translation has them."""

    def said(text: Any) -> str:
        return f"[{code}] {text['text'] if isinstance(text, dict) else text}"

    plain = {name: said(entry[name]) for name in ("stem", "feedback", "unit") if name in entry}
    lists = {name: [said(one) for one in entry[name]] for name in ("options", "rubric", "accepted") if name in entry}
    return plain | lists


def _marker(session: Session, cohort: Cohort, name: str) -> Actor:
    person = registering.register(
        session, KEEPER, NewPerson(name=name, name_language="en"), casting.organisation(session, "nmc"), Role.ASSESSOR
    )
    session.flush()
    cohort.staff.append(CohortStaff(person_id=person.id, part="assessor"))
    return casting.queries.actor_of(session, person, clock.now())


def _candidate(session: Session, cohort: Cohort, number: int, language: str) -> Person:
    person = registering.register(
        session, KEEPER, NewPerson(name=f"Secret-Name-{number}", name_language=language),
        casting.organisation(session, "ge"), Role.TRAINEE,
    )  # fmt: skip
    session.flush()
    enrolling.enrol(session, KEEPER, cohort, person, language)
    return person
