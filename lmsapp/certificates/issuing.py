"""Awarding: close-out gathers hours and results, asks `eligibility`, and writes award, serial, signature and audit line.

One transaction a cohort: all that were earned, or none. Doing it again awards nobody twice. The documents follow as one job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.accounts import queries as accounts
from lmsapp.accounts.models import Person
from lmsapp.catalogue.models import Edition
from lmsapp.certificates import eligibility, payload, policy, queries, serials
from lmsapp.certificates.eligibility import Decision, Rules, Standing
from lmsapp.certificates.events import AwardIssued
from lmsapp.certificates.models import Award, AwardEvent, SerialCounter, VoidSerial
from lmsapp.certificates.payload import Payload
from lmsapp.certificates.serials import Serial
from lmsapp.cohorts import enrolling, roster
from lmsapp.cohorts import queries as cohorts
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.cohorts.policy import OVER
from lmsapp.core import audit, clock, jobs
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.events import publish
from lmsapp.core.orm import upserting
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.translations import N_
from lmsapp.exams import queries as exams
from lmsapp.exams.queries import Result
from lmsapp.translation import queries as texts
from lmsapp.translation.weights import Notice

RENDER = "certificates.render"


@dataclass(frozen=True)
class Case:
    """One trainee at close-out: what was decided and why, and what she was awarded already."""

    enrolment: Enrolment
    hours: Decimal | None
    result: Result | None
    decision: Decision
    awards: Sequence[Award]

    @property
    def to_award(self) -> str | None:
        """The kind to be awarded now: earned, and not awarded yet."""
        kind = self.decision.kind
        return None if kind is None or any(a.kind == kind for a in self.awards) else kind


@dataclass(frozen=True)
class Stated:
    """What one award says."""

    kind: str
    language: str
    hours: Decimal
    held: tuple[date, date]
    place: str
    result: Fraction | None = None
    issued_on: date | None = None


def rules_of(edition: Edition) -> Rules:
    """What the edition asks for."""
    assessment = edition.rules["assessment"]
    return Rules(edition.rules["certificate"]["kind"], assessment["written_test"], assessment["practical_test"])


def cases(session: Session, cohort: Cohort) -> list[Case]:
    """Everybody on the roster with what was decided, in a fixed number of statements."""
    rules = rules_of(cohort.edition)
    needed = roster.hours_needed(
        cohort.edition.teaching_hours, cohort.edition.rules["assessment"]["attendance_minimum_percent"]
    )
    results = exams.results(session, cohort.id)
    awarded = queries.of_cohort(session, cohort.id)
    found = []
    for enrolment, hours in cohorts.with_hours(session, cohort.id).items():
        result = results.get(enrolment.id)
        standing = Standing(
            hours,
            needed,
            result is not None,
            bool(result and result.passed),
            bool(result and result.released),
        )
        found.append(
            Case(enrolment, standing.hours, result, eligibility.decide(standing, rules), awarded.get(enrolment.id, ()))
        )
    return found


def close_out(session: Session, actor: Actor, cohort: Cohort, settings: Settings, ring: KeyRing) -> list[Award]:
    """Awards everybody who has earned something, closes the cohort, and queues the documents as one job."""
    demand(policy.may_issue(actor, cohort))
    session.refresh(cohort, ["state"], with_for_update=True)  # two who close it at the same moment wait for each other
    if cohort.state in OVER:
        raise Conflict(OVER[cohort.state])
    found = cases(session, cohort)
    for case in found:
        if case.to_award and case.result and actor.person_id and case.result.markers == {actor.person_id}:
            raise Conflict(
                N_("You alone marked the exam of %(name)s; somebody else must award."), name=case.enrolment.person.name
            )
    made = [
        _award_case(session, actor, cohort, case, case.to_award, settings, ring)
        for case in found
        if case.to_award is not None
    ]
    enrolling.close(session, actor, cohort)
    if made:
        queue_documents(session, actor, made, f"cohort-{cohort.id}")
    return made


def queue_documents(session: Session, actor: Actor, awards: Sequence[Award], key: str) -> None:
    """One job that renders what has no document yet."""
    jobs.enqueue(
        session, RENDER, {"awards": [a.id for a in awards]}, asked_by=actor.person_id, key=key, total=len(awards)
    )


def _award_case(
    session: Session, actor: Actor, cohort: Cohort, case: Case, kind: str, settings: Settings, ring: KeyRing
) -> Award:
    passed = kind != "attendance" and case.result is not None
    stated = Stated(
        kind=kind,
        language=case.enrolment.language,
        hours=case.hours or Decimal(0),
        held=(cohort.starts_on, cohort.ends_on),
        place=cohort.place,
        result=case.result.percent if passed and case.result else None,
    )
    return issue(
        session,
        actor,
        case.enrolment.person,
        cohort.edition,
        stated,
        settings,
        ring,
        enrolment=case.enrolment,
        demonstration=cohort.is_demonstration,
    )


def issue(
    session: Session,
    actor: Actor,
    person: Person,
    edition: Edition,
    stated: Stated,
    settings: Settings,
    ring: KeyRing,
    *,
    enrolment: Enrolment | None = None,
    demonstration: bool = False,
) -> Award:
    """Writes one award: the next serial of its year and kind, the facts as they will be printed, the signed payload.

    Without an enrolment it records an award earned outside the cohorts kept here (a qualification assessed on paper).
    """
    demand(policy.may_issue(actor))
    issued_on = stated.issued_on or clock.now().date()
    months = edition.rules["certificate"].get("validity_months") if stated.kind == "qualification" else None
    valid_until = months_later(issued_on, months) if months else None
    serial = Serial(
        settings.serial_prefix, issued_on.year, stated.kind, _next_number(session, issued_on.year, stated.kind)
    )
    code = serials.new_code()
    facts = _facts(session, person, edition, stated, serial, code, valid_until, settings, demonstration=demonstration)
    signed = Payload(
        serial=serial,
        name=person.name,
        latin_name=person.latin_name or "",
        course=edition.course.code,
        hours=stated.hours,
        result=stated.result,
        issued=issued_on,
        valid_until=valid_until,
        demonstration=demonstration,
        key_id=ring.current.id,
    )
    _key, signature = ring.sign(payload.SIGNED_AS + signed.message())
    award = Award(
        serial=str(serial),
        year=serial.year,
        kind=stated.kind,
        number=serial.number,
        code=code,
        person_id=person.id,
        enrolment_id=enrolment.id if enrolment else None,
        cohort_id=enrolment.cohort_id if enrolment else None,
        course_code=edition.course.code,
        issued_on=issued_on,
        valid_until=valid_until,
        facts=facts,
        payload=payload.as_text(signed, signature),
        key_id=signed.key_id,
        is_demonstration=demonstration,
        issued_at=clock.now(),
        issued_by=actor.person_id,
    )
    award.events.append(AwardEvent(kind="issued", at=clock.now(), person_id=actor.person_id))
    session.add(award)
    session.flush()
    audit.record(
        session,
        "award.issued",
        actor,
        on=("award", award.serial),
        after={"kind": stated.kind, "course": award.course_code},
    )
    publish(session, AwardIssued(award.id, person.id))
    return award


def void_next(session: Session, actor: Actor, year: int, kind: str, prefix: str, reason: str) -> VoidSerial:
    """Takes the next number out of use, with its reason: for a spoilt form, say."""
    demand(policy.may_issue(actor))
    if not reason:
        raise Invalid(N_("Write the reason."), {"reason": N_("Write the reason.")})
    serial = Serial(prefix, year, kind, _next_number(session, year, kind))
    void = VoidSerial(
        serial=str(serial),
        year=year,
        kind=kind,
        number=serial.number,
        reason=reason[:400],
        at=clock.now(),
        person_id=actor.person_id,
    )
    session.add(void)
    audit.record(session, "serial.voided", actor, on=("serial", str(serial)), personal={"reason": reason[:400]})
    return void


def gaps(session: Session) -> list[tuple[int, str, int, int]]:
    """Years and kinds whose highest number is not awards and voids together: there must be none."""
    found = []
    for counter in session.scalars(select(SerialCounter)):
        used = sum(
            session.scalar(
                select(func.count()).select_from(model).where(model.year == counter.year, model.kind == counter.kind)
            )
            or 0
            for model in (Award, VoidSerial)
        )
        if used != counter.last:
            found.append((counter.year, counter.kind, counter.last, used))
    return found


def months_later(day: date, months: int) -> date:
    """The last day of a validity of so many months: the day before the same day of the month, or the month's end."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(day.day, last)) - timedelta(days=1)


