"""Keying answer sheets: two people type each sheet, neither seeing the other's; what differs is decided, with its reason.

As the field does it with survey forms: the two keyings are independent and are kept as they were typed; where they differ, or
where both found the sheet doubtful, somebody looks at the sheet again and decides row by row. A third person should; where a
centre has but two at hand, one of the two may, and the record names her. Whoever decides writes why, and nobody is asked what
would be right: no key is read here. When nothing is left to decide, the answers become the attempt's own by the same acts as
on screen (answer events of a device `paper-…`, hand-in, marking), under the time that stands on the paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from lmsapp.cohorts.models import Cohort
from lmsapp.core import audit, clock
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.formatting import latin_digits
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import N_, use
from lmsapp.core.translations import gettext as _
from lmsapp.exams import attempts, booklets, keyed, policy, saving, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.batches import Batch, Given
from lmsapp.exams.booklets import Row
from lmsapp.exams.keyed import Fault, Reading, Unread
from lmsapp.exams.models import Attempt, KeyedSheet, Paper, SheetDecision, Sitting

TIME = "handed-in"
TWO = 2
KEYED_WITHIN = timedelta(minutes=10)
MOST_REASON = 400
MOST_WAITING = 500
FAULTS: dict[Fault, str] = {
    Fault.EMPTY: N_("Type what stands there, or - when the row is blank."),
    Fault.LETTER: N_("This row has no such letter. Type its letters as printed, or Latin ones by their place."),
    Fault.ONE: N_("Type one letter; * when more are marked."),
    Fault.TWICE: N_("The same letter or square stands twice."),
    Fault.COUNT: N_("Type one letter for each number, - where nothing stands."),
    Fault.NUMBER: N_("Type a number; ? when it can't be read as one."),
    Fault.SQUARE: N_("Type squares of the drawing, such as C4 F2."),
    Fault.SQUARES: N_("More squares than may be marked; type * when the sheet has them."),
    Fault.LONG: N_("This is too long."),
}
BAD_TIME = N_("Type the time as 10:35; ? when it can't be read, - when none stands there.")
NO_REASON = N_("Write why this counts.")
NOT_DECIDED = N_("Decide what counts: what stands on the sheet, or - when it counts as not answered.")


@dataclass(frozen=True)
class Difference:
    """What is to be decided: a row of the sheet (None: the time of the hand-in), and how both people read it."""

    field: str
    row: Row | None
    first: Reading
    second: Reading

    @property
    def same(self) -> bool:
        """Whether both read the same, and it waits for a person all the same."""
        return self.first == self.second


@dataclass(frozen=True)
class Decided:
    """What counts of one difference: the first reading, the second, or what was typed now; and why."""

    choice: str
    typed: str
    reason: str


def find(session: Session, actor: Actor, text: str) -> Attempt:
    """The paper whose code was typed or scanned; NotFound for what is no paper of the actor's sittings.

    Raises Conflict when the scanned digest is not the paper's: another printing of another paper.
    """
    demand(policy.may_key(actor))
    code, digest = booklets.code_in(text[:200])
    found = paper(session, actor, code)
    if digest and not found.paper.digest.startswith(digest):
        raise Conflict(
            N_("This sheet was not printed from the paper with this code. Keep it and tell who runs the exam.")
        )
    return found


def paper(session: Session, actor: Actor, code: str) -> Attempt:
    """A paper written with a pen, by its code, with its sheet and without its key."""
    found = session.scalar(
        policy.visible_attempts(actor)
        .where(Attempt.code == code, Attempt.mode == "paper")
        .options(
            joinedload(Attempt.paper).defer(Paper.shapes),
            joinedload(Attempt.person),
            joinedload(Attempt.sitting).joinedload(Sitting.exam),
            joinedload(Attempt.sitting).joinedload(Sitting.cohort).selectinload(Cohort.staff),
        )
    )
    if found is None or not policy.may_key(actor, found.sitting):
        raise NotFound
    return found


@dataclass(frozen=True)
class Waiting:
    """A paper that is not handed in yet: how often it was keyed, and whether the actor keyed it."""

    attempt: Attempt
    keyed: int
    by_me: bool


def waiting(session: Session, actor: Actor) -> list[Waiting]:
    """The papers of begun sittings the actor can key or decide, those to be decided first."""
    found = session.scalars(
        policy.visible_attempts(actor)
        .where(Attempt.mode == "paper", Attempt.state == State.PREPARED)
        .join(Sitting)
        .where(Sitting.opens_at <= clock.now())
        .options(
            joinedload(Attempt.person),
            joinedload(Attempt.sitting).joinedload(Sitting.cohort).selectinload(Cohort.staff),
        )
        .order_by(Attempt.id)
        .limit(MOST_WAITING)
    ).all()
    mine = [attempt for attempt in found if policy.may_key(actor, attempt.sitting)]
    keyers: dict[int, list[int]] = {}
    query = select(KeyedSheet.attempt_id, KeyedSheet.keyed_by).where(KeyedSheet.attempt_id.in_([a.id for a in mine]))
    for attempt_id, person_id in session.execute(query):
        keyers.setdefault(attempt_id, []).append(person_id)
    listed = [Waiting(a, len(keyers.get(a.id, ())), actor.person_id in keyers.get(a.id, ())) for a in mine]
    return sorted(listed, key=lambda one: -one.keyed)


def rows_of(attempt: Attempt) -> list[Row]:
    """The rows of a paper's answer sheet, in the order in which they stand on it."""
    return booklets.as_printed(booklets.rows(attempt.paper.sheet))


