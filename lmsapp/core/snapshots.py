"""A SQLite database as it stands at one moment, copied while others go on writing."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from lmsapp.core.errors import Invalid


def take(source: Path, copy: Path) -> None:
    """Copies what is committed into a file of its own, on the disk when this returns. Raises Invalid where it can't be."""
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(copy)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
        with copy.open("rb") as file:
            os.fsync(file.fileno())
    except (OSError, sqlite3.Error) as problem:
        raise Invalid("%(path)s can't be written: %(problem)s", path=str(copy), problem=str(problem)) from problem
