"""The pages of cohorts: holding one, the people in it, learning in it."""

from lmsapp.cohorts.views import holding, learning, people
from lmsapp.cohorts.views.area import area

__all__ = ["area", "holding", "learning", "people"]
