"""Bringing the safety messages in from their files: `messages.yaml` and one translation beside it for each language."""

from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.translation import messages, revising
from lmsapp.translation.messages import Message, SafetySetting
from lmsapp.translation.revising import Piece

FORMS = ("text", "adult", "unset")


class Files(Protocol):
    """What is needed of a content folder."""

    root: Path

    def yaml(self, path: Path) -> dict[str, Any] | None:
        """A YAML file with names and values."""

    def fault(self, path: Path, line: int, message: str) -> None:
        """Notes a problem."""

    def translations(self, path: Path, source_language: str) -> Any:
        """The translation files beside a source file."""


def read(files: Files) -> dict[str, dict[str, Any]]:
    """Messages by code; notes what is wrong."""
    path = files.root / "messages.yaml"
    content = files.yaml(path) if path.exists() else None
    if content is None:
        if not path.exists():
            files.fault(path, 1, "is missing")
        return {}
    found: dict[str, dict[str, Any]] = content.get("messages") or {}
    for code, message in found.items():
        if message.get("setting") and "text" in message:
            files.fault(path, 1, f"{code} is decided by a setting; the file must hold `unset` and no `text`")
        if not message.get("setting") and not message.get("text"):
            files.fault(path, 1, f"{code} has no text")
    for _code, beside in files.translations(path, content.get("source", "en")):
        translated = (files.yaml(beside) or {}).get("messages") or {}
        missing = sorted(set(found) - set(translated))
        if missing:
            files.fault(beside, 1, f"lacks {', '.join(missing)}")
        for code in set(translated) - set(found):
            files.fault(beside, 1, f"translates {code}, which does not exist")
    return found


def load(session: Session, actor: Actor, files: Files) -> int:
    """Brings messages and their translations in; returns how many messages there are."""
    path = files.root / "messages.yaml"
    content = files.yaml(path) or {}
    found = read(files)
    translated = {
        language: (files.yaml(beside) or {}).get("messages") or {}
        for language, beside in files.translations(path, content.get("source", "en"))
    }
    for place, (code, message) in enumerate(found.items()):
        pieces = [
            Piece(message[form], "message", bool(message.get("safety")), form) for form in FORMS if message.get(form)
        ]
        change = revising.put_document(session, actor, messages.KIND, code, content.get("source", "en"), pieces)
        row = session.get(Message, code) or Message(
            code=code, document_id=change.document.id, position=place, safety=False
        )
        row.position, row.safety, row.setting = place, bool(message.get("safety")), message.get("setting")
        session.add(row)
        for language, said in translated.items():
            words = said.get(code) or {}
            words = {"text": words} if isinstance(words, str) else words
            texts = {form: words[form] for form in FORMS if words.get(form) and form in change.keys}
            revising.put_translation(session, actor, change.document, language, texts)
            if words.get("adult") and "adult" not in change.keys:
                _add_form(session, actor, code, language, pieces, words)
    session.flush()
    return len(found)


def _add_form(
    session: Session, actor: Actor, code: str, language: str, pieces: list[Piece], words: dict[str, str]
) -> None:
    """A polite form that only some languages have: its English twin is the text itself."""
    text = next(piece for piece in pieces if piece.key == "text")
    pieces.append(Piece(text.text, "message", text.safety, "adult"))
    change = revising.put_document(session, actor, messages.KIND, code, "en", pieces)
    revising.put_translation(session, actor, change.document, language, {"adult": words["adult"]})


def settings(files: Files) -> dict[str, dict[str, Any]]:
    """What the invented authority of the demonstration decided: settings by name."""
    path = files.root / "demonstration" / "settings.yaml"
    found: dict[str, dict[str, Any]] = (files.yaml(path) or {}).get("settings") or {}
    return found


def decide(
    session: Session, setting: str, language: str, *, child: str, adult: str, approver: str, demonstration: bool
) -> None:
    """Keeps what an authority decided for one setting in one language."""
    row = session.get(SafetySetting, (setting, language)) or SafetySetting(
        setting=setting, language=language, decided_at=clock.now()
    )
    row.child, row.adult, row.approver, row.is_demonstration = child, adult, approver, demonstration
    session.add(row)
