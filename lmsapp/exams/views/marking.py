"""Marking written answers without knowing whose they are, and correcting marks that stand."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, flash, redirect, render_template, request, url_for

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.errors import Invalid, NotFound
from lmsapp.core.translations import gettext as _
from lmsapp.exams import composing, judging, policy, queries, regrading
from lmsapp.exams.corrections import CHOICES, WITH_ANSWERS, Change
from lmsapp.exams.judging import Task
from lmsapp.exams.marking_forms import DecisionForm, PointsForm, judgement_form, regrade_form
from lmsapp.exams.models import Correction, Question, QuestionVersion, Sitting
from lmsapp.exams.questions import Kind
from lmsapp.exams.regrading import Regraded
from lmsapp.exams.views.area import area, edition_title
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language

Page = str | Response | tuple[str, int]


def _sitting(sitting_id: int, may: Any = policy.may_judge) -> Sitting:
    held = queries.sitting(db.session(), login.actor(), sitting_id)
    if not may(login.actor(), held):
        raise NotFound
    return held


def _words(questions: Sequence[Question]) -> dict[int, dict[str, Any]]:
    return composing.words(db.session(), questions, current_language().code, drafts_allowed=drafts_allowed())


@area.get("/exams/sittings/<int:sitting_id>/marking", policy=policy.may_judge)
def marking(sitting_id: int) -> str:
    """The written questions of a sitting: how many answers wait, for whom."""
    held = _sitting(sitting_id)
    return render_template(
        "exams/marking.html",
        sitting=held,
        title=edition_title(held.cohort.edition),
        piles=judging.piles(db.session(), login.actor(), held),
        actor=login.actor(),
        waiting=judging.waiting(db.session(), held),
    )


@area.form("/exams/sittings/<int:sitting_id>/marking/<int:question_id>", policy=policy.may_judge)
def judge(sitting_id: int, question_id: int) -> Page:
    """One answer, its criteria and the points for each; then the next one."""
    held = _sitting(sitting_id)
    actor = login.actor()
    pile = judging.pile(db.session(), actor, held, question_id)
    task = _task(pile.mine(actor) if pile else [], request.form.get("answer") or request.args.get("answer", ""))
    if pile is None and request.method == "POST":
        abort(400)
    if pile is None or task is None:
        if request.method == "POST":
            flash(_("This answer does not wait for you any more. Take the next one."), "error")
        return redirect(url_for("exams.marking", sitting_id=held.id), 303)  # type: ignore[return-value]
    form = judgement_form(task.item.structure["rubric"])
    if form.sent():
        points = {key: int(form[f"criterion-{key}"].data) for key in task.item.structure["rubric"]}
        judging.judge(db.session(), actor, held, question_id, task.reference, points, form.remark.data)
        flash(_("The points are kept."), "done")
        return redirect(url_for("exams.judge", sitting_id=held.id, question_id=question_id), 303)  # type: ignore[return-value]
    page = render_template(
        "exams/marking_answer.html",
        sitting=held,
        pile=pile,
        task=task,
        left=pile.mine(actor),
        form=form,
        language_code=task.attempt.language,
    )
    return page, 422 if form.errors else 200


def _task(mine: Sequence[Task], wanted: str) -> Task | None:
    """The answer that was asked for, else the first that waits."""
    if wanted:
        return next((task for task in mine if task.reference == wanted), None)
    return mine[0] if mine else None


@area.get("/exams/sittings/<int:sitting_id>/corrections", policy=policy.may_judge)
def corrections(sitting_id: int) -> str:
    """What was corrected in a sitting, what waits for a second person, and the questions that were asked."""
    held = _sitting(sitting_id)
    actor = login.actor()
    made = regrading.corrections(db.session(), held)
    asked = regrading.asked(db.session(), actor, held) if policy.may_correct(actor, held) else []
    questions = {c.question.id: c.question for c in made}
    found = queries.questions(db.session(), {one.question_id for one in asked} | set(questions))
    waiting = {c.id: regrading.preview(db.session(), actor, held, c) for c in made if c.state == "asked"}
    return render_template(
        "exams/regrade_list.html",
        sitting=held,
        title=edition_title(held.cohort.edition),
        made=made,
        waiting=waiting,
        asked=asked,
        words=_words(list(found.values())),
        questions=found,
        mine=login.actor().person_id,
    )


@area.post("/exams/sittings/<int:sitting_id>/corrections/<int:correction_id>/decide", policy=policy.may_judge)
def decide(sitting_id: int, correction_id: int) -> Response:
    """A second person's word on a correction that changes who passes."""
    held = _sitting(sitting_id)
    form = DecisionForm()
    if not form.sent():
        abort(400)
    agreed = form.agreed.data == "yes"
    regrading.decide(db.session(), login.actor(), held, correction_id, agreed=agreed)
    flash(_("The marks are corrected.") if agreed else _("The correction is refused; the marks stand."), "done")
    return redirect(url_for("exams.corrections", sitting_id=held.id), 303)  # type: ignore[return-value]


