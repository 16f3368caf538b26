"""The application standing on a copy of both worlds, and the addresses of their things."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from lmsapp import installation
from lmsapp.accounts.models import SignIn
from lmsapp.app import create_app
from lmsapp.core import clock, settings
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.web import limits
from lmsapp.web.login import TICKET, ticket_hash
from tests import cast

MISSING = {
    "number": "04820005", "membership_id": 987654, "code": "nothing-2026-01", "enrolment_id": 987654, "sitting_id": 987654,
    "attempt": "ZZZZZZZZZZ", "paper": "ZZZZZZZZZZ", "released": "ZZZZZZZZZZ", "serial": "NMC-2026-AC-99999-X", "job_id": 987654,
    "slug": "nothing", "draft_id": 987654, "question_id": 987654, "picture": "0" * 64, "agency": "nothing",
}  # fmt: skip
BY_PAPER = {"paper_file", "papers_file", "key_paper", "reconcile"}
BY_ATTEMPT = {
    "question",
    "events",
    "picture",
    "leave",
    "bundle",
    "wait_no_more",
    "review",
    "hand_in",
    "receipt",
    "attempt",
    "extend",
    "pause",
    "resume",
    "void",
    "note",
}


@dataclass(frozen=True)
class Worlds:
    """A data folder with both worlds, made once, and what addresses need of each."""

    folder: Path
    things: dict[str, dict[str, object]]


class House:
    """An application on its own copy of both worlds."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self.settings: Settings = settings.load(folder, {}, allow_drafts=True, database_url=database_url)
        self.opened = installation.opened(self.settings)
        self.app: Flask = create_app(self.settings)
        limits.limiter.enabled = False

    def browser(self, key: str) -> tuple[FlaskClient, str]:
        """A signed-in browser with its form token, of somebody who has chosen her own secret."""
        browser = self.app.test_client()
        if key != "anonymous":
            ticket, now = uuid.uuid4().hex, clock.now()
            with transaction(self.opened.sessions) as session:
                person = cast.person(session, key)
                person.must_choose_secret = False
                session.add(
                    SignIn(
                        ticket_hash=ticket_hash(ticket), person_id=person.id, begun_at=now,
                        fresh_at=now, seen_at=now, ends_at=now + timedelta(days=1),
                    )
                )  # fmt: skip
            with browser.session_transaction() as kept:
                kept[TICKET] = ticket
        page = browser.get("/en/verify").get_data(as_text=True)
        return browser, page.split('name="csrf_token" value="')[1].split('"')[0]

    def close(self) -> None:
        """Lets go of the files."""
        with self.app.app_context():
            if "writer" in self.app.extensions:
                self.app.extensions["writer"].stop()
            self.app.extensions["sqlalchemy"].engine.dispose()
        self.opened.engine.dispose()


def address(rule: Rule, things: dict[str, object], **instead: object) -> str:
    """The rule's address for one world's things, some arguments `instead` of its own."""
    name = rule.endpoint.split(".")[1] if "." in rule.endpoint else rule.endpoint
    area = rule.endpoint.split(".")[0]
    values: dict[str, object] = {
        "language": "en", "module": "1-first", "lesson": "1-signs", "token": "no-such-letter", "digest": "0" * 64, "bundle_id": 987654, "filename": "app.css", "number": things["number"],
    }  # fmt: skip
    if area == "exams":
        values |= {"number": 1, "code": things["attempt"] if name in BY_ATTEMPT else things["code"]}
        values["code"] = things["released"] if name in ("result", "points") else values["code"]
        values["code"] = "tst-100" if rule.rule.startswith("/<language:language>/banks/") else values["code"]
        values["digest"] = things["picture"]
        values |= {
            "question_id": things["question_id"],
            "version": 1,
            "correction_id": 987654,
            "item": "q1",
            "key": "law-0",
        }
        if name in BY_PAPER:
            values |= {"code": things["paper"], "purpose": "sheet", "size": "normal"}
        values |= {"kind": "single", "exam": "final"}
        values["code"] = "tst-100" if name == "exam" else values["code"]
    elif area == "engagements":
        values["country"] = "ge"
    elif area in ("materials", "printed"):
        values |= {"number": 1, "code": "en", "purpose": "screen", "page": 1, "name": things["slug"]}
    elif area == "catalogue":
        values["code"] = "tst-100"
    else:
        values["code"] = str(things["code"]).lower()
    values |= {
        k: things[k]
        for k in (
            "membership_id",
            "enrolment_id",
            "sitting_id",
            "serial",
            "job_id",
            "slug",
            "agency",
            "draft_id",
            "question_id",
        )
    }
    values |= instead
    path = rule.rule
    for argument in rule.arguments:
        for converter in (
            "language:",
            "int:",
            "path:",
            "any(press, screen):",
            "any(booklet, sheet):",
            "any(normal, large):",
            "",
        ):
            path = path.replace(f"<{converter}{argument}>", str(values[argument]))
    return path


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
