"""`lmsapp doctor`: what this installation needs, looked at one by one; each finding is one sentence with its remedy."""

import contextlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta

import click
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmsapp import installation
from lmsapp.catalogue.sources import Sources
from lmsapp.certificates.models import AwardDocument
from lmsapp.core import audit, clock, paths, pdf, pictures, settings, translations, troubles
from lmsapp.core.errors import LmsError
from lmsapp.core.jobs import Job
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.settings import Settings
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from lmsapp.exams import queries as exams
from lmsapp.installation import Installation
from lmsapp.materials.models import Preview, PrintedFile
from lmsapp.upkeep import content

LITTLE, ALMOST_NONE = 1 << 30, 100 << 20  # octets free
LONG_WAITING = timedelta(hours=1)
GOOD, WARNING, BAD = "good", "warning", "bad"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands (`good`, `warning`, `bad`), and one sentence."""

    about: str
    state: str
    sentence: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def doctor(*, as_json: bool) -> None:
    """Look at fonts, Pango, disk, database, keys, clock, content; say what is wrong and how to mend it."""
    found = list(findings())
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
    else:
        signs = {GOOD: "good   ", WARNING: "WARNING", BAD: "BAD    "}
        for one in found:
            click.echo(f"{signs[one.state]}  {one.about}: {one.sentence}")
    if any(one.state == BAD for one in found):
        raise SystemExit(1)


def findings() -> Iterator[Finding]:
    """All findings, the machine's first. What can't be opened ends the list with the reason."""
    yield from _machine()
    try:
        chosen = settings.load()
    except LmsError as problem:
        yield Finding("settings", BAD, str(problem))
        return
    yield from _settings(chosen)
    yield from _disk(chosen)
    yield from _shipped()
    try:
        opened = installation.opened(chosen)
    except LmsError as problem:
        yield Finding("database", BAD, str(problem))
        return
    try:
        yield from _database(opened)
    except DBAPIError as problem:
        yield Finding("database", BAD, troubles.sentence(problem) or str(problem))
    finally:
        opened.engine.dispose()


def _machine() -> Iterator[Finding]:
    here = ".".join(map(str, sys.version_info[:3]))
    known = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding(
        "Python", GOOD if known else WARNING, f"{here}." if known else f"{here}; tried are 3.11, 3.12 and 3.13."
    )
    lacking = pdf.missing()
    if lacking:
        line = "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        yield Finding("PDF", BAD, f"Switched off, since {', '.join(lacking)} is missing. Run: {line}")
    else:
        yield Finding("PDF", GOOD, "Pango and the printing library are here.")
    faces = sorted(pdf.FONTS.glob("*.ttf"))
    yield Finding(
        "fonts",
        GOOD if faces else BAD,
        f"{len(faces)} faces for print." if faces else f"None in {pdf.FONTS}. Install lmsapp again.",
    )
    if not pictures.available():
        yield Finding(
            "previews",
            WARNING,
            "Pages of materials are shown without pictures. Run: sudo apt-get install poppler-utils",
        )


def _settings(chosen: Settings) -> Iterator[Finding]:
    yield Finding("settings", GOOD, f"Data in {chosen.data}.")
    for name in settings.strange_variables():
        yield Finding("settings", WARNING, f"{name} sets nothing: there is no setting of that name.")
    local = "127.0.0.1" in chosen.base_url or "localhost" in chosen.base_url
    if local:
        yield Finding(
            "address",
            WARNING,
            f"base_url is {chosen.base_url}: printed codes lead to this machine only. Set LMSAPP_BASE_URL.",
        )
    elif not chosen.secure:
        yield Finding("address", WARNING, f"{chosen.base_url} is not HTTPS: passwords travel in the open.")
    else:
        yield Finding("address", GOOD, f"{chosen.base_url}.")
    if chosen.demonstration:
        yield Finding("demonstration", WARNING, "On: passwords are public. Never for real records.")
    if not chosen.smtp_host:
        yield Finding("mail", WARNING, f"No mail server is set; letters wait in {chosen.outbox}.")


def _disk(chosen: Settings) -> Iterator[Finding]:
    free = shutil.disk_usage(chosen.data).free
    amount = f"{free / 1e9:.1f} GB free in {chosen.data}."
    state = BAD if free < ALMOST_NONE else WARNING if free < LITTLE else GOOD
    yield Finding("disk", state, amount if state == GOOD else f"{amount} Make room: answers and certificates need it.")
    if not os.access(chosen.data, os.W_OK):
        yield Finding("disk", BAD, f"{chosen.data} can't be written by this user.")


def _shipped() -> Iterator[Finding]:
    broken = translations.faults()
    for fault in broken:
        yield Finding("translations", BAD, fault)
    if not broken:
        yield Finding("translations", GOOD, f"{len(LANGUAGES)} languages.")
    sources = Sources(paths.shipped("content"))
    content.read_all(sources)
    if sources.problems:
        words = f"{len(sources.problems)} problems, the first: {sources.problems[0]}. See: lmsapp content check"
        yield Finding("content", WARNING, words)
    else:
        yield Finding("content", GOOD, "The files that came with the program are sound.")


def _database(opened: Installation) -> Iterator[Finding]:
    name = opened.engine.dialect.name
    if name == "sqlite":
        with contextlib.closing(sqlite3.connect(opened.engine.url.database or "")) as plain:
            said = plain.execute("PRAGMA quick_check").fetchone()[0]
        if said != "ok":
            yield Finding(
                "database", BAD, f"The file is damaged ({said}). Restore the last backup: lmsapp restore FILE"
            )
            return
    with opened.sessions() as session:
        yield Finding("database", GOOD, f"{name}, up to date.")
        looks: tuple[Callable[[Session, Settings], Iterator[Finding]], ...] = (_log, _clock, _keys, _files, _jobs)
        for look in looks:
            yield from look(session, opened.settings)


def _log(session: Session, chosen: Settings) -> Iterator[Finding]:
    try:
        heads = audit.kept_heads(chosen.audit_heads, KeyRing(chosen.keys))
    except LmsError as problem:
        yield Finding("log of acts", BAD, str(problem))
        return
    report = audit.verify(session, *heads)
    if report.whole:
        yield Finding("log of acts", GOOD, f"Whole, {report.lines} lines.")
    else:
        yield Finding(
            "log of acts",
            BAD,
            f"Broken at line {report.fault_at}: {report.reason}. Compare with a head kept elsewhere.",
        )


def _clock(session: Session, _chosen: Settings) -> Iterator[Finding]:
    last = session.scalar(audit.newest_first().with_only_columns(audit.AuditLine.at).limit(1))
    if last is not None and last > clock.now() + timedelta(minutes=1):
        yield Finding(
            "clock", BAD, f"The last act is dated {last:%Y-%m-%d %H:%M} UTC, after now. Set the machine's clock."
        )
    else:
        yield Finding("clock", GOOD, f"{clock.now():%Y-%m-%d %H:%M} UTC.")


def _keys(_session: Session, chosen: Settings) -> Iterator[Finding]:
    try:
        ring = KeyRing(chosen.keys)
    except LmsError as problem:
        yield Finding("keys", BAD, str(problem))
        return
    keys = ring.public_keys()
    if not keys:
        yield Finding("keys", GOOD, "None yet; the first certificate makes one.")
        return
    open_to_all = [path for path in chosen.keys.glob("*.key") if path.stat().st_mode & 0o077]
    if open_to_all:
        yield Finding("keys", BAD, f"Others can read {open_to_all[0]}. Run: chmod 600 {open_to_all[0]}")
    else:
        yield Finding("keys", GOOD, f"{len(keys)}; keep a copy of {chosen.keys} apart, backups leave private keys out.")


def _files(session: Session, chosen: Settings) -> Iterator[Finding]:
    """Every file a row speaks of is here."""
    storage, spoken = Folder(chosen.files), exams.picture_digests(session)
    for column in (AwardDocument.digest, PrintedFile.digest, Preview.digest):
        spoken.update(session.scalars(select(column)))
    gone = sorted(digest for digest in spoken if not storage.exists(digest))
    if gone:
        yield Finding(
            "files", BAD, f"{len(gone)} of {len(spoken)} are missing, the first: {gone[0]}. Restore the last backup."
        )
    else:
        yield Finding("files", GOOD, f"All {len(spoken)} are here.")


def _jobs(session: Session, _chosen: Settings) -> Iterator[Finding]:
    waiting = select(func.count()).where(Job.state == "waiting", Job.created_at < clock.now() - LONG_WAITING)
    late, failed = session.scalar(waiting), session.scalar(select(func.count()).where(Job.state == "failed"))
    if late:
        yield Finding(
            "jobs", WARNING, f"{late} have waited for more than an hour. Does “lmsapp serve” or “lmsapp worker” run?"
        )
    elif failed:
        yield Finding("jobs", WARNING, f"{failed} failed for good; their pages say why.")
    else:
        yield Finding("jobs", GOOD, "None waits for long.")
