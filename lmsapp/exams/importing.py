"""Bringing another program's questions into a bank: what would become of each is said before anything is kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, Answer, demand
from lmsapp.core.collation import fold
from lmsapp.core.errors import Invalid
from lmsapp.core.storage import Storage
from lmsapp.core.translations import N_, gettext, use
from lmsapp.exams import banking, policy
from lmsapp.exams.formats import files, items
from lmsapp.exams.formats.files import Read
from lmsapp.exams.formats.items import Item, Outcome
from lmsapp.exams.models import Bank, Question, QuestionDraft
from lmsapp.translation import queries as texts

PUBLISHED, DRAFTS = "published", "drafts"
CRITERION = N_("The whole answer")


@dataclass(frozen=True)
class Wish:
    """How a file is to be taken: the language of its words, the topic of what names none, published or kept as drafts."""

    language: str
    topic: str
    state: str = DRAFTS
    source: str = ""


@dataclass(frozen=True)
class Planned:
    """An item, and what taking it would do: a `new` question, a `changed` one, or nothing (`unchanged`, or refused)."""

    item: Item
    entry: dict[str, Any] | None = None
    effect: str = ""


def read(content: bytes, language: str) -> Read:
    """A file's items; a rubric nobody wrote is told in the language of the questions."""
    with use(language):
        criterion = gettext(CRITERION)
    return files.read(content, criterion)


def plan(session: Session, actor: Actor, bank: Bank, found: Sequence[Item], wish: Wish) -> list[Planned]:
    """What would become of each item."""
    demand(_may(actor, wish))
    _check(bank, wish)
    keys = {one.number: key for one, key in items.keyed(found)}
    topics = _topics(session, bank)
    known = _known(session, bank, list(keys.values()))
    words = texts.texts(
        session, [q.document_id for q in known.values()], bank.document.source_language, drafts_allowed=True
    )
    drafted = {draft.entry.get("key"): draft for draft in _drafts(session, bank)} if wish.state == DRAFTS else {}
    planned = []
    for one in found:
        if one.entry is None:
            planned.append(Planned(one))
            continue
        key = keys[one.number]
        entry = {"key": key, "topic": _topic(one, topics) or wish.topic} | one.entry
        question, draft = known.get(key), drafted.get(key)
        if draft is not None:
            effect = "unchanged" if draft.entry == entry else "changed"
        elif question is None:
            effect = "new"
        else:
            same = not question.retired and banking.holds(question, words[question.document_id], entry)
            effect = "unchanged" if same else "changed"
        planned.append(Planned(one, entry, effect))
    return planned


def _may(actor: Actor, wish: Wish) -> Answer:
    return policy.may_publish(actor) if wish.state == PUBLISHED else policy.may_author(actor)


def _check(bank: Bank, wish: Wish) -> None:
    if wish.topic not in bank.topics:
        raise Invalid(N_("The bank has no topic “%(topic)s”."), topic=wish.topic)
    if wish.state == PUBLISHED and wish.language != bank.document.source_language:
        said = N_("The bank is written in another language: keep these questions as drafts.")
        raise Invalid(said, fields={"language": said})


def _known(session: Session, bank: Bank, keys: Sequence[str]) -> dict[str, Question]:
    rows = session.scalars(
        select(Question)
        .where(Question.bank_id == bank.id, Question.key.in_(keys))
        .options(selectinload(Question.versions))
    )
    return {question.key: question for question in rows}


def _drafts(session: Session, bank: Bank) -> Sequence[QuestionDraft]:
    return session.scalars(select(QuestionDraft).where(QuestionDraft.bank_id == bank.id)).all()


def _topics(session: Session, bank: Bank) -> dict[str, str]:
    """The bank's topics by their keys and names, as a file's categories may spell them."""
    words = texts.texts_of(session, bank.document_id, bank.document.source_language, drafts_allowed=True)
    named = {fold(words[f"topic.{key}"].text): key for key in bank.topics if f"topic.{key}" in words}
    return named | {fold(key): key for key in bank.topics}


def _topic(one: Item, topics: dict[str, str]) -> str:
    """The topic a category names with its last words."""
    return topics.get(fold(one.category.rpartition("/")[2].strip()), "")


def take(
    session: Session, actor: Actor, bank: Bank, planned: Sequence[Planned], wish: Wish, storage: Storage
) -> Counter[str]:
    """Keeps what was planned, all of it or (raising) nothing; returns how many are new, changed, unchanged and refused."""
    demand(_may(actor, wish))
    _check(bank, wish)
    counts: Counter[str] = Counter()
    known = _known(session, bank, [one.entry["key"] for one in planned if one.entry])
    drafted = {draft.entry.get("key"): draft for draft in _drafts(session, bank)}
    for one in planned:
        counts[one.effect or Outcome.REFUSED] += 1
        if one.entry is None or one.effect == "unchanged":
            continue
        if one.item.picture is not None:
            storage.put(one.item.picture.content)
        if wish.state == PUBLISHED:
            banking.put(session, actor, bank, one.entry, wish.language)
        else:
            _keep_draft(session, actor, bank, one.entry, wish, drafted, known)
    if counts["new"] or counts["changed"]:
        after = {name: counts[name] for name in sorted(counts)} | {"file": wish.source, "as": wish.state}
        audit.record(session, "bank.imported", actor, on=("bank", bank.code), after=after)
    return counts


def _keep_draft(
    session: Session,
    actor: Actor,
    bank: Bank,
    entry: dict[str, Any],
    wish: Wish,
    drafted: dict[Any, QuestionDraft],
    known: dict[str, Question],
) -> None:
    draft = drafted.get(entry["key"])
    if draft is None:
        question = known.get(entry["key"])
        draft = QuestionDraft(bank_id=bank.id, question_id=question.id if question else None)
        session.add(draft)
    draft.language, draft.entry, draft.origin = wish.language, entry, wish.source[:200]
    draft.made_by, draft.made_at = actor.person_id, clock.now()