def _next_number(session: Session, year: int, kind: str) -> int:
    """The next of its year and kind; whoever wants one too waits until this transaction ends, so that undoing leaves no gap."""
    first = upserting(session.get_bind().dialect.name)(SerialCounter).values(year=year, kind=kind, last=1)
    one_more = {"last": SerialCounter.last + 1}
    counted = first.on_conflict_do_update(index_elements=["year", "kind"], set_=one_more)
    number: int = session.scalar(counted.returning(SerialCounter.last))
    return number


def languages_of(holder: str) -> tuple[str, str]:
    """The two languages of a certificate: English and the holder's; Azerbaijani and English where those are one."""
    return ("az", "en") if holder == "en" else ("en", holder)


def _facts(
    session: Session,
    person: Person,
    edition: Edition,
    stated: Stated,
    serial: Serial,
    code: str,
    valid_until: date | None,
    settings: Settings,
    *,
    demonstration: bool,
) -> dict[str, Any]:
    """Everything that is printed, as it stands today: kept with the award, so that later changes change nothing on it."""
    both = languages_of(stated.language)
    words = {c: texts.texts_of(session, edition.document_id, c, drafts_allowed=True) for c in both}
    marked = any(words[c]["title"].notice is not Notice.NONE for c in both) or stated.language != "en"
    centre = accounts.centre(session)
    issuer = {c: accounts.names_of(session, [centre.id], c).get(centre.id, "") for c in both}
    return {
        "languages": list(both),
        "issuer": issuer,
        "name": {both[0]: person.latin_name or person.name, both[1]: person.name},
        "person_number": person.number,
        "father": person.father_name,
        "sex": person.sex,
        "course_code": edition.course.code,
        "edition": edition.number,
        "course": {c: words[c]["title"].text for c in both},
        "points": {c: [words[c][f"module.{m.slug}"].text for m in edition.modules] for c in both},
        "held": [day.isoformat() for day in stated.held],
        "hours": str(stated.hours),
        "result": None if stated.result is None else [stated.result.numerator, stated.result.denominator],
        "issued": (stated.issued_on or clock.now().date()).isoformat(),
        "valid_until": valid_until.isoformat() if valid_until else None,
        "place": stated.place,
        "serial": str(serial),
        "code": serials.in_fours(code),
        "address": settings.base_url.partition("://")[2].rstrip("/") + "/verify",
        "link": settings.base_url.rstrip("/") + "/verify#",
        "awaiting_review": marked,
        "demonstration": demonstration,
    }


def summary(found: Sequence[Case]) -> Mapping[str, int]:
    """How many of each kind would be awarded now."""
    counts: dict[str, int] = {}
    for case in found:
        if case.to_award:
            counts[case.to_award] = counts.get(case.to_award, 0) + 1
    return counts
