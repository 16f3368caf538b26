"""E14: what a thousand times the attempts and the trainees make dearer: the same acts in a young house and in an old one."""

import gc
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import func, select

from lmsapp.accounts import queries as accounts
from lmsapp.accounts import registering
from lmsapp.accounts.numbers import number_of
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import Role
from lmsapp.bench import filling, whole
from lmsapp.bench import school as schools
from lmsapp.bench.candidates import any_answer
from lmsapp.bench.measuring import Cost, Row, in_turn, timed
from lmsapp.bench.school import School
from lmsapp.catalogue.models import Course, Edition
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import clock, jobs, settings
from lmsapp.core.access import KEEPER, Actor
from lmsapp.core.sessions import transaction
from lmsapp.exams import analysing, composing, sitting
from lmsapp.exams.models import Attempt, Bank, Exam, Mark, Sitting

YOUNG, OLD = 1_000, 1_000_000  # attempts
TIMES = 10
BANK = "maf-101"
Act = Callable[[], object]


def run(folder: Path, repeat: int, seed: int, young: int = YOUNG, old: int = OLD) -> Iterator[Row]:
    """Each act in the old house beside the same act in the young one."""
    aged, fresh = (_house(folder, seed, size) for size in (old, young))
    try:
        yield _analysis(aged, fresh, repeat)
        acts, limits = _acts(aged), _acts(fresh)
        gc.freeze()  # as the server does
        for name, act in acts.items():
            facts = {"statements": _statements(aged, act), "statements_when_young": _statements(fresh, limits[name])}
            mine, limit = in_turn(_timed(act), _timed(limits[name]), repeat)
            yield Row("grow", f"{name} (E14)", "CPU ms", mine, f"after {young:,} attempts", limit, facts)
    finally:
        for house in (aged, fresh):
            house.close()
            shutil.rmtree(house.opened.settings.data)


def _house(folder: Path, seed: int, size: int) -> School:
    """The same school of today after so many attempts of former trainees."""
    new, place = folder / "new", folder / f"after-{size}"
    if not new.exists():
        made = schools.build(new, seed, cohorts=1)
        with transaction(made.opened.sessions) as session:
            registering.register(session, KEEPER, NewPerson("Auditor", "en"), accounts.centre(session), Role.AUDITOR)
        made.close()
    shutil.copytree(new, place)
    filling.fill(settings.load(place, {}).database_url, size, seed)
    return schools.reopened(place)


def _acts(house: School) -> dict[str, Act]:
    """What is measured, by name: an answer, pages, and what the worker looks for every few seconds."""
    house.count_statements()
    with house.opened.sessions() as session:
        latest = select(Cohort).join(Edition).join(Course).where(Course.code == "MAF-101", Cohort.state == "closed")
        cohort = session.scalars(latest.order_by(Cohort.id.desc())).first() or Cohort()
        former = session.scalar(select(func.max(Enrolment.person_id)).where(Enrolment.cohort_id == cohort.id))
    place = f"/en/cohorts/{cohort.code.lower()}"
    pages = {
        Role.TRAINEE: {"trainee's first page": "/prs/"},
        Role.MANAGER: {
            "manager's first page": "/en/",
            "cohort page": place,
            "exams of a cohort": f"{place}/exams",
            "cohorts": "/en/cohorts",
            "people": "/en/people",
            "people, last page": "/en/people?page=9999999",
            "people, found by number": f"/en/people?q={number_of(1)}",
            "people, found by name": "/en/people?q=anna",
            "certificates": "/en/certificates",
            "item analysis": "/en/banks/maf-101/analysis",
        },
        Role.AUDITOR: {"log of acts": "/en/log", "log of acts, its beginning": "/en/log?after=51"},
    }
    acts: dict[str, Act] = {"answer": _answering(house)}
    for role, places in pages.items():
        browser = house.browser(former if role == Role.TRAINEE else house.person_with(role).id)
        acts |= {name: lambda path=path, browser=browser: _read(browser, path) for name, path in places.items()}  # type: ignore[misc]
    return acts | {"worker's look for what is due": lambda: _look(house)}


def _read(browser: FlaskClient, path: str) -> None:
    if (reply := browser.get(path)).status_code != 200:
        raise RuntimeError(f"{path} answers {reply.status_code}")


def _answering(house: School) -> Act:
    """One answer after the other of somebody who sits an exam today."""
    now = clock.now()
    with transaction(house.opened.sessions) as session:
        cohort = session.scalars(select(Cohort).where(Cohort.state == "running")).one()
        held = composing.hold(session, KEEPER, cohort, now, now + timedelta(hours=8))
        enrolled = session.scalars(select(Enrolment.person_id).where(Enrolment.cohort_id == cohort.id)).first()
        attempt = sitting.begin(session, Actor(person_id=enrolled), held, drafts_allowed=True)
        code, shapes = attempt.code, attempt.paper.shapes
    browser, numbers, chance = house.browser(enrolled), count(1), random.Random(code)  # noqa: S311 - the same answers every time
    token = whole.token_on(browser, f"/en/exams/{code}")

    def answer() -> None:
        item = chance.choice(sorted(shapes))
        event = {"seq": next(numbers), "item": item, "value": any_answer(shapes[item], chance), "at": "", "mono": 0}
        whole.send(browser, token, f"/en/exams/{code}/events", {"device": "bench-1", "epoch": 0, "events": [event]})

    return answer


def _look(house: School) -> None:
    with house.opened.sessions() as session:
        jobs.left_behind(session)
        sitting.due(session)


def _timed(act: Act) -> Callable[[], Cost]:
    return lambda: timed(act, TIMES)


def _statements(house: School, act: Act) -> int:
    act()
    house.statements = 0
    act()
    return house.statements


def _analysis(aged: School, fresh: School, repeat: int) -> Row:
    """The job that counts all answers to the questions of one bank anew; the cost of a million answers."""
    mine, limit = in_turn(partial(_count_anew, aged), partial(_count_anew, fresh), repeat)
    facts = {"answers": _answers(aged), "wall_ms": round(mine.wall)}
    return Row("grow", "item analysis, 10⁶ answers", "CPU ms", mine, f"among {_answers(fresh):,}", limit, facts)


def _answers(house: School) -> int:
    with house.opened.sessions() as session:
        of_bank = select(func.count(Mark.id)).join(Attempt).join(Sitting).join(Exam).join(Bank)
        return (session.scalar(of_bank.where(Bank.code == BANK)) or 0) * filling.ITEMS


def _count_anew(house: School) -> Cost:
    with transaction(house.opened.sessions) as session:
        exams = session.scalars(select(Exam.id).join(Bank).where(Bank.code == BANK)).all()
        one = timed(lambda: analysing.count_anew(session, exams), 1)
    millions = _answers(house) / 1_000_000
    return Cost(one.cpu / millions, one.wall / millions)
