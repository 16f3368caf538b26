"""The one reader of YAML: plain values only, and the line of what can't stay so."""

from typing import Any


class Fault(Exception):
    """Something in a file that can't stay so."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"{line}: {message}")
        self.line, self.message = line, message


def read(text: str, first_line: int = 1) -> Any:
    """The values; raises Fault, counting lines from `first_line`."""
    import yaml  # noqa: PLC0415 - pages never need it

    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are the safe one
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        message = f"not YAML: {getattr(problem, 'problem', problem)}"
        raise Fault(first_line + mark.line if mark else first_line, message) from problem
