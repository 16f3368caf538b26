"""The form in which an exam is composed."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import BooleanField
from wtforms.validators import ValidationError

from lmsapp.core.formatting import number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.quantities import decimal
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.exams.composing import Plan
from lmsapp.exams.models import Exam
from lmsapp.exams.papers import Need
from lmsapp.exams.question_forms import DIFFICULTIES, Rows
from lmsapp.web.forms import Choice, Choices, Form, Line, WholeNumber

MOST_LINES, MOST_FIXED = 40, 100
NUMBERS = ("critical", "minutes", "grace_seconds", "pass_mark", "attempts", "wait_hours")
SWITCHES = ("shuffle", "parallel", "offline", "room_code")


class ExamForm(Form):
    """What an exam asks, how long it takes, when it is passed, how it is held."""

    do = Line()
    bank = Choice(later("Question bank"))
    lines = Rows(later("Blueprint"), cells=("count", "topic", "difficulty", "competence"), most=MOST_LINES)
    fixed = Rows(later("Questions in every paper"), cells=("text",), most=MOST_FIXED)
    critical = WholeNumber(later("Critical questions, at least"), least=0, most=200)
    languages = Choices(later("Languages it is held in"))
    minutes = WholeNumber(later("Minutes"), least=1, most=600)
    grace_seconds = WholeNumber(later("Grace in seconds"), least=0, most=600)
    pass_mark = WholeNumber(later("Pass mark in percent"), least=0, most=100)
    attempts = WholeNumber(later("Attempts"), least=1, most=10)
    wait_hours = WholeNumber(later("Hours between two attempts"), least=0, most=8760)
    release = Choice(later("Results are shown"))
    shuffle = BooleanField(later("Questions' answers stand in another order for everybody"))
    parallel = BooleanField(later("The source language may be read beside the paper's own"))
    offline = BooleanField(later("May be sat offline on the centre's tablets"))
    room_code = BooleanField(later("Begins only with the code the invigilator says in the room"))

    def offer(self, banks: Sequence[tuple[str, str]]) -> None:
        """Fills the lists one chooses from."""
        self.bank.choices = list(banks)
        self.release.choices = [
            ("instructor", _("when the instructor releases them")),
            ("at-once", _("at once after marking")),
        ]
        self.languages.choices = [(code, language.name) for code, language in LANGUAGES.items()]

    @classmethod
    def values(cls, exam: Exam, lines: Sequence[Need]) -> dict[str, Any]:
        """An exam as this form shows it."""
        shown = [
            {
                "count": str(need.count),
                "topic": need.topic or "",
                "difficulty": str(need.difficulty or ""),
                "competence": need.competence or "",
            }
            for need in lines
        ]
        found = {name: getattr(exam, name) for name in (*NUMBERS, *SWITCHES, "release")}
        found |= {"bank": str(exam.bank_id), "languages": list(exam.languages or LANGUAGES)}
        return found | {"lines": shown, "fixed": [{"text": key} for key in exam.fixed]}

    def validate_lines(self, field: Any) -> None:
        """Every line says how many; what else it says must be offered."""
        for place, row in enumerate(field.data, start=1):
            count = decimal(row["count"])
            if count is None or not 1 <= count <= 200 or count != int(count):
                raise ValidationError(
                    _("Line %(line)s: write how many questions, from 1 to 200.", line=number_text(place))
                )
            if row["difficulty"] not in ("", *map(str, DIFFICULTIES)) or len(row["competence"]) > 40:
                raise ValidationError(_("Line %(line)s: choose one of the offered answers.", line=number_text(place)))

    def validate_languages(self, field: Any) -> None:
        """At least one."""
        if not field.data:
            raise ValidationError(_("Choose at least one language."))

    def needs(self) -> list[Need]:
        """The lines that can be read; the others have their message."""
        found = []
        for row in self.lines.data:
            count = decimal(row["count"])
            level = int(row["difficulty"]) if row["difficulty"] in map(str, DIFFICULTIES) else None
            whole = int(count) if count is not None and 0 <= count <= 200 else 0
            found.append(Need(whole, row["topic"] or None, level, row["competence"] or None))
        return found

    def keys(self) -> list[str]:
        """Keys of the questions that stand in every paper."""
        return list(dict.fromkeys(row["text"] for row in self.fixed.data))

    def plan(self) -> Plan:
        """Everything that was chosen."""
        given: Mapping[str, Any] = {name: self[name].data for name in (*NUMBERS, *SWITCHES, "release", "languages")}
        return Plan(bank_id=int(self.bank.data), lines=self.needs(), fixed=self.keys(), **given)
