"""Composing exams and sittings: what may be drawn, in which words, and when it is held."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Edition
from lmsapp.cohorts import policy as cohorts
from lmsapp.cohorts.models import Cohort
from lmsapp.core import audit
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import N_, use
from lmsapp.core.translations import gettext as _
from lmsapp.exams import papers, policy
from lmsapp.exams.models import FINAL, Bank, Exam, Question, QuestionVersion, Sitting
from lmsapp.exams.papers import Blueprint, Candidate, Frozen, Need, Shortage
from lmsapp.exams.questions import Kind
from lmsapp.translation import messages
from lmsapp.translation import queries as texts
from lmsapp.translation.weights import Notice, Shown

# The exams an edition can have; passing the course is decided by the final one alone.
NAMES = {
    FINAL: N_("Final exam"),
    "pre-test": N_("Pre-test"),
    "post-test": N_("Post-test"),
    "practice": N_("Practice exam"),
}
MOST_DAYS = timedelta(days=31)
MOST_QUESTIONS = 200


@dataclass(frozen=True)
class Plan:
    """Everything an exam is composed of; `fixed` names questions by key. See `Exam`."""

    bank_id: int
    lines: Sequence[Need]
    fixed: Sequence[str]
    critical: int
    languages: Sequence[str]
    minutes: int
    grace_seconds: int
    pass_mark: int
    attempts: int
    wait_hours: int
    shuffle: bool
    parallel: bool
    offline: bool
    release: str
    room_code: bool


class Asked(Protocol):
    """A question, or what was read of it."""

    id: int
    document_id: int
    kind: str


_DRAWN = (
    Question.id,
    Question.id.label("question_id"),
    Question.document_id,
    Question.kind,
    Question.topic,
    Question.difficulty,
    Question.critical,
    Question.competence,
    QuestionVersion.number,
    QuestionVersion.structure,
)


class Infeasible(Invalid):
    """A bank that can't fill the blueprint: what is short, by language."""

    code = "infeasible"

    def __init__(self, short: Mapping[str, Sequence[Shortage]]) -> None:
        super().__init__(N_("The question bank can't fill this exam in every language. Nothing was saved."))
        self.short = short


# ---------- what can be drawn ----------


def name(exam: Exam) -> str:
    """What an exam is called in the reader's language."""
    return _(NAMES.get(exam.code, N_("Exam")))


def needs(exam: Exam) -> list[Need]:
    """The exam's blueprint; without one, so many questions of any topic, spread over the topics as evenly as may be."""
    if exam.blueprint or exam.fixed:
        return [
            Need(line["count"], line.get("topic"), line.get("difficulty"), line.get("competence"))
            for line in exam.blueprint
        ]
    topics: list[str | None] = list(exam.bank.topics) or [None]
    each, left = divmod(exam.questions, len(topics))
    return [Need(each + (place < left), topic) for place, topic in enumerate(topics) if each + (place < left)]


def blueprint(session: Session, exam: Exam) -> Blueprint:
    """What the papers of an exam are drawn from."""
    return Blueprint(needs(exam), _ids(session, exam.bank_id, exam.fixed).values(), exam.critical)


def _ids(session: Session, bank_id: int, keys: Sequence[str]) -> dict[str, int]:
    """Ids of living questions by key; a fixed one that was retired since is not there any more."""
    if not keys:
        return {}
    rows = session.execute(
        select(Question.key, Question.id).where(
            Question.bank_id == bank_id, Question.key.in_(keys), Question.retired.is_(False)
        )
    )
    return {row.key: row.id for row in rows}


def paper(session: Session, exam: Exam, language: str, seed: str, *, drafts_allowed: bool) -> Frozen:
    """Draws and freezes a paper of an exam. Raises ValueError when its bank can't fill it in this language.

    Only what is drawn is read in words; when some of that can't be asked in the language, all of the bank is, and drawn anew.
    """
    wanted, living = blueprint(session, exam), _living(session, exam.bank_id)
    told = partial(_told, session, language=language, drafts_allowed=drafts_allowed, parallel=exam.parallel)
    chosen = told(papers.draw(wanted, living, seed))
    if not all(papers.speaks(one, language) for one in chosen):
        chosen = papers.draw(wanted, [one for one in told(living) if papers.speaks(one, language)], seed)
    return papers.freeze(chosen, seed, language, shuffle=exam.shuffle)


