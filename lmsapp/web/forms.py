"""What all forms share: text is trimmed and NFC, digits may be typed in any script, unknown fields are refused."""

import unicodedata
from typing import Any

from flask import abort, request
from flask_wtf import FlaskForm
from wtforms import (
    Field,
    FileField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from lmsapp.core.dates import PartialDate
from lmsapp.core.formatting import latin_digits, native_digits
from lmsapp.core.translations import gettext as _

LONGEST_LINE = 300
LONGEST_TEXT = 20_000
_UNWANTED = {"Cc", "Cs"}


def tidy(text: str | None) -> str:
    """Text as it is stored: NFC, without control characters, trimmed."""
    kept = "".join(c for c in text or "" if unicodedata.category(c) not in _UNWANTED or c in "\n\t")
    return unicodedata.normalize("NFC", kept).strip()


def takes_only(*names: str) -> None:
    """Refuses (400) a form with a field this page does not take: nobody posts `role` and is told all is well."""
    if (set(request.form) | set(request.files)) - {"csrf_token", *names}:
        abort(400)


class Form(FlaskForm):  # type: ignore[misc]
    """A form of ours. A field it does not know is refused (400), not ignored."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """No translations of WTForms' own: all messages stand in our catalogues."""

        def get_translations(self, form: Any) -> None:
            """Ours are made where a message is made."""

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            """Trims every text that comes in."""
            if issubclass(unbound_field.field_class, (StringField, TextAreaField)) and not issubclass(
                unbound_field.field_class, PasswordField
            ):
                options["filters"] = [tidy, *unbound_field.kwargs.pop("filters", ())]
            return unbound_field.bind(form=form, **options)

    def sent(self) -> bool:
        """Whether this form was posted and every field has a right shape."""
        if request.method != "POST":
            return False
        names = {field.name for field in self}
        takes_only(*names, *(f"{field.name}-{part}" for field in self for part in getattr(field, "parts", ())))
        return bool(self.validate())

    def take(self, problem: Any) -> None:
        """Puts the messages of an `Invalid` beside the fields they speak of; other refusals stand above the form."""
        for name, message in getattr(problem, "fields", {}).items():
            if name in self:
                self[name].errors = [*self[name].errors, _(message, **problem.values)]
        if not any(field.errors for field in self):
            self.form_errors = [_(problem.message, **problem.values)]


class Line(StringField):  # type: ignore[misc]
    """One line of text."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Refuses what no name, title or address needs."""
        if self.data and len(self.data) > LONGEST_LINE:
            raise ValidationError(_("This is longer than %(number)s characters. Shorten it.", number=LONGEST_LINE))
        if self.data and "\n" in self.data:
            raise ValidationError(_("Write this on one line."))


class Paragraphs(TextAreaField):  # type: ignore[misc]
    """Several lines of text."""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Refuses a text nobody would read."""
        if self.data and len(self.data) > LONGEST_TEXT:
            raise ValidationError(_("This is longer than %(number)s characters. Shorten it.", number=LONGEST_TEXT))


class WholeNumber(IntegerField):  # type: ignore[misc]
    """A whole number, typed in Latin, Persian or Arabic digits, between two limits."""

    def __init__(self, *args: Any, least: int, most: int, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.least, self.most, self.optional = least, most, optional
        self.data: Any
        self.typed = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Keeps what was typed, for the message."""
        self.typed = tidy(valuelist[0]) if valuelist else ""
        plain = latin_digits(self.typed)
        self.data = int(plain) if plain.isascii() and plain.lstrip("-").isdigit() and len(plain) < 12 else None

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Says what was typed and what is wanted."""
        if self.data is None and not self.typed and self.optional:
            return
        if self.data is None or not self.least <= self.data <= self.most:
            raise ValidationError(
                _(
                    "You wrote “%(typed)s”. Write a number from %(least)s to %(most)s.",
                    typed=self.typed,
                    least=self.least,
                    most=self.most,
                )
            )

    def _value(self) -> str:
        return self.typed or ("" if self.data is None else native_digits(str(self.data)))


class Choice(SelectField):  # type: ignore[misc]
    """One of several; what is not offered is refused with our words."""

    def pre_validate(self, form: Any) -> None:
        """Our own message."""
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_("Choose one of the offered answers.")) from None


class Choices(SelectMultipleField):  # type: ignore[misc]
    """Any number of several, as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """Our own message."""
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_("Choose from the offered answers.")) from None


class Upload(FileField):  # type: ignore[misc]
    """A file; `content` holds its octets once the form is right, `file_name` the name it came with."""

    content = b""
    file_name = ""

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Reads the file, or says that one is wanted."""
        if not getattr(self.data, "filename", ""):
            raise ValidationError(_("Choose a file."))
        self.content = self.data.read()
        self.file_name = tidy(self.data.filename).replace("\n", " ")[:200]


class DayField(Field):  # type: ignore[misc]
    """A date in three fields: day, month, year. `precision="day"` wants all three; otherwise the year alone will do."""

    parts = ("day", "month", "year")

    def __init__(self, *args: Any, precision: str = "any", required: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.precision, self.required = precision, required
        self.typed: dict[str, str] = {}

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:  # noqa: ARG002
        """Reads the three parts."""
        self.process_errors: list[str] = []
        self.data = data if isinstance(data, PartialDate) else self.default
        if formdata and any(f"{self.name}-{part}" in formdata for part in self.parts):
            self.typed = {part: latin_digits(tidy(formdata.get(f"{self.name}-{part}"))) for part in self.parts}
            self.data = None

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Makes the date, or says which part is missing."""
        if not self.typed:
            if self.data is None and self.required:
                raise ValidationError(_("Write the date."))
            return
        day, month, year = (self.typed.get(part, "") for part in self.parts)
        if not (day or month or year):
            if self.required:
                raise ValidationError(_("Write the date."))
            return
        if self.precision == "day" and not (day and month and year):
            raise ValidationError(_("Write day, month and year."))
        text = "-".join(p.rjust(2, "0") for p in (year.rjust(4, "0"), month, day) if p)
        try:
            if day and not month:
                raise ValueError(text)  # noqa: TRY301
            self.data = PartialDate.parse(text)
        except ValueError:
            raise ValidationError(_("There is no such date. Check day, month and year.")) from None

    def part(self, name: str) -> str:
        """What stands in one of the three fields."""
        if self.typed:
            return self.typed.get(name, "")
        value = getattr(self.data, name, None) if self.data else None
        return "" if value is None else str(value)


def needed(message: str) -> Any:
    """A validator: the field must not be empty; `message` (translated) says what to write."""

    def check(_form: Any, field: Any) -> None:
        if not field.data:
            raise ValidationError(message if isinstance(message, str) else str(message))

    return check
