"""Reading banks: their questions narrowed and sorted, one question's history and use, drafts that wait."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, String, cast, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from lmsapp.accounts.models import Person
from lmsapp.core.access import Actor
from lmsapp.core.collation import fold
from lmsapp.core.errors import NotFound
from lmsapp.exams import changes, entries, policy
from lmsapp.exams.changes import Change
from lmsapp.exams.models import Bank, Exam, Paper, Question, QuestionDraft
from lmsapp.translation import queries as texts

TOGETHER = timedelta(seconds=5)  # rows written in one act are that close
SORTS = {
    "topic": (Question.topic, Question.id),
    "newest": (Question.id.desc(),),
    "difficulty": (Question.difficulty, Question.topic, Question.id),
    "kind": (Question.kind, Question.topic, Question.id),
}


@dataclass(frozen=True)
class Wanted:
    """How a bank's list is narrowed; empty parts narrow nothing. `lacking` is a language a question is not whole in."""

    search: str = ""
    topic: str = ""
    kind: str = ""
    difficulty: str = ""
    competence: str = ""
    critical: bool = False
    retired: bool = False
    lacking: str = ""
    sort: str = "topic"

    @property
    def anything(self) -> bool:
        """Whether the list is narrowed at all."""
        parts = (self.search, self.topic, self.kind, self.difficulty, self.competence, self.lacking)
        return any(parts) or self.critical or self.retired


def narrowed(bank: Bank, wanted: Wanted) -> Select[Any]:
    """The questions of a bank that are wanted, in the wanted order. Retired ones are shown when they are asked for."""
    query = select(Question).where(Question.bank_id == bank.id, Question.retired.is_(wanted.retired))
    for word in fold(wanted.search).split():
        query = query.where(Question.search.contains(word, autoescape=True))
    if wanted.topic:
        query = query.where(Question.topic == wanted.topic)
    if wanted.kind:
        query = query.where(Question.kind == wanted.kind)
    if wanted.difficulty in ("1", "2", "3"):
        query = query.where(Question.difficulty == int(wanted.difficulty))
    if wanted.competence:
        query = query.where(Question.competence == wanted.competence)
    if wanted.critical:
        query = query.where(Question.critical)
    if wanted.lacking:
        query = query.where(Question.document_id.in_(texts.lacking(wanted.lacking)))
    order = SORTS.get(wanted.sort, SORTS["topic"])
    return query.order_by(*order).options(selectinload(Question.versions), joinedload(Question.document))


@dataclass
class Counts:
    """How many questions of a bank there are: living by topic, kind, difficulty, competence; critical; retired."""

    living: int = 0
    critical: int = 0
    retired: int = 0
    topic: Counter[str] = field(default_factory=Counter)
    kind: Counter[str] = field(default_factory=Counter)
    difficulty: Counter[int] = field(default_factory=Counter)
    competence: Counter[str] = field(default_factory=Counter)
    lacking: dict[str, int] = field(default_factory=dict)


def counts(session: Session, bank: Bank, languages: Sequence[str]) -> Counts:
    """The sizes beside the filters."""
    found = Counts()
    parts = (Question.topic, Question.kind, Question.difficulty, Question.competence, Question.critical)
    rows = session.execute(
        select(*parts, Question.retired, func.count())
        .where(Question.bank_id == bank.id)
        .group_by(*parts, Question.retired)
    )
    for topic, kind, difficulty, competence, critical, retired, count in rows:
        if retired:
            found.retired += count
            continue
        found.living += count
        found.critical += count if critical else 0
        found.topic[topic] += count
        found.kind[kind] += count
        found.difficulty[difficulty] += count
        if competence:
            found.competence[competence] += count
    living = select(func.count()).where(Question.bank_id == bank.id, Question.retired.is_(False))
    for code in languages:
        found.lacking[code] = session.scalar(living.where(Question.document_id.in_(texts.lacking(code)))) or 0
    return found


def bank(session: Session, code: str) -> Bank:
    """A bank by its code."""
    found = session.scalar(select(Bank).where(Bank.code == code).options(joinedload(Bank.document)))
    if found is None:
        raise NotFound
    return found


def question(session: Session, question_id: int) -> Question:
    """A question with its versions and its bank."""
    found = session.scalar(
        select(Question)
        .where(Question.id == question_id)
        .options(joinedload(Question.bank), joinedload(Question.document), selectinload(Question.versions))
    )
    if found is None:
        raise NotFound
    return found


def sizes(session: Session) -> Mapping[int, int]:
    """How many drafts wait in each bank."""
    rows = session.execute(select(QuestionDraft.bank_id, func.count()).group_by(QuestionDraft.bank_id))
    return {row[0]: row[1] for row in rows}


