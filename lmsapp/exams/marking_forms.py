"""Forms of marking: points for the criteria of a written answer, corrections of marks that stand."""

from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import RadioField
from wtforms.validators import ValidationError

from lmsapp.core.formatting import number_text
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.exams.corrections import CHOICES, WITH_ANSWERS
from lmsapp.exams.questions import Kind
from lmsapp.web.forms import Choice, Choices, Form, Line, Paragraphs, needed


def judgement_form(rubric: Mapping[str, int]) -> Form:
    """Points for each criterion of a rubric, and a remark the candidate may read."""
    missing = later("Choose the points for this criterion.")
    fields: dict[str, Any] = {
        f"criterion-{key}": Points(missing, choices=[(str(n), number_text(n)) for n in range(most + 1)])
        for key, most in rubric.items()
    }
    fields["remark"] = Paragraphs(later("Remark"))
    fields["answer"] = Line()
    return type("JudgementForm", (Form,), fields)()  # type: ignore[no-any-return]


class Points(RadioField):  # type: ignore[misc]
    """So many points of so many; none chosen is no answer."""

    def __init__(self, missing: Any, **kwargs: Any) -> None:
        super().__init__("", validate_choice=False, **kwargs)
        self.missing = missing

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Asks for one of the offered numbers."""
        if self.data not in dict(self.choices):
            raise ValidationError(str(self.missing))


KINDS_OF_CORRECTION = {
    "void": later("Take the question out for everybody"),
    "also": later("Let another answer count as well"),
    "instead": later("Let another answer count instead"),
    "printed": later("Go back to the key of the papers"),
}


def regrade_form(kind: str, options: Sequence[tuple[str, str]], languages: Sequence[str]) -> Any:
    """How a faulty question is put right; which fields there are depends on its kind."""
    kinds = [name for name in KINDS_OF_CORRECTION if kind in WITH_ANSWERS or name in ("void", "printed")]
    papers = [("", _("in every language")), *((code, LANGUAGES[code].name) for code in languages)]
    fields: dict[str, Any] = {
        "kind": Choice(later("What is to be done"), choices=[(name, KINDS_OF_CORRECTION[name]) for name in kinds]),
        "language": Choice(later("For papers"), choices=papers, default=""),
        "reason": Line(later("Reason")),
        "seen": Line(),
        "go": Line(),
    }
    if kind in CHOICES:
        fields["right"] = Choices(later("The answer that is to count"), choices=list(options))
    elif kind == Kind.NUMERIC:
        fields["answer"] = Line(later("The number that is to count"))
        fields["tolerance"] = Line(later("Tolerance"), default="0")
    elif kind == Kind.SHORT_TEXT:
        fields["accepted"] = Paragraphs(later("Answers that are to count, one a line"))
    return type("RegradeForm", (Form,), fields)()


class DecisionForm(Form):
    """A second person's word."""

    agreed = Choice(choices=["yes", "no"])


class PointsForm(Form):
    """Other points for one answer."""

    points = Line(later("Points"), [needed(later("Write the points."))])
    reason = Line(later("Reason"), [needed(later("Write the reason; it stands with every mark that changes."))])
