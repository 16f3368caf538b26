"""Sitting without the server: leave given to a device, its bundle taken in, or held until a person has judged it.

A bundle is taken in by itself only without any doubt; it is never dropped, and what is held is never marked by itself.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid, NotAllowed
from lmsapp.core.signing import KeyRing
from lmsapp.core.translations import N_
from lmsapp.exams import attempts, batches, bundles, policy, queries, saving, sitting
from lmsapp.exams.attempts import GOING_ON, State
from lmsapp.exams.bundles import Doubt, Known, Read
from lmsapp.exams.models import Attempt, Bundle, DeviceLease, Extension, OfflineGrant, Sitting

WAITED_FOR = timedelta(days=14)
MOST_HELD = 500
_KEY = re.compile(r"04[0-9a-f]{128}")


def grant(
    session: Session, actor: Actor, attempt: Attempt, device: str, public_key: str, ring: KeyRing
) -> OfflineGrant:
    """Leave for the device that writes this attempt to go on without the server; asking again gives the same."""
    demand(policy.may_write(actor, attempt))
    if not attempt.sitting.exam.offline:
        raise Conflict(N_("This exam is sat with the server only."))
    if not _KEY.fullmatch(public_key):
        raise Invalid(batches.UNREADABLE)
    session.refresh(attempt, ["state", "deadline_at", "paused_at"], with_for_update=True)
    kept, (name, epoch) = _granted(session, attempt, device), saving.holder(session, attempt.id)
    if kept is not None and (kept.public_key, device, kept.epoch) == (public_key, name, epoch):
        return kept
    if name != device:
        raise Conflict(saving.MESSAGES[saving.Refusal.LEASE_LOST])
    if queries.state_now(attempt) not in GOING_ON:
        raise Conflict(saving.MESSAGES[saving.Refusal.CLOSED])
    now = clock.now().replace(microsecond=0)
    left = attempts.seconds_left(attempt.deadline_at, now, queries.stopped_at(attempt))
    content = {
        "attempt": attempt.code,
        "device": device,
        "public_key": public_key,
        "paper": attempt.paper.digest,
        "granted_at": now.isoformat(),
        "expires_at": (attempt.sitting.closes_at + WAITED_FOR).isoformat(),
        "seconds": left + attempt.grace_seconds,
        "epoch": epoch,
    }
    key_id, signature = ring.sign(bundles.octets_of(content))
    made = OfflineGrant(
        attempt_id=attempt.id,
        device=device,
        public_key=public_key,
        epoch=epoch,
        content=content,
        key_id=key_id,
        signature=signature.hex(),
        granted_at=now,
    )
    session.add(made)
    attempt.offline_at = attempt.offline_at or now
    session.flush()
    audit.record(session, "attempt.offline", actor, on=("attempt", attempt.id), after={"grant": made.id})
    return made


def collect(
    session: Session, actor: Actor, held: Sitting, octets: bytes, ring: KeyRing, own: Attempt | None = None
) -> Bundle:
    """Takes a bundle of a sitting in, or holds it with every doubt about it; the same file again gives the same outcome.

    Those who watch the sitting hand in anybody's; a candidate that of her `own` attempt.
    """
    digest = hashlib.sha256(octets).hexdigest()
    known = session.scalar(select(Bundle).where(Bundle.digest == digest))
    try:
        read = bundles.read(octets)
    except Invalid:
        read = None
    attempt = _attempt_of(session, held, read) or (own if read is None else None)
    if own is None:
        demand(policy.may_watch(actor, held))
    elif attempt is not own or not policy.may_write(actor, own):
        raise NotAllowed(N_("Only the candidate may write in this exam."))
    if known is not None:
        return known
    _leave_room(session, held)
    found = [Doubt.UNREADABLE] if read is None else _doubts(session, attempt, read, ring)
    if not found and attempt is not None and read is not None:
        events = [event.given for event in read.events]
        if saving.take_in(session.connection(), attempt.id, read.grant["device"], read.grant["epoch"], events):
            given = sitting.answers_of(session, attempt.id)
            sitting.settle(session, actor, attempt, given, f"bundle-{digest[:20]}", clock.now(), by_expiry=False)
        else:
            found = [Doubt.CLASH]
    made = Bundle(
        sitting_id=held.id,
        attempt_id=attempt.id if attempt else None,
        digest=digest,
        content=octets,
        state="held" if found else "taken",
        doubts=[str(doubt) for doubt in found],
        received_at=clock.now(),
        received_from=actor.person_id,
    )
    session.add(made)
    session.flush()
    audit.record(session, f"bundle.{made.state}", actor, on=("bundle", made.id), after={"doubts": made.doubts})
    return made


def judge(session: Session, actor: Actor, bundle: Bundle, reason: str, *, accept: bool) -> None:
    """Lets the answers of a held bundle count, or sets it aside, with the reason; either way the file is kept."""
    attempt, held = bundle.attempt, session.get_one(Sitting, bundle.sitting_id)
    demand(policy.may_hold(actor, held.cohort))
    if not reason:
        message = N_("Write the reason; it stays in the record.")
        raise Invalid(message, {"reason": message})
    session.refresh(bundle, with_for_update=True)
    if bundle.state != "held":
        raise Conflict(N_("This bundle has been judged already."))
    if accept:
        _accept(session, actor, bundle, attempt)
    bundle.state = "accepted" if accept else "set-aside"
    bundle.judged_at, bundle.judged_by, bundle.reason = clock.now(), actor.person_id, reason[:400]
    audit.record(
        session,
        f"bundle.{bundle.state}",
        actor,
        on=("bundle", bundle.id),
        after={"doubts": bundle.doubts},
        personal=reason,
    )


def _accept(session: Session, actor: Actor, bundle: Bundle, attempt: Attempt | None) -> None:
    """What can be read of it counts from now on, as a device of its own that took over last."""
    if attempt is None or Doubt.UNREADABLE in bundle.doubts:
        raise Conflict(N_("Nothing of this file can be read as answers to an exam of this sitting."))
    session.refresh(attempt, ["state"], with_for_update=True)
    if State(attempt.state) not in GOING_ON:
        raise Conflict(N_("This attempt is closed; its answers can't be changed by a bundle any more."))
    given = bundles.importable(bundles.read(bundle.content), attempt.paper.shapes)
    device, epoch = f"bundle-{bundle.id}", saving.holder(session, attempt.id)[1] + 1
    numbered = [
        batches.Given(place, one.item, one.value, one.client_at, one.client_mono)
        for place, one in enumerate(given, start=1)
    ]
    session.execute(insert(DeviceLease).values(attempt_id=attempt.id, epoch=epoch, device=device, taken_at=clock.now()))
    saving.take_in(session.connection(), attempt.id, device, epoch, numbered)
    sitting.settle(
        session, actor, attempt, sitting.answers_of(session, attempt.id), device, clock.now(), by_expiry=False
    )


def _granted(session: Session, attempt: Attempt, device: object) -> OfflineGrant | None:
    mine = select(OfflineGrant).where(OfflineGrant.attempt_id == attempt.id, OfflineGrant.device == str(device))
    return session.scalar(mine.order_by(OfflineGrant.id.desc()).limit(1))


def _attempt_of(session: Session, held: Sitting, read: Read | None) -> Attempt | None:
    if read is None or not isinstance(read.grant.get("attempt"), str):
        return None
    mine = select(Attempt).where(Attempt.code == read.grant["attempt"], Attempt.sitting_id == held.id)
    return session.scalar(mine.with_for_update())


def _doubts(session: Session, attempt: Attempt | None, read: Read, ring: KeyRing) -> list[Doubt]:
    leave = _granted(session, attempt, read.grant.get("device")) if attempt else None
    if attempt is None or leave is None:
        return [Doubt.FOREIGN]
    more = select(func.sum(Extension.minutes)).where(
        Extension.attempt_id == attempt.id, Extension.given_at >= leave.granted_at
    )
    known = Known(
        grant=leave.content,
        public_key=leave.public_key,
        paper=attempt.paper.digest,
        shapes=attempt.paper.shapes,
        allowed_seconds=leave.content["seconds"] + 60 * (session.scalar(more) or 0),
        holder=saving.holder(session, attempt.id),
        is_open=State(attempt.state) in GOING_ON,
        closing_code=attempt.sitting.closing_code or "",
    )
    return bundles.doubts(read, known, clock.now(), ring.verify, sitting.answers_hash)


def _leave_room(session: Session, held: Sitting) -> None:
    count = session.scalar(select(func.count()).where(Bundle.sitting_id == held.id, Bundle.state == "held")) or 0
    if count >= MOST_HELD:
        raise Conflict(N_("Too many bundles of this sitting wait to be judged. Judge some first."))


def bundles_of(session: Session, actor: Actor, held: Sitting) -> Sequence[Bundle]:
    """The bundles of a sitting, those to be judged first."""
    demand(policy.may_watch(actor, held))
    return session.scalars(
        select(Bundle).where(Bundle.sitting_id == held.id).order_by(Bundle.state != "held", Bundle.received_at.desc())
    ).all()


def awaited(session: Session, actor: Actor, held: Sitting) -> Sequence[Attempt]:
    """Attempts that may go on without the server and are not closed: their bundles are waited for."""
    demand(policy.may_watch(actor, held))
    return session.scalars(
        select(Attempt)
        .where(Attempt.sitting_id == held.id, Attempt.offline_at.is_not(None), Attempt.state.in_(GOING_ON))
        .order_by(Attempt.id)
    ).all()


def wait_no_more(session: Session, actor: Actor, attempt: Attempt) -> None:
    """Closes an attempt whose time is over with what was saved, without its bundle; one that comes later is held."""
    demand(policy.may_hold(actor, attempt.sitting.cohort))
    if not sitting.close(session, actor, attempt.id):
        raise Conflict(N_("The time of this attempt is not over yet."))
