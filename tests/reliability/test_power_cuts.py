"""R3, R4: the power goes at any moment of an exam; what was acknowledged is on the disk, which is whole."""

import json
import random
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from lmsapp import installation
from lmsapp.bench import storm
from lmsapp.bench.school import School
from lmsapp.core import audit, settings
from tests.reliability.conftest import SEED
from tests.reliability.disks import Disk, Event, cuts, recorded

PROJECTION = """
    SELECT count(*) FROM (
      SELECT attempt_id, item, value FROM (
        SELECT attempt_id, item, value, row_number() OVER (
          PARTITION BY attempt_id, item ORDER BY epoch DESC, client_seq DESC) AS place
        FROM answer_event WHERE NOT late AND NOT evidence) WHERE place = 1
      EXCEPT SELECT attempt_id, item, value FROM answer_current)
"""

# An attempt is handed in with its receipt and the job that marks it, or not at all.
HALF = """
    SELECT count(*) FROM attempt LEFT JOIN submission ON submission.attempt_id = attempt.id
    WHERE attempt.state != 'void' AND ((attempt.state IN ('submitted', 'marked')) != (submission.attempt_id IS NOT NULL)
      OR (attempt.state = 'submitted') > EXISTS (SELECT 1 FROM job WHERE job.key = 'attempt-' || attempt.id)
      OR (attempt.state = 'marked') != EXISTS (SELECT 1 FROM mark WHERE mark.attempt_id = attempt.id))
"""


@dataclass
class Found:
    """What was tried and found; everything from `lost` on must be 0."""

    images: int = 0
    events: int = 0
    acknowledged: int = 0
    started: int = 0
    lost: int = 0
    changed: int = 0
    damaged: int = 0
    projected_wrongly: int = 0
    halves: int = 0
    unchained: int = 0

    @property
    def wrong(self) -> int:
        """Whatever must not be."""
        return self.lost + self.changed + self.damaged + self.projected_wrongly + self.halves + self.unchained


def through_cuts(
    events: list[Event], base: Path, acks: Path, count: int, look: Callable[[dict[str, bytes], list[Any], Found], None]
) -> Found:
    """Cuts the power at so many moments of a record and looks at what is left."""
    chance, disk, told = random.Random(SEED), Disk(base), list[Any]()
    moments = cuts(events, str(acks), count, chance)
    found = Found(events=len(events))
    for place, event in enumerate(events):
        if event.path == str(acks):
            told += [json.loads(line) for line in event.data.splitlines()]
        else:
            disk.do(event, place)
        if place in moments:
            look(disk.image(chance), told, found)
            found.images += 1
    found.acknowledged = len(told)
    return found


# ---------- an exam ----------


def exam(school: School, tmp_path: Path, count: int, rounds: int, *fault: str) -> Found:
    """Records an exam, cuts its power, and looks at every image as a person would after the power is back."""
    folder, acks, base = school.opened.settings.data, tmp_path / "acks", tmp_path / "base"
    seats = storm.room(school, 6)
    listed = tmp_path / "seats.json"
    listed.write_text(json.dumps([asdict(seat) for seat in seats]), encoding="utf-8")
    school.close()
    shutil.copytree(folder, base)
    words = [
        sys.executable,
        "-m",
        "tests.reliability.recorded",
        str(folder),
        str(listed),
        str(acks),
        str(rounds),
        *fault,
    ]
    events = recorded(words, tmp_path / "record", folder, acks)
    shutil.rmtree(folder)
    shutil.copytree(base, folder)  # where everything stood when the record began

    def look(image: dict[str, bytes], told: list[Any], found: Found) -> None:
        lay_out(image, folder)
        ask(folder / "lmsapp.sqlite", told, found)
        if found.images % 25 == 0:
            start(folder, found)

    return through_cuts(events, folder, acks, count, look)


def lay_out(image: dict[str, bytes], folder: Path) -> None:
    """Writes the files of the database as the cut left them; what maps shared memory never survives one."""
    for one in folder.glob("lmsapp.sqlite*"):
        one.unlink()
    for name, content in image.items():
        if Path(name).name in ("lmsapp.sqlite", "lmsapp.sqlite-wal", "lmsapp.sqlite-journal"):
            Path(name).write_bytes(content)


