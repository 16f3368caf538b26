"""Item analysis: keeping its running totals as marks come and go, and counting everything anew from the marks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, select, tuple_
from sqlalchemy.orm import Session, aliased, joinedload

from lmsapp.catalogue.models import Edition
from lmsapp.core import audit, jobs
from lmsapp.core.access import Actor, demand
from lmsapp.exams import policy, queries, statistics
from lmsapp.exams.attempts import State
from lmsapp.exams.models import Attempt, Bank, Exam, ExamTotal, ItemTotal, Mark, Question, Sitting
from lmsapp.exams.statistics import Alike, Compared, ExamCount, ItemCount, Key, Seen, Summary, Verdict

ANEW = "exams.analysis"


@dataclass(frozen=True)
class Totals:
    """All that is counted of some exams: items and attempts by exam and language."""

    items: dict[tuple[int, str], dict[Key, ItemCount]]
    exams: dict[tuple[int, str], ExamCount]


def replace(session: Session, attempt: Attempt, before: Mark | None, after: Mark | None) -> None:
    """Counts a mark instead of the one before; with None after, the attempt counts no more (it was voided)."""
    if before is None and after is None:
        return
    exam_id = attempt.sitting.exam_id
    _in_line(session, exam_id)
    items = _items(session, exam_id, attempt.language, [m.observed for m in (before, after) if m])
    row = session.get(ExamTotal, (exam_id, attempt.language))
    if row is None:
        row = ExamTotal(exam_id=exam_id, language=attempt.language, counts={})
        session.add(row)
    counts, total = {key: statistics.of_item(one.counts) for key, one in items.items()}, statistics.of_exam(row.counts)
    for mark, sign in ((before, -1), (after, 1)):
        if mark is not None:
            statistics.count(counts, total, _seen(mark.observed), sign, passed=mark.passed)
    row.counts = statistics.stored(total)
    for key, counted in counts.items():
        one = items.get(key)
        if one is None:
            one = ItemTotal(exam_id=exam_id, question_id=key[0], version=key[1], language=attempt.language)
            session.add(one)
        one.counts = statistics.stored(counted)
    session.flush()


def _seen(observed: Sequence[Sequence[Any]]) -> Iterator[Seen]:
    return (Seen(*row) for row in observed)


def _in_line(session: Session, exam_id: int) -> None:
    """One at a time: whoever changes an exam's totals holds the exam's row until the end of the transaction."""
    session.execute(select(Exam.id).where(Exam.id == exam_id).with_for_update(key_share=True))


def _items(
    session: Session, exam_id: int, language: str, observed: Sequence[Sequence[Sequence[Any]]]
) -> dict[Key, ItemTotal]:
    wanted = {(row[0], row[1]) for rows in observed for row in rows}
    found = session.scalars(
        select(ItemTotal).where(
            ItemTotal.exam_id == exam_id,
            ItemTotal.language == language,
            tuple_(ItemTotal.question_id, ItemTotal.version).in_(list(wanted)),
        )
    )
    return {(one.question_id, one.version): one for one in found}


def from_marks(session: Session, exam_ids: Sequence[int]) -> Totals:
    """Counts everything anew from the marks that count."""
    later = aliased(Mark)
    rows = session.execute(
        select(Sitting.exam_id, Attempt.language, Mark.passed, Mark.observed)
        .join(Attempt, Attempt.id == Mark.attempt_id)
        .join(Sitting, Sitting.id == Attempt.sitting_id)
        .where(
            Sitting.exam_id.in_(exam_ids),
            Attempt.state != State.VOID,
            ~exists().where(later.attempt_id == Mark.attempt_id, later.version > Mark.version),
        )
        .execution_options(yield_per=1000)
    )
    found = Totals(defaultdict(dict), defaultdict(ExamCount))
    alike: dict[tuple[int, str], Alike] = defaultdict(dict)
    for exam_id, language, passed, observed in rows:
        place = (exam_id, language)
        statistics.gather(alike[place], found.exams[place], observed, passed=passed)
    for place, answers in alike.items():
        statistics.spread(found.items[place], answers)
    return found


def kept(session: Session, exam_ids: Sequence[int]) -> Totals:
    """The running totals as they stand."""
    found = Totals(defaultdict(dict), defaultdict(ExamCount))
    for item in session.scalars(select(ItemTotal).where(ItemTotal.exam_id.in_(exam_ids))):
        counted = ItemCount(**item.counts)
        if counted.n:
            found.items[item.exam_id, item.language][item.question_id, item.version] = counted
    for one in session.scalars(select(ExamTotal).where(ExamTotal.exam_id.in_(exam_ids))):
        total = ExamCount(**one.counts)
        if total.n:
            found.exams[one.exam_id, one.language] = total
    return found


def count_anew(session: Session, exam_ids: Sequence[int]) -> Totals:
    """Puts what the marks say in the place of the running totals."""
    for exam_id in sorted(exam_ids):
        _in_line(session, exam_id)
    found = from_marks(session, exam_ids)
    session.execute(delete(ItemTotal).where(ItemTotal.exam_id.in_(exam_ids)))
    session.execute(delete(ExamTotal).where(ExamTotal.exam_id.in_(exam_ids)))
    for (exam_id, language), items in found.items.items():
        session.add_all(
            ItemTotal(exam_id=exam_id, question_id=q, version=v, language=language, counts=statistics.stored(one))
            for (q, v), one in items.items()
        )
    session.add_all(
        ExamTotal(exam_id=exam_id, language=language, counts=statistics.stored(one))
        for (exam_id, language), one in found.exams.items()
    )
    session.flush()
    return found


def ask_anew(session: Session, actor: Actor, bank: Bank) -> None:
    """Asks the worker to count a bank's exams anew."""
    demand(policy.may_publish(actor))
    exam_ids = list(session.scalars(select(Exam.id).where(Exam.bank_id == bank.id)))
    audit.record(session, "analysis.counted-anew", actor, on=("bank", bank.code))
    jobs.enqueue(session, ANEW, {"exams": exam_ids}, asked_by=actor.person_id)


