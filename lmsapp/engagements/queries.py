"""Reading partners with what their source states, and what the centre linked to it as far as the reader may see that."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from lmsapp.cohorts import policy as cohorts
from lmsapp.cohorts.models import Cohort
from lmsapp.core.access import Actor
from lmsapp.core.errors import NotFound
from lmsapp.engagements import policy
from lmsapp.engagements.models import Engagement, EngagementCohort, EngagementMaterial, Partner, Project
from lmsapp.translation import queries as texts
from lmsapp.translation.queries import Texts


@dataclass(frozen=True)
class Record:
    """One partner (or, for the list, all of them) with the words of the source in the reader's language."""

    project: Project
    partners: Sequence[Partner]
    words: Texts
    cohorts: dict[int, list[EngagementCohort]]
    materials: dict[int, list[EngagementMaterial]]

    @property
    def partner(self) -> Partner:
        """The one partner of a partner's page."""
        return self.partners[0]

    @property
    def engagements(self) -> list[Engagement]:
        """All engagements of the partners shown."""
        return [one for partner in self.partners for one in partner.engagements]


def partners(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> Record | None:
    """All partners, in the order of the source; None before anything was loaded."""
    found = session.scalars(_whole(policy.visible_partners(actor)).order_by(Partner.id)).all()
    return _record(session, actor, found, language, drafts_allowed=drafts_allowed) if found else None


def countries(session: Session, actor: Actor, wanted: Sequence[str | None]) -> Sequence[str]:
    """Those of the wanted countries that have a partner's page."""
    codes = [code for code in wanted if code]
    query = policy.visible_partners(actor).with_only_columns(Partner.country).where(Partner.country.in_(codes))
    return session.scalars(query.order_by(Partner.country)).all()


def partner(session: Session, actor: Actor, country: str, language: str, *, drafts_allowed: bool) -> Record:
    """The partner of this country code; NotFound otherwise."""
    found = session.scalar(_whole(policy.visible_partners(actor).where(Partner.country == country.upper())))
    if found is None:
        raise NotFound
    return _record(session, actor, [found], language, drafts_allowed=drafts_allowed)


def _whole(query: Select[Partner]) -> Select[Partner]:
    project = selectinload(Partner.project)
    return query.options(
        selectinload(Partner.instruments),
        selectinload(Partner.engagements),
        project.selectinload(Project.contributions),
        project.selectinload(Project.deliveries),
        project.selectinload(Project.results),
    )


def _record(session: Session, actor: Actor, found: Sequence[Partner], language: str, *, drafts_allowed: bool) -> Record:
    project = found[0].project
    words = texts.texts_of(session, project.document_id, language, drafts_allowed=drafts_allowed)
    ids = [one.id for partner in found for one in partner.engagements]
    seen = cohorts.visible_cohorts(actor).with_only_columns(Cohort.id)
    taught: dict[int, list[EngagementCohort]] = {}
    query = select(EngagementCohort).where(
        EngagementCohort.engagement_id.in_(ids), EngagementCohort.cohort_id.in_(seen)
    )
    for link in session.scalars(query.options(selectinload(EngagementCohort.cohort).selectinload(Cohort.enrolments))):
        taught.setdefault(link.engagement_id, []).append(link)
    made: dict[int, list[EngagementMaterial]] = {}
    linked = select(EngagementMaterial).where(EngagementMaterial.engagement_id.in_(ids))
    for one in session.scalars(linked.options(selectinload(EngagementMaterial.material))):
        made.setdefault(one.engagement_id, []).append(one)
    return Record(project, found, words, taught, made)
