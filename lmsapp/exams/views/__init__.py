"""The pages of exams, by who uses them: authors, instructors in the room, candidates, readers of results."""

from lmsapp.exams.views import banks, exchanging, holding, offline, paper, results, room, sitting
from lmsapp.exams.views.area import area

__all__ = ["area", "banks", "exchanging", "holding", "offline", "paper", "results", "room", "sitting"]
