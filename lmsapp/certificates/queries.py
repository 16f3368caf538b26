"""Reading awards: by serial, by code, of a person, of a cohort; their state folded from their events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload

from lmsapp.accounts.models import Person
from lmsapp.certificates import policy
from lmsapp.certificates.models import Award, AwardDocument, AwardEvent
from lmsapp.certificates.verdicts import Lapse
from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.collation import fold
from lmsapp.core.errors import NotFound
from lmsapp.exams import queries as exams

ENDING = {"suspended": "suspended", "revoked": "revoked", "superseded": "superseded"}


def lapse_of(events: Iterable[AwardEvent]) -> Lapse | None:
    """What the events say of an award: nothing while it stands; a revocation is for good, a suspension until reinstated."""
    found: Lapse | None = None
    for event in events:
        if event.kind in ENDING and (found is None or found.state != "revoked"):
            found = Lapse(ENDING[event.kind], event.at.date())
        elif event.kind == "reinstated" and found is not None and found.state == "suspended":
            found = None
    return found


def state_of(award: Award, today: date | None = None) -> str:
    """valid, expired, suspended, revoked or superseded, as of today."""
    lapse = lapse_of(award.events)
    if lapse is not None:
        return lapse.state
    expired = award.valid_until is not None and award.valid_until < (today or clock.now().date())
    return "expired" if expired else "valid"


def lapses(session: Session, serials: Iterable[str] | None = None) -> Mapping[str, Lapse]:
    """All awards that do not stand, by serial (of the given ones, when some are given)."""
    query = select(Award.serial, AwardEvent).join(AwardEvent).order_by(AwardEvent.id)
    if serials is not None:
        query = query.where(Award.serial.in_(list(serials)))
    by_serial: dict[str, list[AwardEvent]] = {}
    ended = select(AwardEvent.award_id).where(AwardEvent.kind.in_(ENDING))
    for serial, event in session.execute(query.where(Award.id.in_(ended))):
        by_serial.setdefault(serial, []).append(event)
    return {serial: lapse for serial, events in by_serial.items() if (lapse := lapse_of(events)) is not None}


def _whole(query: Select[Award]) -> Select[Award]:
    return query.options(
        selectinload(Award.events),
        joinedload(Award.document),
        joinedload(Award.person),
        joinedload(Award.cohort).selectinload(Cohort.staff),
    )


def award(session: Session, actor: Actor, serial: str) -> Award:
    """The award with this serial, if the actor may see it; NotFound otherwise."""
    found = session.scalar(_whole(policy.visible_awards(actor).where(Award.serial == serial)))
    if found is None:
        raise NotFound
    return found


def doubtful(session: Session, cohort_id: int | None = None) -> list[Award]:
    """Awards for achievement that stand although the exam's mark was corrected and is not a pass any more; of one cohort or all."""
    failed = exams.corrected_to_fail(session, cohort_id)
    if not failed:
        return []
    query = select(Award).where(Award.enrolment_id.in_(failed), Award.kind != "attendance").order_by(Award.serial)
    return [award for award in session.scalars(_whole(query)) if lapse_of(award.events) is None]


def by_serial(session: Session, serial: str) -> Award | None:
    """For checking: whoever has the serial; the caller shows no name for it."""
    return session.scalar(_whole(select(Award).where(Award.serial == serial)))


def by_code(session: Session, code: str) -> Award | None:
    """For checking: whoever has the printed code holds the paper."""
    return session.scalar(_whole(select(Award).where(Award.code == code)))


def by_document(session: Session, digest: str) -> Award | None:
    """The award whose document has exactly these bytes."""
    return session.scalar(_whole(select(Award).join(AwardDocument).where(AwardDocument.digest == digest)))


def own(session: Session, actor: Actor) -> Sequence[Award]:
    """The actor's own awards, the latest first."""
    mine = select(Award).where(Award.person_id == (actor.person_id or 0)).order_by(Award.issued_at.desc())
    rows = session.scalars(mine.options(joinedload(Award.events), joinedload(Award.document), joinedload(Award.person)))
    return rows.unique().all()


def register(actor: Actor, search: str = "", kind: str = "") -> Select[Award]:
    """The awards the actor may see, the latest first, found by name, number, serial or course, or of one kind."""
    query = policy.visible_awards(actor).order_by(Award.issued_at.desc(), Award.id.desc())
    query = query.where(Award.kind == kind) if kind else query
    words = fold(search).split()
    query = query.join(Person, Person.id == Award.person_id) if words else query
    for word in words:
        serial = "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in word)
        query = query.where(
            Person.search_key.contains(word, autoescape=True)
            | Award.serial.contains(serial, autoescape=True)
            | Award.course_code.contains(serial, autoescape=True)
        )
    return query.options(selectinload(Award.events), joinedload(Award.document), joinedload(Award.person))


def serials_of(session: Session, cohort_id: int) -> dict[int, str]:
    """The newest serial of each enrolment of a cohort."""
    rows = session.execute(
        select(Award.enrolment_id, Award.serial).where(Award.cohort_id == cohort_id).order_by(Award.id)
    )
    return {row.enrolment_id: row.serial for row in rows if row.enrolment_id is not None}


def of_cohort(session: Session, cohort_id: int) -> Mapping[int, list[Award]]:
    """A cohort's awards by enrolment id."""
    found: dict[int, list[Award]] = {}
    for one in session.scalars(_whole(select(Award).where(Award.cohort_id == cohort_id).order_by(Award.id))):
        found.setdefault(one.enrolment_id or 0, []).append(one)
    return found