def _living(session: Session, bank_id: int) -> Sequence[Any]:
    """A bank's questions that are not retired, in their newest versions, without their words."""
    newest = select(func.max(QuestionVersion.id)).where(QuestionVersion.question_id == Question.id)
    return session.execute(
        select(*_DRAWN)
        .join(QuestionVersion, QuestionVersion.id == newest.correlate(Question).scalar_subquery())
        .where(Question.bank_id == bank_id, Question.retired.is_(False))
        .order_by(Question.id)
    ).all()


def _told(
    session: Session, living: Sequence[Any], language: str, *, drafts_allowed: bool, parallel: bool = False
) -> list[Candidate]:
    """Questions with their words in a language, with the source's words beside them when wanted."""
    own = words(session, living, language, drafts_allowed=drafts_allowed)
    if parallel:
        sources = words(session, living, "", drafts_allowed=drafts_allowed)
        own = {number: _beside(texts, sources[number]) for number, texts in own.items()}
    return [
        Candidate(q.id, q.number, q.kind, q.topic, q.difficulty, q.critical, q.structure, own[q.id], q.competence)
        for q in living
    ]


def words(
    session: Session, asked: Sequence[Asked], language: str, *, drafts_allowed: bool
) -> dict[int, dict[str, Any]]:
    """The words of questions by their ids and by unit key as papers have them; `""` is each one's source language.

    A unit that is nothing but a message's code is that message.
    """
    found = texts.texts(session, [q.document_id for q in asked], language, drafts_allowed=drafts_allowed)
    codes = {text.strip("{}") for own in found.values() for shown in own.values() if (text := shown.text)[:1] == "{"}
    cited = messages.cited(session, language, "adult", drafts_allowed=drafts_allowed, codes=codes) if codes else {}
    return {
        q.id: {
            key: frozen(cited[code].words if (code := shown.text.strip("{}")) in cited else shown)
            for key, shown in found[q.document_id].items()
        }
        | true_and_false(q.kind, language or found[q.document_id]["stem"].language)
        for q in asked
    }


def _beside(words: Mapping[str, Any], sources: Mapping[str, Any]) -> dict[str, Any]:
    """Each text with the source's words as `parallel`, where it is in another language and they don't stand there yet."""
    return {
        key: text | {"parallel": {name: sources[key][name] for name in ("text", "language")}}
        if text["language"] != sources[key]["language"] and "source" not in text
        else text
        for key, text in words.items()
    }


def true_and_false(kind: str, language: str) -> dict[str, Any]:
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


# ---------- exams ----------


def exam_for(session: Session, edition: Edition, code: str = FINAL) -> Exam | None:
    """An exam of an edition, made from its course's bank and rules when it is first asked for; None without a bank."""
    known = session.scalar(select(Exam).where(Exam.edition_id == edition.id, Exam.code == code))
    if known is not None:
        return known
    exam = unsaved(session, edition, code)
    if exam is not None:
        session.add(exam)
        session.flush()
    return exam


def unsaved(session: Session, edition: Edition, code: str = FINAL) -> Exam | None:
    """The exam an edition has before anybody composed it: 20 questions, its course's bank, pass mark and attempts."""
    bank = session.scalar(select(Bank).where(Bank.course_id == edition.course_id).order_by(Bank.id).limit(1))
    if bank is None:
        return None
    rules = edition.rules["assessment"]
    usual = {c.name: c.default.arg for c in Exam.__table__.columns if c.default is not None and c.default.is_scalar}
    own = {
        "pass_mark": rules.get("pass_mark_percent", usual["pass_mark"]),
        "attempts": rules.get("attempts", usual["attempts"]),
    }
    lists: dict[str, list[Any]] = {"blueprint": [], "fixed": [], "languages": []}
    return Exam(edition_id=edition.id, code=code, bank_id=bank.id, bank=bank, **usual | own | lists)


def feasibility(
    session: Session, bank_id: int, wanted: Blueprint, languages: Sequence[str], *, drafts_allowed: bool
) -> dict[str, "Reach"]:
    """For each language: how many questions each line could have, and what is short."""
    found, living = {}, _living(session, bank_id)
    for code in languages:
        known = _told(session, living, code, drafts_allowed=drafts_allowed)
        speaking = [one for one in known if papers.speaks(one, code)]
        there = [papers.available(need, speaking, wanted.fixed) for need in wanted.needs]
        found[code] = Reach(there, papers.shortages(wanted, speaking))
    return found


@dataclass(frozen=True)
class Reach:
    """What a bank has for a blueprint in one language: questions for each line, and what can't be filled."""

    there: list[int]
    short: list[Shortage]


