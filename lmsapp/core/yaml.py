"""The one reader of YAML: plain values only, and the line of what can't stay so."""

from collections.abc import Iterable
from typing import Any

DEEPEST = 100  # lists in lists: what is nested deeper would stop the program, not just the reading


class Fault(Exception):
    """Something in a file that can't stay so."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"{line}: {message}")
        self.line, self.message = line, message


def read(text: str, first_line: int = 1) -> Any:
    """The values; raises Fault, counting lines from `first_line`."""
    import yaml  # noqa: PLC0415 - pages never need it

    quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_depth(yaml.parse(text, quick), first_line)
        return yaml.load(text, quick)  # noqa: S506 - both are the safe one
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        message = f"not YAML: {getattr(problem, 'problem', problem)}"
        raise Fault(first_line + mark.line if mark else first_line, message) from problem


def _check_depth(events: Iterable[Any], first_line: int) -> None:
    from yaml.events import CollectionEndEvent, CollectionStartEvent  # noqa: PLC0415 - pages never need it

    depth = 0
    for one in events:
        depth += isinstance(one, CollectionStartEvent) - isinstance(one, CollectionEndEvent)
        if depth > DEEPEST:
            raise Fault(first_line + one.start_mark.line, "not YAML of ours: nested too deeply")
