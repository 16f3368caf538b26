"""Bringing question banks in from their files."""

from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from lmsapp.catalogue.models import Course
from lmsapp.core import audit, figures
from lmsapp.core.access import Actor, demand
from lmsapp.core.locales import LANGUAGES
from lmsapp.exams import bank_queries, banking, entries, policy
from lmsapp.exams.models import Bank, Question
from lmsapp.translation import queries as texts
from lmsapp.translation import revising
from lmsapp.translation.revising import Piece

# Who is a question's master: its content file, or this installation.
CONTENT, HERE = "content", "here"


class Files(Protocol):
    """What is needed of a content folder."""

    root: Path

    def yaml(self, path: Path) -> dict[str, Any] | None:
        """A YAML file with names and values."""

    def fault(self, path: Path, line: int, message: str) -> None:
        """Notes a problem."""

    def translations(self, path: Path, source_language: str) -> Any:
        """The translation files beside a source file."""


def read(files: Files) -> list[tuple[Path, dict[str, Any], dict[str, dict[str, Any]]]]:
    """All bank files with their translations; notes what is wrong."""
    found = []
    for path in sorted((files.root / "banks").glob("*.yaml")):
        if path.stem.rpartition(".")[2] in LANGUAGES:
            continue
        content = files.yaml(path)
        if content is None or not _whole(files, path, content):
            continue
        translated = {}
        for code, beside in files.translations(path, content["source"]):
            words = files.yaml(beside)
            if words is not None and _fits(files, beside, content, words):
                translated[code] = words
        found.append((path, content, translated))
    return found


def _whole(files: Files, path: Path, content: dict[str, Any]) -> bool:
    missing = [name for name in ("bank", "source", "title", "topics", "questions") if name not in content]
    if missing:
        files.fault(path, 1, f"lacks {', '.join(missing)}")
        return False
    lines = path.read_text(encoding="utf-8").split("\n")
    seen: set[str] = set()
    right = True
    for question in content["questions"]:
        key = str(question.get("key", ""))
        line = next((n for n, text in enumerate(lines, 1) if text.strip() in (f"- key: {key}", f"key: {key}")), 1)
        reason = _fault(question, content, seen)
        if reason:
            files.fault(path, line, f"question “{key}”: {reason}")
            right = False
        seen.add(key)
    return right


def _fault(question: dict[str, Any], content: dict[str, Any], seen: set[str]) -> str | None:
    if not question.get("key") or question["key"] in seen:
        return "the key is missing or used twice"
    if question.get("figure") and not figures.exists(question["figure"]):
        return f"there is no drawing “{question['figure']}”"
    return entries.fault(question, content["topics"]) or (None if question.get("feedback") else "the feedback is empty")


def _fits(files: Files, path: Path, content: dict[str, Any], words: dict[str, Any]) -> bool:
    """Whether a translation has every text of its source; notes what it lacks."""
    translated = words.get("questions") or {}
    right = True
    for question in content["questions"]:
        own = translated.get(question["key"])
        if own is None:
            lack = "is missing"
        else:
            wanted, found = entries.units(question), entries.translated(question, own)
            lack = f"lacks {', '.join(key for key in wanted if key not in found)}" if len(found) < len(wanted) else ""
        if lack:
            files.fault(path, 1, f"question “{question['key']}” {lack}")
            right = False
    return right


def load(session: Session, actor: Actor, files: Files) -> dict[str, int]:
    """Brings all banks in; returns how many questions are new, changed, retired, unchanged, or kept as they are here.

    A question that was made, changed or retired in this installation is its own master: no file changes or retires it. One
    that stands in every paper of an exam is kept, too.
    """
    demand(policy.may_publish(actor))
    counts = {"new": 0, "changed": 0, "retired": 0, "unchanged": 0, "kept": 0}
    for _path, content, translated in read(files):
        bank = _bank(session, actor, content, translated)
        known = {q.key: q for q in session.scalars(select(Question).where(Question.bank_id == bank.id))}
        for entry in content["questions"]:
            if entry["key"] in known and known[entry["key"]].origin == HERE:
                counts["kept"] += 1
                continue
            own = {code: words["questions"][entry["key"]] for code, words in translated.items()}
            _question, outcome = banking.put(session, actor, bank, entry, content["source"], own, origin=CONTENT)
            counts[outcome] += 1
        for key in set(known) - {entry["key"] for entry in content["questions"]}:
            if known[key].origin == CONTENT and not known[key].retired:
                fixed = bool(bank_queries.fixed_in(session, known[key]))
                known[key].retired = not fixed
                counts["kept" if fixed else "retired"] += 1
    if any(counts[name] for name in ("new", "changed", "retired")):
        audit.record(session, "bank.loaded", actor, on=("bank", "content"), after=counts)
    return counts


def conflicts(session: Session, files: Files) -> list[str]:
    """Questions that say something else here than in their file, as `bank/key`: neither is made like the other."""
    found = []
    for _path, content, _translated in read(files):
        entries_by_key = {entry["key"]: entry for entry in content["questions"]}
        questions = session.scalars(
            select(Question)
            .join(Bank)
            .where(Bank.code == content["bank"], Question.origin == HERE, Question.key.in_(entries_by_key))
            .options(selectinload(Question.versions))
            .order_by(Question.key)
        ).all()
        words = texts.texts(session, [q.document_id for q in questions], content["source"], drafts_allowed=True)
        found += [
            f"{content['bank']}/{question.key}"
            for question in questions
            if question.retired
            or not banking.holds(question, words[question.document_id], entries_by_key[question.key])
        ]
    return found


def _bank(session: Session, actor: Actor, content: dict[str, Any], translated: dict[str, dict[str, Any]]) -> Bank:
    pieces = [Piece(content["title"], "title", key="title")]
    pieces += [Piece(name, "topic", key=f"topic.{topic}") for topic, name in content["topics"].items()]
    change = revising.put_document(session, actor, "bank", content["bank"], content["source"], pieces)
    for code, words in translated.items():
        texts = {"title": words.get("title", "")}
        texts |= {
            f"topic.{topic}": name for topic, name in (words.get("topics") or {}).items() if topic in content["topics"]
        }
        revising.put_translation(session, actor, change.document, code, texts)
    bank = session.scalar(select(Bank).where(Bank.code == content["bank"]))
    if bank is None:
        bank = Bank(code=content["bank"], document_id=change.document.id, topics=[], is_demonstration=True)
        session.add(bank)
    bank.topics = list(content["topics"])
    bank.course_id = session.scalar(select(Course.id).where(Course.code == content.get("course")))
    session.flush()
    return bank
