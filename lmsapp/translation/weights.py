"""What a reader is shown of a text that travels (PRODUCT.md 3.5). Pure.

Approved and current: the translation. Outdated by a safety revision: never the old text, the source. Awaiting approval: a
safety text only beside its source and only where drafts are allowed; any other text with a mark. Missing: the source.
"""

from dataclasses import dataclass
from enum import StrEnum

RANK = {"typo": 1, "normal": 2, "safety": 3}


class Notice(StrEnum):
    """Why a text is not simply the approved translation."""

    NONE = ""
    DRAFT = "draft"
    OUTDATED = "outdated"
    WITHHELD = "withheld"
    MISSING = "missing"


@dataclass(frozen=True)
class Shown:
    """A text as it is shown: its language, a notice, and the source that must stand beside it (or nothing)."""

    text: str
    language: str
    notice: Notice = Notice.NONE
    source: str = ""
    source_language: str = ""
    safety: bool = False

    @property
    def marked(self) -> bool:
        """Whether papers, books and certificates built from it carry the mark."""
        return self.notice is not Notice.NONE


@dataclass(frozen=True)
class Wording:
    """A translation as it stands: its words, whether two people approved it, and the weight of the newest change it lacks."""

    text: str
    approved: bool
    behind: str = ""


def shown(
    source: str, source_language: str, wanted: str, wording: Wording | None, *, safety: bool, drafts_allowed: bool
) -> Shown:
    """What a reader of `wanted` sees of one unit."""
    if wanted == source_language:
        return Shown(source, source_language, safety=safety)
    if wording is None or not wording.text:
        return Shown(source, source_language, Notice.MISSING, safety=safety)
    if wording.behind == "safety" or (safety and wording.behind == "normal"):
        return Shown(source, source_language, Notice.WITHHELD, safety=safety)
    if safety and not wording.approved:
        if not drafts_allowed:
            return Shown(source, source_language, Notice.WITHHELD, safety=safety)
        return Shown(wording.text, wanted, Notice.DRAFT, source, source_language, safety=True)
    if wording.behind == "normal":
        return Shown(wording.text, wanted, Notice.OUTDATED, safety=safety)
    return Shown(wording.text, wanted, Notice.NONE if wording.approved else Notice.DRAFT, safety=safety)
