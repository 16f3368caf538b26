"""The roles of PRODUCT.md 4.1, these and no others, and who may grant which."""

from enum import StrEnum

from lmsapp.core.translations import N_


class Role(StrEnum):
    """What a person is in one organisation."""

    TRAINEE = "trainee"
    INSTRUCTOR = "instructor"
    ASSESSOR = "assessor"
    TRANSLATOR = "translator"
    LANGUAGE_REVIEWER = "language-reviewer"
    TECHNICAL_REVIEWER = "technical-reviewer"
    PARTNER = "partner"
    MANAGER = "training-manager"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


ROLE_NAMES = {
    Role.TRAINEE: N_("Trainee"),
    Role.INSTRUCTOR: N_("Instructor"),
    Role.ASSESSOR: N_("Assessor"),
    Role.TRANSLATOR: N_("Translator"),
    Role.LANGUAGE_REVIEWER: N_("Language reviewer"),
    Role.TECHNICAL_REVIEWER: N_("Technical reviewer"),
    Role.PARTNER: N_("Partner officer"),
    Role.MANAGER: N_("Training manager"),
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.AUDITOR: N_("Auditor"),
}

KIND_NAMES = {"centre": N_("Centre"), "partner": N_("Partner agency"), "donor": N_("Donor")}
STAFF = frozenset(Role) - {Role.TRAINEE, Role.PARTNER}
AT_PARTNERS = frozenset({Role.TRAINEE, Role.PARTNER, Role.ADMINISTRATOR})


def grantable(*, in_centre: bool) -> frozenset[Role]:
    """Roles an administrator may grant in the centre, or in a partner organisation of her own."""
    return frozenset(Role) if in_centre else AT_PARTNERS
