"""Bringing question banks in from their files. A changed structure is a new version; changed words are revisions of units."""

from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.catalogue.models import Course
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.locales import LANGUAGES
from lmsapp.exams import policy, questions
from lmsapp.exams.models import Bank, Question, QuestionVersion
from lmsapp.exams.questions import Kind
from lmsapp.translation import revising
from lmsapp.translation.revising import Piece

LETTERS = "abcdefghijkl"


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
    if question.get("kind") not in set(Kind):
        return f"the kind is “{question.get('kind')}”; one of {', '.join(Kind)} is wanted"
    if question.get("topic") not in content["topics"]:
        return f"the topic “{question.get('topic')}” is none of the bank's"
    if not question.get("stem") or not question.get("feedback"):
        return "stem and feedback are needed"
    return questions.fault(question["kind"], structure_of(question))


def _fits(files: Files, path: Path, content: dict[str, Any], words: dict[str, Any]) -> bool:
    translated = words.get("questions") or {}
    right = True
    for question in content["questions"]:
        own = translated.get(question["key"])
        wanted = len(question.get("options", ())) if question["kind"] != Kind.TRUE_FALSE else 0
        if own is None:
            files.fault(path, 1, f"lacks the question “{question['key']}”")
        elif len(own.get("options") or ()) != wanted:
            files.fault(
                path,
                1,
                f"question “{question['key']}” has {len(own.get('options') or ())} options, the source {wanted}",
            )
        elif not own.get("stem") or not own.get("feedback"):
            files.fault(path, 1, f"question “{question['key']}” lacks stem or feedback")
        else:
            continue
        right = False
    return right


def structure_of(question: dict[str, Any]) -> dict[str, Any]:
    """What makes answers right, as a version keeps it."""
    if question["kind"] == Kind.NUMERIC:
        return {"answer": str(question.get("answer", "")), "tolerance": str(question.get("tolerance", "0"))}
    if question["kind"] == Kind.TRUE_FALSE:
        return {"options": ["true", "false"], "right": ["true" if question.get("answer") is True else "false"]}
    options = question.get("options") or []
    keys = list(LETTERS[: len(options)])
    return {"options": keys, "right": [k for k, o in zip(keys, options, strict=False) if o.get("right")]}


def load(session: Session, actor: Actor, files: Files) -> dict[str, int]:
    """Brings all banks in; returns how many questions are new, changed and retired."""
    demand(policy.may_author(actor))
    counts = {"new": 0, "changed": 0, "retired": 0, "unchanged": 0}
    for _path, content, translated in read(files):
        bank = _bank(session, actor, content, translated)
        known = {q.key: q for q in session.scalars(select(Question).where(Question.bank_id == bank.id))}
        for entry in content["questions"]:
            counts[_question(session, actor, bank, entry, known.get(entry["key"]), content, translated)] += 1
        for key in set(known) - {entry["key"] for entry in content["questions"]}:
            if not known[key].retired:
                known[key].retired = True
                counts["retired"] += 1
    if any(counts[name] for name in ("new", "changed", "retired")):
        audit.record(session, "bank.loaded", actor, on=("bank", "content"), after=counts)
    return counts


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


def _question(
    session: Session,
    actor: Actor,
    bank: Bank,
    entry: dict[str, Any],
    known: Question | None,
    content: dict[str, Any],
    translated: dict[str, dict[str, Any]],
) -> str:
    change = revising.put_document(
        session, actor, "question", f"{bank.code}/{entry['key']}", content["source"], _pieces(entry)
    )
    outcome = "new" if known is None else "changed" if change.anything else "unchanged"
    question = known or Question(
        bank_id=bank.id, key=entry["key"], document_id=change.document.id, kind="", topic="", difficulty=1
    )
    question.kind, question.topic, question.retired = entry["kind"], entry["topic"], False
    question.difficulty, question.critical = entry.get("difficulty", 1), bool(entry.get("critical"))
    session.add(question)
    session.flush()
    structure = structure_of(entry)
    newest = question.versions[-1] if question.versions else None
    if newest is None or newest.structure != structure:
        question.versions.append(
            QuestionVersion(number=newest.number + 1 if newest else 1, structure=structure, made_at=clock.now())
        )
        outcome = outcome if outcome == "new" else "changed"
    for code, words in translated.items():
        own = words["questions"][entry["key"]]
        texts = {name: own.get(name) or "" for name in ("stem", "feedback", "unit") if entry.get(name)}
        if entry["kind"] in (Kind.SINGLE, Kind.MULTIPLE):
            texts |= {f"option.{LETTERS[n]}": text for n, text in enumerate(own["options"])}
        revising.put_translation(session, actor, change.document, code, texts)
    return outcome


def _pieces(entry: dict[str, Any]) -> list[Piece]:
    safety = bool(entry.get("safety") or entry.get("critical"))
    pieces = [Piece(str(entry[name]), name, safety, name) for name in ("stem", "feedback", "unit") if entry.get(name)]
    if entry["kind"] in (Kind.SINGLE, Kind.MULTIPLE):
        pieces += [
            Piece(str(o["text"]), "option", safety, f"option.{LETTERS[n]}") for n, o in enumerate(entry["options"])
        ]
    return pieces
