"""Two small worlds side by side, alike in everything: the second belongs to another instructor, partner and trainee."""

import io
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pikepdf
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts.models import Person
from lmsapp.catalogue.models import Edition
from lmsapp.certificates import issuing
from lmsapp.cohorts import attending, enrolling
from lmsapp.cohorts.models import CohortStaff
from lmsapp.core import clock, jobs
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from lmsapp.exams import composing, drafting, marking, papers, printing, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.layout import PURPOSES
from lmsapp.exams.models import Attempt, Bank, PaperFile, QuestionDraft, Sitting
from lmsapp.materials.models import Material, Preview, PrintedFile
from lmsapp.upkeep import content
from tests import cast

CONTENT = Path(__file__).parent / "data" / "content"
# Who stands in the second world where somebody stands in the first; nobody for those who stand in one only.
MIRROR = {
    "trainee": "another_trainee",
    "another_trainee": "trainee",
    "instructor": "other_instructor",
    "other_instructor": "instructor",
    "partner": "other_partner",
    "other_partner": "partner",
}


@dataclass(frozen=True)
class Things:
    """What addresses need of one world."""

    number: str
    membership_id: int
    code: str
    enrolment_id: int
    sitting_id: int
    attempt: str
    paper: str
    released: str
    serial: str
    job_id: int
    slug: str
    draft_id: int
    question_id: int
    picture: str
    agency: str


def course(session: Session) -> Edition:
    """The edition of the sample course, with everything that belongs to it loaded."""
    found = session.scalars(select(Edition)).first()
    if found is None:
        content.load_all(session, CONTENT)
    return found or session.scalars(select(Edition)).one()


def build(session: Session, settings: Settings) -> dict[str, dict[str, object]]:
    """Writes both worlds; returns what addresses need of each."""
    course(session)
    ring = KeyRing.load_or_create(settings.keys)
    first = _world(session, settings, ring, "trainee", "instructor", "ge", with_assessor=True)
    second = _world(session, settings, ring, "another_trainee", "other_instructor", "af", with_assessor=False)
    return {"own": asdict(first), "other": asdict(second)}


def _world(
    session: Session,
    settings: Settings,
    ring: KeyRing,
    trainee: str,
    instructor: str,
    agency: str,
    *,
    with_assessor: bool,
) -> Things:
    members = cast.members(session)
    edition = session.scalars(select(Edition)).first()
    assert edition is not None
    person = session.get_one(Person, members[trainee].person_id)
    today = clock.now().date()
    new = enrolling.NewCohort(
        today - timedelta(days=2),
        today + timedelta(days=3),
        "Hall A",
        ("en", "prs", "ps"),
        10,
        cast.organisation(session, agency),
    )
    cohort = enrolling.start(session, KEEPER, edition, new)
    cohort.staff.append(CohortStaff(person_id=members[instructor].person_id, part="instructor"))
    if with_assessor:
        cohort.staff.append(CohortStaff(person_id=members["assessor"].person_id, part="assessor"))
    session.flush()
    enrolment = enrolling.enrol(session, KEEPER, cohort, person, person.name_language)
    attending.enter_hours(session, KEEPER, cohort, {enrolment.id: "19.5"})
    held = composing.hold(session, KEEPER, cohort, clock.now() - timedelta(minutes=5), clock.now() + timedelta(hours=2))
    session.flush()
    attempt = sitting.begin(session, Actor(person_id=person.id), held, drafts_allowed=True)
    released = _released(session, cohort, person.id)  # after the other: who has passed does not begin again
    picture = illustrate(session, settings, attempt)
    stated = issuing.Stated(
        "attendance", person.name_language, Decimal(20), (cohort.starts_on, cohort.ends_on), "Hall A"
    )
    award = issuing.issue(session, KEEPER, person, edition, stated, settings, ring, enrolment=enrolment)
    job_id = jobs.enqueue(session, "nothing", {}, asked_by=members["manager"].person_id)
    return Things(
        person.number,
        person.memberships[0].id,
        cohort.code,
        enrolment.id,
        held.id,
        attempt.code,
        on_paper(session, settings, held, enrolment.id),
        released,
        award.serial,
        job_id,
        printed(session, settings),
        *_drafted(session, members[instructor].actor),
        picture,
        agency,
    )


