"""What goes wrong with disks, files and databases, each in one plain sentence with its remedy.

Judged by the words of the database's own driver, so that nothing heavy is loaded to ask.
"""

import errno
import re

FULL = "The disk is full. Make room where the data lie and try again; what was not finished is not there."
BROKEN = "The disk refuses to read or write the database. Look at the disk and the limits of this user, and try again."
LOCKED = "Another program holds the database. Stop it, or wait until it has ended, and try again."
DAMAGED = "The database file is damaged. Bring the last backup back: lmsapp restore FILE"
CLOSED = "The database can't be opened for writing by this user. Give her the data folder, or choose another with LMSAPP_DATA."
SILENT = "The database server does not answer. Start it, or correct LMSAPP_DATABASE_URL."
REFUSING = "The database server refuses the name or the password. Correct LMSAPP_DATABASE_URL."
_SIGNS = (
    (re.compile("disk is full|no space left|disk full", re.IGNORECASE), FULL),
    (re.compile("disk I/O error", re.IGNORECASE), BROKEN),
    (re.compile("is locked", re.IGNORECASE), LOCKED),
    (re.compile("not a database|malformed", re.IGNORECASE), DAMAGED),
    (re.compile("readonly database|unable to open", re.IGNORECASE), CLOSED),
    (re.compile("authentication failed|does not exist", re.IGNORECASE), REFUSING),
    (re.compile("connection refused|connection failed|could not connect|timeout expired", re.IGNORECASE), SILENT),
)


def sentence(problem: BaseException) -> str | None:
    """What to tell the keeper of the machine; None for a defect, which needs its trace."""
    said = getattr(problem, "orig", None)  # the driver's own exception inside SQLAlchemy's
    if said is not None:
        first = str(said).strip().partition("\n")[0]
        return next((words for sign, words in _SIGNS if sign.search(str(said))), f"The database can't be used: {first}")
    if isinstance(problem, OSError):
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            return FULL
        if problem.filename is not None:
            return f"{problem.filename} can't be used: {problem.strerror}."
    return None


def is_full(problem: BaseException) -> bool:
    """Whether there was no room left to write."""
    return sentence(problem) == FULL
