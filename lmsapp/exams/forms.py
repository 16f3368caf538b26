"""Forms of exams: holding a sitting, what an invigilator does in the room."""

from typing import Any

from wtforms import BooleanField, MultipleFileField
from wtforms.validators import ValidationError

from lmsapp.core.formatting import latin_digits, native_digits
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.web.forms import Choice, Choices, DayField, Form, Line, Paragraphs, Upload, WholeNumber, needed


class TimeOfDay(Line):
    """Hours and minutes, as 9:00 or 14.30, in any digits."""

    def pre_validate(self, form: Any) -> None:
        """Makes `minutes` since midnight, or says what is wanted."""
        super().pre_validate(form)
        hours, _sign, minutes = latin_digits(self.data or "").replace(".", ":").partition(":")
        right = hours.isdigit() and minutes.isdigit() and len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60
        if not right:
            raise ValidationError(_("Write the time as 9:00 or 14:30."))
        self.minutes = int(hours) * 60 + int(minutes)

    def _value(self) -> str:
        return native_digits(self.data or "")


class SittingForm(Form):
    """Holding an exam: a day, from when to when."""

    day = DayField(later("Day"), precision="day")
    opens = TimeOfDay(later("Opens at"))
    closes = TimeOfDay(later("Closes at"))


class ReasonForm(Form):
    """An act that needs a reason."""

    reason = Line(later("Reason"), [needed(later("Write the reason."))])


class MinutesForm(Form):
    """Extra time, with the reason."""

    minutes = WholeNumber(later("Minutes"), least=1, most=600)
    reason = Line(later("Reason"), [needed(later("Write the reason."))])


class ReleaseForm(Form):
    """Releasing results, also while papers are out."""

    without_papers = BooleanField(later("Release the results of the others now"))


class NoteForm(Form):
    """What happened in the room, or at one desk."""

    text = Paragraphs(later("What happened"), [needed(later("Write what happened."))])


class CodeForm(Form):
    """A new room code, or none; or the code read out at the end."""

    wanted = Choice(choices=["new", "none", "closing"])


class ImportForm(Form):
    """A file of questions: its language, the topic of questions that name none, whether they are published."""

    file = Upload(later("File"))
    language = Choice(later("Language of the questions"))
    topic = Choice(later("Topic of questions that name none"))
    state = Choice(later("What becomes of them"), default="drafts")

    def __init__(self, topics: list[tuple[str, str]], *args: Any, publishing: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [(one.code, one.name) for one in LANGUAGES.values()]
        self.topic.choices = topics
        self.state.choices = [
            ("drafts", _("Drafts, to be looked through first")),
            ("published", _("Published at once")),
        ]
        if not publishing:
            del self.state


class ExportForm(Form):
    """The format of a file of questions."""

    format = Choice(choices=["gift", "moodle-xml"])


class BeginForm(Form):
    """Beginning an exam, with the code of the room where there is one."""

    room_code = Line(later("Code of the room"))


class BundlesForm(Form):
    """Files of answers given without the server."""

    files = MultipleFileField(later("Files from the devices"))


class JudgeForm(Form):
    """What becomes of a held bundle, and why."""

    reason = Line(later("Reason"), [needed(later("Write the reason; it stays in the record."))])
    verdict = Choice(later("Verdict"), choices=["accept", "set-aside"])


class EmptyForm(Form):
    """A button that only carries its form token."""


class PapersForm(Form):
    """Who writes on paper."""

    chosen = Choices(later("Candidates"), coerce=int)


class PrintForm(Form):
    """Printing the papers of a sitting."""

    size = Choice(later("Size"))

    def __init__(self) -> None:
        super().__init__()
        self.size.choices = [("normal", _("Normal print")), ("large", _("Large print"))]


class PaperCodeForm(Form):
    """Which paper lies on the table."""

    code = Line(
        later("Code of the paper"), [needed(later("Scan the code of the answer sheet, or type the letters beside it."))]
    )
