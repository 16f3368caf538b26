"""Item analysis of a bank's exams: scores, questions, languages; as a page and as a spreadsheet."""

from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core import clock, sheets
from lmsapp.core.errors import NotFound
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import gettext as _
from lmsapp.exams import analysing, charts, composing, policy, queries
from lmsapp.exams.analysing import Analysis
from lmsapp.exams.forms import EmptyForm
from lmsapp.exams.models import Bank, Exam, Question
from lmsapp.exams.statistics import BARS, FEW, NO_ANSWER, WEAK, Verdict
from lmsapp.exams.views.analysis_sheets import options, remarks, sheets_of, verdicts
from lmsapp.exams.views.area import area, edition_title
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _chosen(code: str) -> tuple[Bank, Sequence[Exam], Exam | None, str | None]:
    """The bank, its exams, and which exam and language the address narrows them to."""
    bank = queries.bank(db.session(), code)
    exams = analysing.exams_of(db.session(), bank)
    wanted, language = request.args.get("exam", ""), request.args.get("papers")
    exam = next((one for one in exams if str(one.id) == wanted), None)
    return bank, exams, exam, language if language in LANGUAGES else None


def _found(exams: Sequence[Exam], exam: Exam | None, language: str | None) -> Analysis:
    return analysing.analysis(db.session(), login.actor(), [exam] if exam else exams, language)


def _words(questions: Sequence[Question]) -> dict[int, dict[str, Any]]:
    return composing.words(db.session(), questions, current_language().code, drafts_allowed=drafts_allowed())


@area.get("/banks/<code>/analysis", policy=policy.may_author)
def analysis(code: str) -> str:
    """Scores and questions of the exams that draw from a bank, from running totals."""
    bank, exams, exam, language = _chosen(code)
    found = _found(exams, exam, language)
    rtl = current_language().direction == "rtl"
    marks = {one.pass_mark for one in ([exam] if exam else exams)}
    pass_mark = marks.pop() if len(marks) == 1 else None
    dots = [
        (n, row.facility, row.discrimination) for n, row in enumerate(found.rows, 1) if row.discrimination is not None
    ]
    return render_template(
        "exams/analysis.html",
        bank=bank,
        bank_words=texts.texts_of(
            db.session(), bank.document_id, current_language().code, drafts_allowed=drafts_allowed()
        ),
        exams=[(one, edition_title(one.edition)) for one in exams],
        exam=exam,
        chosen_language=language,
        found=found,
        words=_words([row.question for row in found.rows]),
        histogram=charts.histogram(found.attempts.bars, BARS, pass_mark, rtl=rtl) if found.summary else None,
        scatter=charts.scatter(dots, WEAK, rtl=rtl),
        pass_mark=pass_mark,
        few=FEW,
    )


@area.get("/banks/<code>/analysis/<key>/<int:version>", policy=policy.may_author)
def item_analysis(code: str, key: str, version: int) -> str | Response:
    """One question: its options with who chose them, and each language against the others."""
    bank, exams, exam, language = _chosen(code)
    row = next((r for r in _found(exams, exam, language).rows if (r.question.key, r.version) == (key, version)), None)
    if row is None and key in {one.key for one in bank.questions}:  # nobody has answered it yet
        return redirect(url_for("exams.analysis", code=code), 303)  # type: ignore[return-value]
    if row is None:
        raise NotFound
    printed = next(one.structure for one in row.question.versions if one.number == version)
    return render_template(
        "exams/analysis_item.html",
        bank=bank,
        row=row,
        words=_words([row.question])[row.question.id],
        printed=printed,
        options=options(row, printed),
        exam=exam,
        chosen_language=language,
        few=FEW,
        Verdict=Verdict,
        NO_ANSWER=NO_ANSWER,
    )


@area.post("/banks/<code>/analysis", policy=policy.may_publish)
def count_anew(code: str) -> Response:
    """Asks the worker to count everything anew from the marks."""
    if not EmptyForm().sent():
        abort(400)
    bank = queries.bank(db.session(), code)
    analysing.ask_anew(db.session(), login.actor(), bank)
    flash(_("The figures are being counted anew from the marks. Look again in a minute."), "done")
    return redirect(url_for("exams.analysis", code=code), 303)  # type: ignore[return-value]


@area.get("/banks/<code>/analysis.xlsx", policy=policy.may_author)
def analysis_sheet(code: str) -> Response:
    """The analysis as a spreadsheet, in the reader's language and direction."""
    bank, exams, exam, language = _chosen(code)
    found = _found(exams, exam, language)
    content = sheets.write(sheets_of(found, _words([row.question for row in found.rows])), made_at=clock.now())
    headers = {"Content-Disposition": f'attachment; filename="{bank.code}-analysis.xlsx"'}
    return Response(content, mimetype=XLSX, headers=headers)


area.app_template_global("verdicts")(verdicts)
area.app_template_global("remarks")(remarks)
