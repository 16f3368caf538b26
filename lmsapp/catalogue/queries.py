"""Reading the catalogue: lists and lessons with their texts in the reader's language, in a handful of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from lmsapp.catalogue import policy
from lmsapp.catalogue.models import Course, Edition, Lesson, Module
from lmsapp.core.access import Actor
from lmsapp.core.errors import NotFound
from lmsapp.translation import queries as texts
from lmsapp.translation.queries import Texts

LIST_KEYS = ("title", "audience")


@dataclass(frozen=True)
class Listed:
    """A course as a list shows it."""

    code: str
    group: str
    edition: Edition
    words: Texts

    @property
    def title(self) -> str:
        """Its title in the reader's language."""
        return self.words["title"].text


def current_editions(session: Session, actor: Actor) -> Sequence[Edition]:
    """The newest edition of each course the actor may see, in the catalogue's order."""
    newest = policy.visible_editions(actor).with_only_columns(func.max(Edition.id)).group_by(Edition.course_id)
    return session.scalars(
        select(Edition)
        .join(Course)
        .where(Edition.id.in_(newest))
        .order_by(Course.position)
        .options(selectinload(Edition.course))
    ).all()


def courses(session: Session, actor: Actor, language: str, *, drafts_allowed: bool) -> list[Listed]:
    """All courses with title and audience."""
    editions = current_editions(session, actor)
    needs = {
        f"prerequisite.{one['key']}" for e in editions for one in e.rules.get("prerequisites") or [] if "key" in one
    }
    words = texts.texts_of_kind(
        session, "course", language, drafts_allowed=drafts_allowed, keys=[*LIST_KEYS, "summary", *sorted(needs)]
    )
    return [Listed(e.course.code, e.course.group, e, words[e.document_id]) for e in editions]


@cache
def _whole() -> tuple[Any, ...]:
    return (joinedload(Edition.course), selectinload(Edition.modules).joinedload(Module.lessons))


def edition(session: Session, actor: Actor, code: str, number: int | None = None) -> Edition:
    """The newest edition of a course (or a given one) with its modules and lessons; NotFound otherwise."""
    query = policy.visible_editions(actor).where(func.upper(Course.code) == code.upper())
    query = query.where(Edition.number == number) if number else query
    found = session.scalar(query.order_by(Edition.number.desc()).limit(1).options(*_whole()))
    if found is None:
        raise NotFound
    return found


def editions_of(session: Session, actor: Actor, course_id: int) -> Sequence[Edition]:
    """The published editions of a course, the newest first."""
    query = policy.visible_editions(actor).where(Edition.course_id == course_id, Edition.state == "published")
    return session.scalars(query.order_by(Edition.number.desc())).all()


def lesson_of(found: Edition, module_slug: str, lesson_slug: str) -> tuple[Lesson, Lesson | None, Lesson | None]:
    """A lesson of an edition with the one before and the one after it, across modules."""
    in_order = [lesson for module in found.modules for lesson in module.lessons]
    for place, lesson in enumerate(in_order):
        if (lesson.module.slug, lesson.slug) == (module_slug, lesson_slug):
            before = in_order[place - 1] if place else None
            after = in_order[place + 1] if place + 1 < len(in_order) else None
            return lesson, before, after
    raise NotFound


def lesson_titles(session: Session, found: Edition, language: str, *, drafts_allowed: bool) -> Mapping[int, str]:
    """Titles of an edition's lessons by lesson id."""
    lessons = {lesson.document_id: lesson.id for module in found.modules for lesson in module.lessons}
    if not lessons:
        return {}
    words = texts.texts(session, lessons, language, drafts_allowed=drafts_allowed, keys=["title"])
    return {lesson_id: words[document_id]["title"].text for document_id, lesson_id in lessons.items()}


def lesson_count(session: Session, edition_ids: Sequence[int]) -> Mapping[int, int]:
    """How many lessons each edition has."""
    rows = session.execute(
        select(Module.edition_id, func.count(Lesson.id))
        .join(Lesson)
        .where(Module.edition_id.in_(edition_ids))
        .group_by(Module.edition_id)
    )
    return {row[0]: row[1] for row in rows}