@area.form("/exams/sittings/<int:sitting_id>/corrections/<int:question_id>/<int:version>", policy=policy.may_correct)
def regrade(sitting_id: int, question_id: int, version: int) -> Page:
    """A faulty question: first the list of what would change, then the correction."""
    held = _sitting(sitting_id, policy.may_correct)
    found = regrading.printed(db.session(), question_id, version)
    if found is None:
        raise NotFound
    words = _words([found.question])[found.question_id]
    form = regrade_form(found.question.kind, _options(found, words), list(held.cohort.languages))
    seen: list[Regraded] | None = None
    if form.sent():
        try:
            content = _content(found, form) if form.kind.data in (Change.ALSO, Change.INSTEAD) else {}
            change = regrading.draft(
                held, found, form.kind.data, content, language=form.language.data or None, reason=form.reason.data
            )
            seen = regrading.preview(db.session(), login.actor(), held, change)
            if form.go.data == "do" and form.seen.data == _digest(change, seen):
                return _done(held, regrading.ask(db.session(), login.actor(), held, change))
            form.seen.data = form.seen.raw_data = _digest(change, seen)
        except Invalid as problem:
            form.take(problem)
    page = render_template(
        "exams/regrade.html", sitting=held, version=found, words=words, form=form, seen=seen, CHOICES=CHOICES,
        may_answer=found.question.kind in WITH_ANSWERS, shown=seen is not None and form.seen.data,
    )  # fmt: skip
    return page, 422 if form.errors or form.form_errors else 200


def _options(version: QuestionVersion, words: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key, words[f"option.{key}"]["text"]) for key in version.structure.get("options", ())]


def _content(version: QuestionVersion, form: Any) -> dict[str, Any]:
    """The part of the structure that is to count, as the form has it."""
    kind = version.question.kind
    if kind in CHOICES:
        return {"right": list(form.right.data or ())}
    if kind == Kind.NUMERIC:
        return {"answer": form.answer.data, "tolerance": form.tolerance.data or "0"}
    return {"accepted": [line.strip() for line in (form.accepted.data or "").splitlines() if line.strip()]}


def _digest(change: Correction, seen: Sequence[Regraded]) -> str:
    """What was shown: the correction is made only of what somebody has looked at."""
    told = [change.kind, change.language, change.content, [[one.attempt.id, one.before.version] for one in seen]]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]


def _done(held: Sitting, change: Correction) -> Response:
    if change.state == "applied":
        flash(_("The marks are corrected."), "done")
    else:
        flash(_("It changes who passes, so it waits for a second person."), "done")
    return redirect(url_for("exams.corrections", sitting_id=held.id), 303)  # type: ignore[return-value]


@area.form("/exams/<code>/points/<item>", policy=policy.may_correct)
def points(code: str, item: str) -> Page:
    """Other points for one answer of one candidate, with the reason."""
    attempt = queries.attempt(db.session(), login.actor(), code)
    held = attempt.sitting
    sheet = next((one for one in attempt.paper.sheet["items"] if one["item"] == item), None)
    mark = queries.newest_marks(db.session(), [attempt.id]).get(attempt.id)
    if not policy.may_correct(login.actor(), held) or sheet is None or mark is None:
        raise NotFound
    form = PointsForm()
    if form.sent():
        try:
            change = regrading.points(held, attempt, item, form.points.data, form.reason.data)
            return _done(held, regrading.ask(db.session(), login.actor(), held, change))
        except Invalid as problem:
            form.take(problem)
    page = render_template("exams/regrade_points.html", attempt=attempt, sheet=sheet, mark=mark, item=item, form=form)
    return page, 422 if form.errors or form.form_errors else 200
