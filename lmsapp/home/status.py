"""How the installation stands, for administrators: what runs, what waits, what needs a person."""

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.core import audit, clock, pdf
from lmsapp.core.jobs import Job
from lmsapp.core.mailing import Mail
from lmsapp.core.settings import Settings
from lmsapp.migrations import HEAD

LITTLE_SPACE = 0.10
OLD_BACKUP = timedelta(days=7)
OLD_HEAD = timedelta(days=2)
LATE = timedelta(hours=1)
MOST_JOBS = 50


@dataclass(frozen=True)
class Backup:
    """The last backup that was made here."""

    path: str
    at: datetime
    octets: int

    @property
    def old(self) -> bool:
        """Whether it is time for another."""
        return clock.now() - self.at > OLD_BACKUP


@dataclass(frozen=True)
class Status:
    """Everything the page says."""

    version: str
    python: str
    schema: str
    database: str
    free: int
    total: int
    jobs: Mapping[str, int]
    late: int
    stopped: Sequence[Job]
    backup: Backup | None
    letters_waiting: int
    smtp: str
    outbox: Path
    pdf_lacks: Sequence[str]
    secure: bool
    address: str
    lines: int
    head_kept: date | None
    demonstration: bool

    @property
    def little_space(self) -> bool:
        """Whether less than a tenth of the disk is free."""
        return self.free < self.total * LITTLE_SPACE

    @property
    def head_old(self) -> bool:
        """Whether the log's head was not kept lately."""
        return bool(self.lines) and (self.head_kept is None or clock.now().date() - self.head_kept > OLD_HEAD)


def status(session: Session, settings: Settings) -> Status:
    """Looks at everything once."""
    disk = shutil.disk_usage(settings.data)
    now = clock.now()
    waiting_late = select(func.count()).where(Job.state == "waiting", Job.created_at < now - LATE)
    stopped = select(Job).where(Job.state.in_(("failed", "parked"))).order_by(Job.id.desc()).limit(MOST_JOBS)
    return Status(
        version=version("lmsapp"),
        python=platform.python_version(),
        schema=HEAD.name,
        database=session.get_bind().dialect.name,
        free=disk.free,
        total=disk.total,
        jobs={row[0]: row[1] for row in session.execute(select(Job.state, func.count()).group_by(Job.state))},
        late=session.scalar(waiting_late) or 0,
        stopped=session.scalars(stopped).all(),
        backup=_backup(settings.last_backup),
        letters_waiting=session.scalar(select(func.count()).where(Mail.delivered_at.is_(None))) or 0,
        smtp=settings.smtp_host,
        outbox=settings.outbox,
        pdf_lacks=pdf.missing(),
        secure=settings.secure,
        address=settings.base_url,
        lines=audit.head(session)[0],
        head_kept=_kept(settings.audit_heads),
        demonstration=settings.demonstration,
    )


def _backup(path: Path) -> Backup | None:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return Backup(said["path"], datetime.fromisoformat(said["at"]), said["octets"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _kept(folder: Path) -> date | None:
    try:
        return max((date.fromisoformat(path.stem) for path in folder.glob("*.json")), default=None)
    except ValueError:
        return None
