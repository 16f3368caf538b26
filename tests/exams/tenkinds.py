"""A paper with a question of every kind, in English and Dari, for the pages and the protocol to be tried on."""

from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from lmsapp.cohorts.models import Cohort
from lmsapp.core import clock
from lmsapp.core.access import KEEPER
from lmsapp.exams import banking
from lmsapp.exams.models import Bank, Exam, Sitting
from lmsapp.translation import revising

TOPIC = "safety"
ENTRIES: list[dict[str, Any]] = [
    {"key": "marker", "kind": "single", "critical": True, "stem": "What do red and white stones beside a road mean?", "feedback": "FEEDBACK-CANARY",
     "options": [{"text": "The red side is not cleared"}, {"text": "The red side is cleared", "right": False}, {"text": "It is a car park"}]},
    {"key": "tell", "kind": "multiple", "stem": "Whom do you tell of a suspicious object?", "feedback": "FEEDBACK-CANARY",
     "options": [{"text": "The police", "right": True}, {"text": "The mine action centre", "right": True}, {"text": "Nobody"}, {"text": "Children, so that they fetch it"}]},
    {"key": "touch", "kind": "true-false", "stem": "You may touch an object that has lain for years.", "answer": False, "feedback": "FEEDBACK-CANARY"},
    {"key": "signs", "kind": "matching", "stem": "What does each sign mean?", "feedback": "FEEDBACK-CANARY",
     "pairs": [{"prompt": "Skull on a red square", "choice": "Danger, mines"}, {"prompt": "White stones", "choice": "Cleared"}, {"prompt": "Red stones", "choice": "Not cleared"}], "choices": ["A well is near"]},
    {"key": "steps", "kind": "ordering", "stem": "You find an object. In which order do you act?", "feedback": "FEEDBACK-CANARY", "items": ["Stop", "Warn the others", "Go back the way you came", "Report it"]},
    {"key": "area", "kind": "numeric", "points": 2, "stem": "A field is 80 m long and 100 m wide. How large is it?", "answer": "8000", "tolerance": "0", "unit": "m²", "feedback": "FEEDBACK-CANARY"},
    {"key": "word", "kind": "short-text", "stem": "What is risk education for explosive ordnance called in short?", "accepted": ["EORE", "ACCEPTED-CANARY"], "feedback": "FEEDBACK-CANARY"},
    {"key": "where", "kind": "hotspot", "stem": "Mark the two places you would keep away from.", "figure": "landscape-signs", "alt": "A landscape with signs.", "columns": 8, "rows": 5, "hazards": [["B3"], ["F4", "G4"]], "feedback": "FEEDBACK-CANARY"},
    {"key": "gaps", "kind": "cloze", "stem": "When you see a sign, [[1]]. Then call [[2]] and wait at least [[3]] metres away.", "feedback": "FEEDBACK-CANARY",
     "gaps": {"1": {"options": [{"text": "stop", "right": True}, {"text": "run"}, {"text": "take a picture from near"}]}, "2": {"accepted": ["ACCEPTED-CANARY"]}, "3": {"answer": "73911"}}},
    {"key": "report", "kind": "written", "stem": "Write how you report a suspicious object, in your own words.", "feedback": "FEEDBACK-CANARY", "rubric": [{"text": "RUBRIC-CANARY says where it is", "points": 3}, {"text": "RUBRIC-CANARY says who found it", "points": 2}]},
]  # fmt: skip
DARI: dict[str, dict[str, Any]] = {
    "marker": {"stem": "سنگ‌های سرخ و سفید کنار سرک چه معنا دارد؟", "options": ["طرف سرخ پاک نشده است", "طرف سرخ پاک شده است", "جای ایستادن موتر است"], "feedback": "."},
    "tell": {"stem": "شیء مشکوک را به کی خبر می‌دهید؟", "options": ["پولیس", "مرکز ماین‌پاکی", "هیچ‌کس", "اطفال تا آن را بیاورند"], "feedback": "."},
    "touch": {"stem": "شیئی را که سال‌ها افتاده است می‌توان دست زد.", "feedback": "."},
    "signs": {"stem": "هر نشانه چه معنا دارد؟", "prompts": ["جمجمه روی مربع سرخ", "سنگ‌های سفید", "سنگ‌های سرخ"], "choices": ["خطر، ماین", "پاک شده", "پاک نشده", "چاه نزدیک است"], "feedback": "."},
    "steps": {"stem": "شیئی پیدا می‌کنید. به کدام ترتیب رفتار می‌کنید؟", "items": ["ایستادن", "خبردار ساختن دیگران", "برگشتن از همان راه", "گزارش دادن"], "feedback": "."},
    "area": {"stem": "زمینی ۸۰ متر طول و ۱۰۰ متر عرض دارد. مساحت آن چند است؟", "unit": "متر مربع", "feedback": "."},
    "word": {"stem": "آموزش خطر مهمات انفجاری به اختصار چه نام دارد؟", "accepted": ["EORE"], "feedback": "."},
    "where": {"stem": "دو جایی را نشانی کنید که از آن دور می‌مانید.", "alt": "منظره‌ای با نشانه‌ها.", "feedback": "."},
    "gaps": {"stem": "وقتی نشانه را می‌بینید، [[1]]. بعد به [[2]] زنگ بزنید و دست‌کم [[3]] متر دور بمانید.", "gaps": {"1": {"options": ["بایستید", "بدوید", "از نزدیک عکس بگیرید"]}, "2": {"accepted": ["پولیس"]}}, "feedback": "."},
    "report": {"stem": "به زبان خود بنویسید شیء مشکوک را چگونه گزارش می‌دهید.", "rubric": ["جای آن را می‌گوید", "می‌گوید کی آن را یافت"], "feedback": "."},
}  # fmt: skip


def bank(session: Session, code: str = "tenkinds", right: int = 0) -> Bank:
    """A bank with a question of every kind; `right` says which option of the first question is right."""
    made = revising.put_document(session, KEEPER, "bank", code, "en", [])
    kept = Bank(code=code, document_id=made.document.id, topics=[TOPIC], is_demonstration=True)
    session.add(kept)
    session.flush()
    for entry in ENTRIES:
        whole = entry | {"topic": TOPIC}
        if entry["key"] == "marker":
            whole["options"] = [option | {"right": at == right} for at, option in enumerate(entry["options"])]
        banking.put(session, KEEPER, kept, whole, "en", {"prs": DARI[entry["key"]]})
    return kept


def hold(session: Session, cohort: Cohort, kept: Bank, minutes: int = 40, **more: Any) -> Sitting:
    """A sitting of the whole bank, open now."""
    now = clock.now()
    exam = Exam(
        edition_id=cohort.edition_id, code=f"{kept.code}-{cohort.id}-{minutes}", bank_id=kept.id, questions=len(ENTRIES),
        minutes=minutes, grace_seconds=more.pop("grace_seconds", 30), blueprint=[{"count": len(ENTRIES), "topic": TOPIC}],
        attempts=9,
    )  # fmt: skip
    held = Sitting(
        exam=exam, cohort_id=cohort.id, opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(hours=4), **more
    )
    session.add(held)
    session.flush()
    return held
