"""The places of the site for each kind of reader: what stands in masthead, thumb bar, side navigation and foot."""

from collections.abc import Callable
from typing import TypeVar

from flask import current_app
from flask_login import current_user

from lmsapp.accounts.roles import STAFF, Role
from lmsapp.core.translations import gettext as _
from lmsapp.web.filters import can

Place = tuple[str, str]
Signed = tuple[str, str, str]
P = TypeVar("P", bound=tuple[str, ...])


def public_places() -> list[Place]:
    """For visitors and reading pages."""
    return _there(
        ("catalogue.courses", _("Courses")),
        ("materials.library", _("Materials")),
        ("engagements.partners", _("Partners")),
        ("certificates.check", _("Check a certificate")),
    )


def trainee_places() -> list[Signed]:
    """The thumb bar of trainees: at most four places."""
    if Role.TRAINEE.value not in current_user.roles:
        return []
    return _there(
        ("home.start", _("Home"), "home"),
        ("catalogue.courses", _("Lessons"), "book"),
        ("materials.library", _("Materials"), "file"),
        ("certificates.mine", _("Certificates"), "award"),
    )


def staff_places() -> list[tuple[str, list[Signed]]]:
    """The side navigation: places with their headings, only those the reader may enter."""
    work = [
        ("home.start", _("Today"), "home", None),
        ("cohorts.cohorts", _("Cohorts"), "people", "may_list_cohorts"),
        ("certificates.register", _("Certificates"), "award", "may_list_awards"),
    ]
    content = [
        ("catalogue.courses", _("Courses"), "book", None),
        ("exams.banks", _("Question banks"), "list", "may_author"),
        ("materials.library", _("Materials"), "file", None),
        ("materials.taken", _("Downloads"), "download", None),
    ]
    centre = [
        ("accounts.people", _("People"), "user", "may_list_people"),
        ("accounts.organisations", _("Organisations"), "globe", "may_administer"),
        ("engagements.partners", _("Partners"), "globe", None),
        ("accounts.log", _("Log of acts"), "chart", "may_read_audit"),
        ("home.style", _("Style"), "edit", "may_administer"),
    ]
    groups = (("", work), (_("Content"), content), (_("Centre"), centre))
    return [(heading, _there(*(p[:3] for p in places if p[3] is None or can(p[3])))) for heading, places in groups]


def foot_places() -> list[Place]:
    """At the foot of every page."""
    return _there(
        ("certificates.check", _("Check a certificate")),
        ("home.accessibility", _("Accessibility")),
        ("home.privacy", _("Privacy")),
        ("home.help_page", _("Help")),
        ("home.about", _("About this site")),
    )


def is_staff() -> bool:
    """Whether the reader works here rather than learns or visits."""
    return bool(current_user.roles & {role.value for role in STAFF})


def _there(*places: P) -> list[P]:
    return [place for place in places if place[0] in current_app.view_functions]


FUNCTIONS: dict[str, Callable[[], object]] = {
    function.__name__: function for function in (public_places, trainee_places, staff_places, foot_places, is_staff)
}
