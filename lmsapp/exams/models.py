"""Banks and questions; exams and sittings; attempts with frozen papers, insert-only answer events, hand-ins and marks."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lmsapp.accounts.models import Person
from lmsapp.catalogue.models import Course, Edition
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core.orm import Base, Code, Id
from lmsapp.translation.models import Document

FINAL = "final"  # the exam that decides whether a course is passed


class Bank(Base):
    """A question bank; its title and topics are units of its document."""

    __tablename__ = "bank"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    topics: Mapped[list[str]]
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    course: Mapped[Course | None] = relationship()
    document: Mapped[Document] = relationship()
    questions: Mapped[list["Question"]] = relationship(back_populates="bank")


class Question(Base):
    """A question through its versions. Retired ones are not drawn any more.

    `search` holds its words in all languages, folded.
    `origin` is `content` while it is as a content file brought it, and `here` once somebody made, changed or retired it in
    this installation: then no file changes it any more.
    """

    __tablename__ = "question"
    __table_args__ = (
        UniqueConstraint("bank_id", "key"),
        CheckConstraint(
            "kind in ('single', 'multiple', 'true-false', 'matching', 'ordering', 'numeric', 'short-text', 'hotspot', "
            "'cloze', 'written')",
            name="kind",
        ),
        CheckConstraint("difficulty between 1 and 3", name="difficulty"),
        CheckConstraint("origin in ('content', 'here')", name="origin"),
    )

    id: Mapped[Id]
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"), index=True)
    key: Mapped[str] = mapped_column(String(120))
    kind: Mapped[Code]
    topic: Mapped[Code]
    difficulty: Mapped[int]
    competence: Mapped[str | None] = mapped_column(String(40))
    critical: Mapped[bool] = mapped_column(default=False)
    retired: Mapped[bool] = mapped_column(default=False)
    search: Mapped[str] = mapped_column(default="")
    origin: Mapped[Code] = mapped_column(default="here")
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    bank: Mapped[Bank] = relationship(back_populates="questions")
    document: Mapped[Document] = relationship()
    versions: Mapped[list["QuestionVersion"]] = relationship(
        order_by="QuestionVersion.number", back_populates="question"
    )


class QuestionVersion(Base):
    """What makes an answer right in one version (see `questions`)."""

    __tablename__ = "question_version"
    __table_args__ = (UniqueConstraint("question_id", "number"),)

    id: Mapped[Id]
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    number: Mapped[int]
    structure: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    question: Mapped[Question] = relationship(back_populates="versions")


class QuestionDraft(Base):
    """An entry somebody drafts: a new question, or the next version of one. It is asked only after it was published.

    A `remark` says why it was sent back; the next saving takes it away.
    """

    __tablename__ = "question_draft"

    id: Mapped[Id]
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"), index=True)
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"), index=True)
    language: Mapped[str] = mapped_column(String(8))
    entry: Mapped[dict[str, Any]]
    origin: Mapped[str] = mapped_column(String(200), default="")
    remark: Mapped[str] = mapped_column(String(2000), default="")
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime]
    bank: Mapped[Bank] = relationship()
    question: Mapped[Question | None] = relationship()
    author: Mapped[Person | None] = relationship()


class Exam(Base):
    """An exam of an edition: how many questions from which topics, how long, how often, when passed.

    `fixed` names questions by key that stand in every paper, beside those of the blueprint; `critical` is how many critical
    ones a paper has at least; `languages` are those it is held in (all, when none is named); `release` says when results
    are shown (instructor, at-once); `parallel` lets a paper carry the source's words beside its own; with `room_code` its
    sittings begin when the invigilator says the code.
    """

    __tablename__ = "exam"
    __table_args__ = (
        UniqueConstraint("edition_id", "code"),
        CheckConstraint("questions between 1 and 200", name="questions"),
        CheckConstraint("minutes between 1 and 600", name="minutes"),
        CheckConstraint("pass_mark between 0 and 100", name="pass_mark"),
        CheckConstraint("attempts between 1 and 10", name="attempts"),
        CheckConstraint("grace_seconds between 0 and 600", name="grace"),
        CheckConstraint("release in ('instructor', 'at-once')", name="release"),
        CheckConstraint("wait_hours between 0 and 8760", name="wait_hours"),
        CheckConstraint("critical between 0 and 200", name="critical"),
    )

    id: Mapped[Id]
    edition_id: Mapped[int] = mapped_column(ForeignKey("edition.id"), index=True)
    code: Mapped[Code]
    bank_id: Mapped[int] = mapped_column(ForeignKey("bank.id"))
    questions: Mapped[int] = mapped_column(default=20)
    minutes: Mapped[int] = mapped_column(default=40)
    grace_seconds: Mapped[int] = mapped_column(default=30)
    pass_mark: Mapped[int] = mapped_column(default=80)
    attempts: Mapped[int] = mapped_column(default=2)
    blueprint: Mapped[list[Any]] = mapped_column(default=list)
    fixed: Mapped[list[str]] = mapped_column(default=list)
    critical: Mapped[int] = mapped_column(default=0)
    languages: Mapped[list[str]] = mapped_column(default=list)
    shuffle: Mapped[bool] = mapped_column(default=True)
    parallel: Mapped[bool] = mapped_column(default=False)
    offline: Mapped[bool] = mapped_column(default=False)
    release: Mapped[Code] = mapped_column(default="instructor")
    wait_hours: Mapped[int] = mapped_column(default=0)
    room_code: Mapped[bool] = mapped_column(default=False)
    edition: Mapped[Edition] = relationship()
    bank: Mapped[Bank] = relationship()


class Sitting(Base):
    """An exam held for a cohort between two moments; its results are released together. With a room code, who says it begins.

    With a closing code, read out at the end, a bundle that does not carry it is held.
    """

    __tablename__ = "sitting"
    __table_args__ = (CheckConstraint("closes_at > opens_at", name="window"),)

    id: Mapped[Id]
    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"))
    cohort_id: Mapped[int] = mapped_column(ForeignKey("cohort.id"), index=True)
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    room_code: Mapped[str | None] = mapped_column(String(12))
    closing_code: Mapped[str | None] = mapped_column(String(12))
    paused_at: Mapped[datetime | None]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    exam: Mapped[Exam] = relationship()
    cohort: Mapped[Cohort] = relationship()
    attempts: Mapped[list["Attempt"]] = relationship(back_populates="sitting")


class Attempt(Base):
    """One candidate's try at one sitting, on screen or on paper. `code` stands in addresses, on receipts and on paper.

    Since `offline_at` her device may answer without the server: the attempt is not closed by expiry, its bundle is waited for.
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("sitting_id", "person_id", "number"),
        CheckConstraint(
            "state in ('prepared', 'open', 'paused', 'submitted', 'marked', 'released', 'expired', 'void', 'disputed')",
            name="state",
        ),
        CheckConstraint("mode in ('screen', 'paper')", name="mode"),
        Index("ix_attempt_open_deadline", "state", "deadline_at"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("enrolment.id"), index=True)
    number: Mapped[int]
    state: Mapped[Code]
    mode: Mapped[Code] = mapped_column(default="screen")
    language: Mapped[str] = mapped_column(String(8))
    started_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    grace_seconds: Mapped[int]
    paused_at: Mapped[datetime | None]
    offline_at: Mapped[datetime | None]
    sitting: Mapped[Sitting] = relationship(back_populates="attempts")
    person: Mapped[Person] = relationship()
    enrolment: Mapped[Enrolment] = relationship()
    paper: Mapped["Paper"] = relationship(back_populates="attempt")


