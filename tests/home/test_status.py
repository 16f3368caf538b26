"""The status page: what an administrator must know, said when it is wrong and when it is right."""

import shutil
from collections import namedtuple

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from lmsapp.cli import lmsapp
from lmsapp.core import jobs
from lmsapp.core.errors import Conflict
from lmsapp.core.jobs import Job, Registry
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.queues import run_all
from lmsapp.core.sessions import transaction
from tests.browsing import send, text_of
from tests.house import House

Disk = namedtuple("Disk", "total used free")  # noqa: PYI024 - as shutil's


def refuse(_run: jobs.Run) -> None:
    raise Conflict("The printer <b>burns</b>")


def test_a_stopped_job_is_shown_with_its_error_and_tried_again(house: House) -> None:
    registry = Registry()
    registry.add("books.print", refuse)
    with transaction(house.opened.sessions) as session:
        session.execute(Job.__table__.delete())
        jobs.enqueue(session, "books.print", {}, asked_by=None)
    run_all(house.opened.sessions, registry)
    browser, _token = house.browser("administrator")
    page = text_of(browser, "/prs/status")
    assert "The printer &lt;b&gt;burns" in page
    with house.opened.sessions() as session:
        number = session.scalars(select(Job.id).where(Job.state == "failed")).one()
    reply = send(browser, f"/en/jobs/{number}/resume", "/en/status", back="/en/status")
    assert reply.headers["Location"] == "/en/status"
    assert "1 waiting, 0 running" in text_of(browser, "/en/status")


def test_a_disk_nearly_full_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, _token = house.browser("administrator")
    for free, said in ((11, False), (9, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, free=free: Disk(100, 100 - free, free))
        assert ("Less than a tenth" in text_of(browser, "/en/status")) is said


def test_a_plain_local_network_is_said(house: House) -> None:
    browser, _token = house.browser("administrator")
    assert "plain local network" in text_of(browser, "/en/status")


def test_the_last_backup_is_said_or_that_there_is_none(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, _token = house.browser("administrator")
    assert "None was made on this server" in text_of(browser, "/en/status")
    monkeypatch.setenv("LMSAPP_DATA", str(house.settings.data))
    target = house.settings.data / "kept.tar"
    assert CliRunner().invoke(lmsapp, ["backup", str(target)]).exit_code == 0
    page = text_of(browser, "/en/status")
    assert str(target) in page and "None was made" not in page


def test_the_page_stands_in_every_language_and_in_the_administrator_s_navigation(house: House) -> None:
    browser, _token = house.browser("administrator")
    for language in LANGUAGES.values():
        page = text_of(browser, f"/{language.code}/status")
        assert f'lang="{language.tag}" dir="{language.direction}"' in page
        assert f'href="/{language.code}/status" aria-current="page"' in page
    manager, _token = house.browser("manager")
    assert manager.get("/en/status").status_code == 403