def sheets_of(session: Session, attempt: Attempt) -> list[KeyedSheet]:
    """How a sheet was keyed so far: once, twice or not at all."""
    query = select(KeyedSheet).where(KeyedSheet.attempt_id == attempt.id).order_by(KeyedSheet.number)
    return list(session.scalars(query.options(joinedload(KeyedSheet.keyer))))


def hindrance(session: Session, actor: Actor, attempt: Attempt) -> str:
    """Why the actor can't key this sheet now; empty when she can."""
    sheets = sheets_of(session, attempt)
    if State(attempt.state) is not State.PREPARED:
        return N_("This paper is handed in. Nothing can be keyed for it any more.")
    if clock.now() < attempt.sitting.opens_at:
        return N_("The exam has not begun; there is nothing to key yet.")
    if len(sheets) == TWO:
        return N_("This sheet was keyed twice already.")
    if any(sheet.keyed_by == actor.person_id for sheet in sheets):
        return N_("You have keyed this sheet. Another person must key it the second time, without seeing yours.")
    return ""


# ---------- keying ----------


def key(
    session: Session, actor: Actor, attempt: Attempt, typed: Mapping[str, str], time: str, day: str, zone: str
) -> KeyedSheet:
    """Keeps one person's reading of a sheet; after the second, hands the paper in when both agree beyond doubt.

    `typed` maps a row's field to what was typed. Raises Invalid with a message for each row that can't be taken.
    """
    demand(policy.may_key(actor, attempt.sitting))
    session.refresh(attempt, ["state"], with_for_update=True)
    reason = hindrance(session, actor, attempt)
    if reason or actor.person_id is None:
        raise Conflict(reason or N_("Sign in to key answer sheets."))
    rows = rows_of(attempt)
    readings, wrong = _read(rows, typed, attempt)
    moment = _time(time, day, attempt, zone)
    if moment is None:
        wrong[TIME] = BAD_TIME
    if wrong or moment is None:
        raise Invalid(N_("Some rows can't be taken as they were typed; nothing was kept yet."), wrong)
    readings[TIME] = moment
    sheet = KeyedSheet(
        attempt_id=attempt.id,
        number=len(sheets_of(session, attempt)) + 1,
        rows={field: [reading.state, reading.value] for field, reading in readings.items()},
        keyed_by=actor.person_id,
        keyed_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(sheet)
    except IntegrityError as problem:
        raise Conflict(N_("Somebody else has keyed this sheet a moment ago.")) from problem
    audit.record(session, "sheet.keyed", actor, on=("attempt", attempt.id), after={"number": sheet.number})
    if sheet.number == TWO and not differences(session, attempt, zone):
        _take_over(session, actor, attempt, {}, zone)
    return sheet


def _read(rows: list[Row], typed: Mapping[str, str], attempt: Attempt) -> tuple[dict[str, Reading], dict[str, str]]:
    """Every row as it was typed, and what is wrong with those that can't be taken."""
    script = LANGUAGES[attempt.language].script
    readings, wrong = {}, {}
    for row in rows:
        try:
            readings[row.field] = keyed.read(row, typed.get(row.field, ""), script)
        except Unread as problem:
            wrong[row.field] = FAULTS[problem.fault]
    return readings, wrong


def days_of(held: Sitting, zone: str) -> list[str]:
    """The days of a sitting at its place, as dates."""
    first, last = (moment.astimezone(ZoneInfo(zone)).date() for moment in (held.opens_at, held.closes_at))
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def _time(typed: str, day: str, attempt: Attempt, zone: str) -> Reading | None:
    """The time on the sheet, at the place of the exam; None when it is none."""
    text = latin_digits(typed.strip())
    if len(text) == 1:
        state = {
            "-": keyed.State.BLANK,
            "–": keyed.State.BLANK,
            "?": keyed.State.UNREADABLE,
            "؟": keyed.State.UNREADABLE,
        }
        return Reading(state[text]) if text in state else None
    hours, _sign, minutes = text.replace(".", ":").partition(":")
    if not (hours.isascii() and hours.isdigit() and minutes.isascii() and minutes.isdigit() and len(minutes) == TWO):
        return None
    if len(hours) > TWO or int(hours) > 23 or int(minutes) > 59:
        return None
    days = days_of(attempt.sitting, zone)
    return Reading(keyed.State.READ, f"{day if day in days else days[0]} {int(hours):02d}:{minutes}")


def moment_of(reading: Reading, zone: str) -> datetime:
    """The moment a keyed time stands for."""
    return datetime.strptime(reading.value, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))


