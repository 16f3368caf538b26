"""Filling an empty system with a demonstration: organisations, people, cohorts, results, certificates.

Three cohorts are what a visitor walks through: a finished Georgian one, a running Turkish one, one from Afghanistan in Dari and
Pashto. Three more of last year are closed and without certificates: item analysis says nothing about fewer papers than theirs.
Certificates that are expired or suspended were earned outside all of them.

All of it is invented and marked; it goes the same ways as real records (activities, papers, signatures), with the clock held
at the day each thing is said to have happened. The same seed gives the same demonstration.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.accounts import registering, secrets
from lmsapp.accounts.models import Membership, Organisation, Person
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import Role
from lmsapp.catalogue.models import Course, Edition, Lesson, Module
from lmsapp.certificates import issuing, revoking
from lmsapp.certificates.models import Award
from lmsapp.cohorts import attending, enrolling, progress
from lmsapp.cohorts.models import Cohort, CohortStaff, Enrolment
from lmsapp.core import clock, yaml
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.dates import PartialDate
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.demo.secrets import PASSWORD, PIN
from lmsapp.engagements import recording
from lmsapp.engagements.models import Engagement
from lmsapp.exams import composing, marking, questions, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.models import Attempt, Exam, Question, Sitting
from lmsapp.exams.questions import Kind
from lmsapp.materials.models import Material
from lmsapp.translation import wording

SEED = 20261123
WRITTEN = {
    "en": "I stop, touch nothing, go back the way I came and tell the centre where it is.",
    "az": "Dayanıram, heç nəyə toxunmuram, gəldiyim yolla qayıdıram və yerini mərkəzə bildirirəm.",
    "tr": "Dururum, hiçbir şeye dokunmam, geldiğim yoldan dönerim ve yerini merkeze bildiririm.",
}
LONG_AGO = date(2000, 1, 1)
SAFETY_DAY = datetime(2026, 9, 1, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """What seeding works on."""

    session: Session
    settings: Settings
    ring: KeyRing
    people: Mapping[str, Person]
    today: date
    chance: random.Random


def is_empty(session: Session) -> bool:
    """Whether nobody and no organisation is here yet."""
    return session.scalar(select(Organisation.id).limit(1)) is None


def is_loaded(session: Session) -> bool:
    """Whether people of a demonstration are here."""
    return session.scalar(select(Person.id).where(Person.is_demonstration).limit(1)) is not None


def seed(
    session: Session,
    settings: Settings,
    ring: KeyRing,
    folder: Path,
    tell: Callable[[str], None],
    today: date | None = None,
) -> None:
    """Writes the whole demonstration into an empty system whose content is loaded."""
    day = today or clock.now().date()
    tell("organisations and people")
    organisations = _organisations(session, folder)
    people = _people(session, folder, organisations)
    _safety_settings(session, folder)
    scene = Scene(session, settings, ring, people, day, random.Random(SEED))  # noqa: S311 - the same life every time
    tell("three cohorts of last year, in five languages")
    _earlier(scene)
    tell("a finished cohort from Georgia")
    _finished(scene, organisations["agency-ge"])
    tell("a running cohort from Turkey")
    _running(scene, organisations["agency-tr"])
    tell("a cohort from Afghanistan")
    _beginning(scene, organisations["agency-af"])
    tell("what they were taught under")
    _engagements(scene)
    tell("qualifications and what became of them")
    _qualifications(scene)


def _organisations(session: Session, folder: Path) -> dict[str, Organisation]:
    listed = yaml.read((folder / "organisations.yaml").read_text(encoding="utf-8"))["organisations"]
    found = {}
    for entry in listed:
        found[entry["code"]] = registering.register_organisation(
            session,
            KEEPER,
            code=entry["code"],
            kind=entry["kind"],
            country=entry["country"],
            names=entry["names"],
            since=LONG_AGO,
        )
        found[entry["code"]].is_demonstration = True
    return found


def _people(session: Session, folder: Path, organisations: Mapping[str, Organisation]) -> dict[str, Person]:
    listed = yaml.read((folder / "people.yaml").read_text(encoding="utf-8"))["people"]
    hashes = {"pin": secrets.hashed(PIN), "password": secrets.hashed(PASSWORD)}
    found = {}
    for entry in listed:
        role = Role(entry["role"])
        abroad = role in (Role.TRAINEE, Role.PARTNER) and f"agency-{entry['country'].lower()}" in organisations
        organisation = organisations[f"agency-{entry['country'].lower()}" if abroad else "nmc"]
        new = NewPerson(
            name=entry["name"],
            name_language=entry["language"],
            latin_name=entry.get("latin"),
            father_name=entry.get("father"),
            sex=entry.get("sex"),
            birth=PartialDate.parse(str(entry["birth"])) if entry.get("birth") else None,
            nationality=entry["country"],
            email=None if role is Role.TRAINEE else f"{entry['key']}@demonstration.example",
        )
        person = registering.register(session, KEEPER, new, organisation, role)
        person.secret_kind = "pin" if role is Role.TRAINEE else "password"
        person.secret_hash = hashes[person.secret_kind]
        person.is_demonstration = True
        if role in (Role.TRANSLATOR, Role.LANGUAGE_REVIEWER):
            person.memberships[0].languages = [entry["language"]]
        found[entry["key"]] = person
    session.flush()
    return found


def _safety_settings(session: Session, folder: Path) -> None:
    path = folder / "settings.yaml"
    if not path.exists():
        return
    for name, entry in (yaml.read(path.read_text(encoding="utf-8")).get("settings") or {}).items():
        for language, words in entry["texts"].items():
            child, adult = (
                (words, words) if isinstance(words, str) else (words["text"], words.get("adult", words["text"]))
            )
            wording.decide(
                session, name, language, child=child, adult=adult, approver=entry["approver"], demonstration=True
            )


def _edition(session: Session, code: str) -> Edition:
    return session.scalars(
        select(Edition).join(Course).where(Course.code == code).order_by(Edition.number.desc())
    ).first() or _missing(code)


def _missing(code: str) -> Edition:
    raise LookupError(f"the content has no course {code}; load the content first")


def _cohort(
    scene: Scene,
    partner: Organisation | None,
    starts: date,
    days: int,
    place: str,
    languages: tuple[str, ...],
    keys: list[str],
    staff: str,
) -> tuple[Cohort, list[Enrolment]]:
    new = enrolling.NewCohort(starts, starts + timedelta(days=days - 1), place, languages, 20, partner)
    cohort = enrolling.start(scene.session, KEEPER, _edition(scene.session, "MAF-101"), new)
    cohort.is_demonstration, cohort.state = True, "running"
    cohort.staff.append(CohortStaff(person_id=scene.people[staff].id, part="instructor"))
    cohort.staff.append(CohortStaff(person_id=scene.people["vaqif"].id, part="assessor"))
    scene.session.flush()
    enrolments = [
        enrolling.enrol(scene.session, KEEPER, cohort, scene.people[key], scene.people[key].name_language)
        for key in keys
    ]
    return cohort, enrolments


def _trainees(scene: Scene, *languages: str) -> list[str]:
    wanted = select(Membership.person_id).where(Membership.role == Role.TRAINEE)
    ids = set(scene.session.scalars(wanted))
    return [key for key, p in scene.people.items() if p.id in ids and p.name_language in languages]


def _learn(scene: Scene, cohort: Cohort, enrolments: list[Enrolment], share: Callable[[int], float]) -> None:
    lessons = scene.session.scalars(
        select(Lesson)
        .join(Module)
        .where(Module.edition_id == cohort.edition_id)
        .order_by(Module.position, Lesson.position)
    ).all()
    connection = scene.session.connection()
    for place, enrolment in enumerate(enrolments):
        reached = round(len(lessons) * share(place))
        for at, lesson in enumerate(lessons[: reached + 1]):
            moment = datetime.combine(
                cohort.starts_on + timedelta(days=min(at, 8)), datetime.min.time(), UTC
            ) + timedelta(hours=14, minutes=place)
            if moment < clock.now():
                progress.note(connection, enrolment.id, lesson.id, 6, moment, done=at < reached)


def _sit(
    scene: Scene, cohort: Cohort, enrolments: list[Enrolment], at: datetime, right: Callable[[int], float]
) -> Sitting:
    """Each candidate draws her paper and answers it, so many questions rightly; then all is marked."""
    with clock.held(at):
        held = composing.hold(scene.session, KEEPER, cohort, at, at + timedelta(hours=3))
        scene.session.flush()
    _take(scene, held, enrolments, at, right)
    return held


def _take(
    scene: Scene, held: Sitting, enrolments: list[Enrolment], at: datetime, right: Callable[[int], float]
) -> None:
    for place, enrolment in enumerate(enrolments):
        with clock.held(at + timedelta(minutes=2 + place % 5)):
            actor = Actor(person_id=enrolment.person_id)
            attempt = sitting.begin(scene.session, actor, held, drafts_allowed=True)
            _answer(scene, attempt, right(place))
            clock.forward(timedelta(minutes=18 + scene.chance.randrange(15)))
            sitting.hand_in(scene.session, actor, attempt, f"seed-{attempt.code}")
            marking.mark(scene.session, attempt)


def _answer(scene: Scene, attempt: Attempt, share: float) -> None:
    items = list(attempt.paper.key.items())
    wrong = set(scene.chance.sample([i for i, k in items if not k["critical"]], round(len(items) * (1 - share))))
    values = {item: _value(key, attempt.language, right=item not in wrong) for item, key in items}
    events = [Given(seq, item, value) for seq, (item, value) in enumerate(values.items(), start=1)]
    saving.save(scene.session.connection(), attempt.code, attempt.person_id, Batch(f"seed-{attempt.id}", tuple(events)))


def _value(key: Mapping[str, Any], language: str, *, right: bool) -> str:
    """An answer to one item, right or wrong, as `questions` writes it."""
    kind, structure = Kind(key["kind"]), key["structure"]
    if kind is Kind.WRITTEN:
        return WRITTEN.get(language, WRITTEN["en"])
    if kind is Kind.NUMERIC:
        return structure["answer"] if right else "1"
    if kind is Kind.SHORT_TEXT:
        return structure["accepted"][0] if right else "?"
    if kind is Kind.MATCHING:
        first = structure["choices"][0]
        return " ".join(f"{p}={c if right else first}" for p, c in structure["pairs"].items())
    if kind is Kind.ORDERING:
        return " ".join(structure["options"] if right else structure["options"][::-1])
    if kind is Kind.HOTSPOT:
        return " ".join(hazard[0] for hazard in structure["hazards"][: None if right else 1])
    if kind is Kind.CLOZE:
        return questions.in_gaps({name: _gap(gap) for name, gap in structure["gaps"].items()} if right else {})
    return " ".join(
        structure["right"] if right else [o for o in structure["options"] if o not in structure["right"]][:1]
    )


def _gap(gap: Mapping[str, Any]) -> str:
    return str(gap["right"][0] if "right" in gap else gap.get("answer") or gap["accepted"][0])


def _hours(scene: Scene, cohort: Cohort, enrolments: list[Enrolment], hours: Callable[[int], str]) -> None:
    attending.enter_hours(scene.session, KEEPER, cohort, {e.id: hours(n) for n, e in enumerate(enrolments)})


def _noon(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=8)


def _earlier(scene: Scene) -> None:
    """A year ago, closed long since: their many papers are what item analysis speaks of."""
    for place, languages in enumerate((("ka",), ("tr", "az"), ("prs", "ps"))):
        starts = scene.today - timedelta(days=390 + 21 * place)
        with clock.held(_noon(starts)):
            cohort, enrolments = _cohort(
                scene, None, starts, 12, "Goranboy", languages, _trainees(scene, *languages), "gunay"
            )
        held = _sit(
            scene,
            cohort,
            enrolments,
            _noon(starts + timedelta(days=11)),
            lambda n: (0.95, 0.6, 0.85, 1.0, 0.7, 0.9, 0.5, 0.8)[n % 8],
        )
        with clock.held(_noon(starts + timedelta(days=12))):
            marking.release(scene.session, KEEPER, held)
            enrolling.close(scene.session, KEEPER, cohort)


def _finished(scene: Scene, partner: Organisation) -> None:
    """Two weeks, closed: most passed, one had too few hours, one failed and has the attendance award."""
    starts = scene.today - timedelta(days=38)
    with clock.held(_noon(starts)):
        cohort, enrolments = _cohort(
            scene, partner, starts, 12, "Goranboy", ("ka", "en"), [*_trainees(scene, "ka"), "ivana-horvat"], "gunay"
        )
        clock.forward(timedelta(days=11))
        _learn(scene, cohort, enrolments, lambda _n: 1)
        _hours(scene, cohort, enrolments, lambda n: "48" if n == 7 else "57.5" if n % 4 == 0 else "60")
    held = _sit(
        scene,
        cohort,
        enrolments,
        _noon(starts + timedelta(days=11)),
        lambda n: 0.6 if n == 5 else (0.85, 0.9, 0.95, 1.0)[n % 4],
    )
    with clock.held(_noon(starts + timedelta(days=12))):
        marking.release(scene.session, KEEPER, held)
        made = issuing.close_out(scene.session, KEEPER, cohort, scene.settings, scene.ring)
    with clock.held(_noon(starts + timedelta(days=20))):
        revoking.change(
            scene.session, KEEPER, made[2], "revoked", "Issued with a wrong name; the holder has the corrected one."
        )


def _running(scene: Scene, partner: Organisation) -> None:
    """In its second week: hours entered, lessons half read, the exam in three days."""
    starts = scene.today - timedelta(days=8)
    with clock.held(_noon(starts)):
        cohort, enrolments = _cohort(
            scene, partner, starts, 12, "Ağdam", ("tr", "az"), _trainees(scene, "tr", "az"), "elchin"
        )
        clock.forward(timedelta(days=7, hours=9))
        _learn(scene, cohort, enrolments, lambda n: (0.5, 0.6, 0.75, 0.4)[n % 4])
        _hours(scene, cohort, enrolments, lambda n: "31" if n == 4 else "36" if n == 9 else "38.5" if n % 3 else "40")
    _written(scene, cohort, enrolments[:4])
    at = _noon(scene.today + timedelta(days=3)) - timedelta(hours=3)
    composing.hold(scene.session, KEEPER, cohort, at, at + timedelta(hours=3))


def _written(scene: Scene, cohort: Cohort, enrolments: list[Enrolment]) -> None:
    """A practice exam of yesterday with a written question, whose answers wait for a marker; where a bank has one."""
    query = select(Question).where(Question.kind == Kind.WRITTEN, Question.retired.is_(False)).order_by(Question.id)
    question = scene.session.scalars(query.limit(1)).first()
    if question is None:
        return
    living = sum(not one.retired for one in question.bank.questions)
    exam = Exam(
        edition_id=cohort.edition_id,
        code="practice",
        bank_id=question.bank_id,
        questions=living,
        blueprint=[{"count": living}],
    )
    at = _noon(scene.today - timedelta(days=1))
    held = Sitting(exam=exam, cohort_id=cohort.id, opens_at=at, closes_at=at + timedelta(hours=3))
    scene.session.add_all((exam, held))
    scene.session.flush()
    _take(scene, held, enrolments, at, lambda n: (0.9, 0.7, 0.8, 0.6)[n % 4])


def _beginning(scene: Scene, partner: Organisation) -> None:
    """Dari and Pashto, a few days in, with an exam that is open today for practice."""
    starts = scene.today - timedelta(days=2)
    with clock.held(_noon(starts)):
        cohort, enrolments = _cohort(
            scene, partner, starts, 12, "Şəki", ("prs", "ps"), _trainees(scene, "prs", "ps"), "aysel"
        )
        clock.forward(timedelta(days=1, hours=9))
        _learn(scene, cohort, enrolments, lambda n: (0.12, 0.25, 0.3)[n % 3])
        _hours(scene, cohort, enrolments, lambda n: "10" if n % 5 else "8")
    opens = datetime.combine(scene.today, datetime.min.time(), UTC)
    composing.hold(scene.session, KEEPER, cohort, opens, opens + timedelta(days=7))


def _engagements(scene: Scene) -> None:
    """The cohorts under the partner's training, the textbook under its adaptation; each link is marked."""
    found = {one.code: one for one in scene.session.scalars(select(Engagement))}
    trainings = {"GE": "ge-core-training", "TR": "tr-deminer-training", "AF": "af-staff-training"}
    for cohort in scene.session.scalars(select(Cohort).where(Cohort.is_demonstration)):
        code = trainings.get((cohort.partner.country if cohort.partner else None) or "")
        if code in found:
            recording.link_cohort(scene.session, KEEPER, found[code], cohort)
    textbook = scene.session.scalar(select(Material).where(Material.slug == "textbook"))
    if textbook is not None and "af-mre-textbook" in found:
        recording.link_material(scene.session, KEEPER, found["af-mre-textbook"], textbook, demonstration=True)


