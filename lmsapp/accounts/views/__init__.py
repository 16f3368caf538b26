"""Pages about people: signing in, one's own profile, people and their roles, organisations, the log of acts."""

from lmsapp.accounts.views import log, organisations, people, profile, signing_in
from lmsapp.accounts.views.area import area

__all__ = ["area", "log", "organisations", "people", "profile", "signing_in"]