class Paper(Base):
    """What the candidate was handed, frozen: `sheet` is what she sees, `key` what nobody sees before release.

    `shapes` tells what an answer to each item can look like, without a trace of the key: all that saving reads. The key stays
    in the database until somebody who marks asks for it.
    """

    __tablename__ = "paper"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    seed: Mapped[str] = mapped_column(String(32))
    digest: Mapped[str] = mapped_column(String(64))
    sheet: Mapped[dict[str, Any]]
    shapes: Mapped[dict[str, Any]]
    key: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    attempt: Mapped[Attempt] = relationship(back_populates="paper")


class DeviceLease(Base):
    """A device that began to write an attempt, one row a take-over: the highest epoch writes now, the rows are the record."""

    __tablename__ = "device_lease"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    device: Mapped[str] = mapped_column(String(40))
    taken_at: Mapped[datetime]


class AnswerEvent(Base):
    """One answer as one device gave it: inserted, never changed. Resending it is harmless.

    `late` came after the time or the hand-in, `evidence` from a device that did not write any more: both are kept for a
    person to look at and count only if she says so. What the device says of its own clocks orders nothing.
    """

    __tablename__ = "answer_event"
    __table_args__ = (
        UniqueConstraint("attempt_id", "device", "client_seq"),
        Index("ix_answer_event_attempt_id_id", "attempt_id", "id"),
    )

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    device: Mapped[str] = mapped_column(String(40))
    client_seq: Mapped[int]
    epoch: Mapped[int]
    item: Mapped[str] = mapped_column(String(40))
    value: Mapped[str]
    client_at: Mapped[str | None] = mapped_column(String(40))
    client_mono: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    late: Mapped[bool]
    evidence: Mapped[bool]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AnswerClash(Base):
    """A second, different answer under a number a device had used: refused, and kept for a person to look at."""

    __tablename__ = "answer_clash"

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    device: Mapped[str] = mapped_column(String(40))
    client_seq: Mapped[int]
    item: Mapped[str] = mapped_column(String(40))
    value: Mapped[str]
    received_at: Mapped[datetime]