def _qualifications(scene: Scene) -> None:
    """Awards earned outside these cohorts: one valid, one expired, one suspended, in the languages still missing."""
    edition = (
        _edition(scene.session, "DEM-110") if _has(scene.session, "DEM-110") else _edition(scene.session, "MAF-101")
    )
    plan = (("rashad-guliyev", 150, None), ("ayse-yildirim", 200, None), ("farida-noori", 120, None), ("zaland-wardak", 90, None),
            ("ali-hasanov", 430, None), ("ibrahim-sahin", 210, "suspended"), ("giorgi-beridze", 100, None))  # fmt: skip
    for key, ago, change in plan:
        person = scene.people[key]
        issued = scene.today - timedelta(days=ago)
        with clock.held(_noon(issued)):
            stated = issuing.Stated(
                "qualification",
                person.name_language,
                Decimal(edition.teaching_hours),
                (issued - timedelta(days=45), issued - timedelta(days=3)),
                "Goranboy",
                Fraction(88),
            )
            award = issuing.issue(
                scene.session, KEEPER, person, edition, stated, scene.settings, scene.ring, demonstration=True
            )
        if change:
            with clock.held(_noon(scene.today - timedelta(days=20))):
                revoking.change(scene.session, KEEPER, award, change, "Medical fitness has to be shown again.")


def _has(session: Session, code: str) -> bool:
    return session.scalar(select(Course.id).where(Course.code == code)) is not None


def demonstration_awards(session: Session) -> list[Award]:
    """All awards of the demonstration, in the order of their serials."""
    return list(session.scalars(select(Award).where(Award.is_demonstration).order_by(Award.serial)))
