"""How far a trainee is in her course: opened, read to where, done. Hot writes, run by the group-commit writer."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from lmsapp.cohorts.models import LessonProgress


def note(
    connection: Connection, enrolment_id: int, lesson_id: int, position: int, at: datetime, *, done: bool = False
) -> None:
    """Keeps the last place read; a lesson that is done stays done. Repeating it changes nothing but the time."""
    where = (LessonProgress.enrolment_id == enrolment_id, LessonProgress.lesson_id == lesson_id)
    row = connection.execute(select(LessonProgress.position, LessonProgress.done_at).where(*where)).first()
    if row is None:
        connection.execute(
            insert(LessonProgress).values(
                enrolment_id=enrolment_id,
                lesson_id=lesson_id,
                position=position,
                opened_at=at,
                seen_at=at,
                done_at=at if done else None,
            )
        )
        return
    values = {"position": position, "seen_at": at, "done_at": row.done_at or (at if done else None)}
    connection.execute(update(LessonProgress).where(*where).values(**values))
