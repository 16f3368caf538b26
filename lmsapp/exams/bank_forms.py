"""Forms of banks: opening and changing one, the remark with which a draft goes back."""

import re
from collections.abc import Mapping
from typing import Any

from wtforms.validators import ValidationError

from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import lazy_gettext as later
from lmsapp.exams.question_forms import Rows
from lmsapp.web.forms import Choice, Form, Line, Paragraphs, needed

MOST_TOPICS = 30


class BankForm(Form):
    """A bank: its code, title, topics, and the course it belongs to."""

    do = Line()
    code = Line(later("Code"))
    language = Choice(later("Written in"))
    title = Line(later("Title"), [needed(later("Write a title."))])
    topics = Rows(later("Topics"), cells=("text",), most=MOST_TOPICS)
    course = Choice(later("Course"))

    def offer(self, courses: list[tuple[str, str]]) -> None:
        """Fills the lists one chooses from."""
        self.language.choices = [(code, language.name) for code, language in LANGUAGES.items()]
        self.course.choices = [("", _("none")), *courses]

    def validate_code(self, field: Any) -> None:
        """Small letters, digits and hyphens: it stands in addresses."""
        if not re.fullmatch(r"(?!new$)[a-z0-9][a-z0-9-]{1,38}", field.data or ""):
            raise ValidationError(_("Write a code of 2 to 39 small letters, digits and hyphens, as maf-101."))

    def validate_topics(self, field: Any) -> None:
        """Two topics of one name could not be told apart."""
        names = [row["text"] for row in field.data]
        if len(set(names)) < len(names):
            raise ValidationError(_("Two topics have the same name."))

    def named_topics(self, known: Mapping[str, str]) -> dict[str, str]:
        """Topics by key: a topic keeps its key while its name or its row stays; a new one gets its name as key, or a number."""
        by_name = {name: key for key, name in known.items()}
        in_order = list(known)
        found: dict[str, str] = {}
        kept = [by_name.get(row["text"], "") for row in self.topics.data]
        for place, row in enumerate(self.topics.data):
            here = in_order[place] if place < len(in_order) and in_order[place] not in kept else ""
            found[kept[place] or here or _new_key(row["text"], {*known, *found})] = row["text"]
        return found


def _new_key(name: str, taken: set[str]) -> str:
    plain = "-".join(re.findall(r"[a-z0-9]+", name.lower()))[:30] if name.isascii() else ""
    numbered = (f"{plain}-{n}" if plain else f"topic-{n}" for n in range(1, 1000))
    return plain if plain and plain not in taken else next(key for key in numbered if key not in taken)


class RemarkForm(Form):
    """Why a draft goes back."""

    remark = Paragraphs(later("What the author has to change"))
