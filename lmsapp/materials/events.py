"""What happened to materials, in the past tense."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EditionEnded:
    """An edition was withdrawn, or superseded by a newer one."""

    edition_id: int
    state: str
