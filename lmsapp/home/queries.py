"""What the first pages show: reads from every capability, in a handful of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial

from sqlalchemy.orm import Session

from lmsapp.accounts import queries as accounts
from lmsapp.accounts.policy import may_administer
from lmsapp.accounts.roles import Role
from lmsapp.accounts.watching import Alarm, alarms
from lmsapp.catalogue import queries as catalogue
from lmsapp.certificates import issuing
from lmsapp.certificates import queries as certificates
from lmsapp.certificates.models import Award
from lmsapp.certificates.policy import decides
from lmsapp.cohorts import queries as cohorts
from lmsapp.cohorts import roster
from lmsapp.cohorts.models import Cohort
from lmsapp.cohorts.queries import Path
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.engagements import queries as engagements
from lmsapp.exams import queries as exams
from lmsapp.exams.models import Attempt, Sitting
from lmsapp.exams.policy import may_judge_cohort, may_watch
from lmsapp.materials import queries as materials
from lmsapp.translation import queries as texts
from lmsapp.translation.queries import Texts
from lmsapp.web.lists import Page, page_of

NEWEST = 10  # of a partner's cohorts


@dataclass(frozen=True)
class TraineeDay:
    """A trainee's first page: her way, what is due, what was decided."""

    way: Path | None
    words: Texts
    lesson_title: str
    others: Sequence[Cohort]
    called_off: Sequence[Cohort]
    sittings: Sequence[Sitting]
    attempts: Sequence[Attempt]
    awards: Sequence[Award]
    states: dict[int, str]
    hours: Decimal | None
    needed: Decimal
    behind: bool


