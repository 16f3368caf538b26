"""Keeping questions: an entry becomes a question, a changed structure its next version, changed words revisions of its units."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.collation import fold
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.translations import N_
from lmsapp.exams import bank_queries, entries, policy
from lmsapp.exams.entries import Entry
from lmsapp.exams.models import Bank, Question, QuestionVersion
from lmsapp.translation import queries as texts
from lmsapp.translation import revising
from lmsapp.translation.queries import Texts
from lmsapp.translation.revising import Piece

LONGEST_SEARCH = 20_000


def put(
    session: Session,
    actor: Actor,
    bank: Bank,
    entry: Entry,
    language: str,
    translations: Mapping[str, Entry] | None = None,
    *,
    origin: str = "here",
) -> tuple[Question, str]:
    """Makes the bank hold this entry under its key; returns the question and `new`, `changed` or `unchanged`.

    `origin` is `content` for what a content file says; a question made or changed here is never changed by one.
    """
    demand(policy.may_publish(actor))
    wrong = entries.fault(entry, bank.topics)
    if wrong:
        raise Invalid(N_("This question can't be kept: %(reason)s."), reason=wrong)
    change = revising.put_document(session, actor, "question", f"{bank.code}/{entry['key']}", language, _pieces(entry))
    known = session.scalar(select(Question).where(Question.bank_id == bank.id, Question.key == entry["key"]))
    question = known or Question(
        bank_id=bank.id,
        key=entry["key"],
        document_id=change.document.id,
        kind="",
        topic="",
        difficulty=1,
        origin=origin,
    )
    head = _head(entry) | {"retired": False}
    outcome = "new" if known is None else "changed" if change.anything or _differs(question, head) else "unchanged"
    for name, value in head.items():
        setattr(question, name, value)
    session.add(question)
    session.flush()
    made = entries.structure(entry)
    newest = question.versions[-1] if question.versions else None
    if newest is None or newest.structure != made:
        number = newest.number + 1 if newest else 1
        question.versions.append(
            QuestionVersion(number=number, structure=made, made_at=clock.now(), made_by=actor.person_id)
        )
        outcome = "new" if outcome == "new" else "changed"
    if outcome != "unchanged":
        question.origin = origin
    for code, own in (translations or {}).items():
        revising.put_translation(session, actor, change.document, code, entries.translated(entry, own))
    refresh_search(session, question)
    return question, outcome


def refresh_search(session: Session, question: Question) -> None:
    """Makes a question found by its words of today, in every language it has."""
    words = texts.every_text(session, question.document_id)
    question.search = fold(" ".join([question.key, question.competence or "", *words]))[:LONGEST_SEARCH]


def put_bank(
    session: Session,
    actor: Actor,
    code: str,
    language: str,
    title: str,
    topics: Mapping[str, str],
    course_id: int | None,
) -> Bank:
    """Opens a bank with its topics, or changes its title, topics and course. A topic with questions stays."""
    demand(policy.may_publish(actor))
    if not topics:
        message = N_("A bank needs at least one topic.")
        raise Invalid(message, {"topics": message})
    bank = session.scalar(select(Bank).where(Bank.code == code))
    if bank is not None:
        used = set(session.scalars(select(Question.topic).where(Question.bank_id == bank.id).distinct()))
        if used - set(topics):
            message = N_("A topic that has questions can't be taken away. Give it another name instead.")
            raise Invalid(message, {"topics": message})
    pieces = [Piece(title, "title", key="title")]
    pieces += [Piece(name, "topic", key=f"topic.{topic}") for topic, name in topics.items()]
    change = revising.put_document(session, actor, "bank", code, language, pieces)
    if bank is None:
        bank = Bank(code=code, document_id=change.document.id, topics=[])
        session.add(bank)
    bank.topics, bank.course_id = list(topics), course_id
    session.flush()
    audit.record(session, "bank.kept", actor, on=("bank", bank.id), after={"code": code, "topics": list(topics)})
    return bank


def _head(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry["kind"],
        "topic": entry["topic"],
        "difficulty": entry.get("difficulty", 1),
        "critical": bool(entry.get("critical")),
        "competence": entry.get("competence"),
    }


def holds(question: Question, words: Texts, entry: Entry) -> bool:
    """Whether a question, whose source words are given, says what an entry says; retired or not."""
    safety = bool(entry.get("safety") or entry.get("critical"))
    return (
        not _differs(question, _head(entry))
        and question.versions[-1].structure == entries.structure(entry)
        and {key: shown.text for key, shown in words.items()} == entries.units(entry)
        and all(shown.safety == safety for shown in words.values())
    )


def _differs(question: Question, head: Mapping[str, Any]) -> bool:
    return any(getattr(question, name) != value for name, value in head.items())


def _pieces(entry: Entry) -> list[Piece]:
    safety = bool(entry.get("safety") or entry.get("critical"))
    return [Piece(text, key.partition(".")[0], safety, key) for key, text in entries.units(entry).items()]


def retire(session: Session, actor: Actor, question: Question, *, retired: bool = True) -> None:
    """Takes a question out of every later draw, or brings it back; papers handed out keep it.

    One that stands in every paper of an exam is taken out of that exam first: else its papers were silently one short.
    """
    demand(policy.may_publish(actor))
    if retired and (exams := bank_queries.fixed_in(session, question)):
        raise Conflict(
            N_("This question stands in every paper of an exam of %(courses)s. Take it out of that exam first."),
            courses=", ".join(sorted({exam.edition.course.code for exam in exams})),
        )
    if question.retired != retired:
        question.retired = retired
        question.origin = "here"
        word = "question.retired" if retired else "question.reinstated"
        audit.record(session, word, actor, on=("question", question.id))


def entry_of(session: Session, question: Question, language: str | None = None) -> dict[str, Any]:
    """The entry of a question's newest version, in its source language or in another (where a text lacks: the source)."""
    return entries_of(session, [question], language)[0]


def entries_of(session: Session, asked: Sequence[Question], language: str | None = None) -> list[dict[str, Any]]:
    """The entries of questions, as `entry_of` gives them, their words read together."""
    documents: dict[str, list[int]] = defaultdict(list)
    for question in asked:
        documents[language or question.document.source_language].append(question.document_id)
    found: dict[int, Texts] = {}
    for code, ids in documents.items():
        found |= texts.texts(session, ids, code, drafts_allowed=True)
    return [_entry(question, found.get(question.document_id, {})) for question in asked]


def _entry(question: Question, found: Texts) -> dict[str, Any]:
    words = {key: shown.text for key, shown in found.items()}
    head = {name: getattr(question, name) for name in ("key", "topic", "kind", "difficulty", "critical", "competence")}
    head["safety"] = any(shown.safety for shown in found.values()) and not question.critical
    return entries.entry(head, question.versions[-1].structure, words)


def free_key(session: Session, bank: Bank, entry: Entry) -> str:
    """A key no question of the bank has: the one the entry came with, else its topic and the next number."""
    taken = set(session.scalars(select(Question.key).where(Question.bank_id == bank.id)))
    own, topic, number = entry.get("key"), entry["topic"], len(taken) + 1
    if own and own not in taken:
        return str(own)
    while f"{topic}-{number}" in taken:
        number += 1
    return f"{topic}-{number}"
