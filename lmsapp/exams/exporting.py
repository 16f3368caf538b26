"""Writing a bank's questions into a file another program reads."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from lmsapp.core import audit
from lmsapp.core.access import Actor, demand
from lmsapp.core.storage import Storage
from lmsapp.exams import banking, policy
from lmsapp.exams.formats.files import GIFT, MOODLE_XML
from lmsapp.exams.formats.items import Item
from lmsapp.exams.models import Bank

ENDINGS = {GIFT: "gift", MOODLE_XML: "xml"}


def export(
    session: Session, actor: Actor, bank: Bank, form: str, storage: Storage, language: str | None = None
) -> tuple[bytes, list[Item]]:
    """The file with all questions that are not retired, and what became of each: taken, changed or left out, because."""
    from lmsapp.exams.formats import gift_written, moodle_xml_written  # noqa: PLC0415 - only exports need them

    demand(policy.may_author(actor))
    order = {topic: place for place, topic in enumerate(bank.topics)}
    living = [question for question in bank.questions if not question.retired and question.versions]
    living.sort(key=lambda question: (order.get(question.topic, len(order)), question.id))
    entries = [banking.entry_of(session, question, language) for question in living]
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