def trainee_day(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> TraineeDay:
    """Everything the trainee's first page shows."""
    mine = cohorts.own_enrolments(session, actor)
    enrolments = [e for e in mine if e.cohort.state != "cancelled"]
    way = cohorts.path(session, enrolments[0]) if enrolments else None
    words: Texts = {}
    title = ""
    if way is not None:
        course, lesson = way.cohort.edition.document_id, way.next_lesson.document_id if way.next_lesson else 0
        found = texts.texts(session, [course, lesson], language, drafts_allowed=drafts_allowed)
        words, title = found[course], found[lesson]["title"].text if lesson else ""
    awards = certificates.own(session, actor)
    sittings, attempts = exams.own_sittings(session, actor)
    hours, needed, behind = _hours(way)
    return TraineeDay(
        way,
        words,
        title,
        [e.cohort for e in enrolments[1:]],
        [e.cohort for e in mine if e.cohort.state == "cancelled" and e.cohort.ends_on >= clock.now().date()],
        sittings,
        attempts[:5],
        awards,
        {a.id: certificates.state_of(a) for a in awards},
        hours,
        needed,
        behind,
    )


def _hours(way: Path | None) -> tuple[Decimal | None, Decimal, bool]:
    """What counts of a trainee's hours, what the certificate needs, and whether she falls behind."""
    if way is None:
        return None, Decimal(0), False
    cohort, edition = way.cohort, way.cohort.edition
    minimum = edition.rules["assessment"]["attendance_minimum_percent"]
    taught = roster.hours_by(edition.teaching_hours, cohort.starts_on, cohort.ends_on, clock.now().date())
    running = cohort.state == "running"
    needed = roster.hours_needed(edition.teaching_hours, minimum)
    return way.hours, needed, running and roster.behind(way.hours, taught, minimum)


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a member of staff: what, where, how urgent."""

    kind: str
    cohort: Cohort
    count: int = 0
    at: datetime | None = None
    sitting_id: int | None = None
    serial: str = ""


@dataclass(frozen=True)
class StaffDay:
    """A staff member's first page: her cohorts, and what waits."""

    cohorts: Sequence[Cohort]
    sizes: dict[int, int]
    titles: dict[int, str]
    behind: dict[int, int]
    waiting: Sequence[Waiting]
    alarms: Sequence[Alarm]


def staff_day(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> StaffDay:
    """Everything a staff member's first page shows."""
    live = cohorts.live(session, actor)
    words = texts.texts_of_kind(session, "course", language, drafts_allowed=drafts_allowed, keys=["title"])
    hours = cohorts.hours_in(session, [c.id for c in live])
    waiting = [*_doubtful(session, actor), *(item for cohort in live for item in _waiting(session, actor, cohort))]
    shown = {*live, *(item.cohort for item in waiting)}
    return StaffDay(
        live,
        dict(cohorts.sizes(session, [c.id for c in live])),
        {c.id: words[c.edition.document_id]["title"].text for c in shown},
        {c.id: _behind(c, hours.get(c.id, [])) for c in live},
        waiting,
        alarms(session) if may_administer(actor) else [],
    )


def _behind(cohort: Cohort, hours: Sequence[Decimal]) -> int:
    """How many have too few hours so far."""
    minimum = cohort.edition.rules["assessment"]["attendance_minimum_percent"]
    taught = roster.hours_by(cohort.edition.teaching_hours, cohort.starts_on, cohort.ends_on, clock.now().date())
    return sum(roster.behind(one, taught, minimum) for one in hours)


@dataclass(frozen=True)
class PartnerDay:
    """A partner officer's first page: her agency's people, their certificates, the materials it took."""

    cohorts: Sequence[Cohort]
    sizes: dict[int, int]
    titles: dict[int, str]
    awards: Page
    states: dict[int, str]
    taken: Page
    materials: Mapping[int, Texts]
    countries: Sequence[str]


def partner_day(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> PartnerDay:
    """Everything a partner officer's first page shows."""
    found = cohorts.by_phase(session.scalars(cohorts.cohorts(actor).limit(NEWEST)))
    words = texts.texts_of_kind(session, "course", language, drafts_allowed=drafts_allowed, keys=["title"])
    awards = page_of(session, certificates.register(actor), None, size=5)
    own = set(actor.organisations(Role.PARTNER))
    return PartnerDay(
        found,
        dict(cohorts.sizes(session, [c.id for c in found])),
        {c.id: words[c.edition.document_id]["title"].text for c in found},
        awards,
        {a.id: certificates.state_of(a) for a in awards.rows},
        page_of(session, materials.taken(actor), None, size=5),
        materials.titles(session, language, drafts_allowed=drafts_allowed),
        engagements.countries(
            session, actor, [one.country for one in accounts.organisations(session, actor) if one.id in own]
        ),
    )


def _doubtful(session: Session, actor: Actor) -> list[Waiting]:
    """Certificates whose exam was corrected to a fail, for who decides about them."""
    if not decides(actor):
        return []
    return [
        Waiting("doubt", award.cohort, serial=award.serial) for award in certificates.doubtful(session) if award.cohort
    ]


def _waiting(session: Session, actor: Actor, cohort: Cohort) -> list[Waiting]:
    now = clock.now()
    found = []
    if may_judge_cohort(actor, cohort):
        written, corrections = exams.waiting(session, cohort.id)
        found += [Waiting("mark", cohort, count, sitting_id=number) for number, count in written.items()]
        found += [Waiting("correction", cohort, sitting_id=number) for number in corrections]
    for sitting in filter(partial(may_watch, actor), exams.sittings_of(session, cohort.id)):
        if sitting.released_at is None and sitting.closes_at < now:
            found.append(Waiting("release", cohort, at=sitting.closes_at, sitting_id=sitting.id))
        elif sitting.opens_at <= now < sitting.closes_at:
            found.append(Waiting("room", cohort, at=sitting.closes_at, sitting_id=sitting.id))
    if cohort.ends_on < now.date():
        count = sum(issuing.summary(issuing.cases(session, cohort)).values())
        found.append(Waiting("close", cohort, count))
    return found


def front(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> list[catalogue.Listed]:
    """The catalogue for the public first page."""
    return catalogue.courses(session, actor, language, drafts_allowed=drafts_allowed)