# ---------- what two readings differ in ----------


def differences(session: Session, attempt: Attempt, zone: str) -> list[Difference]:
    """What is to be decided of a sheet that was keyed twice, in the order of the sheet; nothing before."""
    sheets = sheets_of(session, attempt)
    if len(sheets) < TWO:
        return []
    first, second = (_readings(sheet) for sheet in sheets)
    rows = keyed.to_decide(rows_of(attempt), first, second)
    found = [Difference(row.field, row, first[row.field], second[row.field]) for row in rows]
    if first[TIME] != second[TIME] or not in_time(attempt, first[TIME], zone):
        found.append(Difference(TIME, None, first[TIME], second[TIME]))
    return found


def _readings(sheet: KeyedSheet) -> dict[str, Reading]:
    return {field: Reading(keyed.State(state), value) for field, (state, value) in sheet.rows.items()}


def in_time(attempt: Attempt, reading: Reading, zone: str) -> bool:
    """Whether a paper was handed in between the opening of the sitting and the end of its time."""
    if reading.state is not keyed.State.READ:
        return False
    last = attempts.last_moment(attempt.deadline_at, attempt.grace_seconds)
    return attempt.sitting.opens_at <= moment_of(reading, zone) <= last


def decide(
    session: Session, actor: Actor, attempt: Attempt, decided: Mapping[str, Decided], day: str, zone: str
) -> SheetDecision:
    """Keeps what counts where two readings differ, and hands the paper in. All of them at once, each with its reason."""
    demand(policy.may_key(actor, attempt.sitting))
    session.refresh(attempt, ["state"], with_for_update=True)
    open_ = differences(session, attempt, zone)
    if State(attempt.state) is not State.PREPARED or not open_ or actor.person_id is None:
        raise Conflict(N_("There is nothing to decide about this sheet."))
    readings, wrong = {}, {}
    for one in open_:
        answer = decided.get(one.field, Decided("", "", ""))
        try:
            readings[one.field] = _decided(one, answer, attempt, day, zone)
        except Unread as problem:
            wrong[one.field] = BAD_TIME if one.row is None else FAULTS[problem.fault]
            continue
        if readings[one.field].doubtful or (one.row is None and readings[one.field].state is keyed.State.BLANK):
            wrong[one.field] = NOT_DECIDED
        elif not answer.reason.strip():
            wrong[one.field] = NO_REASON
    if wrong:
        raise Invalid(N_("Not everything is decided yet; nothing was kept."), wrong)
    decision = SheetDecision(
        attempt_id=attempt.id,
        rows={
            field: {"reading": [reading.state, reading.value], "reason": decided[field].reason.strip()[:MOST_REASON]}
            for field, reading in readings.items()
        },
        decided_by=actor.person_id,
        decided_at=clock.now(),
    )
    session.add(decision)
    audit.record(session, "sheet.decided", actor, on=("attempt", attempt.id), after={"rows": sorted(readings)})
    _take_over(session, actor, attempt, readings, zone)
    return decision


def _decided(one: Difference, answer: Decided, attempt: Attempt, day: str, zone: str) -> Reading:
    if answer.choice in ("first", "second"):
        return one.first if answer.choice == "first" else one.second
    if one.row is not None:
        return keyed.read(one.row, answer.typed, LANGUAGES[attempt.language].script)
    reading = _time(answer.typed, day, attempt, zone)
    if reading is None:
        raise Unread(Fault.EMPTY)
    return reading


# ---------- the paper becomes the attempt's answers ----------


def _take_over(session: Session, actor: Actor, attempt: Attempt, decided: Mapping[str, Reading], zone: str) -> None:
    """Saves the answers and hands the attempt in, as the candidate would on screen, under the time on the paper."""
    readings = {**_readings(sheets_of(session, attempt)[0]), **decided}
    with use(attempt.language):
        on_paper = _("Written on paper %(code)s; to be marked from the booklet.", code=booklets.grouped(attempt.code))
    given = tuple(
        Given(seq, item, on_paper if value == keyed.ON_PAPER else value, readings[TIME].value)
        for seq, (item, value) in enumerate(keyed.answers(rows_of(attempt), readings).items(), start=1)
    )
    over, now = attempt.deadline_at, clock.now()
    # Saving asks whether an answer arrives in time. These arrive by keying, after the paper itself was handed in in time.
    attempt.state, attempt.deadline_at = State.OPEN, now + KEYED_WITHIN
    sitting.note(session, attempt, State.PREPARED, State.OPEN, by=actor.person_id, reason="paper")
    session.flush()
    device = f"paper-{attempt.code}"
    saving.save(session.connection(), attempt.code, attempt.person_id, Batch(device, given))
    submission = sitting.hand_in(session, actor, attempt, device)
    attempt.deadline_at, submission.submitted_at = over, moment_of(readings[TIME], zone)
    session.flush()
