"""First pages, pages about the site, health."""

from flask import Response, current_app, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import text

from lmsapp.accounts.policy import may_administer
from lmsapp.accounts.roles import Role
from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.views import CERTIFICATE_NAMES, GROUP_NAMES, drafts_allowed, narrowed
from lmsapp.core import jobs
from lmsapp.core.access import public, signed_in
from lmsapp.core.errors import NotFound
from lmsapp.engagements import schematic
from lmsapp.engagements import views as engagements
from lmsapp.home import places, queries
from lmsapp.home import status as look
from lmsapp.materials import views as materials
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only
from lmsapp.web.locale import current_language, reader_language
from lmsapp.web.pages import Area

area = Area("home", __name__)
free = Area("machine", __name__, free=True)


@area.get("/", policy=public)
def start() -> str:
    """The first page for whoever asks: what to do next."""
    actor, language = login.actor(), current_language().code
    if places.is_partner():
        agency = queries.partner_day(db.session(), actor, language, drafts_allowed=drafts_allowed())
        return render_template("home/partner.html", day=agency)
    if places.is_staff():
        day = queries.staff_day(db.session(), actor, language, drafts_allowed=drafts_allowed())
        return render_template("home/staff.html", day=day)
    if Role.TRAINEE.value in current_user.roles:
        mine = queries.trainee_day(db.session(), actor, language, drafts_allowed=drafts_allowed())
        return render_template("home/trainee.html", day=mine)
    listed = queries.front(db.session(), actor, language, drafts_allowed=drafts_allowed())
    shown, filters = narrowed(listed, catalogue.lesson_count(db.session(), [one.edition.id for one in listed]))
    return render_template(
        "home/start.html",
        shown=shown,
        listed=listed,
        filters=filters,
        groups=GROUP_NAMES,
        certificates=CERTIFICATE_NAMES,
        materials=materials.shelf()[:5],
        **materials.NAMES,
        record=engagements.shown(),
        map=schematic.drawn(),
    )


@area.get("/search", policy=public)
def search() -> str:
    """Courses and materials in which all the words stand."""
    language, typed = current_language().code, request.args.get("q", "")[:100]
    listed = queries.front(db.session(), login.actor(), language, drafts_allowed=drafts_allowed()) if typed else []
    return render_template(
        "home/search.html",
        typed=typed,
        shown=narrowed(listed, {})[0],
        materials=materials.narrowed(materials.shelf())[0] if typed else [],
        certificates=CERTIFICATE_NAMES,
        **materials.NAMES,
    )


@area.get("/help", policy=public)
def help_page() -> str:
    """How to do the usual things, for each kind of reader."""
    return render_template("home/help.html")


@area.get("/privacy", policy=public)
def privacy() -> str:
    """What is kept about whom, why, and how long."""
    return render_template("home/privacy.html")


@area.get("/accessibility", policy=public)
def accessibility() -> str:
    """What was done so that everybody can use the site, and whom to tell when something fails."""
    return render_template("home/accessibility.html")


@area.get("/about", policy=public)
def about() -> str:
    """What this is, in which languages, how far their texts are reviewed."""
    return render_template("home/about.html")


@area.post("/jobs/<int:job_id>/cancel", policy=signed_in)
def cancel_job(job_id: int) -> Response:
    """Stops a job one asked for; what was finished stays."""
    takes_only("back")
    jobs.cancel(db.session(), _own_job(job_id))
    return redirect(login.local_path(request.form.get("back")) or url_for("home.start"), 303)  # type: ignore[return-value]


@area.post("/jobs/<int:job_id>/resume", policy=signed_in)
def resume_job(job_id: int) -> Response:
    """Goes on with a job that stopped."""
    takes_only("back")
    jobs.resume(db.session(), _own_job(job_id), login.actor().person_id)
    return redirect(login.local_path(request.form.get("back")) or url_for("home.start"), 303)  # type: ignore[return-value]


def _own_job(job_id: int) -> jobs.Job:
    found = db.session.get(jobs.Job, job_id)
    actor = login.actor()
    if found is None or (found.asked_by != actor.person_id and not may_administer(actor)):
        raise NotFound
    return found


@area.get("/status", policy=may_administer)
def status() -> str:
    """How the installation stands: for administrators."""
    found = look.status(db.session(), current_app.extensions["settings"])
    return render_template("home/status.html", status=found)


@area.get("/style", policy=may_administer)
def style() -> str:
    """The parts, side by side: for administrators and designers."""
    return render_template("home/style.html")


@free.get("/", policy=public)
def root() -> Response:
    """Sends a visitor to the first page in her language."""
    answer: Response = redirect(url_for("home.start", language=reader_language().code), 302)  # type: ignore[assignment]
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


@free.get("/healthz", policy=public)
def health() -> tuple[Response, int]:
    """Whether the site can answer: the database can be read. For monitors; tells nothing else."""
    db.session.execute(text("SELECT 1"))
    return jsonify(status="ok"), 200


@free.get("/robots.txt", policy=public)
def robots() -> Response:
    """Search engines may read courses and materials, not people's pages or certificates."""
    closed = ("verify", "certificates", "people", "cohorts", "exams", "sign-in", "profile", "log", "jobs")
    lines = ["User-agent: *", "Disallow: /verify", *(f"Disallow: /*/{name}" for name in closed)]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")
