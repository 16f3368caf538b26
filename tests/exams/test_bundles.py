"""Offline bundles: taken in if and only if whole, ours, in time and from their device; else held, never dropped (R17)."""

import copy
import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.core import clock
from lmsapp.core.access import Actor
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.signing import KeyRing
from lmsapp.exams import bundles, collecting, invigilating, saving, sitting
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.bundles import Doubt
from lmsapp.exams.models import AnswerEvent, Attempt, Bundle, Submission

Content = dict[str, Any]
MINUTE = timedelta(minutes=1)


class Tablet:
    """A device that has leave to answer without the server."""

    def __init__(self, name: str = "tablet-1") -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()

    def sign(self, text: str) -> str:
        r, s = decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(SHA256())))
        return (r.to_bytes(32) + s.to_bytes(32)).hex()

    def bundle(self, leave: Content, *answers: tuple[str, str], step: int = 60_000, code: str = "") -> Content:
        """A whole bundle: an answer a minute."""
        link, events = bundles.first_hash(leave["grant"]), []
        for seq, (item, value) in enumerate(answers, start=1):
            given = Given(seq, item, value, "some time")
            link = bundles.link_of(link, given, seq * step)
            event = {"seq": seq, "item": item, "value": value, "offset": seq * step, "at": "some time"}
            events.append(event | {"signature": self.sign(link)})
        kept = {item: value for item, value in dict(answers).items() if value}
        end = {
            "count": len(events),
            "offset": len(events) * step + 1,
            "answers_hash": sitting.answers_hash(kept),
            "code": code,
        }
        end["signature"] = self.sign(bundles.end_of(link, end))
        return {"format": bundles.FORMAT, **leave, "events": events, "end": end}


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing.load_or_create(tmp_path / "keys")


@pytest.fixture
def tablet() -> Tablet:
    return Tablet()


def give(session: Session, attempt: Attempt, tablet: Tablet, ring: KeyRing) -> Content:
    """The device begins, asks for leave and is given it."""
    attempt.sitting.exam.offline = True
    session.flush()
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch(tablet.name, (), take_over=True))
    made = collecting.grant(session, Actor(person_id=attempt.person_id), attempt, tablet.name, tablet.public, ring)
    return {"grant": made.content, "key": made.key_id, "signature": made.signature}


def options(attempt: Attempt) -> list[tuple[str, list[str]]]:
    return [(i["item"], [o["name"] for o in i["options"]]) for i in attempt.paper.sheet["items"] if "options" in i]


@pytest.fixture
def whole(session: Session, attempt: Attempt, tablet: Tablet, ring: KeyRing) -> Content:
    leave = give(session, attempt, tablet, ring)
    (first, names), (second, others) = options(attempt)[:2]
    return tablet.bundle(leave, (first, names[0]), (second, others[0]), (first, names[1]))


@pytest.fixture
def send(session: Session, attempt: Attempt, ring: KeyRing, cast: dict[str, Any]) -> Callable[..., Bundle]:
    """Hands a bundle to the instructor ten minutes after the exam began."""

    def sent(content: Content | bytes, after: timedelta = 10 * MINUTE) -> Bundle:
        octets = content if isinstance(content, bytes) else json.dumps(content).encode()
        with clock.held(attempt.started_at + after):
            return collecting.collect(session, cast["instructor"].actor, attempt.sitting, octets, ring)

    return sent


def test_a_whole_bundle_is_taken_in_once_and_handed_in(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle]
) -> None:
    made = send(whole)
    assert (made.state, made.doubts) == ("taken", [])
    assert sitting.answers_of(session, attempt.id) == {e["item"]: e["value"] for e in whole["events"]}
    assert session.get_one(Submission, attempt.id).answers_hash == whole["end"]["answers_hash"]
    assert send(whole) is made
    assert session.scalar(select(func.count()).where(AnswerEvent.attempt_id == attempt.id)) == 3
    again = send(whole | {"more": "spaces"})
    assert (again.state, again.doubts) == ("held", [Doubt.CLOSED])


def test_what_the_server_had_already_is_not_taken_in_twice(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle]
) -> None:
    first = whole["events"][0]
    saving.save(
        session.connection(),
        attempt.code,
        attempt.person_id,
        Batch("tablet-1", (Given(1, first["item"], first["value"]),)),
    )
    assert send(whole).state == "taken"
    assert session.scalar(select(func.count()).where(AnswerEvent.attempt_id == attempt.id)) == 3


def test_an_attempt_whose_bundle_is_waited_for_is_not_closed_by_expiry(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle]
) -> None:
    with clock.held(attempt.deadline_at + timedelta(hours=3)):
        assert attempt.id not in sitting.due(session)
    assert send(whole, timedelta(days=2)).state == "taken"


