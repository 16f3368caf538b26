"""A trainee's course: its lessons and how far she is."""

from flask import Response, redirect, render_template, request, url_for

from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.views import drafts_allowed, page_of_lesson
from lmsapp.cohorts import policy, progress, queries
from lmsapp.cohorts.views.area import area, course_words
from lmsapp.core import clock
from lmsapp.core.access import signed_in
from lmsapp.web import database, login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only
from lmsapp.web.locale import current_language


@area.get("/learn", policy=signed_in)
def my_course() -> Response:
    """Leads a trainee to the course she follows; whoever follows none to the catalogue."""
    mine = queries.own_enrolments(db.session(), login.actor())
    code = mine[0].cohort.code.lower() if mine else ""
    return redirect(url_for("cohorts.learn", code=code) if code else url_for("catalogue.courses"))  # type: ignore[return-value]


@area.get("/learn/<code>", policy=policy.may_learn)
def learn(code: str) -> str:
    """A trainee's course: modules, lessons, what is done."""
    enrolment = queries.enrolment_of(db.session(), login.actor(), code)
    way = queries.path(db.session(), enrolment)
    words = course_words(enrolment.cohort)
    titles = catalogue.lesson_titles(
        db.session(), enrolment.cohort.edition, current_language().code, drafts_allowed=drafts_allowed()
    )
    return render_template("cohorts/learn.html", way=way, cohort=enrolment.cohort, words=words, titles=titles)


@area.get("/learn/<code>/<module>/<lesson>", policy=policy.may_learn)
def lesson(code: str, module: str, lesson: str) -> str:
    """A lesson with progress: the page tells how far it was read, the button at its end says done."""
    enrolment = queries.enrolment_of(db.session(), login.actor(), code)
    edition = enrolment.cohort.edition
    one, before, after = catalogue.lesson_of(edition, module, lesson)
    way = queries.path(db.session(), enrolment)
    here = next((p for p in [way.latest] if p is not None and p.lesson_id == one.id), None)
    return render_template(
        "cohorts/lesson.html",
        edition=edition,
        cohort=enrolment.cohort,
        way=way,
        before=before,
        after=after,
        resume=here.position if here else 0,
        **page_of_lesson(edition, one),
    )


@area.post("/learn/<code>/<module>/<lesson>/progress", policy=policy.may_learn, hot=True)
def note_progress(code: str, module: str, lesson: str) -> Response:
    """Keeps how far a lesson was read (`position`) or that it is done (`done`), then leads on."""
    takes_only("position", "done")
    enrolment = queries.enrolment_of(db.session(), login.actor(), code)
    one, _before, after = catalogue.lesson_of(enrolment.cohort.edition, module, lesson)
    typed = request.form.get("position", "0")
    position = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0
    done, now, ids = "done" in request.form, clock.now(), (enrolment.id, one.id)
    db.session.rollback()
    database.writer().write(lambda connection: progress.note(connection, *ids, position, now, done=done))
    if not done:
        return Response(status=204)
    if after is None:
        return redirect(url_for("cohorts.learn", code=code), 303)  # type: ignore[return-value]
    onward = url_for("cohorts.lesson", code=code, module=after.module.slug, lesson=after.slug)
    return redirect(onward, 303)  # type: ignore[return-value]
