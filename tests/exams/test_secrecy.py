"""What a candidate is served before her results are released says nothing of what is right (checklist 20, S3)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lmsapp import wiring
from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock, pdf
from lmsapp.core.jobs import Job
from lmsapp.core.mailing import Mail
from lmsapp.core.sessions import transaction
from lmsapp.exams import composing, printing
from lmsapp.exams import sitting as exam
from lmsapp.exams.layout import PURPOSES
from lmsapp.exams.models import Attempt, Mark, Question
from lmsapp.exams.papers import Frozen
from tests.exams import tenkinds
from tests.exams.test_sitting_views import Device
from tests.house import House, Worlds, address, rules

# What only the key knows: feedback, accepted answers, the rubric, the number in a gap.
CANARIES = ("FEEDBACK-CANARY", "ACCEPTED-CANARY", "RUBRIC-CANARY", "73911", "8000")
# What differs between two exams alike in everything but their keys: random names, tokens, moments.
CHANGING = re.compile(
    r'(csrf_token" value=|data-token=|data-served=)"[^"]*"|nonce-[\w-]+|nonce="[\w-]+"|\?v=\w+|"receipt":"\w+"|={15}\d+==|\d{4}-\d\d-\d\dT[\d:.+]+'
)


HER_OWN = {"exams.begin", "exams.hand_in", "exams.question", "exams.events", "exams.leave", "exams.bundle"}


def text_of_pdf(content: bytes) -> str:
    """What can be read in a PDF; the octets of a file that is none, as some stand in the worlds."""
    found = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=False)
    return content.decode("latin-1") if found.returncode else found.stdout.decode()


class Sat:
    """All that was served to a candidate from the first look to the hand-in and after."""

    def __init__(self, worlds: Worlds, folder: Path, right: int) -> None:
        shutil.copytree(worlds.folder, folder)
        self.house = House(folder)
        with transaction(self.house.opened.sessions) as session:
            cohort = session.scalars(select(Cohort).where(Cohort.code == worlds.things["own"]["code"])).one()
            bank = tenkinds.bank(session, right=right)
            self.sitting_id = tenkinds.hold(session, cohort, bank).id
            self.question_id = session.scalars(select(Question.id).where(Question.bank_id == bank.id)).first()
        self.things = worlds.things["own"]
        self.device = Device(self.house, "")
        self.browser: FlaskClient = self.device.browser
        self.bytes: list[str] = []
        self.exam = 0  # how many of them are her own exam's

    def get(self, path: str) -> str:
        """A page, kept."""
        return self.fetch(f"/en{path}")

    def fetch(self, path: str) -> str:
        """Whatever stands at an address, kept; of a PDF the text."""
        reply = self.browser.get(path, follow_redirects=True, buffered=True)
        text = text_of_pdf(reply.data) if reply.mimetype == "application/pdf" else reply.get_data(as_text=True)
        self.bytes += [path, f"{reply.status_code} {sorted(reply.headers.keys())}", str(len(text)), text]
        return text

    def walk(self) -> None:
        """Every address there is, as she may try it, in two languages; every script and style; every form of exams, sent empty."""
        things = self.things | dict.fromkeys(("attempt", "released", "paper"), self.device.code)
        things |= {"sitting_id": self.sitting_id, "question_id": self.question_id}
        for rule in sorted(rules(self.house.app), key=str):
            path = address(rule, things).replace("/tst-100", "/tenkinds" if "/banks/" in rule.rule else "/tst-100")
            for spoken in (path, path.replace("/en/", "/prs/", 1)) if "GET" in rule.methods else ():
                self.fetch(spoken)
            if "POST" in rule.methods and rule.endpoint.startswith("exams.") and rule.endpoint not in HER_OWN:
                self.keep(self.browser.post(path, data={"csrf_token": self.device.token}, buffered=True))
        for file in sorted(Path(str(self.house.app.static_folder)).glob("*.*")):
            self.fetch(f"/static/{file.name}")
        wrong = ((0, "q1", "x"), (99, "nowhere", "x"), (98, "q1", "\0"), (97, "q1", "y" * 70_000))
        for event in wrong:
            self.keep(self.device.events(event))
        for page in ("bundle", "leave", "events", "hand-in"):
            self.keep(self.device.post(page, b"{"))

    def mark(self) -> None:
        """The worker does its part; nothing is released."""
        registry = wiring.connect(self.house.opened)
        for _round in range(3):
            with self.house.opened.sessions() as session:
                waiting = session.scalars(select(Job.id).where(Job.state == "waiting").order_by(Job.id)).all()
            for number in waiting:
                registry.run(self.house.opened.sessions, number, at_once=True)
        with self.house.opened.sessions() as session:
            assert session.scalars(select(Attempt.state).where(Attempt.code == self.device.code)).one() == "marked"

    def letters_and_papers(self) -> None:
        """Mail that waits or was sent, and the same paper as it is printed."""
        with self.house.opened.sessions() as session:
            self.bytes += [f"{mail.subject}\n{mail.text}" for mail in session.scalars(select(Mail).order_by(Mail.id))]
            attempt = session.scalars(select(Attempt).where(Attempt.code == self.device.code)).one()
            facts = printing.facts(session, self.house.settings, attempt.id)
        for purpose in PURPOSES if pdf.available() else ():
            self.bytes.append(text_of_pdf(printing.rendered(facts, purpose, "normal")))
        for file in sorted(self.house.settings.outbox.rglob("*")):
            self.bytes.append(file.read_text(encoding="utf-8") if file.is_file() else "")

    def sit(self) -> None:
        """From the first look to the hand-in."""
        self.get("/")
        self.get(f"/exams/begin/{self.sitting_id}")
        data = {"csrf_token": self.device.token, "room_code": ""}
        begun = self.browser.post(f"/en/exams/begin/{self.sitting_id}", data=data)
        self.device.code = begun.headers["Location"].split("/exams/")[1].split("/")[0]
        with self.house.opened.sessions() as session:
            sheet = session.scalars(select(Attempt).where(Attempt.code == self.device.code)).one().paper.sheet
        for number, item in enumerate(sheet["items"], start=1):
            self.get(f"/exams/{self.device.code}/{number}")
            for option in item.get("options", [])[:3] if item["kind"] in ("single", "multiple", "true-false") else ():
                self.seq = getattr(self, "seq", 0) + 1
                self.keep(self.device.events((self.seq, item["item"], option["name"])))
        self.get(f"/exams/{self.device.code}/review")
        claimed = {"idempotency_key": "key-1", "device": "device-1", "last_seq": 0, "answers_hash": "0" * 64}
        self.keep(self.device.post("hand-in", claimed))
        self.browser.post(f"/en/exams/{self.device.code}/hand-in", data={"csrf_token": self.device.token})
        for path in (
            f"/exams/{self.device.code}/receipt",
            f"/exams/{self.device.code}/result",
            f"/exams/begin/{self.sitting_id}",
            "/",
        ):
            self.get(path)

    def keep(self, reply: object) -> None:
        self.bytes.append(f"{reply.status_code} {reply.get_data(as_text=True)}")  # type: ignore[attr-defined]


def both(worlds: Worlds, tmp_path: Path) -> list[Sat]:
    """Two exams alike in everything but what is right, sat in the same moment with the same dice."""
    with clock.held(clock.now()):
        found = [Sat(worlds, tmp_path / f"exam-{right}", right) for right in (0, 2)]
        for one in found:
            one.sit()
            one.exam = len(one.bytes)
    return found


@pytest.fixture
def same_dice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes and seeds come out the same in both exams."""
    monkeypatch.setattr(exam.secrets, "token_hex", lambda _octets=16: "5eed" * 8)
    monkeypatch.setattr(exam.secrets, "choice", lambda letters: letters[0])