def test_staff_can_close_an_attempt_without_waiting_for_its_bundle(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle], cast: dict[str, Any]
) -> None:
    instructor = cast["instructor"].actor
    assert list(collecting.awaited(session, instructor, attempt.sitting)) == [attempt]
    with pytest.raises(Conflict):
        collecting.wait_no_more(session, instructor, attempt)
    with clock.held(attempt.deadline_at + timedelta(hours=3)):
        collecting.wait_no_more(session, instructor, attempt)
    assert send(whole, timedelta(hours=4)).doubts == [Doubt.CLOSED]


def altered(change: Callable[[Content], object]) -> Callable[[Content], Content]:
    def make(content: Content) -> Content:
        made = copy.deepcopy(content)
        change(made)
        return made

    return make


ATTACKS: dict[str, tuple[Callable[[Content], object], Doubt]] = {
    "a changed answer": (lambda b: b["events"][1].update(value=b["events"][1]["value"] + "x"), Doubt.SIGNATURE),
    "an earlier time": (lambda b: b["events"][2].update(offset=90_000), Doubt.SIGNATURE),
    "the tail cut": (lambda b: b["events"].pop(), Doubt.END),
    "the tail cut and counted": (lambda b: (b["events"].pop(), b["end"].update(count=2)), Doubt.END),
    "the middle cut": (lambda b: b["events"].pop(1), Doubt.CHAIN),
    "two swapped": (lambda b: b["events"].insert(0, b["events"].pop(1)), Doubt.CHAIN),
    "one repeated": (lambda b: b["events"].insert(1, b["events"][0]), Doubt.CHAIN),
    "more time granted": (lambda b: b["grant"].update(seconds=999_999), Doubt.GRANT),
    "another paper": (lambda b: b["grant"].update(paper="0" * 64), Doubt.PAPER),
    "another key": (lambda b: b.update(key="ffffffff"), Doubt.GRANT),
    "no signature": (lambda b: b.update(signature=""), Doubt.GRANT),
    "a signature that is none": (lambda b: b["events"][0].update(signature="zz"), Doubt.SIGNATURE),
    "another sum": (lambda b: b["end"].update(answers_hash="0" * 64), Doubt.END),
    "another closing code": (lambda b: b["end"].update(code="4711"), Doubt.END),
    "another attempt": (lambda b: b["grant"].update(attempt="ZZZZZZZZZZ"), Doubt.FOREIGN),
    "another device": (lambda b: b["grant"].update(device="tablet-2"), Doubt.FOREIGN),
    "no end": (lambda b: b.pop("end"), Doubt.UNREADABLE),
    "no grant": (lambda b: b.update(grant=[]), Doubt.UNREADABLE),
    "a wrong form": (lambda b: b["events"][0].update(seq="1"), Doubt.UNREADABLE),
    "another format": (lambda b: b.update(format="x"), Doubt.UNREADABLE),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_an_altered_bundle_is_held_and_says_why(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle], attack: str
) -> None:
    change, doubt = ATTACKS[attack]
    made = send(altered(change)(whole))
    assert made.state == "held"
    assert doubt in made.doubts
    assert sitting.answers_of(session, attempt.id) == {}
    assert session.get(Submission, attempt.id) is None
    assert send(whole).state == "taken"


def test_a_bundle_that_took_too_long_or_claims_more_time_than_has_passed_is_held(
    session: Session, attempt: Attempt, tablet: Tablet, ring: KeyRing, send: Callable[..., Bundle]
) -> None:
    leave = give(session, attempt, tablet, ring)
    item, names = options(attempt)[0]
    for step, after, doubt in (
        (3_600_000, timedelta(days=1), Doubt.TOO_LONG),
        (1_200_000, 10 * MINUTE, Doubt.BACK_DATED),
        (60_000, timedelta(days=60), Doubt.EXPIRED),
    ):
        assert send(tablet.bundle(leave, (item, names[0]), step=step), after).doubts == [doubt]


def test_offsets_that_go_backwards_are_held_though_signed(
    session: Session, attempt: Attempt, tablet: Tablet, ring: KeyRing, send: Callable[..., Bundle]
) -> None:
    leave = give(session, attempt, tablet, ring)
    item, names = options(attempt)[0]
    made = tablet.bundle(leave, (item, names[0]), (item, names[1]), step=-1)
    for event in made["events"]:
        event["offset"] = 3 - event["seq"]
    link = bundles.first_hash(leave["grant"])
    for event in made["events"]:
        link = bundles.link_of(link, Given(event["seq"], event["item"], event["value"], event["at"]), event["offset"])
        event["signature"] = tablet.sign(link)
    made["end"]["offset"] = 5
    made["end"]["signature"] = tablet.sign(bundles.end_of(link, made["end"]))
    assert send(made).doubts == [Doubt.ORDER]


