"""What exams show on a cohort's page: who passed, what waits, each one's best result."""

from flask import url_for

from lmsapp.cohorts.models import Cohort
from lmsapp.cohorts.panels import Column, Figure, Panel, Todo
from lmsapp.core import clock, formatting
from lmsapp.core.formatting import number_text, percent_text
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.exams import policy, queries
from lmsapp.exams.models import Sitting
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.filters import zone


def panel(cohort: Cohort) -> Panel:
    """Sittings and results of one cohort, as far as the reader runs it."""
    exams = queries.of_cohort(db.session(), cohort.id)
    results = exams.results
    passed = sum(result.passed for result in results.values())
    figure = Figure(
        _("Passed the exam"), number_text(passed), _("of %(total)s who sat it", total=number_text(len(results)))
    )
    cells = {number: percent_text(result.percent, decimals=0) for number, result in results.items()}
    todo = [one for sitting in exams.sittings if policy.may_watch(login.actor(), sitting) and (one := _todo(sitting))]
    todo += _for_markers(cohort, exams)
    if not exams.sittings and cohort.state in ("planned", "running") and policy.may_hold(login.actor(), cohort):
        address = url_for("exams.sittings", code=cohort.code.lower())
        todo.append(Todo(_("Set the day and times of the exam"), address))
    coming = sum(sitting.closes_at > clock.now() for sitting in exams.sittings)
    called_off = ngettext(
        "%(num)s exam that is set will not be held.",
        "%(num)s exams that are set will not be held.",
        coming,
        num=number_text(coming),
    )
    return Panel(
        figure if results else None,
        todo,
        Column(_("Exam"), cells) if results else None,
        called_off if coming else "",
    )


def _for_markers(cohort: Cohort, exams: queries.CohortExams) -> list[Todo]:
    """Written answers that wait for a marker, corrections that wait for a second person."""
    if not policy.may_judge_cohort(login.actor(), cohort):
        return []
    written = [
        Todo(_("Mark written answers"), url_for("exams.marking", sitting_id=number), _unmarked(count))
        for number, count in exams.handed_in.items()
    ]
    return written + [
        Todo(_("Decide about a correction of marks"), url_for("exams.corrections", sitting_id=one), urgent=True)
        for one in exams.corrections
    ]


def _unmarked(count: int) -> str:
    return ngettext(
        "%(num)s handed-in exam has no mark yet.",
        "%(num)s handed-in exams have no mark yet.",
        count,
        num=number_text(count),
    )


def _todo(sitting: Sitting) -> Todo | None:
    if sitting.released_at is not None:
        return None
    now, address = clock.now(), url_for("exams.room", sitting_id=sitting.id)
    when = formatting.moments_text(sitting.opens_at, sitting.closes_at, zone())
    if sitting.closes_at < now:
        return Todo(_("Release the results of the exam"), address, when, urgent=True)
    if sitting.opens_at <= now:
        return Todo(_("The exam room is open"), address, when, urgent=True)
    return Todo(_("Prepare for the exam"), address, when)