def _drafted(session: Session, author: Actor) -> tuple[int, int]:
    """A draft an instructor has begun, and a question of the bank."""
    bank = session.scalars(select(Bank)).one()
    draft = drafting.save(session, author, bank, {"kind": "single", "topic": "law", "stem": "Half a"}, "en")
    return draft.id, min(question.id for question in bank.questions)


def illustrate(session: Session, settings: Settings, attempt: Attempt) -> str:
    """Gives the first item of a paper and a draft of its bank a picture; returns its digest."""
    content = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
    picture = {"digest": Folder(settings.files).put(content).digest, "type": "image/gif"}
    items = attempt.paper.sheet["items"]
    sheet = attempt.paper.sheet | {"items": [items[0] | {"picture": picture}, *items[1:]]}
    attempt.paper.sheet, attempt.paper.digest = sheet, papers.digest(sheet)
    bank = attempt.sitting.exam.bank
    entry = {
        "key": "drafted",
        "topic": "law",
        "kind": "true-false",
        "stem": "So?",
        "answer": True,
        "alt": "A sign",
        "picture": picture,
    }
    session.add(QuestionDraft(bank_id=bank.id, language="en", entry=entry, made_at=clock.now()))
    return picture["digest"]


def printed(session: Session, settings: Settings) -> str:
    """A file to take of the sample leaflet, without waiting for the press; returns the leaflet's slug."""
    leaflet = session.scalars(select(Material).where(Material.slug == "sample-leaflet")).one()
    stored = Folder(settings.files).put(b"%PDF-1.7 a leaflet")
    edition = leaflet.editions[0]
    if not edition.files:
        file = PrintedFile(
            edition_id=edition.id,
            language="en",
            purpose="screen",
            impression=1,
            words_digest="0" * 64,
            digest=stored.digest,
            size=stored.size,
            pages=2,
            awaiting=True,
            made_at=clock.now(),
        )
        file.previews = [Preview(page=1, width=10, height=10, digest=stored.digest)]
        edition.files.append(file)
    return leaflet.slug


def on_paper(session: Session, settings: Settings, held: Sitting, enrolment_id: int) -> str:
    """A paper prepared beside the open attempt, with its files, without waiting for the press; returns its code."""
    attempt = held.attempts[0]
    before, attempt.state = attempt.state, "void"
    session.flush()
    paper = printing.prepare(session, KEEPER, held, [enrolment_id], drafts_allowed=True)[0]
    attempt.state = before
    blank = io.BytesIO()
    with pikepdf.new() as empty:
        empty.add_blank_page()
        empty.save(blank, deterministic_id=True)
    stored = Folder(settings.files).put(blank.getvalue())
    for purpose in PURPOSES:
        file = PaperFile(attempt_id=paper.id, purpose=purpose, size="normal", digest=stored.digest, octets=stored.size)
        file.pages, file.made_at = 1, clock.now()
        session.add(file)
    session.flush()
    return paper.code


def _released(session: Session, cohort: object, person_id: int) -> str:
    """An attempt of last week, answered rightly, marked and released."""
    now = clock.now()
    with clock.held(now - timedelta(days=1)):
        held = composing.hold(session, KEEPER, cohort, now - timedelta(days=1, minutes=5), now - timedelta(hours=20))  # type: ignore[arg-type]
        session.flush()
        actor = Actor(person_id=person_id)
        attempt = sitting.begin(session, actor, held, drafts_allowed=True)
        answer_rightly(session, attempt)
        sitting.hand_in(session, actor, attempt, "world")
    marking.release(session, KEEPER, held)
    return attempt.code


def answer_rightly(session: Session, attempt: object, device: str = "device-1") -> None:
    """Saves the right answer to every question of an attempt."""
    events = []
    for seq, (item, key) in enumerate(attempt.paper.key.items(), start=1):  # type: ignore[attr-defined]
        structure = key["structure"]
        value = structure["answer"] if "answer" in structure else " ".join(structure["right"])
        events.append(Given(seq, item, value))
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch(device, tuple(events)))  # type: ignore[attr-defined]
