"""Telling people what happened to them: each event has the letter it causes."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from lmsapp.accounts import events as accounts
from lmsapp.accounts import queries as people
from lmsapp.accounts.informing import inform
from lmsapp.accounts.models import Membership, Person
from lmsapp.accounts.roles import ROLE_NAMES, Role
from lmsapp.certificates import events as certificates
from lmsapp.certificates.models import Award
from lmsapp.cohorts import events as cohorts
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.cohorts.queries import enrolments
from lmsapp.core import translations
from lmsapp.core.events import subscribe
from lmsapp.core.settings import Settings
from lmsapp.exams import events as exams
from lmsapp.exams.models import Attempt
from lmsapp.materials import events as materials
from lmsapp.materials.models import Download, MaterialEdition, PrintedFile
from lmsapp.materials.queries import titles
from lmsapp.translation import queries as texts


def listen(settings: Settings) -> None:
    """Writes letters from now on; links in them begin with the installation's address, never with a request's."""
    letters = _letters(settings.base_url.rstrip("/"), settings.allow_drafts)
    subscribe(accounts.RoleGranted, letters.role_granted)
    subscribe(accounts.RoleEnded, letters.role_ended)
    subscribe(accounts.SecretChosen, letters.secret_chosen)
    subscribe(accounts.RefusedOften, letters.refused_often)
    subscribe(cohorts.Enrolled, letters.enrolled)
    subscribe(cohorts.CohortChanged, letters.cohort_changed)
    subscribe(cohorts.CohortCancelled, letters.cohort_cancelled)
    subscribe(exams.ResultsReleased, letters.results_released)
    subscribe(certificates.AwardIssued, letters.award_issued)
    subscribe(certificates.AwardStateChanged, letters.award_changed)
    subscribe(materials.EditionEnded, letters.edition_ended)


@dataclass(frozen=True)
class Letters:
    """The letters of one installation."""

    address: str
    drafts_allowed: bool

    def role_granted(self, session: Session, event: accounts.RoleGranted) -> None:
        """To whom was given a role."""
        self._role(session, event.membership_id, "role_granted")

    def role_ended(self, session: Session, event: accounts.RoleEnded) -> None:
        """To whom a role was taken from."""
        self._role(session, event.membership_id, "role_ended")

    def secret_chosen(self, session: Session, event: accounts.SecretChosen) -> None:
        """To the person herself: she must hear of it when it was not she."""
        inform(session, session.get_one(Person, event.person_id), "secret_chosen")

    def refused_often(self, session: Session, event: accounts.RefusedOften) -> None:
        """To the centre's administrators: one account tries what it may not."""
        who = session.get_one(Person, event.person_id)
        for person in people.at_centre(session, Role.ADMINISTRATOR):
            link = self._link(person, f"log?who={who.number}")
            inform(session, person, "refused_often", who=who.name, whose_number=who.number, link=link)

    def enrolled(self, session: Session, event: cohorts.Enrolled) -> None:
        """To who is on the roster now."""
        enrolment = session.get_one(Enrolment, event.enrolment_id)
        cohort, person = enrolment.cohort, enrolment.person
        inform(
            session,
            person,
            "enrolled",
            course=self._course(session, cohort, person.language),
            first=cohort.starts_on,
            last=cohort.ends_on,
            place=cohort.place,
            link=self._link(person, f"learn/{cohort.code.lower()}"),
        )

    def cohort_changed(self, session: Session, event: cohorts.CohortChanged) -> None:
        """To everybody enrolled, when days or place are others."""
        if event.fields & {"starts_on", "ends_on", "place"}:
            self._to_roster(session, event.cohort_id, "cohort_changed")

    def cohort_cancelled(self, session: Session, event: cohorts.CohortCancelled) -> None:
        """To everybody enrolled, with the reason."""
        self._to_roster(session, event.cohort_id, "cohort_cancelled")

    def results_released(self, session: Session, event: exams.ResultsReleased) -> None:
        """To everybody who sat the exam and has a result."""
        found = select(Attempt).where(Attempt.sitting_id == event.sitting_id, Attempt.state == "released")
        for attempt in session.scalars(found):
            person = session.get_one(Person, attempt.person_id)
            course = self._course(session, attempt.sitting.cohort, person.language)
            link = self._link(person, f"exams/{attempt.code}/result")
            inform(session, person, "results", once=f"results-{attempt.id}", course=course, link=link)

    def award_issued(self, session: Session, event: certificates.AwardIssued) -> None:
        """To who earned it."""
        award = session.get_one(Award, event.award_id)
        person = session.get_one(Person, award.person_id)
        course = award.facts["course"].get(person.language) or award.course_code
        link = self._link(person, f"certificates/{award.serial}")
        inform(session, person, "award_issued", serial=award.serial, course=course, link=link)

    def award_changed(self, session: Session, event: certificates.AwardStateChanged) -> None:
        """To whose certificate was suspended, reinstated or revoked, with the reason."""
        if event.kind in ("suspended", "reinstated", "revoked"):
            award = session.get_one(Award, event.award_id)
            person = session.get_one(Person, award.person_id)
            inform(session, person, f"award_{event.kind}", serial=award.serial, reason=award.events[-1].reason)

    def edition_ended(self, session: Session, event: materials.EditionEnded) -> None:
        """To everybody who took it, and the officers of the agencies it was taken for; once each."""
        edition = session.get_one(MaterialEdition, event.edition_id)
        for person in _takers(session, edition.id):
            words = titles(session, person.language, drafts_allowed=self.drafts_allowed)
            inform(
                session,
                person,
                f"material_{event.state}",
                title=words[edition.material.document_id]["title"].text,
                edition=edition.number,
                reason=edition.reason or "",
                link=self._link(person, f"materials/{edition.material.slug}"),
            )

    def _role(self, session: Session, membership_id: int, letter: str) -> None:
        held = session.get_one(Membership, membership_id)
        person = held.person
        with translations.use(person.language):
            role = translations.gettext(ROLE_NAMES[Role(held.role)])
        organisation = people.names_of(session, [held.organisation_id], person.language)[held.organisation_id]
        inform(session, person, letter, role=role, organisation=organisation, link=self._link(person, ""))

    def _to_roster(self, session: Session, cohort_id: int, letter: str) -> None:
        cohort = session.get_one(Cohort, cohort_id)
        for enrolment in enrolments(session, cohort_id):
            inform(
                session,
                enrolment.person,
                letter,
                course=self._course(session, cohort, enrolment.person.language),
                first=cohort.starts_on,
                last=cohort.ends_on,
                place=cohort.place,
                reason=cohort.cancelled_because,
                link=self._link(enrolment.person, f"learn/{cohort.code.lower()}"),
            )

    def _course(self, session: Session, cohort: Cohort, language: str) -> str:
        words = texts.texts_of(session, cohort.edition.document_id, language, drafts_allowed=self.drafts_allowed)
        return words["title"].text

    def _link(self, person: Person, path: str) -> str:
        return f"{self.address}/{person.language}/{path}"


@cache
def _letters(address: str, drafts_allowed: bool) -> Letters:  # noqa: FBT001 - the two settings letters depend on
    """One object an installation, so that listening twice is listening once."""
    return Letters(address, drafts_allowed)


def _takers(session: Session, edition_id: int) -> list[Person]:
    taken = select(Download).join(PrintedFile).where(PrintedFile.edition_id == edition_id).subquery()
    officers = select(Membership.person_id).where(
        Membership.organisation_id.in_(select(taken.c.organisation_id)),
        Membership.role == Role.PARTNER,
        Membership.until.is_(None),
    )
    wanted = or_(Person.id.in_(select(taken.c.person_id)), Person.id.in_(officers))
    return list(session.scalars(select(Person).where(wanted).order_by(Person.id)))
