"""Forms of cohorts: starting one, putting people on the roster."""

from typing import Any

from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.web.forms import Choice, Choices, DayField, Form, Line, WholeNumber, needed


class PlanForm(Form):
    """When, where, in which languages, for how many."""

    starts_on = DayField(later("First day"), precision="day")
    ends_on = DayField(later("Last day"), precision="day")
    place = Line(later("Place"), [needed(later("Write where the course is held."))])
    languages = Choices(later("Languages of this cohort"), [needed(later("Choose at least one language."))])
    seats = WholeNumber(later("Seats"), least=1, most=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.languages.choices = [(language.code, language.name) for language in LANGUAGES.values()]


class CohortForm(PlanForm):
    """Starting a cohort."""

    course = Choice(later("Course"))
    partner = Choice(later("Partner agency"))

    def __init__(
        self, *args: Any, courses: list[tuple[str, str]], partners: list[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.course.choices = courses
        self.partner.choices = [("", _("none")), *partners]


class ChangeForm(PlanForm):
    """Changing a cohort."""

    edition = Choice(later("Edition of the course"))

    def __init__(self, *args: Any, editions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.edition.choices = editions


class CancelForm(Form):
    """Calling a cohort off."""

    reason = Line(later("Reason"), [needed(later("Write the reason."))])


class EnrolForm(Form):
    """Putting somebody on the roster by her number."""

    number = Line(later("Person number"), [needed(later("Write the person number."))])
    language = Choice(later("Learns in"))

    def __init__(self, *args: Any, languages: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [(code, LANGUAGES[code].name) for code in languages]


class NewTraineeForm(Form):
    """Registering somebody and putting her on the roster."""

    name = Line(later("Full name, in the person's own script"), [needed(later("Write the person's name."))])
    latin_name = Line(later("Name in Latin letters, as in the passport"))
    father_name = Line(later("Father's name"))
    sex = Choice(later("Sex"))
    birth = DayField(later("Born"), required=False)
    language = Choice(later("Learns in"))

    def __init__(self, *args: Any, languages: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [(code, LANGUAGES[code].name) for code in languages]
        self.sex.choices = [("", _("not stated")), ("f", _("woman")), ("m", _("man"))]


class WithdrawForm(Form):
    """Taking somebody off the roster."""

    reason = Line(later("Reason"), [needed(later("Write the reason."))])


class StaffForm(Form):
    """Putting somebody on a cohort's staff, or taking her off."""

    act = Choice(later("What happens"))
    who = Choice(later("Who"))

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.act.choices = [("on", "on"), ("off", "off")]
        self.who.choices = people