def drafts(session: Session, bank_id: int) -> Sequence[QuestionDraft]:
    """The drafts of a bank, those that wait longest first."""
    return session.scalars(
        select(QuestionDraft)
        .where(QuestionDraft.bank_id == bank_id)
        .options(joinedload(QuestionDraft.author), joinedload(QuestionDraft.question))
        .order_by(QuestionDraft.made_at, QuestionDraft.id)
    ).all()


def drafts_of(session: Session, question_id: int) -> Sequence[QuestionDraft]:
    """The drafts of a question's next version."""
    return session.scalars(
        select(QuestionDraft)
        .where(QuestionDraft.question_id == question_id)
        .options(joinedload(QuestionDraft.author))
        .order_by(QuestionDraft.id)
    ).all()


def draft(session: Session, actor: Actor, draft_id: int) -> QuestionDraft:
    """One draft, for those who write questions."""
    found = session.scalar(
        select(QuestionDraft)
        .where(QuestionDraft.id == draft_id)
        .options(joinedload(QuestionDraft.bank), joinedload(QuestionDraft.author), joinedload(QuestionDraft.question))
    )
    if found is None or not policy.may_author(actor):
        raise NotFound
    return found


# ---------- one question ----------


@dataclass(frozen=True)
class Moment:
    """One act on a question: when, by whom, its version if it made one, what changed."""

    at: datetime
    person_id: int | None
    version: int | None
    changes: list[Change]


def history(session: Session, asked: Question) -> list[Moment]:
    """Everything that was done to a question's words and rule, the newest first."""
    marks = [(v.made_at, v.made_by) for v in asked.versions]
    wordings = texts.revisions(session, asked.document_id)
    marks += [(revision.made_at, revision.made_by) for _unit, revision in wordings]
    acts: list[tuple[datetime, int | None]] = []
    for at, by in sorted(marks, key=lambda mark: mark[0]):
        if acts and acts[-1][1] == by and at - acts[-1][0] <= TOGETHER:
            acts[-1] = (at, by)
        else:
            acts.append((at, by))
    found: list[Moment] = []
    before: Mapping[str, Any] | None = None
    numbered = 0
    for place, (at, by) in enumerate(acts):
        versions = [v for v in asked.versions if v.made_at <= at]
        if not versions:
            continue
        words: dict[str, str] = defaultdict(str)
        words |= {
            unit.key: revision.text
            for unit, revision in wordings
            if revision.made_at <= at and not (unit.retired and place == len(acts) - 1)
        }
        state = entries.entry({"kind": asked.kind, "key": asked.key, "topic": ""}, versions[-1].structure, words)
        number = versions[-1].number if versions[-1].number > numbered else None
        numbered = versions[-1].number
        found.append(Moment(at, by, number, changes.between(before, state)))
        before = state
    return found[::-1]


def names(session: Session, person_ids: Sequence[int | None]) -> Mapping[int, Person]:
    """People by id."""
    wanted = {number for number in person_ids if number is not None}
    return {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(wanted)))}


def used(session: Session, asked: Question) -> int:
    """In how many papers a question was handed out."""
    told = f'"question": {asked.id},'
    return (
        session.scalar(
            select(func.count()).select_from(Paper).where(cast(Paper.key, String).contains(told, autoescape=True))
        )
        or 0
    )


def fixed_in(session: Session, asked: Question) -> list[Exam]:
    """The exams in whose every paper a question stands."""
    exams = session.scalars(select(Exam).where(Exam.bank_id == asked.bank_id).options(joinedload(Exam.edition)))
    return [exam for exam in exams if asked.key in exam.fixed]


# ---------- exams ----------


def exams(session: Session, edition_ids: Sequence[int]) -> Mapping[int, dict[str, Exam]]:
    """The composed exams of editions, by edition and code."""
    found: dict[int, dict[str, Exam]] = defaultdict(dict)
    for exam in session.scalars(select(Exam).where(Exam.edition_id.in_(edition_ids)).options(joinedload(Exam.bank))):
        found[exam.edition_id][exam.code] = exam
    return found


def offered(session: Session, bank: Bank, language: str, *, drafts_allowed: bool) -> list[tuple[str, str]]:
    """The living questions of a bank by key with their stems, to choose from."""
    rows = session.execute(
        select(Question.key, Question.document_id)
        .where(Question.bank_id == bank.id, Question.retired.is_(False))
        .order_by(Question.key)
    ).all()
    words = texts.texts(session, [row.document_id for row in rows], language, drafts_allowed=drafts_allowed)
    return [(row.key, words[row.document_id]["stem"].text) for row in rows]
