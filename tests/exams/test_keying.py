"""Keying sheets: two people, neither seeing the other; differences decided by a person; the same marks as on screen."""

import random
import threading
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp import installation
from lmsapp.core import clock, settings
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict, Invalid, NotAllowed, NotFound
from lmsapp.core.sessions import transaction, writing
from lmsapp.exams import booklets, keyed, keying, marking, marks, papers, printing, questions, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.keying import TIME, Decided
from lmsapp.exams.models import AnswerEvent, Attempt, AttemptEvent, KeyedSheet, Submission
from tests import cast as casting
from tests import world
from tests.exams.kinds import candidates

ZONE = "Asia/Baku"
Cast = dict[str, casting.Member]


@pytest.fixture
def things(session: Session, tmp_path: Path) -> dict[str, object]:
    """The first world."""
    return world.build(session, settings.load(tmp_path / "keys-folder", {}))["own"]


@pytest.fixture
def paper(session: Session, things: dict[str, object]) -> Attempt:
    """A paper of all ten kinds in Dari, prepared for a sitting that has begun."""
    return all_kinds(session, attempt_of(session, things["paper"]), "prs", "a seed")


def attempt_of(session: Session, code: object) -> Attempt:
    return session.scalars(select(Attempt).where(Attempt.code == code)).one()


def all_kinds(session: Session, attempt: Attempt, language: str, seed: str) -> Attempt:
    """Puts a paper of all kinds into an attempt, as if it had been drawn."""
    frozen = papers.freeze(candidates(language), seed, language)
    attempt.language = language
    attempt.paper.sheet, attempt.paper.shapes, attempt.paper.key = frozen.sheet, frozen.shapes, frozen.key
    attempt.paper.digest = frozen.digest
    session.flush()
    return attempt


def on_time(attempt: Attempt) -> str:
    return (attempt.sitting.opens_at + timedelta(minutes=6)).astimezone(ZoneInfo(ZONE)).strftime("%H:%M")


def right(attempt: Attempt) -> dict[str, str]:
    """What a candidate writes who knows everything, as values of answers."""
    found = {}
    for item, key in attempt.paper.key.items():
        rule = key["structure"]
        found[item] = {
            "single": lambda r: r["right"][0], "true-false": lambda r: r["right"][0], "multiple": lambda r: " ".join(r["right"]),
            "matching": lambda r: " ".join(f"{p}={c}" for p, c in r["pairs"].items()), "ordering": lambda r: " ".join(r["options"]),
            "numeric": lambda r: r["answer"], "short-text": lambda r: r["accepted"][0], "hotspot": lambda r: " ".join(h[0] for h in r["hazards"]),
            "cloze": lambda r: questions.in_gaps({g: (s.get("right") or [s.get("answer")] if "accepted" not in s else s["accepted"])[0] for g, s in r["gaps"].items()}),
            "written": lambda _r: "what, where, when, who",
        }[key["kind"]](rule)  # fmt: skip
    return found


def typed_from(attempt: Attempt, answers: dict[str, str], *, latin: bool = False) -> dict[str, str]:
    """What is typed from a sheet that carries these answers, in the letters of the paper or in Latin ones."""
    script = "latin" if latin else {"prs": "arabic", "ka": "georgian"}.get(attempt.language, "latin")
    found = {}
    for row in keying.rows_of(attempt):
        value = answers.get(row.item, "")
        if row.gap:
            value = (questions.gaps(value) or {}).get(row.gap, "")
        found[row.field] = booklets.lettered(row, value, booklets.letters(script)) if value else "-"
    return found


def key(
    session: Session, member: casting.Member, attempt: Attempt, typed: dict[str, str], time: str = ""
) -> KeyedSheet:
    return keying.key(session, member.actor, attempt, typed, time or on_time(attempt), "", ZONE)


# ---------- the same marks as on screen ----------


@pytest.mark.parametrize("language", ["prs", "ka"])
@pytest.mark.parametrize("seed", range(4))
def test_a_paper_earns_exactly_what_the_same_answers_earn_on_screen(
    session: Session, things: dict[str, object], cast: Cast, language: str, seed: int
) -> None:
    on_screen = all_kinds(session, attempt_of(session, things["attempt"]), language, f"seed {seed}")
    on_paper = all_kinds(session, attempt_of(session, things["paper"]), language, f"seed {seed}")
    answers = {
        item: _spoiled(on_screen, item, value, random.Random(f"{seed} {item}"))
        for item, value in right(on_screen).items()
    }
    answers = {item: value for item, value in answers.items() if value} if seed else right(on_screen)
    events = [Given(seq, item, value) for seq, (item, value) in enumerate(answers.items(), start=1)]
    saving.save(session.connection(), on_screen.code, on_screen.person_id, Batch("device-1", tuple(events)))
    sitting.hand_in(session, Actor(person_id=on_screen.person_id), on_screen, "once")

    key(session, cast["instructor"], on_paper, typed_from(on_paper, answers))
    key(session, cast["assessor"], on_paper, typed_from(on_paper, answers, latin=True))
    assert on_paper.state == "submitted"

    judged = {item: marks.Fraction(3) for item, key_ in on_screen.paper.key.items() if key_["kind"] == "written"}
    outcomes = [
        marks.mark(marking.key_of(one), sitting.answers_of(session, one.id), 80, judged)
        for one in (on_screen, on_paper)
    ]
    assert outcomes[0] == outcomes[1]
    assert seed or outcomes[0].percent == 95, "who writes everything rightly has all but a point of the written one"
    assert sitting.answers_of(session, on_screen.id).keys() == sitting.answers_of(session, on_paper.id).keys()
    assert marking.mark(session, on_paper) is None, "the written answer waits for a marker, as on the screen"


