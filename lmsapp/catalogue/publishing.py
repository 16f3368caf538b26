"""Bringing course files in: a changed source becomes a new edition; a changed translation joins the edition it belongs to.

An edition that was published is frozen. Loading the same files twice changes nothing.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.catalogue import policy
from lmsapp.catalogue.models import Course, Edition, Lesson, Module
from lmsapp.catalogue.sources import CourseFile, LessonFile
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.markdown import Page
from lmsapp.translation import revising
from lmsapp.translation.revising import Piece

RULES = ("prerequisites", "references", "assessment", "certificate", "duration_basis", "register")


def load(session: Session, actor: Actor, files: CourseFile, position: int) -> str:
    """Brings one course in; says `new`, `new edition`, `translations` or `unchanged`."""
    demand(policy.may_publish(actor))
    course = session.scalar(select(Course).where(Course.code == files.code))
    outcome = "unchanged"
    if course is None:
        course = Course(code=files.code, group=files.facts["group"], position=position)
        session.add(course)
        session.flush()
        outcome = "new"
    course.group, course.position = files.facts["group"], position
    digest = source_digest(files)
    edition = course.editions[-1] if course.editions else None
    if edition is None or edition.source_digest != digest:
        outcome = outcome if edition is None else "new edition"
        edition = _publish(session, actor, course, files, digest)
    translated = _translate_course(session, actor, edition, files)
    for module in edition.modules:
        for lesson in module.lessons:
            file = next(f for f in files.lessons[module.slug] if f.slug == lesson.slug)
            translated += _translate_lesson(session, actor, lesson, file)
    return "translations" if outcome == "unchanged" and translated else outcome


def source_digest(files: CourseFile) -> str:
    """Tells one source state of a course from another: over its own file and those of its lessons."""
    parts = [files.digest, *(lesson.digest for lessons in files.lessons.values() for lesson in lessons)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _publish(session: Session, actor: Actor, course: Course, files: CourseFile, digest: str) -> Edition:
    number = course.editions[-1].number + 1 if course.editions else 1
    facts = files.facts
    key = f"{files.code}/{number}"
    change = revising.put_document(session, actor, "course", key, files.source, _course_pieces(facts))
    edition = Edition(
        course_id=course.id,
        number=number,
        state="published",
        published_at=clock.now(),
        duration_days=facts["duration_days"],
        teaching_hours=facts["teaching_hours"],
        rules={name: facts[name] for name in RULES if name in facts},
        document_id=change.document.id,
        source_digest=digest,
    )
    course.editions.append(edition)
    for place, module in enumerate(facts["modules"], start=1):
        row = Module(
            position=module.get("order", place),
            slug=module["slug"],
            theory_hours=module["theory_hours"],
            practical_hours=module["practical_hours"],
        )
        edition.modules.append(row)
        for at, lesson in enumerate(files.lessons[module["slug"]], start=1):
            row.lessons.append(
                _lesson(session, actor, f"{key}/{module['slug']}/{lesson.slug}", files.source, lesson, at)
            )
    session.flush()
    audit.record(
        session, "edition.published", actor, on=("edition", edition.id), after={"course": course.code, "number": number}
    )
    return edition


def _course_pieces(facts: dict[str, Any]) -> list[Piece]:
    pieces = [Piece(facts[name], name, key=name) for name in ("title", "summary", "audience") if facts.get(name)]
    pieces += [Piece(m["title"], "module", key=f"module.{m['slug']}") for m in facts["modules"]]
    for item in facts.get("prerequisites", []):
        text = item.get("text") or item.get("or_text")
        if text:
            pieces.append(Piece(text, "prerequisite", key=f"prerequisite.{item['key']}"))
    return pieces


def _translate_course(session: Session, actor: Actor, edition: Edition, files: CourseFile) -> int:
    added = 0
    for code, content in files.translations.items():
        texts = {name: content[name] for name in ("title", "summary", "audience") if content.get(name)}
        texts |= {f"module.{slug}": title for slug, title in content.get("modules", {}).items()}
        texts |= {f"prerequisite.{key}": text for key, text in (content.get("prerequisites") or {}).items()}
        added += revising.put_translation(session, actor, edition.document, code, texts)
    return added


def lesson_pieces(page: Page) -> list[Piece]:
    """A lesson's texts in order: title and outcome, then its blocks."""
    head = [Piece(page.header["title"], "title", key="title"), Piece(page.header["outcome"], "outcome", key="outcome")]
    return head + [Piece(block.text, block.kind, block.safety) for block in page.blocks]


def _lesson(session: Session, actor: Actor, key: str, source: str, file: LessonFile, position: int) -> Lesson:
    change = revising.put_document(session, actor, "lesson", key, source, lesson_pieces(file.source))
    return Lesson(
        position=position,
        slug=file.slug,
        minutes=file.source.header["minutes"],
        outline=with_keys(file.source.outline, change.keys[2:]),
        references=list(file.source.header.get("references", [])),
        document_id=change.document.id,
    )


def with_keys(outline: Sequence[Any], keys: Sequence[str]) -> list[Any]:
    """The structure with unit keys in place of block numbers."""

    def named(node: Any) -> Any:
        if isinstance(node, list):
            return [named(part) for part in node]
        if not isinstance(node, dict):
            return node
        return {
            ("u" if name == "b" else name): (keys[value] if name == "b" else named(value))
            for name, value in node.items()
        }

    return [named(node) for node in outline]


def _translate_lesson(session: Session, actor: Actor, lesson: Lesson, file: LessonFile) -> int:
    keys = [u.key for u in lesson.document.units if not u.retired]
    added = 0
    for code, page in file.translations.items():
        texts = [page.header.get("title", ""), page.header.get("outcome", ""), *(block.text for block in page.blocks)]
        stale = page.header.get("based_on") != file.digest
        added += revising.put_translation(
            session, actor, lesson.document, code, dict(zip(keys, texts, strict=True)), stale=stale
        )
    return added