def test_a_bundle_without_the_code_that_was_read_out_is_held(
    session: Session,
    attempt: Attempt,
    tablet: Tablet,
    ring: KeyRing,
    send: Callable[..., Bundle],
    cast: dict[str, Any],
) -> None:
    leave = give(session, attempt, tablet, ring)
    code = invigilating.give_closing_code(session, cast["instructor"].actor, attempt.sitting)
    assert invigilating.give_closing_code(session, cast["instructor"].actor, attempt.sitting) == code
    with pytest.raises(NotAllowed):
        invigilating.give_closing_code(session, cast["trainee"].actor, attempt.sitting)
    item, names = options(attempt)[0]
    for wrong in ("", "0000000", f"{code}1"):
        assert send(tablet.bundle(leave, (item, names[0]), code=wrong)).doubts == [Doubt.CODE]
    spoken = f"{code[:3]} {code[3:]}".translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    assert send(tablet.bundle(leave, (item, names[0]), code=spoken)).state == "taken"


def test_a_strangers_device_can_sign_nothing(
    session: Session, attempt: Attempt, tablet: Tablet, ring: KeyRing, send: Callable[..., Bundle]
) -> None:
    leave = give(session, attempt, tablet, ring)
    item, names = options(attempt)[0]
    made = send(Tablet().bundle(leave, (item, names[0])))
    assert set(made.doubts) == {Doubt.SIGNATURE, Doubt.END}


def test_a_bundle_of_an_exam_another_device_took_over_is_held(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle]
) -> None:
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch("laptop-1", (), take_over=True))
    assert send(whole).doubts == [Doubt.TAKEN_OVER]


def test_answers_that_clash_with_what_is_here_are_held(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle]
) -> None:
    item, names = options(attempt)[2]
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch("tablet-1", (Given(2, item, names[0]),)))
    assert send(whole).doubts == [Doubt.CLASH]


def test_a_person_judges_what_is_held_with_a_reason(
    session: Session, attempt: Attempt, whole: Content, send: Callable[..., Bundle], cast: dict[str, Any]
) -> None:
    instructor = cast["instructor"].actor
    held = send(altered(lambda b: b["events"].pop())(whole))
    with pytest.raises(Invalid):
        collecting.judge(session, instructor, held, "", accept=True)
    with pytest.raises(NotAllowed):
        collecting.judge(session, cast["other_instructor"].actor, held, "mine", accept=True)
    collecting.judge(session, instructor, held, "The battery died; I was there.", accept=True)
    assert sitting.answers_of(session, attempt.id) == {e["item"]: e["value"] for e in whole["events"][:2]}
    assert attempt.state == "submitted"
    with pytest.raises(Conflict):
        collecting.judge(session, instructor, held, "again", accept=False)
    nonsense = send(b"\xff nonsense")
    with pytest.raises(Conflict):
        collecting.judge(session, instructor, nonsense, "please", accept=True)
    collecting.judge(session, instructor, nonsense, "Not a bundle.", accept=False)
    assert (nonsense.state, nonsense.content) == ("set-aside", b"\xff nonsense")


def test_leave_is_given_to_the_device_that_writes_and_where_the_exam_allows_it(
    session: Session, attempt: Attempt, tablet: Tablet, ring: KeyRing
) -> None:
    actor = Actor(person_id=attempt.person_id)
    with pytest.raises(Conflict):
        collecting.grant(session, actor, attempt, tablet.name, tablet.public, ring)
    leave = give(session, attempt, tablet, ring)
    again = collecting.grant(session, actor, attempt, tablet.name, tablet.public, ring)
    assert again.content == leave["grant"]
    with pytest.raises(Conflict):
        collecting.grant(session, actor, attempt, "tablet-2", tablet.public, ring)
    with pytest.raises(Invalid):
        collecting.grant(session, actor, attempt, tablet.name, "04abc", ring)


def test_two_thousand_spoiled_bundles_none_is_taken_and_none_is_dropped(
    session: Session, attempt: Attempt, whole: Content, ring: KeyRing, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, octets = random.Random(20261125), json.dumps(whole).encode()
    grant = session.scalars(select(collecting.OfflineGrant)).one()
    known = bundles.Known(
        grant.content,
        grant.public_key,
        attempt.paper.digest,
        attempt.paper.shapes,
        10_000,
        ("tablet-1", grant.epoch),
        True,
    )
    taken = unreadable = 0
    for _ in range(2000):
        spoiled = bytearray(octets)
        for _flip in range(chance.randint(1, 3)):
            at = chance.randrange(len(spoiled))
            if chance.random() < 0.5:
                spoiled[at] ^= 1 << chance.randrange(8)
            else:
                del spoiled[at : at + chance.randint(1, 40)]
        try:
            read = bundles.read(bytes(spoiled))
        except Invalid:
            unreadable += 1
            continue
        same = json.loads(bytes(spoiled)) == whole
        found = bundles.doubts(read, known, attempt.started_at + 10 * MINUTE, ring.verify, sitting.answers_hash)
        taken += not found and not same
    with capsys.disabled():
        print(f"\nbundles: 2000 spoiled, {unreadable} unreadable, {taken} taken though altered")
    assert taken == 0
    assert unreadable < 2000