def _spoiled(attempt: Attempt, item: str, value: str, chance: random.Random) -> str:
    """An answer somebody else might have given: right, half right, wrong, or none."""
    shape = attempt.paper.shapes[item]
    kind, fate = shape["kind"], chance.choice(["right", "other", "none", "other"])
    if fate == "right" or kind == "written":
        return value
    if fate == "none":
        return ""
    if kind in ("single", "true-false"):
        return chance.choice(shape["options"])
    if kind == "multiple":
        return " ".join(sorted(chance.sample(shape["options"], chance.randint(1, 4))))
    if kind == "matching":
        return " ".join(f"{p}={chance.choice(shape['choices'])}" for p in shape["prompts"][:2])
    if kind == "ordering":
        mixed = chance.sample(shape["options"], len(shape["options"]))
        return " ".join([*mixed[:-1], questions.NOTHING])
    if kind == "hotspot":
        return " ".join(chance.sample(questions.squares(8, 6), chance.randint(1, 2)))
    if kind == "cloze":
        return questions.in_gaps({"1": chance.choice(shape["gaps"]["1"]), "2": str(chance.randint(19, 21)), "3": "۱۰۲"})
    return {"numeric": "1000006", "short-text": "something else"}[kind]


def test_answers_come_in_as_events_of_a_paper_device_under_the_time_on_the_paper(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    over = paper.deadline_at
    for who in ("instructor", "assessor"):
        key(session, cast[who], paper, typed_from(paper, right(paper)))
    events = session.scalars(select(AnswerEvent).where(AnswerEvent.attempt_id == paper.id)).all()
    assert {event.device for event in events} == {f"paper-{paper.code}"} and len(events) == 10
    assert not any(event.late or event.evidence for event in events)
    kept = session.get_one(Submission, paper.id)
    assert kept.submitted_at.astimezone(ZoneInfo(ZONE)).strftime("%H:%M") == on_time(paper)
    assert (kept.answered, kept.by_expiry, paper.deadline_at) == (10, False, over)
    steps = session.execute(select(AttemptEvent.before, AttemptEvent.after).where(AttemptEvent.attempt_id == paper.id))
    assert [tuple(step) for step in steps] == [(None, "prepared"), ("prepared", "open"), ("open", "submitted")]


def test_what_is_written_in_the_booklet_waits_for_a_marker_who_is_told_where_it_stands(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    typed = typed_from(paper, right(paper)) | {written(paper): "+"}
    for who in ("instructor", "assessor"):
        key(session, cast[who], paper, typed)
    answer = sitting.answers_of(session, paper.id)[written(paper)]
    assert booklets.grouped(paper.code) in answer and "+" not in answer
    assert marks.mark(marking.key_of(paper), sitting.answers_of(session, paper.id), 80).waiting == (written(paper),)


def written(attempt: Attempt) -> str:
    return next(item["item"] for item in attempt.paper.sheet["items"] if item["kind"] == "written")


def of_kind(attempt: Attempt, kind: str) -> str:
    return next(item["item"] for item in attempt.paper.sheet["items"] if item["kind"] == kind)


# ---------- two people ----------


def test_nobody_keys_the_same_sheet_twice(session: Session, paper: Attempt, cast: Cast) -> None:
    typed = typed_from(paper, right(paper))
    key(session, cast["instructor"], paper, typed)
    with pytest.raises(Conflict, match="Another person"):
        key(session, cast["instructor"], paper, typed)
    key(session, cast["assessor"], paper, typed)
    with pytest.raises(Conflict, match="handed in"):
        key(session, cast["manager"], paper, typed)


def test_a_third_keying_is_refused_while_differences_wait(session: Session, paper: Attempt, cast: Cast) -> None:
    key(session, cast["instructor"], paper, typed_from(paper, right(paper)))
    key(session, cast["assessor"], paper, typed_from(paper, {}))
    assert paper.state == "prepared"
    with pytest.raises(Conflict, match="twice already"):
        key(session, cast["manager"], paper, typed_from(paper, right(paper)))


def test_only_those_of_the_cohort_key_and_only_after_the_exam_began(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    for who in ("other_instructor", "trainee", "auditor", "partner", "anonymous"):
        with pytest.raises(NotAllowed):
            key(session, cast[who], paper, {})
    paper.sitting.opens_at = clock.now() + timedelta(minutes=10)
    with pytest.raises(Conflict, match="not begun"):
        key(session, cast["instructor"], paper, typed_from(paper, right(paper)))


def test_garbage_is_refused_row_by_row_and_nothing_is_kept(session: Session, paper: Attempt, cast: Cast) -> None:
    chance = random.Random(4)
    for _ in range(200):
        typed = {
            row.field: "".join(chance.choices('aز9?-\x00=["', k=chance.randint(0, 5))) for row in keying.rows_of(paper)
        }
        typed |= {"q1": "zz"}
        with pytest.raises(Invalid) as problem:
            key(session, cast["instructor"], paper, typed, time="25:00")
        assert {"q1", TIME} <= set(problem.value.fields) <= {row.field for row in keying.rows_of(paper)} | {TIME}
    assert keying.sheets_of(session, paper) == []


@pytest.mark.parametrize("time", ["", "10", "10:5", "24:00", "aa:bb", "1000:00", "10:60", "٪", "*"])
def test_a_time_that_is_none_is_refused(session: Session, paper: Attempt, cast: Cast, time: str) -> None:
    with pytest.raises(Invalid) as problem:
        keying.key(session, cast["instructor"].actor, paper, typed_from(paper, right(paper)), time, "", ZONE)
    assert list(problem.value.fields) == [TIME]


def test_three_people_at_once_leave_two_sheets(template: Path, tmp_path: Path) -> None:
    _race(installation.opened(settings.load(tmp_path / "race", {}, allow_drafts=True)), tmp_path, fresh=True)


@pytest.mark.postgres
def test_three_people_at_once_leave_two_sheets_on_postgresql(postgres_database: str, tmp_path: Path) -> None:
    _race(
        installation.opened(settings.load(tmp_path / "race", {}, database_url=postgres_database, allow_drafts=True)),
        tmp_path,
    )


def _race(opened: installation.Installation, tmp_path: Path, *, fresh: bool = False) -> None:
    with transaction(opened.sessions) as session:
        if fresh:
            casting.assemble(session)
        code = world.build(session, settings.load(tmp_path / "keys-folder", {}))["own"]["paper"]
        all_kinds(session, attempt_of(session, code), "ka", "a seed")
    outcomes: list[str] = []
    barrier = threading.Barrier(3)

    def one(who: str) -> None:
        with writing(), opened.sessions() as session:
            member = casting.members(session)[who]
            session.rollback()
            barrier.wait()
            try:
                found = keying.paper(session, member.actor, str(code))
                key(session, member, found, typed_from(found, {"q1": "o1"} if found.paper.key else {}))
                session.commit()
                outcomes.append("kept")
            except Conflict:
                session.rollback()
                outcomes.append("refused")

    threads = [threading.Thread(target=one, args=(who,)) for who in ("instructor", "assessor", "manager")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["kept", "kept", "refused"]
    with opened.sessions() as session:
        attempt = attempt_of(session, code)
        assert attempt.state == "submitted" and len(keying.sheets_of(session, attempt)) == 2
        assert session.get(Submission, attempt.id) is not None
    opened.engine.dispose()


# ---------- deciding ----------


def test_only_what_differs_is_decided_and_each_decision_has_its_reason(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    true = right(paper)
    wrong = dict(true)
    single, number = of_kind(paper, "single"), of_kind(paper, "numeric")
    wrong[single] = next(name for name in paper.paper.shapes[single]["options"] if name != true[single])
    wrong[number] = "7"
    key(session, cast["instructor"], paper, typed_from(paper, true))
    key(session, cast["assessor"], paper, typed_from(paper, wrong))
    found = keying.differences(session, paper, ZONE)
    assert [one.field for one in found] == [row.field for row in keying.rows_of(paper) if row.field in (single, number)]
    one = {single: Decided("first", "", "the sheet says so")}
    with pytest.raises(Invalid) as problem:
        keying.decide(session, cast["manager"].actor, paper, one, "", ZONE)
    assert set(problem.value.fields) == {number}
    with pytest.raises(Invalid) as problem:
        keying.decide(session, cast["manager"].actor, paper, one | {number: Decided("other", "۸", " ")}, "", ZONE)
    assert set(problem.value.fields) == {number}
    kept = keying.decide(
        session, cast["manager"].actor, paper, one | {number: Decided("other", "۸", "an eight")}, "", ZONE
    )
    assert (
        kept.rows[number] == {"reading": ["read", "8"], "reason": "an eight"}
        and kept.decided_by == cast["manager"].person_id
    )
    assert sitting.answers_of(session, paper.id)[number] == "8" and paper.state == "submitted"
    with pytest.raises(Conflict, match="nothing to decide"):
        keying.decide(session, cast["manager"].actor, paper, {}, "", ZONE)


def test_what_both_find_doubtful_waits_for_a_person_and_is_not_guessed(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    single, cloze = of_kind(paper, "single"), of_kind(paper, "cloze")
    typed = typed_from(paper, right(paper)) | {single: "*", f"{cloze}.1": "?"}
    for who in ("instructor", "assessor"):
        key(session, cast[who], paper, typed)
    assert paper.state == "prepared" and sitting.answers_of(session, paper.id) == {}
    found = keying.differences(session, paper, ZONE)
    assert {one.field for one in found} == {single, f"{cloze}.1"} and all(one.same for one in found)
    for choice in (Decided("first", "", "so"), Decided("other", "*", "so"), Decided("", "", "")):
        with pytest.raises(Invalid):
            keying.decide(
                session, cast["assessor"].actor, paper, dict.fromkeys((single, f"{cloze}.1"), choice), "", ZONE
            )
    counts = {
        single: Decided("other", "-", "two marks, none crossed out"),
        f"{cloze}.1": Decided("other", "الف", "held against the light"),
    }
    keying.decide(session, cast["assessor"].actor, paper, counts, "", ZONE)
    answers = sitting.answers_of(session, paper.id)
    assert single not in answers and (questions.gaps(answers[cloze]) or {})["1"] == "o1"


def test_a_paper_handed_in_too_late_or_without_a_time_is_held_for_a_person(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    late = (paper.deadline_at + timedelta(minutes=3)).astimezone(ZoneInfo(ZONE))
    typed = typed_from(paper, right(paper))
    with clock.held(paper.deadline_at + timedelta(hours=3)):
        for who in ("instructor", "assessor"):
            keying.key(session, cast[who].actor, paper, typed, late.strftime("%H:%M"), late.date().isoformat(), ZONE)
        assert [(one.field, one.same) for one in keying.differences(session, paper, ZONE)] == [(TIME, True)]
        for answer in (Decided("other", "-", "so"), Decided("first", "", "")):
            with pytest.raises(Invalid):
                keying.decide(session, cast["manager"].actor, paper, {TIME: answer}, "", ZONE)
        decided = {TIME: Decided("first", "", "The invigilator began three minutes late.")}
        keying.decide(session, cast["manager"].actor, paper, decided, "", ZONE)
    assert len(sitting.answers_of(session, paper.id)) == 10
    assert session.get_one(Submission, paper.id).submitted_at == late.replace(second=0, microsecond=0)


# ---------- finding ----------


def test_a_sheet_is_found_by_its_code_and_only_with_its_own_digest(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    me = cast["instructor"].actor
    spoken = f"{paper.code[:5].lower()} {paper.code[5:]}"
    assert (
        keying.find(session, me, spoken).id
        == keying.find(session, me, f"{paper.code}.{paper.paper.digest[:8].upper()}").id
        == paper.id
    )
    with pytest.raises(Conflict, match="not printed from"):
        keying.find(session, me, f"{paper.code}.00000000")
    for other in ("", "ZZZZZZZZZZ", "'; drop table paper; --", "x" * 5000):
        with pytest.raises(NotFound):
            keying.find(session, me, other)
    with pytest.raises(NotFound):
        keying.find(session, cast["other_instructor"].actor, paper.code)


def test_the_second_person_is_not_shown_what_the_first_typed_and_both_see_what_waits(
    session: Session, paper: Attempt, cast: Cast
) -> None:
    key(session, cast["instructor"], paper, typed_from(paper, right(paper)))
    first, second = (
        next(w for w in keying.waiting(session, cast[who].actor) if w.attempt.id == paper.id)
        for who in ("instructor", "assessor")
    )
    assert (first.keyed, first.by_me, second.keyed, second.by_me) == (1, True, 1, False)
    assert keying.differences(session, paper, ZONE) == []
    assert keying.waiting(session, cast["other_instructor"].actor) != keying.waiting(session, cast["instructor"].actor)


def test_no_reading_of_keying_touches_the_key(session: Session, paper: Attempt, cast: Cast) -> None:
    session.expunge_all()
    found = keying.paper(session, cast["instructor"].actor, paper.code)
    key(session, cast["instructor"], found, {row.field: "-" for row in keying.rows_of(found)})
    assert "key" not in found.paper.__dict__
    assert keyed.State.BLANK in {reading[0] for reading in keying.sheets_of(session, found)[0].rows.values()}
    assert printing.seats(session, found.sitting)[0].keyed == 1
