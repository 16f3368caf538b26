"""Bringing the engagements file in, and linking cohorts and materials to what they were part of.

Loading the same file twice changes nothing; a changed file changes the records and the log says from which to which.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.cohorts.models import Cohort
from lmsapp.core import audit
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict
from lmsapp.engagements import policy
from lmsapp.engagements.kinds import NUMBERS
from lmsapp.engagements.models import (
    Contribution,
    Delivery,
    Engagement,
    EngagementCohort,
    EngagementMaterial,
    Instrument,
    Partner,
    Project,
    Result,
)
from lmsapp.engagements.sources import SOURCE, EngagementFile, partial
from lmsapp.materials.models import Material
from lmsapp.translation import revising
from lmsapp.translation.revising import Piece

KIND, CODE = "project", "founding-project"


def load(session: Session, actor: Actor, files: EngagementFile) -> str:
    """Brings the file in; says `new`, `changed`, `translations` or `unchanged`."""
    demand(policy.may_keep_engagements(actor))
    pieces = [Piece(text, key.rpartition(".")[2], key=key) for key, text in files.words.items()]
    document = revising.put_document(session, actor, KIND, CODE, SOURCE, pieces).document
    added = 0
    for code, words in files.translations.items():
        added += revising.put_translation(session, actor, document, code, words, stale=code in files.stale)
    project = session.scalar(select(Project).where(Project.code == CODE))
    before = project.source_digest if project is not None else None
    if before == files.digest:
        return "translations" if added else "unchanged"
    if project is None:
        project = Project(code=CODE, document_id=document.id)
        session.add(project)
    _describe(project, files)
    _partners(project, files.facts)
    _engagements(session, project, files.facts)
    session.flush()
    after = {"digest": files.digest}
    audit.record(
        session, "engagements.loaded", actor, on=("project", project.id), before={"digest": before}, after=after
    )
    return "new" if before is None else "changed"


def link_cohort(session: Session, actor: Actor, engagement: Engagement, cohort: Cohort) -> EngagementCohort:
    """Says that a cohort was taught under an engagement; a demonstration's cohort makes a demonstration's link."""
    demand(policy.may_keep_engagements(actor))
    link = EngagementCohort(engagement_id=engagement.id, cohort_id=cohort.id, is_demonstration=cohort.is_demonstration)
    session.add(link)
    after = {"engagement": engagement.code}
    audit.record(session, "engagement.cohort_linked", actor, on=("cohort", cohort.id), after=after)
    return link


def link_material(
    session: Session, actor: Actor, engagement: Engagement, material: Material, *, demonstration: bool
) -> EngagementMaterial:
    """Says that a material was adapted, translated or printed under an engagement."""
    demand(policy.may_keep_engagements(actor))
    link = EngagementMaterial(engagement_id=engagement.id, material_id=material.id, is_demonstration=demonstration)
    session.add(link)
    after = {"engagement": engagement.code}
    audit.record(session, "engagement.material_linked", actor, on=("material", material.id), after=after)
    return link


def _describe(project: Project, files: EngagementFile) -> None:
    facts, said = files.facts, files.facts["project"]
    aim = said.get("clearance_aim") or {}
    project.source_digest, project.publisher = files.digest, facts["source"]["publisher"]
    project.agency, project.office = facts["agency"]["name"], said.get("project_office")
    project.focus_area, project.implementing_partner = said.get("focus_area"), said.get("implementing_partner")
    project.starts, project.ends_estimated = partial(said.get("start")), partial(said.get("end_estimated"))
    project.goals = len(said["goals"])
    project.contamination_km2 = _exact((said.get("contamination") or {}).get("area_km2"))
    project.clearance_aim_km2, project.clearance_aim_year = _exact(aim.get("area_km2")), aim.get("year")
    project.contributions = [
        Contribution(donor=one["name_as_published"], amount=_exact(one["amount_contributed"])) for one in said["donors"]
    ]
    _put(
        project.deliveries,
        "fiscal_year",
        [
            Delivery(
                fiscal_year=one["fiscal_year"], amount=Decimal(str(one["amount"])), currency=one["currency_symbol"]
            )
            for one in said["delivery_by_fiscal_year"]
        ],
        ("amount", "currency"),
    )
    _put(
        project.results,
        "key",
        [
            Result(key=one["key"], value=_exact(one["value"]), unit=one["unit"], as_of=partial(one.get("as_of")))
            for one in said["accomplishments"]
        ],
        ("value", "unit", "as_of"),
    )


def _put(kept: list[Any], name: str, wanted: list[Any], others: tuple[str, ...]) -> None:
    """Makes a list of rows hold what is wanted, told apart by one attribute, without taking a row away to bring it back."""
    known = {getattr(row, name): row for row in kept}
    for row in wanted:
        old = known.pop(getattr(row, name), None)
        if old is None:
            kept.append(row)
        else:
            for other in others:
                setattr(old, other, getattr(row, other))
    for row in known.values():
        kept.remove(row)


def _partners(project: Project, facts: Mapping[str, Any]) -> None:
    known = {partner.country: partner for partner in project.partners}
    for one in facts["partners"]:
        if one["country"] not in known:
            known[one["country"]] = Partner(country=one["country"])
            project.partners.append(known[one["country"]])
    for country, partner in known.items():
        partner.instruments = [
            Instrument(
                kind=one["type"],
                counterpart=one["counterpart"],
                signed_on=partial(one["signed_on"]),
                state=one["status"],
            )
            for one in facts["instruments"]
            if one["country"] == country
        ]


def _engagements(session: Session, project: Project, facts: Mapping[str, Any]) -> None:
    session.flush()
    partners = {partner.country: partner for partner in project.partners}
    known = {one.code: one for partner in project.partners for one in partner.engagements}
    for one in facts["engagements"]:
        found = known.pop(one["id"], None) or Engagement(code=one["id"])
        session.add(found)
        found.partner, found.kind = partners[one["country"]], one["type"]
        found.session_length_weeks = one.get("session_length_weeks")
        found.sessions, found.participants, found.copies = (one.get(name) for name in NUMBERS)
        found.open_numbers = [name for name in NUMBERS if name in one and one[name] is None]
        found.source_language = one.get("source_language")
        found.target_languages = list(one.get("target_languages") or [])
        found.starts, found.ends = partial(one.get("start")), partial(one.get("end"))
    for gone in known.values():
        if gone.cohorts or gone.materials:
            raise Conflict("The engagement %(code)s has records linked to it and can't leave the file.", code=gone.code)
        session.delete(gone)


def _exact(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))
