"""Who has earned which certificate: from hours and results, under the course's rules. Pure.

"Attendance and achievement" in the catalogue means achievement for who passed, else attendance (PRODUCT.md 4.6).
"""

from dataclasses import dataclass, field
from decimal import Decimal

from lmsapp.core.translations import N_

NOT_ENOUGH_HOURS = N_("%(hours)s of %(needed)s hours attended")
NO_HOURS = N_("no hours entered")
NOT_PASSED = N_("exam not passed")
NOT_SAT = N_("exam not sat")
NOT_RELEASED = N_("result not released yet")
NO_PRACTICAL = N_("practical test not recorded")
SOLE_MARKER = N_("you alone marked this exam")


@dataclass(frozen=True)
class Standing:
    """What is known of one trainee at close-out."""

    hours: Decimal | None
    needed: Decimal
    sat: bool
    passed: bool
    released: bool
    practical_passed: bool | None = None


@dataclass(frozen=True)
class Rules:
    """What the course asks for."""

    certificate: str
    written_test: bool
    practical_test: bool


@dataclass(frozen=True)
class Decision:
    """The kind of award that was earned, or none, with every reason in words and its values."""

    kind: str | None
    reasons: tuple[tuple[str, dict[str, object]], ...] = field(default=())


def decide(standing: Standing, rules: Rules) -> Decision:
    """The award a trainee has earned, and what she lacks for more."""
    reasons: list[tuple[str, dict[str, object]]] = []
    if standing.hours is None:
        reasons.append((NO_HOURS, {}))
    elif standing.hours < standing.needed:
        reasons.append((NOT_ENOUGH_HOURS, {"hours": standing.hours, "needed": standing.needed}))
    enough = not reasons
    passed = not rules.written_test or (standing.passed and standing.released)
    if rules.written_test and not standing.sat:
        reasons.append((NOT_SAT, {}))
    elif rules.written_test and not standing.released:
        reasons.append((NOT_RELEASED, {}))
    elif rules.written_test and not standing.passed:
        reasons.append((NOT_PASSED, {}))
    if rules.practical_test and not standing.practical_passed:
        reasons.append((NO_PRACTICAL, {}))
        passed = False
    if not enough:
        return Decision(None, tuple(reasons))
    if rules.certificate == "attendance-and-achievement":
        waiting = rules.written_test and standing.sat and not standing.released
        return Decision(None if waiting else "achievement" if passed else "attendance", tuple(reasons))
    kind = "qualification" if rules.certificate.startswith("qualification") else "achievement"
    return Decision(kind if passed else None, tuple(reasons))
