"""The safety messages, cited everywhere by code: one wording, in two forms of address, some decided by the authority.

A message with a setting shows what the authority decided, with its approver; while the setting is empty, what to ask.
"""

from collections.abc import Collection, Mapping
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
    """A message as it is shown: its code, its words, whether the authority still has to decide them.

    `demonstration` says that the invented authority of a demonstration decided them.
    """

    code: str
    words: Shown
    undecided: bool
    demonstration: bool = False


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


def cited(
    session: Session, language: str, register: str, *, drafts_allowed: bool, codes: Collection[str] | None = None
) -> Mapping[str, Cited]:
    """Messages (all, or those of the codes) by code, as a reader of a language is addressed in a `child` or `adult` text."""
    chosen = select(Message.code, Message.safety, Message.setting, Message.document_id).order_by(Message.position)
    said = session.execute(chosen if codes is None else chosen.where(Message.code.in_(codes))).all()
    words = queries.texts(session, [row.document_id for row in said], language, drafts_allowed=drafts_allowed)
    decided = {
        row.setting: row for row in session.scalars(select(SafetySetting).where(SafetySetting.language == language))
    }
    found = {}
    for message in said:
        own = words.get(message.document_id, {})
        setting = decided.get(message.setting or "")
        if setting is not None:
            text = setting.adult if register == "adult" else setting.child
            shown = Shown(text, language, safety=message.safety)
            found[message.code] = Cited(message.code, shown, undecided=False, demonstration=setting.is_demonstration)
        elif own:
            form = "adult" if register == "adult" and "adult" in own else "text" if "text" in own else "unset"
            found[message.code] = Cited(message.code, own[form], undecided=message.setting is not None)
    return found