def sketched(session: Session, bank: Bank, lines: Sequence[Need], keys: Sequence[str], critical: int) -> Blueprint:
    """A blueprint while it is being edited: what its bank does not know is left out."""
    return Blueprint(lines, list(_ids(session, bank.id, keys).values()), critical)


def planned(session: Session, bank: Bank, plan: Plan) -> Blueprint:
    """The blueprint of a plan. Raises Invalid for a line or a fixed question that its bank does not know."""
    for line in plan.lines:
        if line.topic is not None and line.topic not in bank.topics:
            raise Invalid(N_("Choose a topic of this bank."), {"lines": N_("Choose a topic of this bank.")})
    ids = _ids(session, bank.id, plan.fixed)
    for key in plan.fixed:
        if key not in ids:
            message = N_("There is no living question “%(key)s” in this bank.")
            raise Invalid(message, {"fixed": message}, key=key)
    return Blueprint(plan.lines, list(ids.values()), plan.critical)


def compose(session: Session, actor: Actor, edition: Edition, code: str, plan: Plan, *, drafts_allowed: bool) -> Exam:
    """Keeps the rules of an exam; papers handed out keep theirs. Raises Infeasible when the bank can't fill a line."""
    demand(policy.may_compose(actor))
    bank = session.get_one(Bank, plan.bank_id)
    wanted = planned(session, bank, plan)
    if not 1 <= wanted.total <= MOST_QUESTIONS:
        message = N_("A paper needs 1 to 200 questions.")
        raise Invalid(message, {"lines": message})
    reach = feasibility(session, bank.id, wanted, plan.languages, drafts_allowed=drafts_allowed)
    if any(one.short for one in reach.values()):
        raise Infeasible({code: one.short for code, one in reach.items() if one.short})
    known = session.scalar(select(Exam).where(Exam.edition_id == edition.id, Exam.code == code))
    exam = known or Exam(edition_id=edition.id, code=code)
    before = rules_of(exam) if known is not None else None
    exam.bank_id, exam.questions = plan.bank_id, wanted.total
    exam.blueprint = [{name: value for name, value in asdict(line).items() if value is not None} for line in plan.lines]
    exam.fixed, exam.languages = list(dict.fromkeys(plan.fixed)), list(plan.languages)
    for name in RULES:
        setattr(exam, name, getattr(plan, name))
    session.add(exam)
    session.flush()
    session.refresh(exam, ["bank"])
    audit.record(session, "exam.composed", actor, on=("exam", exam.id), before=before, after=rules_of(exam))
    return exam


RULES = (
    *("critical", "minutes", "grace_seconds", "pass_mark", "attempts", "wait_hours", "shuffle", "parallel", "offline"),
    *("release", "room_code"),
)


def rules_of(exam: Exam) -> dict[str, Any]:
    """What an exam is composed of, for the log of acts."""
    names = ("bank_id", "questions", "blueprint", "fixed", "languages", *RULES)
    return {name: getattr(exam, name) for name in names}


# ---------- sittings ----------


def hold(
    session: Session,
    actor: Actor,
    cohort: Cohort,
    opens_at: datetime,
    closes_at: datetime,
    *,
    code: str = FINAL,
    room_code: bool | None = None,
) -> Sitting:
    """Sets a sitting of one of the cohort's exams between two moments; with a room code when its exam or the caller says so."""
    demand(policy.may_hold(actor, cohort))
    exam = exam_for(session, cohort.edition, code)
    if exam is None:
        raise Conflict(N_("This course has no question bank yet, so no exam can be held."))
    if cohort.state in cohorts.OVER:
        raise Conflict(cohorts.OVER[cohort.state])
    if closes_at <= opens_at or closes_at - opens_at > MOST_DAYS:
        message = N_("The end must come after the beginning, at most 31 days later.")
        raise Invalid(message, {"closes": message})
    lacking = [one for one in cohort.languages if exam.languages and one not in exam.languages]
    if lacking:
        raise Conflict(N_("This exam is not composed for %(language)s."), language=LANGUAGES[lacking[0]].name)
    wants_code = exam.room_code if room_code is None else room_code
    sitting = Sitting(
        exam_id=exam.id,
        cohort_id=cohort.id,
        opens_at=opens_at,
        closes_at=closes_at,
        room_code=f"{secrets.randbelow(10**6):06d}" if wants_code else None,
        made_by=actor.person_id,
    )
    session.add(sitting)
    session.flush()
    audit.record(
        session, "sitting.set", actor, on=("sitting", sitting.id), after={"cohort": cohort.code, "exam": exam.code}
    )
    return sitting