class AnswerCurrent(Base):
    """The answer that counts for one item: a projection of the events, rebuilt from them in tests."""

    __tablename__ = "answer_current"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    item: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str]
    epoch: Mapped[int]
    client_seq: Mapped[int]
    saved_at: Mapped[datetime]


class OfflineGrant(Base):
    """Leave for one device to answer without the server: what was signed, and the device's own public key."""

    __tablename__ = "offline_grant"

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    device: Mapped[str] = mapped_column(String(40))
    public_key: Mapped[str] = mapped_column(String(140))
    epoch: Mapped[int]
    content: Mapped[dict[str, Any]]
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(128))
    granted_at: Mapped[datetime]


class Bundle(Base):
    """A file of answers given without the server. Taken in if nothing is doubtful, else held until a person has judged it."""

    __tablename__ = "bundle"
    __table_args__ = (CheckConstraint("state in ('taken', 'held', 'accepted', 'set-aside')", name="state"),)

    id: Mapped[Id]
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[Code]
    doubts: Mapped[list[str]]
    received_at: Mapped[datetime]
    received_from: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    judged_at: Mapped[datetime | None]
    judged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(String(400))
    attempt: Mapped[Attempt | None] = relationship()


class Extension(Base):
    """Minutes added to one attempt, with the reason and who gave them; those of an outage are given once."""

    __tablename__ = "extension"
    __table_args__ = (
        CheckConstraint("minutes between 1 and 600", name="minutes"),
        UniqueConstraint("attempt_id", "outage"),
    )

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    minutes: Mapped[int]
    reason: Mapped[str] = mapped_column(String(400))
    outage: Mapped[str | None] = mapped_column(String(40))
    given_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]


class RoomNote(Base):
    """What an invigilator wrote down about a sitting, or about one attempt of it. Never changed."""

    __tablename__ = "room_note"

    id: Mapped[Id]
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), index=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    text: Mapped[str] = mapped_column(String(2000))
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    person: Mapped[Person | None] = relationship()


class Submission(Base):
    """The hand-in: once an attempt, with the digest of the answers that were handed in and the receipt shown."""

    __tablename__ = "submission"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(String(40))
    answers_hash: Mapped[str] = mapped_column(String(64))
    answered: Mapped[int]
    by_expiry: Mapped[bool] = mapped_column(default=False)
    submitted_at: Mapped[datetime]


