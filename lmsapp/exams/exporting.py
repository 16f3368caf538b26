"""Writing a bank's questions into a file another program reads."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from lmsapp.core import audit
from lmsapp.core.access import Actor, demand
from lmsapp.core.storage import Storage
from lmsapp.exams import banking, policy
from lmsapp.exams.formats.files import GIFT, MOODLE_XML
from lmsapp.exams.formats.items import Item
from lmsapp.exams.models import Bank, Question

ENDINGS = {GIFT: "gift", MOODLE_XML: "xml"}


def export(
    session: Session, actor: Actor, bank: Bank, form: str, storage: Storage, language: str | None = None
) -> tuple[bytes, list[Item]]:
    """The file with all questions that are not retired, and what became of each: taken, changed or left out, because."""
    from lmsapp.exams.formats import gift_written, moodle_xml_written  # noqa: PLC0415 - only exports need them

    demand(policy.may_author(actor))
    order = {topic: place for place, topic in enumerate(bank.topics)}
    living = session.scalars(
        select(Question)
        .where(Question.bank_id == bank.id, Question.retired.is_(False), Question.versions.any())
        .options(joinedload(Question.document), selectinload(Question.versions))
    ).all()
    in_order = sorted(living, key=lambda question: (order.get(question.topic, len(order)), question.id))
    entries = banking.entries_of(session, in_order, language)
    if form == MOODLE_XML:
        return moodle_xml_written.write(bank.code, entries, _loader(storage))
    text, found = gift_written.write(bank.code, entries)
    return text.encode(), found


def record(session: Session, actor: Actor, bank: Bank, form: str) -> None:
    """Notes that somebody took the bank's questions with their keys away."""
    demand(policy.may_author(actor))
    audit.record(session, "bank.exported", actor, on=("bank", bank.code), after={"format": form})


def _loader(storage: Storage) -> Callable[[Any], bytes]:
    def load(digest: str) -> bytes:
        with storage.open(digest) as file:
            return file.read()

    return load