def ask(database: Path, told: list[Any], found: Found) -> None:
    """Opens what is left with SQLite as it is shipped, and holds it against what candidates were told."""
    connection = sqlite3.connect(database)
    try:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            found.damaged += 1
            return
        rows = connection.execute(
            "SELECT code, client_seq, item, value FROM answer_event JOIN attempt ON attempt.id = attempt_id"
        )
        kept = {(code, seq): (item, value) for code, seq, item, value in rows}
        receipts = connection.execute(
            "SELECT code, substr(answers_hash, 1, 8) FROM submission JOIN attempt ON attempt.id = attempt_id"
        )
        kept |= {(code, 0): ("", said) for code, said in receipts}
        found.projected_wrongly += connection.execute(PROJECTION).fetchone()[0] > 0
        found.halves += connection.execute(HALF).fetchone()[0]
    except sqlite3.DatabaseError:
        found.damaged += 1
        return
    finally:
        connection.close()
    for code, seq, item, value in told:
        found.lost += (code, seq) not in kept
        found.changed += kept.get((code, seq), (item, value)) != (item, value)


def start(folder: Path, found: Found) -> None:
    """The program opens what is left, and the chain of the log of acts is whole."""
    opened = installation.opened(settings.load(folder, {}, allow_drafts=True))
    with opened.sessions() as session:
        found.unchained += not audit.verify(session).whole
    opened.engine.dispose()
    found.started += 1


def test_what_was_acknowledged_is_on_the_disk_whenever_the_power_goes(
    school: School, tmp_path: Path, long: bool, tell: Callable[..., None]
) -> None:
    found = exam(school, tmp_path, 20_000 if long else 120, 20 if long else 2)
    tell("R3 R4 power cut in an exam", **asdict(found))
    assert found.images > 100
    assert found.acknowledged > 100
    assert found.wrong == 0, found


@pytest.mark.parametrize("fault", ["reply-before-commit", "sync-seldom"])
def test_a_server_that_acknowledges_before_the_disk_has_it_is_found_out(
    school: School, tmp_path: Path, tell: Callable[..., None], fault: str
) -> None:
    found = exam(school, tmp_path, 40, 1, fault)
    tell(f"R3 planted: {fault}", **asdict(found))
    assert found.lost > 0


# ---------- the model itself ----------

ENGINE = """
import os, sqlite3, sys
database, acks, mode, level = sys.argv[1:]
out = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
connection = sqlite3.connect(database, isolation_level=None)
connection.execute(f"PRAGMA journal_mode={mode}")
connection.execute(f"PRAGMA synchronous={level}")
for number in range(150):
    connection.execute("INSERT INTO kept VALUES (?)", (number,))
    os.write(out, b"%d\\n" % number)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("mode", "level", "loses"),
    [("DELETE", "EXTRA", False), ("DELETE", "FULL", True), ("WAL", "FULL", False), ("WAL", "NORMAL", True)],
)
def test_the_model_of_a_disk_knows_which_settings_of_sqlite_lose_something(
    tmp_path: Path, tell: Callable[..., None], mode: str, level: str, loses: bool
) -> None:
    folder, acks = tmp_path / "engine", tmp_path / "acks"
    folder.mkdir()
    database = folder / "kept.sqlite"
    connection = sqlite3.connect(database)
    connection.executescript("CREATE TABLE kept (number INTEGER)")
    connection.close()
    base = tmp_path / "base"
    shutil.copytree(folder, base)
    words = [sys.executable, "-c", ENGINE, str(database), str(acks), mode, level]
    events = recorded(words, tmp_path / "record", folder, acks)
    shutil.rmtree(folder)
    shutil.copytree(base, folder)

    def look(image: dict[str, bytes], told: list[Any], found: Found) -> None:
        for one in folder.iterdir():
            one.unlink()
        for name, content in image.items():
            if not name.endswith("-shm"):
                Path(name).write_bytes(content)
        asked = sqlite3.connect(database)
        try:
            found.damaged += asked.execute("PRAGMA integrity_check").fetchone() != ("ok",)
            found.lost += len(set(told) - {row[0] for row in asked.execute("SELECT number FROM kept")})
        except sqlite3.DatabaseError:
            found.damaged += 1
        finally:
            asked.close()

    found = through_cuts(events, folder, acks, 200, look)
    tell(f"R3 calibration: {mode} {level}", **asdict(found))
    assert found.damaged == 0
    assert (found.lost > 0) == loses
