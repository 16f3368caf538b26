"""Suspending, reinstating and revoking awards, and the signed list that tells checkpoints without a network."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmsapp.certificates import policy, queries
from lmsapp.certificates.events import AwardStateChanged
from lmsapp.certificates.models import Award, AwardEvent
from lmsapp.certificates.verdicts import Lapse
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.events import publish
from lmsapp.core.signing import KeyRing
from lmsapp.core.translations import N_

SIGNED_AS = b"lmsapp revocation list v1\n"
FOLLOWS = {
    "suspended": frozenset({"valid", "expired"}),
    "reinstated": frozenset({"suspended"}),
    "revoked": frozenset({"valid", "expired", "suspended"}),
    "superseded": frozenset({"valid", "expired"}),
}


class NotAList(ValueError):
    """The file is no revocation list of ours, or it was altered."""


def change(session: Session, actor: Actor, award: Award, kind: str, reason: str) -> AwardEvent:
    """Adds an event to an award; the reason is kept. Raises Conflict when the award's state does not allow it."""
    demand(policy.may_revoke(actor, award))
    if not reason:
        raise Invalid(N_("Write the reason."), {"reason": N_("Write the reason.")})
    before = queries.state_of(award)
    if before not in FOLLOWS[kind]:
        raise Conflict(N_("This certificate is %(state)s; that can't be done now."), state=before)
    event = AwardEvent(kind=kind, at=clock.now(), person_id=actor.person_id, reason=reason[:400])
    award.events.append(event)
    session.flush()
    audit.record(
        session,
        f"award.{kind}",
        actor,
        on=("award", award.serial),
        before={"state": before},
        personal={"reason": reason[:200]},
        about=award.person_id,
    )
    publish(session, AwardStateChanged(award.id, kind))
    return event


def make_list(session: Session, ring: KeyRing, stale_after: int) -> str:
    """Today's list as canonical JSON with its signature: small, dated, signed, downloadable by everybody."""
    now = clock.now().replace(microsecond=0)
    lines = [
        [serial, lapse.state, lapse.since.isoformat()] for serial, lapse in sorted(queries.lapses(session).items())
    ]
    sequence = session.scalar(select(func.count()).select_from(AwardEvent)) or 0
    content = {
        "version": 1,
        "sequence": sequence,
        "issued": now.isoformat(),
        "next": (now + timedelta(days=stale_after)).isoformat(),
        "lines": lines,
        "key": ring.current.id,
    }
    _key, signature = ring.sign(SIGNED_AS + _canonical(content))
    return json.dumps(
        {"list": content, "signature": signature.hex()}, separators=(",", ":"), ensure_ascii=False, sort_keys=True
    )


def read_list(text: str, ring: KeyRing) -> tuple[dict[str, Lapse], date]:
    """The lapses and the date of a list; raises NotAList when it is not ours or was altered."""
    try:
        whole: dict[str, Any] = json.loads(text)
        content = whole["list"]
        signature = bytes.fromhex(whole["signature"])
        genuine = ring.verify(content["key"], signature, SIGNED_AS + _canonical(content))
        lapses = {serial: Lapse(state, date.fromisoformat(since)) for serial, state, since in content["lines"]}
        issued = datetime.fromisoformat(content["issued"]).astimezone(UTC).date()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise NotAList("no list") from problem
    if not genuine:
        raise NotAList("altered")
    return lapses, issued


def _canonical(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
