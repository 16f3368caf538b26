"""R14: workers and presses are killed in mid-render; each certificate is made once in effect, and a poisoned one stops no other."""

import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import func, select

from lmsapp.accounts.models import Person
from lmsapp.bench.school import School
from lmsapp.bench.served import Server
from lmsapp.catalogue.models import Course, Edition
from lmsapp.certificates import issuing, rendering
from lmsapp.certificates.models import Award, AwardDocument
from lmsapp.core import jobs, pdf
from lmsapp.core.access import KEEPER
from lmsapp.core.jobs import Job
from lmsapp.core.sessions import transaction
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from tests.reliability.conftest import SEED

STATED = issuing.Stated("attendance", "ka", Decimal(60), (date(2026, 3, 2), date(2026, 3, 13)), "Hall A")
BATCH = 5
NO_FACE_HAS = "\U00012000"  # a cuneiform sign: the press refuses what it can't draw
PATIENCE = 60  # seconds
WEB_ONLY = [sys.executable, "-m", "lmsapp", "serve", "--port", "{port}", "--no-worker"]


@dataclass
class Found:
    """What was tried and found; from `missing` on everything must be 0."""

    workers_killed: int = 0
    presses_killed: int = 0
    awards: int = 0
    pages: int = 0
    page_ms: float = 0.0
    missing: int = 0
    different: int = 0
    pages_failed: int = 0

    @property
    def wrong(self) -> int:
        """Whatever must not be."""
        return self.missing + self.different + self.pages_failed


