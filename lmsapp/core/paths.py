"""Where templates, catalogues and content lie: in a checkout beside the package, in an installed program inside it."""

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def shipped(name: str) -> Path:
    """The folder `templates`, `translations` or `content` that came with this program."""
    beside = PACKAGE.parent / name
    return beside if (PACKAGE.parent / "pyproject.toml").exists() and beside.is_dir() else PACKAGE / "shipped" / name
