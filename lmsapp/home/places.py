"""The places of the site for each kind of reader: what stands in masthead, thumb bar, side navigation and foot."""

from collections.abc import Callable
from typing import TypeVar

from flask import current_app, request
from flask_login import current_user

from lmsapp.accounts.roles import STAFF, Role
from lmsapp.core.translations import gettext as _
from lmsapp.web.filters import can

Place = tuple[str, str]
Signed = tuple[str, str, str]
P = TypeVar("P", bound=tuple[str, ...])

# Where a page lies: at itself, elsewhere, or at the place of its capability.
_THEMSELVES = ("certificates.mine", "certificates.check", "materials.taken", "accounts.log", "accounts.organisations")
_LIES_AT = {
    **{place: place for place in _THEMSELVES},
    **dict.fromkeys(("exams.exams", "exams.exam"), "exams.exams"),
    **dict.fromkeys(("cohorts.learn", "cohorts.lesson"), "cohorts.my_course"),
    "certificates.close_out": "cohorts.cohorts",
    "accounts.profile": "",
}
_SECTIONS = {
    "catalogue": "catalogue.courses",
    "cohorts": "cohorts.cohorts",
    "exams": "exams.banks",
    "certificates": "certificates.register",
    "materials": "materials.library",
    "engagements": "engagements.partners",
    "accounts": "accounts.people",
}


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
        ("cohorts.my_course", _("Lessons"), "book"),
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
        ("exams.exams", _("Exams"), "edit", "may_author"),
        ("materials.library", _("Materials"), "file", None),
        ("materials.taken", _("Downloads"), "download", None),
    ]
    centre = [
        ("accounts.people", _("People"), "user", "may_list_people"),
        ("accounts.organisations", _("Organisations"), "globe", "may_administer"),
        ("engagements.partners", _("Partners"), "globe", None),
        ("accounts.log", _("Log of acts"), "chart", "may_read_audit"),
        ("home.status", _("Status"), "check", "may_administer"),
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
    """Whether the reader works with the site, in the centre or at a partner's, rather than learns or visits."""
    return bool(current_user.roles & {role.value for role in (*STAFF, Role.PARTNER)})


def is_partner() -> bool:
    """Whether the reader is an officer of a partner agency and nothing else here."""
    return Role.PARTNER.value in current_user.roles and not current_user.roles & {role.value for role in STAFF}


def is_here(endpoint: str, place: str = "") -> bool:
    """Whether the page shown lies at this place (or in the area it names): one place of a list at most is marked."""
    shown = request.endpoint or ""
    own = _LIES_AT.get(shown, _SECTIONS.get(shown.split(".")[0], shown))
    return endpoint == (_SECTIONS[place] if place else own)


def _there(*places: P) -> list[P]:
    return [place for place in places if place[0] in current_app.view_functions]


FUNCTIONS: dict[str, Callable[..., object]] = {
    function.__name__: function
    for function in (public_places, trainee_places, staff_places, foot_places, is_staff, is_here)
}
