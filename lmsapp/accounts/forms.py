"""Forms about people: sign-in, secrets, profile, registration, roles."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from wtforms import PasswordField
from wtforms.validators import ValidationError

from lmsapp.accounts.roles import KIND_NAMES, ROLE_NAMES, Role
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.web.forms import Choice, DayField, Form, Line, needed


@cache
def zones() -> list[str]:
    """The time zones of places, by name."""
    return sorted(z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/", "US/")))


def language_choices() -> list[tuple[str, str]]:
    """The six languages by their own names."""
    return [(language.code, language.name) for language in LANGUAGES.values()]


class SignInForm(Form):
    """One form for both doors: person number and PIN, or e-mail address and password."""

    login = Line(later("Person number or e-mail"), [needed(later("Write your person number or your e-mail address."))])
    secret = PasswordField(later("PIN or password"), [needed(later("Write your PIN or password."))])
    next = Line(later("Where to go on"))


class SecretForm(Form):
    """Choosing a PIN or password, written twice."""

    new = PasswordField(later("New PIN or password"), [needed(later("Write it here."))])
    again = PasswordField(later("Once more"), [needed(later("Write it a second time."))])

    def validate_again(self, field: Any) -> None:
        """Both must be alike."""
        if field.data != self.new.data:
            raise ValidationError(_("The two are not alike. Write both again."))


class ResetForm(Form):
    """Asking for a reset letter."""

    login = Line(later("E-mail address"), [needed(later("Write your e-mail address."))])


class ProfileForm(Form):
    """What a person sets about herself."""

    language = Choice(later("Language"))
    time_zone = Choice(later("Time zone"))
    calendar = Choice(later("Calendar"))
    phone = Line(later("Telephone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = language_choices()
        self.time_zone.choices = [("", _("As the centre")), *[(z, z.replace("_", " ")) for z in zones()]]
        self.calendar.choices = [
            ("", _("As usual in my language")),
            ("gregorian", _("Gregorian")),
            ("persian", _("Solar Hijri, with Gregorian beside it")),
        ]


class DetailsForm(Form):
    """What is kept about a person."""

    name = Line(later("Full name, in the person's own script"), [needed(later("Write the person's name."))])
    name_language = Choice(later("Language of the name"))
    latin_name = Line(later("Name in Latin letters, as in the passport"))
    father_name = Line(later("Father's name"))
    sex = Choice(later("Sex"))
    birth = DayField(later("Born"), required=False)
    nationality = Choice(later("Nationality"))
    email = Line(later("E-mail address"))
    phone = Line(later("Telephone"))

    def __init__(self, *args: Any, countries: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name_language.choices = language_choices()
        self.sex.choices = [("", _("not stated")), ("f", _("woman")), ("m", _("man"))]
        self.nationality.choices = [("", _("not stated")), *countries]

    def validate_email(self, field: Any) -> None:
        """A shape that mail can reach."""
        text = field.data or ""
        local, at, domain = text.rpartition("@")
        if text and not (at and local and "." in domain and not any(c.isspace() or c in '<>,;"' for c in text)):
            raise ValidationError(_("Write an address like name@agency.org, or leave this empty."))


class RoleForm(Form):
    """Granting a role in an organisation."""

    organisation = Choice(later("Organisation"))
    role = Choice(later("Role"))

    def __init__(self, *args: Any, organisations: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation.choices = organisations
        self.role.choices = [(role.value, _(ROLE_NAMES[role])) for role in Role]


class PersonForm(DetailsForm, RoleForm):
    """Registering a person with her first role."""


class CorrectionForm(DetailsForm):
    """Correcting a person."""

    language = Choice(later("Language"))
    reason = Line(later("Reason"), [needed(later("Write the reason."))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = language_choices()


class OrganisationForm(Form):
    """Adding a partner agency or a donor, with its names."""

    code = Line(later("Code"), [needed(later("Write a short code."))])
    kind = Choice(later("Kind"))
    country = Choice(later("Country"))
    name_en, name_az, name_prs, name_ps, name_tr, name_ka = (
        Line(language.name, [needed(later("Write the name in English."))] if language.code == "en" else [])
        for language in LANGUAGES.values()
    )

    def __init__(self, *args: Any, countries: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = [(kind, _(name)) for kind, name in KIND_NAMES.items() if kind != "centre"]
        self.country.choices = [("", _("not stated")), *countries]

    def validate_code(self, field: Any) -> None:
        """A shape that addresses can carry."""
        if field.data and not re.fullmatch("[a-z][a-z0-9-]{1,39}", field.data):
            raise ValidationError(_("Write small letters, digits and hyphens, a letter first."))

    def names(self) -> dict[str, str]:
        """The names that were written, by language."""
        return {code: text for code in LANGUAGES if (text := self[f"name_{code}"].data)}


class OrganisationStateForm(Form):
    """Suspending an organisation, or opening it again."""

    active = Choice(later("State"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.active.choices = [("yes", "yes"), ("no", "no")]
