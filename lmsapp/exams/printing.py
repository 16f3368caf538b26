"""Papers on paper: prepared for chosen candidates before the exam, printed as booklet and answer sheet, the same bytes for ever.

A prepared paper is drawn and frozen exactly as one on screen. What is printed comes from the sheet the candidate may see;
the key is never read here. Each file is made once and kept by its content; printing again hands out the same octets.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, joinedload, sessionmaker

from lmsapp.accounts import queries as accounts
from lmsapp.accounts.models import Person
from lmsapp.catalogue.models import Edition
from lmsapp.cohorts import queries as cohorts
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import audit, clock, jobs, pdf
from lmsapp.core.access import Actor, demand
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.formatting import date_text
from lmsapp.core.jobs import Job
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.pdf import PdfOptions
from lmsapp.core.sessions import transaction
from lmsapp.core.settings import Settings
from lmsapp.core.storage import Folder
from lmsapp.core.translations import N_, use
from lmsapp.core.translations import gettext as _
from lmsapp.exams import booklets, composing, layout, policy, sitting
from lmsapp.exams.attempts import State
from lmsapp.exams.layout import PURPOSES, PaperFacts
from lmsapp.exams.models import Attempt, AttemptEvent, Exam, KeyedSheet, Paper, PaperFile, Sitting
from lmsapp.translation import queries as texts

PRINT = "exams.print"
RUNNING = (State.PREPARED, State.OPEN, State.PAUSED)
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Seat:
    """One enrolled candidate of a sitting: her paper, if one was prepared, its files, how often it was keyed.

    `hindrance` says why no paper can be prepared for her now; empty when one can.
    """

    enrolment: Enrolment
    attempt: Attempt | None
    hindrance: str
    files: dict[tuple[str, str], PaperFile] = field(default_factory=dict)
    keyed: int = 0


def seats(session: Session, held: Sitting) -> list[Seat]:
    """Everybody enrolled, by name, with the newest paper of each."""
    earlier: dict[int, list[Attempt]] = {}
    query = select(Attempt).where(Attempt.sitting_id == held.id).order_by(Attempt.number)
    for attempt in session.scalars(query):
        earlier.setdefault(attempt.person_id, []).append(attempt)
    files: dict[int, dict[tuple[str, str], PaperFile]] = {}
    for file in session.scalars(select(PaperFile).join(Attempt).where(Attempt.sitting_id == held.id)):
        files.setdefault(file.attempt_id, {})[file.purpose, file.size] = file
    keyed = select(KeyedSheet.attempt_id, func.count()).join(Attempt).where(Attempt.sitting_id == held.id)
    counts = {row[0]: row[1] for row in session.execute(keyed.group_by(KeyedSheet.attempt_id))}
    found = []
    for enrolment in cohorts.enrolments(session, held.cohort_id):
        tries = earlier.get(enrolment.person_id, [])
        paper = next((a for a in reversed(tries) if a.mode == "paper" and a.state != State.VOID), None)
        number = paper.id if paper else 0
        found.append(Seat(enrolment, paper, _hindrance(held, tries), files.get(number, {}), counts.get(number, 0)))
    return found


def _hindrance(held: Sitting, earlier: Sequence[Attempt]) -> str:
    if any(a.state in RUNNING for a in earlier):
        return N_("has a paper already")
    if sum(a.state != State.VOID for a in earlier) >= held.exam.attempts:
        return N_("has used all attempts")
    return ""


def prepare(
    session: Session, actor: Actor, held: Sitting, enrolment_ids: Collection[int], *, drafts_allowed: bool
) -> list[Attempt]:
    """Draws and freezes a paper for each chosen candidate, to be written with a pen. All of them, or none."""
    demand(policy.may_hold(actor, held.cohort))
    if clock.now() >= held.closes_at:
        raise Conflict(N_("This sitting is over; no paper can be prepared for it any more."))
    chosen = [seat for seat in seats(session, held) if seat.enrolment.id in enrolment_ids]
    if not chosen or len(chosen) < len(set(enrolment_ids)):
        raise Invalid(N_("Choose the candidates who write on paper."))
    for seat in chosen:
        if seat.hindrance:
            raise Conflict(
                N_("No paper can be prepared for %(name)s: she has one already, or has used all her attempts."),
                name=seat.enrolment.person.name,
            )
    made = [_prepared(session, actor, held, seat.enrolment, drafts_allowed=drafts_allowed) for seat in chosen]
    audit.record(
        session, "papers.prepared", actor, on=("sitting", held.id), after={"papers": [a.paper.digest for a in made]}
    )
    return made


def _prepared(session: Session, actor: Actor, held: Sitting, enrolment: Enrolment, *, drafts_allowed: bool) -> Attempt:
    exam, seed = held.exam, secrets.token_hex(16)
    try:
        frozen = composing.paper(session, exam, enrolment.language, seed, drafts_allowed=drafts_allowed)
    except ValueError as problem:
        raise Conflict(
            N_("The question bank does not hold enough questions for this exam. Tell your instructor.")
        ) from problem
    number = select(func.count()).where(Attempt.sitting_id == held.id, Attempt.person_id == enrolment.person_id)
    attempt = Attempt(
        code="".join(secrets.choice(sitting.ALPHABET) for _ in range(10)),
        sitting_id=held.id,
        person_id=enrolment.person_id,
        enrolment_id=enrolment.id,
        number=(session.scalar(number) or 0) + 1,
        state=State.PREPARED,
        mode="paper",
        language=enrolment.language,
        started_at=held.opens_at,
        deadline_at=held.closes_at,  # minutes on paper are the invigilator's to watch: nobody told the server when they began
        grace_seconds=exam.grace_seconds,
    )
    attempt.paper = Paper(seed=seed, digest=frozen.digest, sheet=frozen.sheet, shapes=frozen.shapes, key=frozen.key)
    try:
        with session.begin_nested():
            session.add(attempt)
    except IntegrityError as problem:
        raise Conflict(N_("Somebody else is preparing papers for this sitting. Look at the list again.")) from problem
    session.add(
        AttemptEvent(
            attempt_id=attempt.id, after=State.PREPARED, at=clock.now(), person_id=actor.person_id, reason="paper"
        )
    )
    return attempt


# ---------- printing ----------


def ask(session: Session, actor: Actor, held: Sitting, size: str) -> Job:
    """Asks for the files of all papers prepared for a sitting; asking twice for the same papers is one job."""
    demand(policy.may_hold(actor, held.cohort))
    codes = sorted(seat.attempt.code for seat in seats(session, held) if seat.attempt)
    if not codes:
        raise Conflict(N_("No paper is prepared for this sitting yet."))
    number = jobs.enqueue(
        session,
        PRINT,
        {"sitting": held.id, "size": size},
        asked_by=actor.person_id,
        key=job_key(held, size, codes),
        total=len(codes),
    )
    audit.record(session, "papers.printed", actor, on=("sitting", held.id), after={"papers": len(codes), "size": size})
    job = session.get_one(Job, number)
    if job.state == "done" and wanted(session, held.id, size):  # asked before, and files were lost since
        job.state, job.done, job.lease_until = "waiting", 0, None
    return job


def job_key(held: Sitting, size: str, codes: Collection[str]) -> str:
    """One job a sitting, size and set of papers."""
    return f"papers-{held.id}-{size}-{hashlib.sha256(' '.join(sorted(codes)).encode()).hexdigest()[:16]}"


def wanted(session: Session, sitting_id: int, size: str) -> list[int]:
    """Papers of a sitting without all their files in a size, by the candidates' names."""
    have = (
        select(PaperFile.attempt_id)
        .where(PaperFile.size == size)
        .group_by(PaperFile.attempt_id)
        .having(func.count() == len(PURPOSES))
    )
    query = (
        select(Attempt.id)
        .join(Person, Person.id == Attempt.person_id)
        .where(Attempt.sitting_id == sitting_id, Attempt.mode == "paper", Attempt.state != State.VOID)
        .where(Attempt.id.not_in(have))
        .order_by(Person.sort_key, Attempt.id)
    )
    return list(session.scalars(query))


