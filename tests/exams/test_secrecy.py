"""What a candidate is served before her results are released says nothing of what is right (checklist 20, S3)."""

import re
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock
from lmsapp.core.sessions import transaction
from lmsapp.exams import jobs
from lmsapp.exams import sitting as exam
from lmsapp.exams.models import Attempt
from tests.exams import tenkinds
from tests.exams.test_sitting_views import Device
from tests.house import House, Worlds

# What only the key knows: feedback, accepted answers, the rubric, the number in a gap.
CANARIES = ("FEEDBACK-CANARY", "ACCEPTED-CANARY", "RUBRIC-CANARY", "73911", "8000")
# What differs between two exams alike in everything but their keys: random names, tokens, moments.
CHANGING = re.compile(
    r'(csrf_token" value=|data-token=|data-served=)"[^"]*"|nonce-[\w-]+|\?v=\w+|"receipt":"\w+"|\d{4}-\d\d-\d\dT[\d:.+]+'
)


class Sat:
    """All that was served to a candidate from the first look to the hand-in and after."""

    def __init__(self, worlds: Worlds, folder: Path, right: int) -> None:
        shutil.copytree(worlds.folder, folder)
        self.house = House(folder)
        with transaction(self.house.opened.sessions) as session:
            cohort = session.scalars(select(Cohort).where(Cohort.code == worlds.things["own"]["code"])).one()
            self.sitting_id = tenkinds.hold(session, cohort, tenkinds.bank(session, right=right)).id
        self.device = Device(self.house, "")
        self.browser: FlaskClient = self.device.browser
        self.bytes: list[str] = []

    def get(self, path: str) -> str:
        """A page, kept."""
        reply = self.browser.get(f"/en{path}", follow_redirects=True)
        text = reply.get_data(as_text=True)
        self.bytes += [path, str(sorted(reply.headers.keys())), str(len(text)), text]
        return text

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


@pytest.fixture
def exams(worlds: Worlds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sat]:
    monkeypatch.setattr(exam.secrets, "token_hex", lambda _octets=16: "5eed" * 8)
    monkeypatch.setattr(exam.secrets, "choice", lambda letters: letters[0])
    with clock.held(clock.now()):
        found = [Sat(worlds, tmp_path / f"exam-{right}", right) for right in (0, 2)]
        for one in found:
            one.sit()
    yield found  # type: ignore[misc]
    for one in found:
        one.house.close()


def test_no_mark_of_the_key_is_in_anything_that_is_served(exams: list[Sat], capsys: pytest.CaptureFixture[str]) -> None:
    served = "\n".join(exams[0].bytes)
    assert "متر طول" in served
    found = [canary for canary in CANARIES if canary in served]
    with capsys.disabled():
        print(f"\ncanary: {len(served.encode())} bytes searched for {len(CANARIES)} marks, {len(found)} found")
    assert found == []


def test_two_exams_with_different_keys_look_the_same_to_the_byte(
    exams: list[Sat], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = ([CHANGING.sub("", part) for part in one.bytes] for one in exams)
    differing = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    with capsys.disabled():
        print(
            f"\npermuted key: {sum(len(part.encode()) for part in first)} bytes compared, {len(differing)} differences"
        )
    assert differing == []
    keys = []
    for one in exams:
        jobs.close_expired(one.house.opened.sessions)
        with one.house.opened.sessions() as session:
            attempt = session.scalars(select(Attempt).where(Attempt.code == one.device.code)).one()
            keys.append(
                next(key["structure"]["right"] for key in attempt.paper.key.values() if key["kind"] == "single")
            )
    assert keys[0] != keys[1]
