"""Drafting questions: an instructor writes, a training manager publishes or sends back with a remark."""

from collections import defaultdict
from typing import Any

from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.translations import N_
from lmsapp.exams import banking, changes, composing, entries, papers, policy
from lmsapp.exams.changes import Change
from lmsapp.exams.entries import Entry
from lmsapp.exams.lacks import lacks, settled
from lmsapp.exams.models import Bank, Question, QuestionDraft
from lmsapp.exams.papers import Candidate
from lmsapp.exams.questions import GAP, Kind
from lmsapp.translation import queries as texts

MOST_REMARK = 2000


def save(
    session: Session,
    actor: Actor,
    bank: Bank,
    entry: Entry,
    language: str,
    *,
    draft: QuestionDraft | None = None,
    question: Question | None = None,
) -> QuestionDraft:
    """Keeps what an author wrote, whole or not. A draft that had been sent back waits again."""
    demand(policy.may_draft(actor, draft))
    kept = draft or QuestionDraft(
        bank_id=bank.id, question_id=question.id if question else None, made_by=actor.person_id
    )
    kept.entry, kept.remark, kept.made_at = dict(entry), "", clock.now()
    kept.language = question.document.source_language if question else language
    session.add(kept)
    session.flush()
    return kept


def preview(
    session: Session, entry: Entry, written_in: str, language: str, question: Question | None, *, drafts_allowed: bool
) -> dict[str, Any]:
    """An entry, whole or not, as the item of a paper in a language: words that are translated already are shown so."""
    sketch: dict[str, Any] = {"answer": False, "stem": ""} | settled(entry)
    places = GAP.findall(str(sketch["stem"]))
    if sketch["kind"] == Kind.CLOZE:
        sketch["gaps"] = {n: {} for n in places} | {n: gap for n, gap in sketch["gaps"].items() if n in places}
    if sketch["kind"] == Kind.WRITTEN:
        sketch["rubric"] = [
            one | {"points": one["points"] if isinstance(one["points"], int) else 0} for one in sketch["rubric"]
        ]
    translated, sources = (
        texts.texts_of(session, question.document_id, code, drafts_allowed=drafts_allowed) if question else {}
        for code in (language, "")
    )
    words: dict[str, Any] = defaultdict(lambda: {"text": "", "language": written_in})
    for key, text in entries.units(sketch).items():
        same = key in sources and sources[key].text == text
        words[key] = composing.frozen(translated[key]) if same else {"text": text, "language": written_in}
    words.setdefault("stem", {"text": "", "language": written_in})
    words |= composing.true_and_false(sketch["kind"], language)
    asked = Candidate(0, 0, sketch["kind"], "", 1, False, entries.structure(sketch), words)
    item: dict[str, Any] = papers.freeze([asked], "preview", language, shuffle=False).sheet["items"][0]
    if "marks" in item:
        item["marks"] = max(1, item["marks"])  # nothing is marked yet
    return item


def compare(session: Session, draft: QuestionDraft) -> list[Change]:
    """What publishing a draft would change, part by part."""
    before = banking.entry_of(session, draft.question) if draft.question else None
    return changes.between(before, settled(draft.entry))


def publish(session: Session, actor: Actor, draft: QuestionDraft) -> Question:
    """Puts a draft into its bank: a new question, or the next version of one. The draft is gone then."""
    demand(policy.may_publish(actor))
    bank = draft.bank
    entry: dict[str, Any] = settled(draft.entry)
    if lacks(entry, bank.topics):
        raise Conflict(N_("This draft is not whole yet. Complete it before you publish it."))
    language = draft.language
    if draft.question is not None:
        entry["key"], language = draft.question.key, draft.question.document.source_language
    else:
        entry["key"] = banking.free_key(session, bank, entry)
    question, outcome = banking.put(session, actor, bank, entry, language)
    audit.record(
        session,
        "question.published",
        actor,
        on=("question", question.id),
        after={"key": question.key, "version": question.versions[-1].number, "outcome": outcome},
    )
    session.delete(draft)
    session.flush()
    return question


def send_back(session: Session, actor: Actor, draft: QuestionDraft, remark: str) -> None:
    """Gives a draft back to its author with what has to be put right."""
    demand(policy.may_publish(actor))
    if not remark or len(remark) > MOST_REMARK:
        message = N_("Write what the author has to change, in at most 2,000 characters.")
        raise Invalid(message, {"remark": message})
    draft.remark = remark
    session.flush()


def drop(session: Session, actor: Actor, draft: QuestionDraft) -> None:
    """Throws a draft away; the question it was made from stays as it is."""
    demand(policy.may_draft(actor, draft))
    session.delete(draft)
    session.flush()


def duplicate(session: Session, actor: Actor, question: Question) -> QuestionDraft:
    """A new draft with everything a question says, to be made into another one."""
    demand(policy.may_author(actor))
    copy = {name: value for name, value in banking.entry_of(session, question).items() if name != "key"}
    return save(session, actor, question.bank, copy, question.document.source_language)
