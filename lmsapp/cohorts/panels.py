"""What other capabilities show on a cohort's page: a figure, what waits, a column of the roster. They come with the wiring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """A number with what it is measured by."""

    label: str
    value: str
    yardstick: str


@dataclass(frozen=True)
class Todo:
    """One thing that waits for who runs the cohort."""

    label: str
    address: str
    detail: str = ""
    urgent: bool = False


@dataclass(frozen=True)
class Column:
    """A column of the roster: what stands there by enrolment id."""

    label: str
    cells: Mapping[int, str]


@dataclass(frozen=True)
class Panel:
    """All a capability adds to the page."""

    figure: Figure | None = None
    todo: Sequence[Todo] = field(default_factory=tuple)
    column: Column | None = None
    called_off: str = ""  # what becomes of it when the cohort is cancelled
