"""The safety messages, cited everywhere by code: one wording, in two forms of address, some decided by the authority.

A message with a setting shows what the authority decided, with its approver; while the setting is empty, what to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from lmsapp.core.orm import Base, Code
from lmsapp.translation import queries
from lmsapp.translation.models import Document
from lmsapp.translation.weights import Shown

KIND = "message"


class Message(Base):
    """A message code: whether it is safety-critical, which setting decides it, where its words are."""

    __tablename__ = "message"

    code: Mapped[Code] = mapped_column(primary_key=True)
    position: Mapped[int]
    safety: Mapped[bool]
    setting: Mapped[str | None] = mapped_column(String(60))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    document: Mapped[Document] = relationship()


@dataclass(frozen=True)
class Cited:
    """A message as it is shown: its code, its words, whether the authority still has to decide them."""

    code: str
    words: Shown
    undecided: bool


class SafetySetting(Base):
    """What an authority decided for one setting, in one language; `demonstration` ones are the invented authority's."""

    __tablename__ = "safety_setting"

    setting: Mapped[str] = mapped_column(String(60), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    child: Mapped[str] = mapped_column(String(400))
    adult: Mapped[str] = mapped_column(String(400))
    approver: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime]
    is_demonstration: Mapped[bool] = mapped_column(default=False)


def cited(session: Session, language: str, register: str, *, drafts_allowed: bool) -> Mapping[str, Cited]:
    """All messages by code, as a reader of a language is addressed in a `child` or `adult` text."""
    messages = session.scalars(select(Message).order_by(Message.position)).all()
    words = queries.texts_of_kind(session, KIND, language, drafts_allowed=drafts_allowed)
    decided = {
        row.setting: row for row in session.scalars(select(SafetySetting).where(SafetySetting.language == language))
    }
    found = {}
    for message in messages:
        own = words.get(message.document_id, {})
        setting = decided.get(message.setting or "")
        if setting is not None:
            text = setting.adult if register == "adult" else setting.child
            found[message.code] = Cited(message.code, Shown(text, language, safety=message.safety), undecided=False)
        else:
            shown = own.get("adult") if register == "adult" and "adult" in own else own.get("text", own.get("unset"))
            if shown is not None:
                found[message.code] = Cited(message.code, shown, undecided=message.setting is not None)
    return found
