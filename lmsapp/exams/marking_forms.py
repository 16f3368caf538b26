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


class Points(RadioField):  # type: ignore[misc]
    """So many points of so many; none chosen is no answer."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Asks for one of the offered numbers."""
        if self.data not in dict(self.choices):
            raise ValidationError(_("Choose the points for this criterion."))


def judgement_form(rubric: Mapping[str, int]) -> Any:
    """Points for each criterion of a rubric, and a remark the candidate may read."""
    fields: dict[str, Any] = {f"criterion-{key}": Points() for key in rubric}
    form = _form(fields | {"remark": Paragraphs(later("Remark")), "answer": Line()})
    for key, most in rubric.items():
        form[f"criterion-{key}"].choices = [(str(points), number_text(points)) for points in range(most + 1)]
    return form


def regrade_form(kind: str, options: Sequence[tuple[str, str]], languages: Sequence[str]) -> Any:
    """How a faulty question is put right; which fields there are depends on its kind."""
    fields: dict[str, Any] = {
        "kind": Choice(later("What is to be done")),
        "language": Choice(later("For papers"), default=""),
        "reason": Line(later("Reason")),
        "seen": Line(),
        "go": Line(),
    }
    if kind in CHOICES:
        fields["right"] = Choices(later("The answer that is to count"))
    elif kind == Kind.NUMERIC:
        fields["answer"] = Line(later("The number that is to count"))
        fields["tolerance"] = Line(later("Tolerance"), default="0")
    elif kind == Kind.SHORT_TEXT:
        fields["accepted"] = Paragraphs(later("Answers that are to count, one a line"))
    form = _form(fields)
    answers = [("also", _("Let another answer count as well")), ("instead", _("Let another answer count instead"))]
    form.kind.choices = [
        ("void", _("Take the question out for everybody")),
        *(answers if kind in WITH_ANSWERS else []),
        ("printed", _("Go back to the key of the papers")),
    ]
    form.language.choices = [("", _("in every language")), *((code, LANGUAGES[code].name) for code in languages)]
    if kind in CHOICES:
        form.right.choices = list(options)
    return form


def _form(fields: dict[str, Any]) -> Any:
    return type("MarkingForm", (Form,), fields)()


class DecisionForm(Form):
    """A second person's word."""

    agreed = Choice(choices=["yes", "no"])


class PointsForm(Form):
    """Other points for one answer."""

    points = Line(later("Points"), [needed(later("Write the points."))])
    reason = Line(later("Reason"), [needed(later("Write the reason; it stands with every mark that changes."))])
