"""The pages of exams, by who uses them: authors, instructors in the room, candidates, readers of results."""

from lmsapp.exams.views import (
    analysis,
    banks,
    exchanging,
    holding,
    marking,
    offline,
    paper,
    results,
    room,
    sitting,
)
from lmsapp.exams.views.area import area

__all__ = [
    "analysis",
    "area",
    "banks",
    "exchanging",
    "holding",
    "marking",
    "offline",
    "paper",
    "results",
    "room",
    "sitting",
]
