"""What happened to accounts, in the past tense."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RoleGranted:
    """A person has a role she did not have."""

    membership_id: int


@dataclass(frozen=True)
class RoleEnded:
    """A role was withdrawn."""

    membership_id: int


@dataclass(frozen=True)
class SecretChosen:
    """A person chose a new password or PIN."""

    person_id: int


@dataclass(frozen=True)
class RefusedOften:
    """One account was refused many times in a short time."""

    person_id: int