# ---------- reading ----------


@dataclass(frozen=True)
class Row:
    """One question in the analysis: its counts, figures, what to look at, and how it stands in each language."""

    question: Question
    version: int
    counted: ItemCount
    facility: float
    discrimination: float | None
    languages: list[Compared]

    @property
    def few(self) -> bool:
        """Whether too few answered for the figures to mean much."""
        return self.counted.n < statistics.FEW

    @property
    def translation_suspected(self) -> list[Compared]:
        """Languages in which it is much harder or easier than in the others, at equal scores."""
        return [one for one in self.languages if one.verdict in (Verdict.HARDER, Verdict.EASIER)]

    @property
    def key_suspected(self) -> bool:
        """Whether those who do well elsewhere do badly here."""
        return not self.few and self.discrimination is not None and self.discrimination < 0

    @property
    def weak(self) -> bool:
        """Whether it hardly tells those who know from those who don't."""
        return not self.few and self.discrimination is not None and 0 <= self.discrimination < statistics.WEAK


@dataclass(frozen=True)
class Analysis:
    """The analysis of a bank's exams: scores in all and by language, questions with their figures."""

    attempts: ExamCount
    summary: Summary | None
    by_language: list[tuple[str, ExamCount, Summary | None]]
    rows: list[Row]


def exams_of(session: Session, bank: Bank) -> Sequence[Exam]:
    """The exams that draw from a bank."""
    return session.scalars(
        select(Exam)
        .where(Exam.bank_id == bank.id)
        .options(joinedload(Exam.edition).joinedload(Edition.course))
        .order_by(Exam.id)
    ).all()


def analysis(session: Session, actor: Actor, exams: Sequence[Exam], language: str | None = None) -> Analysis:
    """Figures from the running totals of some exams, in one language of delivery or in all."""
    demand(policy.may_author(actor))
    totals = kept(session, [exam.id for exam in exams])
    spoken = sorted({code for _exam, code in totals.exams})
    wanted = [language] if language else spoken
    by_item: dict[Key, dict[str, list[ItemCount]]] = {}
    for (_exam, code), items in totals.items.items():
        for key, counted in items.items():
            by_item.setdefault(key, {}).setdefault(code, []).append(counted)
    questions = queries.questions(session, {question for question, _version in by_item})
    rows = []
    for (question, version), by_code in by_item.items():
        merged = {code: statistics.together(counts) for code, counts in by_code.items()}
        counted = statistics.together(merged[code] for code in wanted if code in merged)
        easy = statistics.facility(counted)
        if easy is not None:
            sharp = statistics.discrimination(counted)
            rows.append(Row(questions[question], version, counted, easy, sharp, statistics.compared(merged)))
    rows.sort(key=lambda row: (row.question.topic, row.question.key, row.version))

    def scores(codes: Sequence[str]) -> tuple[ExamCount, Summary | None]:
        counted = statistics.all_together(one for (_exam, code), one in totals.exams.items() if code in codes)
        items = [
            statistics.together(c for code, counts in by_code.items() if code in codes for c in counts)
            for by_code in by_item.values()
        ]
        return counted, statistics.summary(counted, [item for item in items if item.n])

    return Analysis(*scores(wanted), [(code, *scores([code])) for code in spoken], rows)
