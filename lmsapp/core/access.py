"""Who acts, and the answers of a policy. What roles mean is said by each capability's `policy.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from lmsapp.core import clock
from lmsapp.core.errors import FreshSignInNeeded, NotAllowed

FRESH_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class Membership:
    """One role in one organisation; `languages` are those a translator or reviewer was given."""

    role: str
    organisation_id: int
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Actor:
    """Who asks: a person with what she may be, or nobody (`ANYONE`), or the machine's keeper at the command line."""

    person_id: int | None = None
    memberships: tuple[Membership, ...] = ()
    centre_id: int | None = None
    signed_in_at: datetime | None = None
    keeper: bool = False
    address: str = field(default="", compare=False)

    @property
    def known(self) -> bool:
        """Whether somebody signed in, or the keeper of the machine acts."""
        return self.keeper or self.person_id is not None

    def is_a(self, *roles: str) -> bool:
        """Whether the actor holds one of `roles` in the centre, which alone teaches and awards."""
        return any(m.role in roles and m.organisation_id == self.centre_id for m in self.memberships)

    def organisations(self, *roles: str) -> tuple[int, ...]:
        """Ids of the organisations in which the actor holds one of `roles` (any role, when none is named)."""
        return tuple(sorted({m.organisation_id for m in self.memberships if not roles or m.role in roles}))

    def languages(self, *roles: str) -> frozenset[str]:
        """Languages granted with one of `roles` in the centre."""
        return frozenset(
            code
            for m in self.memberships
            if m.role in roles and m.organisation_id == self.centre_id
            for code in m.languages
        )

    @property
    def fresh(self) -> bool:
        """Whether the sign-in is recent enough for awarding, revoking, exporting and erasing."""
        return self.keeper or (self.signed_in_at is not None and clock.now() - self.signed_in_at <= FRESH_FOR)


ANYONE = Actor()
KEEPER = Actor(keeper=True)


@dataclass(frozen=True)
class Answer:
    """A policy's answer: yes, or no with a reason a person understands."""

    allowed: bool
    reason: str = ""
    needs_fresh_sign_in: bool = False

    def __bool__(self) -> bool:
        return self.allowed


YES = Answer(allowed=True)
SIGN_IN_AFRESH = Answer(allowed=False, reason="Sign in once more to do this.", needs_fresh_sign_in=True)
Policy = Callable[..., Answer]


def no(reason: str) -> Answer:
    """Refused, because of `reason` (marked for translation)."""
    return Answer(allowed=False, reason=reason)


def yes_if(condition: object, reason: str) -> Answer:
    """Allowed when the condition holds, else refused with the reason."""
    return YES if condition else no(reason)


def public(_actor: Actor, _thing: Any = None) -> Answer:
    """For everybody, signed in or not."""
    return YES


def signed_in(actor: Actor, _thing: Any = None) -> Answer:
    """For everybody who signed in."""
    return yes_if(actor.known, "Sign in to see this page.")


def demand(answer: Answer) -> None:
    """First line of every activity: goes on only when the policy said yes."""
    if not answer:
        raise (FreshSignInNeeded if answer.needs_fresh_sign_in else NotAllowed)(answer.reason)
