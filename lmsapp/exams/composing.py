"""Composing exams and sittings: what may be drawn, in which words, and when it is held."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Edition
from lmsapp.cohorts.models import Cohort
from lmsapp.core import audit
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.translations import N_, use
from lmsapp.core.translations import gettext as _
from lmsapp.exams import papers, policy
from lmsapp.exams.models import Bank, Exam, Question, QuestionVersion, Sitting
from lmsapp.exams.papers import Candidate, Need
from lmsapp.exams.questions import Kind
from lmsapp.translation import messages
from lmsapp.translation import queries as texts
from lmsapp.translation.queries import Texts
from lmsapp.translation.weights import Notice, Shown

FINAL = "final"
MOST_DAYS = timedelta(days=31)


def needs(exam: Exam) -> list[Need]:
    """The exam's blueprint; without one, so many questions of any topic, spread over the topics as evenly as may be."""
    if exam.blueprint:
        return [
            Need(line["count"], line.get("topic"), line.get("difficulty"), line.get("competence"))
            for line in exam.blueprint
        ]
    topics: list[str | None] = list(exam.bank.topics) or [None]
    each, left = divmod(exam.questions, len(topics))
    return [Need(each + (place < left), topic) for place, topic in enumerate(topics) if each + (place < left)]


def candidates(session: Session, bank_id: int, language: str, *, drafts_allowed: bool) -> list[Candidate]:
    """The bank's living questions with their words in a language."""
    newest = select(func.max(QuestionVersion.id)).group_by(QuestionVersion.question_id)
    rows = session.execute(
        select(Question, QuestionVersion)
        .join(QuestionVersion)
        .where(Question.bank_id == bank_id, Question.retired.is_(False), QuestionVersion.id.in_(newest))
        .order_by(Question.id)
    ).all()
    words = texts.texts(session, [q.document_id for q, _v in rows], language, drafts_allowed=drafts_allowed)
    cited = messages.cited(session, language, "adult", drafts_allowed=drafts_allowed)
    return [
        Candidate(
            q.id,
            v.number,
            q.kind,
            q.topic,
            q.difficulty,
            q.critical,
            v.structure,
            _words(words[q.document_id], cited) | _true_and_false(q.kind, language),
            q.competence,
        )
        for q, v in rows
    ]


def _words(found: Texts, cited: Mapping[str, Any]) -> dict[str, Any]:
    """A question's words by unit key as a paper keeps them; a unit that is nothing but a message's code is that message."""
    return {
        key: frozen(cited[code].words if (code := shown.text.strip("{}")) in cited else shown)
        for key, shown in found.items()
    }


def _true_and_false(kind: str, language: str) -> dict[str, Any]:
    """The two options of a true-false question are the interface's own words, in the paper's language."""
    if kind != Kind.TRUE_FALSE:
        return {}
    with use(language):
        return {
            "option.true": {"text": _("True"), "language": language},
            "option.false": {"text": _("False"), "language": language},
        }


def frozen(shown: Shown) -> dict[str, Any]:
    """A text as a paper keeps it: words, language, and the source that must stand beside a draft of a safety text."""
    kept: dict[str, Any] = {"text": shown.text, "language": shown.language}
    if shown.notice is not Notice.NONE:
        kept["notice"] = str(shown.notice)
    if shown.source:
        kept["source"] = {"text": shown.source, "language": shown.source_language}
    return kept


def exam_for(session: Session, edition: Edition) -> Exam | None:
    """The final exam of an edition, made from its course's bank and rules when it is first asked for; None without a bank."""
    known = session.scalar(select(Exam).where(Exam.edition_id == edition.id, Exam.code == FINAL))
    if known is not None:
        return known
    bank = session.scalar(select(Bank).where(Bank.course_id == edition.course_id))
    if bank is None:
        return None
    rules = edition.rules["assessment"]
    exam = Exam(
        edition_id=edition.id,
        code=FINAL,
        bank_id=bank.id,
        pass_mark=rules.get("pass_mark_percent", 80),
        attempts=rules.get("attempts", 2),
        blueprint=[],
    )
    session.add(exam)
    session.flush()
    return exam


def feasible(
    session: Session, exam: Exam, languages: list[str], *, drafts_allowed: bool
) -> dict[str, list[tuple[Need, int]]]:
    """For each language, the lines of the blueprint that its bank can't fill."""
    wanted = needs(exam)
    return {
        code: papers.shortages(wanted, candidates(session, exam.bank_id, code, drafts_allowed=drafts_allowed))
        for code in languages
    }


def hold(session: Session, actor: Actor, cohort: Cohort, opens_at: datetime, closes_at: datetime) -> Sitting:
    """Sets a sitting of the cohort's final exam between two moments."""
    demand(policy.may_hold(actor, cohort))
    exam = exam_for(session, cohort.edition)
    if exam is None:
        raise Conflict(N_("This course has no question bank yet, so no exam can be held."))
    if cohort.state in ("closed", "cancelled"):
        raise Conflict(N_("This cohort is closed; its records stand."))
    if closes_at <= opens_at or closes_at - opens_at > MOST_DAYS:
        message = N_("The end must come after the beginning, at most 31 days later.")
        raise Invalid(message, {"closes": message})
    sitting = Sitting(
        exam_id=exam.id, cohort_id=cohort.id, opens_at=opens_at, closes_at=closes_at, made_by=actor.person_id
    )
    session.add(sitting)
    session.flush()
    audit.record(session, "sitting.set", actor, on=("sitting", sitting.id), after={"cohort": cohort.code})
    return sitting
