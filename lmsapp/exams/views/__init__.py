"""The pages of exams, by who uses them: authors, instructors in the room, candidates, readers of results."""

from lmsapp.exams.views import (
    analysis,
    authoring,
    banks,
    composing,
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
    "authoring",
    "banks",
    "composing",
    "exchanging",
    "holding",
    "marking",
    "offline",
    "paper",
    "results",
    "room",
    "sitting",
]