class Workshop:
    """A worker in a process of its own, and the press it started."""

    def __init__(self, folder: Path, faults: str) -> None:
        self._words = [sys.executable, "-m", "tests.reliability.planted", faults, "worker"]
        self._folder = folder
        self._worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the worker unless it runs."""
        if self._worker is None:
            with (self._folder / "worker.log").open("ab") as log:
                self._worker = subprocess.Popen(
                    self._words, env=os.environ | {"LMSAPP_DATA": str(self._folder)}, stderr=log, start_new_session=True
                )

    def kill_worker(self) -> bool:
        """Kills the worker; its press finds nobody who asks, and leaves."""
        if self._worker is not None:
            os.killpg(self._worker.pid, signal.SIGKILL)
            self._worker.wait()
        self._worker = None
        return True

    def kill_press(self) -> bool:
        """Kills the press under its worker; False when there is none."""
        assert self._worker is not None
        listed = [one.read_text() for one in Path(f"/proc/{self._worker.pid}/task").glob("*/children")]
        for child in " ".join(listed).split():
            with suppress(ProcessLookupError):
                os.killpg(int(child), signal.SIGKILL)
                return True
        return False


@contextmanager
def visitor(port: int, found: Found) -> Iterator[None]:
    """Somebody who reads pages all the while."""
    over, waited = threading.Event(), list[float]()

    def read() -> None:
        while not over.wait(0.05):
            begun = time.perf_counter()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/en/courses", timeout=PATIENCE) as reply:
                    reply.read()
            except OSError:
                found.pages_failed += 1
            waited.append((time.perf_counter() - begun) * 1000)

    thread = threading.Thread(target=read)
    thread.start()
    yield
    over.set()
    thread.join()
    found.pages, found.page_ms = len(waited), round(median(waited), 1)


def queue_batch(school: School, number: int, size: int = BATCH) -> list[int]:
    """Awards somebody so many times and asks for the documents; the awards' ids."""
    settings = school.opened.settings
    with transaction(school.opened.sessions) as session:
        edition = session.scalars(select(Edition).join(Course).where(Course.code == "MAF-101")).one()
        person = session.scalars(select(Person).order_by(Person.id.desc())).first()
        assert person is not None
        ring = KeyRing.load_or_create(settings.keys)
        made = [issuing.issue(session, KEEPER, person, edition, STATED, settings, ring) for _ in range(size)]
        session.flush()
        issuing.queue_documents(session, KEEPER, made, f"storm-{number}")
        return [one.id for one in made]


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Waits for something; whether it came."""
    end = time.monotonic() + seconds
    while not (came := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return came


def documents(school: School, ids: list[int]) -> int:
    """How many of these awards have theirs."""
    with school.opened.sessions() as session:
        query = select(func.count()).select_from(AwardDocument).where(AwardDocument.award_id.in_(ids))
        return session.scalar(query) or 0


def storm(school: School, kills: int, faults: str, patience: float = PATIENCE) -> Found:
    """Batches of certificates, each worker or press killed at a random moment, while somebody reads pages."""
    chance, found, ids = random.Random(SEED), Found(), list[int]()
    folder = school.opened.settings.data
    workshop, server = Workshop(folder, faults), Server(WEB_ONLY, folder)
    server.start()
    try:
        with visitor(server.port, found):
            while found.workers_killed + found.presses_killed < kills:
                ids += (mine := queue_batch(school, len(ids)))
                before = documents(school, mine)
                workshop.start()
                until(lambda: documents(school, mine) > before, 10)  # noqa: B023 - asked within this round
                time.sleep(chance.uniform(0, 0.15))
                if chance.random() < 0.5:
                    found.presses_killed += workshop.kill_press()
                else:
                    found.workers_killed += workshop.kill_worker()
            workshop.start()
            until(lambda: documents(school, ids) == len(ids), patience)
    finally:
        workshop.kill_worker()
        server.stop()
    return compared(school, ids, found)


def compared(school: School, ids: list[int], found: Found) -> Found:
    """Holds every document against one rendered in peace."""
    storage = Folder(school.opened.settings.files)
    with school.opened.sessions() as session:
        for number in ids:
            award, made = session.get_one(Award, number), session.get(AwardDocument, number)
            if made is None or not storage.exists(made.digest):
                found.missing += 1
                continue
            calm, kept = rendering.rendered(award), storage.path(made.digest).read_bytes()
            found.different += not (calm == kept and hashlib.sha256(calm).hexdigest() == made.digest)
    pdf.close()
    found.awards = len(ids)
    return found


def test_each_certificate_is_made_once_however_often_workers_and_presses_die(
    school: School, long: bool, tell: Callable[..., None]
) -> None:
    found = storm(school, 200 if long else 3, "hurried")
    tell("R14 killed in mid-render", **asdict(found))
    assert found.workers_killed and found.presses_killed
    assert found.pages > 10
    assert found.wrong == 0, found


def test_a_queue_that_forgets_the_dead_is_found_out(school: School, tell: Callable[..., None]) -> None:
    found = storm(school, 2, "hurried,forget-the-dead", patience=4)
    tell("R14 planted: forget the dead", **asdict(found))
    assert found.missing > 0


def test_a_poisoned_certificate_is_parked_with_its_error_and_all_others_are_made(school: School) -> None:
    first, second = queue_batch(school, 1, 3), queue_batch(school, 2, 2)
    with transaction(school.opened.sessions) as session:
        award = session.get_one(Award, first[1])
        award.facts = award.facts | {"place": NO_FACE_HAS}
        serial = award.serial
    for _ in range(jobs.MOST_TRIES + 1):
        with school.opened.sessions() as session:
            waiting = session.scalars(select(Job.id).where(Job.name == issuing.RENDER, Job.state == "waiting")).all()
        for number in waiting:
            school.jobs.run(school.opened.sessions, number, at_once=True)
    pdf.close()
    with school.opened.sessions() as session:
        poisoned, sound = session.scalars(select(Job).where(Job.name == issuing.RENDER).order_by(Job.id))
    assert (poisoned.state, poisoned.tries, sound.state) == ("parked", jobs.MOST_TRIES, "done")
    assert serial in poisoned.note
    assert documents(school, first) == 2
    assert documents(school, second) == 2


def test_others_write_while_a_certificate_is_made(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    ids, wrote = queue_batch(school, 1, 1), list[int]()
    render = rendering.rendered

    def slowly(award: Award) -> bytes:
        with closing(sqlite3.connect(school.opened.settings.data / "lmsapp.sqlite", timeout=1)) as other, other:
            other.execute("BEGIN IMMEDIATE")
            wrote.append(other.execute("UPDATE person SET phone = '1'").rowcount)
        return render(award)

    monkeypatch.setattr(rendering, "rendered", slowly)
    with school.opened.sessions() as session:
        job = session.scalars(select(Job).where(Job.name == issuing.RENDER)).one()
    school.jobs.run(school.opened.sessions, job.id)
    pdf.close()
    assert len(wrote) == documents(school, ids) == 1