class Mark(Base):
    """What an attempt is worth: exact points, whether it passes, and each item's part. Items that were voided are absent.

    `cause` says what made this version (`marked`, or `corrected` with its reason); `judged` who decided written answers, and
    by which rule; `observed` is the mark as item analysis counts it (see `statistics.Seen`).
    """

    __tablename__ = "mark"
    __table_args__ = (
        UniqueConstraint("attempt_id", "version"),
        CheckConstraint("cause in ('marked', 'corrected')", name="cause"),
        Index("ix_mark_cause", "cause"),
    )

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    version: Mapped[int]
    points_numerator: Mapped[int]
    points_denominator: Mapped[int]
    possible: Mapped[int]
    passed: Mapped[bool]
    critical_failed: Mapped[bool]
    items: Mapped[dict[str, Any]]
    cause: Mapped[Code] = mapped_column(default="marked")
    reason: Mapped[str | None] = mapped_column(String(400))
    judged: Mapped[dict[str, Any]] = mapped_column(default=dict)
    observed: Mapped[list[Any]] = mapped_column(default=list)
    marked_at: Mapped[datetime]
    marked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Judgement(Base):
    """The points one marker gave to one written answer, by criterion: inserted, never changed. A second marker sees no first."""

    __tablename__ = "judgement"
    __table_args__ = (
        UniqueConstraint("attempt_id", "item", "part"),
        CheckConstraint("part in ('first', 'second', 'third')", name="part"),
    )

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    item: Mapped[str] = mapped_column(String(40))
    part: Mapped[Code]
    points: Mapped[dict[str, int]]
    remark: Mapped[str] = mapped_column(String(2000), default="")
    judged_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    judged_at: Mapped[datetime]


class Correction(Base):
    """How a faulty question, or one candidate's points for it, is put right in a sitting; marks get new versions by it.

    `void` takes the question out for everybody, `also` lets another answer count beside the right one, `instead` in its
    place, `printed` goes back to the key of the papers, `points` gives one attempt other points. Where it changes who
    passes, it is `asked` by one person and `applied` or `refused` by a second.
    """

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint("kind in ('void', 'also', 'instead', 'printed', 'points')", name="kind"),
        CheckConstraint("state in ('asked', 'applied', 'refused')", name="state"),
        CheckConstraint("(kind = 'points') = (attempt_id is not null)", name="one_attempt"),
    )

    id: Mapped[Id]
    sitting_id: Mapped[int] = mapped_column(ForeignKey("sitting.id"), index=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"))
    version: Mapped[int]
    kind: Mapped[Code]
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"), index=True)
    language: Mapped[str | None] = mapped_column(String(8))
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(String(400))
    state: Mapped[Code] = mapped_column(default="asked")
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    question: Mapped[Question] = relationship()
    attempt: Mapped[Attempt | None] = relationship()


class ItemTotal(Base):
    """Running totals of one question in one exam and language of delivery (see `statistics.ItemCount`)."""

    __tablename__ = "item_total"

    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    counts: Mapped[dict[str, Any]]


class ExamTotal(Base):
    """Running totals of one exam's marked attempts in one language of delivery (see `statistics.ExamCount`)."""

    __tablename__ = "exam_total"

    exam_id: Mapped[int] = mapped_column(ForeignKey("exam.id"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    counts: Mapped[dict[str, Any]]


class AttemptEvent(Base):
    """One transition of an attempt: from, to, when, who, why."""

    __tablename__ = "attempt_event"

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    before: Mapped[str | None] = mapped_column(String(40))
    after: Mapped[Code]
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str | None] = mapped_column(String(400))


# ---------- the paper twin ----------


class PaperFile(Base):
    """A printed file of one paper (booklet or answer sheet, normal or large), made once and kept by its content."""

    __tablename__ = "paper_file"
    __table_args__ = (
        CheckConstraint("purpose in ('booklet', 'sheet')", name="purpose"),
        CheckConstraint("size in ('normal', 'large')", name="size"),
    )

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    purpose: Mapped[Code] = mapped_column(primary_key=True)
    size: Mapped[Code] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    octets: Mapped[int]
    pages: Mapped[int]
    made_at: Mapped[datetime]
    attempt: Mapped[Attempt] = relationship()


class KeyedSheet(Base):
    """An answer sheet as one person keyed it: once or a second time, by two people. Never changed."""

    __tablename__ = "keyed_sheet"
    __table_args__ = (
        UniqueConstraint("attempt_id", "number"),
        UniqueConstraint("attempt_id", "keyed_by"),
        CheckConstraint("number between 1 and 2", name="number"),
    )

    id: Mapped[Id]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    number: Mapped[int]
    rows: Mapped[dict[str, Any]]
    keyed_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    keyed_at: Mapped[datetime]
    attempt: Mapped[Attempt] = relationship()
    keyer: Mapped[Person] = relationship()


class SheetDecision(Base):
    """What counts of a sheet where its two keyings differ or it is doubtful: decided once, row by row, each with its reason."""

    __tablename__ = "sheet_decision"

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    rows: Mapped[dict[str, Any]]
    decided_by: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime]
    decider: Mapped[Person] = relationship()