@pytest.fixture
def exams(worlds: Worlds, tmp_path: Path, same_dice: None) -> Iterator[list[Sat]]:
    """All that is served from the enrolment until just before the release, with the marks already there."""
    with clock.held(clock.now()):
        found = both(worlds, tmp_path)
        for one in found:
            one.walk()
            one.mark()
            one.walk()
            one.letters_and_papers()
    yield found
    for one in found:
        one.house.close()


def marks_found(one: Sat) -> list[str]:
    """Marks of the key in what was served; bare numbers are looked for in her exam only."""
    served, her_exam = "\n".join(one.bytes), "\n".join(one.bytes[: one.exam])
    return [canary for canary in CANARIES if canary in (served if canary.endswith("CANARY") else her_exam)]


def compared(exams: list[Sat]) -> tuple[int, int]:
    """How many bytes of the two exams were compared, and how many replies differ."""
    first, second = ([CHANGING.sub("", part) for part in one.bytes] for one in exams)
    differing = sum(a != b for a, b in zip(first, second, strict=True))
    return sum(len(part.encode()) for part in first), differing


def test_nothing_that_is_served_before_the_release_says_or_depends_on_what_is_right(
    exams: list[Sat], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "متر طول" in "\n".join(exams[0].bytes)
    found, (octets, differing) = marks_found(exams[0]), compared(exams)
    facts = {"bytes": octets, "marks": len(CANARIES), "found": len(found)}
    with capsys.disabled():
        print(f"\n{json.dumps({'suite': 'S3 answer keys', **facts, 'differences': differing})}")
    assert found == []
    assert differing == 0
    keys, points = zip(*(right_and_points(one) for one in exams), strict=True)
    assert keys[0] != keys[1]
    assert points[0] != points[1], "the answers earn the same under both keys, so nothing could have shown"


def right_and_points(one: Sat) -> tuple[object, object]:
    with one.house.opened.sessions() as session:
        attempt = session.scalars(select(Attempt).where(Attempt.code == one.device.code)).one()
        mark = session.scalars(select(Mark).where(Mark.attempt_id == attempt.id)).one()
        key = next(key for key in attempt.paper.key.values() if key["question"] == one.question_id)
        return key["structure"]["right"], mark.points_numerator / mark.points_denominator


def test_a_paper_that_gives_its_key_away_is_found_out(
    worlds: Worlds, tmp_path: Path, same_dice: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = composing.paper

    def leaky(*args: Any, **more: Any) -> Frozen:
        frozen = honest(*args, **more)
        for item in frozen.sheet["items"]:
            item["stem"]["text"] += f" {frozen.key[item['item']]['structure']}"
        return frozen

    monkeypatch.setattr(composing, "paper", leaky)
    exams = both(worlds, tmp_path)
    assert marks_found(exams[0])
    assert compared(exams)[1] > 0
    for one in exams:
        one.house.close()