def build(
    sessions: sessionmaker[Session], settings: Settings, sitting_id: int, size: str, tell: Tell | None = None
) -> int:
    """Makes the files that are missing, each kept as soon as it is made; returns how many papers were printed.

    Raises PdfUnavailable or PdfFailed.
    """
    storage = Folder(settings.files)
    with sessions() as session:
        ids = wanted(session, sitting_id, size)
    for done, attempt_id in enumerate(ids, start=1):
        with sessions() as session:
            paper = facts(session, settings, attempt_id)
        made = {purpose: rendered(paper, purpose, size) for purpose in PURPOSES}
        stored = {purpose: storage.put(content) for purpose, content in made.items()}
        with transaction(sessions) as session:
            for purpose in PURPOSES:
                if session.get(PaperFile, (attempt_id, purpose, size)) is None:
                    session.add(
                        PaperFile(
                            attempt_id=attempt_id,
                            purpose=purpose,
                            size=size,
                            digest=stored[purpose].digest,
                            octets=stored[purpose].size,
                            pages=pdf.page_count(made[purpose]),
                            made_at=clock.now(),
                        )
                    )
        if tell is not None:
            tell(done, len(ids), booklets.grouped(paper.code))
    return len(ids)


def facts(session: Session, settings: Settings, attempt_id: int) -> PaperFacts:
    """All that is printed of one paper. The key stays where it is."""
    attempt = session.scalars(
        select(Attempt)
        .where(Attempt.id == attempt_id)
        .options(
            joinedload(Attempt.paper).options(defer(Paper.key, raiseload=True), defer(Paper.shapes, raiseload=True)),
            joinedload(Attempt.person),
            joinedload(Attempt.sitting).joinedload(Sitting.exam).joinedload(Exam.bank),
            joinedload(Attempt.sitting)
            .joinedload(Sitting.cohort)
            .joinedload(Cohort.edition)
            .joinedload(Edition.course),
        )
    ).one()
    held, language = attempt.sitting, attempt.language
    edition = held.cohort.edition
    words = texts.texts_of(session, edition.document_id, language, drafts_allowed=settings.allow_drafts)
    day = held.opens_at.astimezone(ZoneInfo(settings.time_zone)).date()
    with use(language):
        issuer = accounts.centre_name(session, language) or _("Mine Action Training Centre")
        exam = composing.name(held.exam)
    storage = Folder(settings.files)
    kept = {item["picture"]["digest"] for item in attempt.paper.sheet["items"] if item.get("picture")}
    return PaperFacts(
        code=attempt.code,
        digest=attempt.paper.digest,
        sheet=attempt.paper.sheet,
        language=language,
        name=attempt.person.name,
        name_language=attempt.person.name_language,
        person_number=attempt.person.number,
        issuer=issuer,
        exam=exam,
        title=composing.frozen(words["title"]),
        course_code=edition.course.code,
        day=date_text(day, LANGUAGES[language]),
        minutes=held.exam.minutes,
        pass_mark=held.exam.pass_mark,
        demonstration=held.exam.bank.is_demonstration or held.cohort.is_demonstration,
        made_at=held.opens_at,
        pictures={digest: storage.path(digest).read_bytes() for digest in kept},
    )


def rendered(paper: PaperFacts, purpose: str, size: str) -> bytes:
    """One file of a paper. The same paper gives the same bytes."""
    html, resources = layout.html_of(paper, purpose, size)
    options = PdfOptions(created=paper.made_at, processor_seconds=120, wall_seconds=240.0)
    return pdf.render(html, resources=resources, options=options)


def file_of(session: Session, attempt: Attempt, purpose: str, size: str) -> PaperFile:
    """A printed file of one paper; NotFound before it was printed."""
    found = session.get(PaperFile, (attempt.id, purpose, size))
    if found is None:
        raise NotFound
    return found


def joined(session: Session, storage: Folder, held: Sitting, purpose: str, size: str) -> bytes:
    """The files of a whole sitting one behind the other, by name; each paper begins on a fresh leaf. NotFound without any."""
    files = [
        seat.files[purpose, size] for seat in seats(session, held) if seat.attempt and (purpose, size) in seat.files
    ]
    if not files:
        raise NotFound
    return pdf.joined([storage.path(file.digest).read_bytes() for file in files])
