"""The analysis in words and as a spreadsheet, in the reader's language and direction."""

from collections.abc import Iterator, Mapping
from typing import Any

from lmsapp.core.locales import LANGUAGES
from lmsapp.core.sheets import Cell, Sheet
from lmsapp.core.translations import gettext as _
from lmsapp.exams import statistics
from lmsapp.exams.analysing import Analysis, Row
from lmsapp.exams.corrections import CHOICES
from lmsapp.exams.statistics import NO_ANSWER, Chosen, ExamCount, Summary, Verdict
from lmsapp.web.locale import current_language

Words = Mapping[int, Mapping[str, Any]]


def verdicts() -> dict[Verdict, str]:
    """What comparing a language with the others says, in words."""
    return {
        Verdict.FEW: _("too few answers to compare"),
        Verdict.ALIKE: _("like the others"),
        Verdict.HARDER: _("harder than in other languages: look at the translation"),
        Verdict.EASIER: _("easier than in other languages: the translation may tell the answer"),
    }


def remarks(row: Row) -> list[str]:
    """What to look at in a question."""
    suspected = [LANGUAGES[one.language].name for one in row.translation_suspected]
    return [
        *([_("few answers: uncertain")] if row.few else []),
        *([_("check the key: who does well elsewhere does badly here")] if row.key_suspected else []),
        *([_("hardly tells who knows from who does not")] if row.weak else []),
        *([_("hard for most")] if not row.few and row.facility < statistics.HARD else []),
        *([_("right for nearly everybody")] if not row.few and row.facility > statistics.EASY else []),
        *(_("translation suspected: %(language)s", language=name) for name in suspected),
    ]


def options(row: Row, printed: Mapping[str, Any]) -> list[Chosen]:
    """Who chose which option; of other kinds only who left it out."""
    return statistics.options(row.counted, printed["options"] if row.question.kind in CHOICES else ())


def printed_of(row: Row) -> Mapping[str, Any]:
    """The structure of the version that was asked."""
    return next(one.structure for one in row.question.versions if one.number == row.version)


def sheets_of(found: Analysis, words: Words) -> list[Sheet]:
    """Four sheets: questions, options, languages, scores."""
    rtl = current_language().direction == "rtl"
    head = [_("Question"), _("Version")]
    look, answers, facility = _("Look at"), _("Answers"), _("Facility")
    of_questions = [
        *head,
        _("Text"),
        _("Topic"),
        _("Kind"),
        answers,
        facility,
        _("Discrimination"),
        _("Left out"),
        look,
    ]
    of_options = [*head, _("Option"), _("Key"), _("Chosen by"), _("Share"), _("Their score elsewhere")]
    others, delta = _("Answers in other languages"), _("Delta (Mantel-Haenszel)")
    of_languages = [*head, _("Language"), answers, others, facility, delta, look]
    spread, error = _("Standard deviation"), _("Standard error in percent")
    of_scores = [_("Language"), _("Attempts"), _("Passed"), _("Mean in percent"), spread, _("Reliability"), error]
    return [
        Sheet(
            _("Questions"), of_questions, list(_questions(found, words)), rtl, (18, 8, 60, 16, 12, 10, 10, 14, 10, 60)
        ),
        Sheet(_("Options"), of_options, list(_options(found, words)), rtl, (18, 8, 60, 10, 10, 10, 20)),
        Sheet(_("Languages"), of_languages, list(_languages(found)), rtl, (18, 8, 20, 10, 20, 10, 22, 60)),
        Sheet(_("Scores"), of_scores, list(_scores(found)), rtl, (20, 12, 12, 16, 20, 14, 24)),
    ]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _questions(found: Analysis, words: Words) -> Iterator[list[Cell]]:
    for row in found.rows:
        one, counted = row.question, row.counted
        yield [
            one.key, row.version, words[one.id]["stem"]["text"], one.topic, one.kind, counted.n, _round(row.facility),
            _round(row.discrimination), counted.options.get(NO_ANSWER, [0])[0], "; ".join(remarks(row)),
        ]  # fmt: skip


def _options(found: Analysis, words: Words) -> Iterator[list[Cell]]:
    for row in found.rows:
        printed, own = printed_of(row), words[row.question.id]
        for one in options(row, printed):
            text = _("left out") if one.key == NO_ANSWER else own[f"option.{one.key}"]["text"]
            right = _("right") if one.key in printed.get("right", ()) else ""
            rest = _round(one.rest) if one.n else None
            yield [row.question.key, row.version, text, right, one.n, _round(one.share), rest]


def _languages(found: Analysis) -> Iterator[list[Cell]]:
    for row in found.rows:
        for one in row.languages:
            figures = (one.n, one.others, _round(one.facility), _round(one.delta))
            yield [row.question.key, row.version, LANGUAGES[one.language].name, *figures, verdicts()[one.verdict]]


def _scores(found: Analysis) -> Iterator[list[Cell]]:
    yield _score(_("all"), found.attempts, found.summary)
    yield from (_score(LANGUAGES[code].name, counted, summary) for code, counted, summary in found.by_language)


def _score(name: str, counted: ExamCount, summary: Summary | None) -> list[Cell]:
    if summary is None:
        return [name, counted.n]
    figures = (summary.mean, summary.deviation, summary.reliability, summary.error)
    return [name, summary.n, summary.passed, *map(_round, figures)]
