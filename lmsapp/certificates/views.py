"""Pages of certificates: checking by anyone, one's own, the register, close-out, revoking."""

from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, send_file, url_for

from lmsapp.accounts.models import Person
from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.certificates import checker, issuing, policy, queries, revoking, verifying
from lmsapp.certificates.forms import CheckForm, StateForm
from lmsapp.certificates.verifying import Checked
from lmsapp.cohorts import queries as cohorts
from lmsapp.core import clock
from lmsapp.core.access import public, signed_in
from lmsapp.core.errors import NotFound
from lmsapp.core.jobs import Job
from lmsapp.core.signing import KeyRing
from lmsapp.core.storage import Folder
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.translation import queries as texts
from lmsapp.web import limits, login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only
from lmsapp.web.lists import page_of
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("certificates", __name__)
free = Area("verification", __name__, free=True)


def ring() -> KeyRing:
    """The installation's signing keys."""
    if "key_ring" not in current_app.extensions:
        current_app.extensions["key_ring"] = KeyRing.load_or_create(current_app.extensions["settings"].keys)
    found: KeyRing = current_app.extensions["key_ring"]
    return found


# ---------- checking: for anyone ----------


@free.get("/verify", policy=public)
def from_code() -> str:
    """What the QR code opens. The payload stands in the fragment, which only the page's script can read and post on."""
    return render_template("certificates/from_code.html", address=url_for("certificates.check"))


@area.form("/verify", policy=public)
@limits.look_ups
def check() -> str | tuple[str, int]:
    """Asks for the code, or gives the answer."""
    form = CheckForm()
    if not form.sent():
        return render_template("certificates/check.html", form=form, checked=None), 422 if form.errors else 200
    settings = current_app.extensions["settings"]
    checked = verifying.check_text(db.session(), form.text.data, ring(), settings)
    return _verdict_page(checked)


def _verdict_page(checked: Checked) -> str:
    words: Any = {}
    if checked.award is not None:
        edition = _edition_of(checked)
        words = (
            texts.texts_of(db.session(), edition.document_id, current_language().code, drafts_allowed=True)
            if edition
            else {}
        )
    return render_template(
        "certificates/check.html",
        form=CheckForm(formdata=None),
        checked=checked,
        verdict=checked.verdict,
        course_words=words,
        at=clock.now(),
    )


def _edition_of(checked: Checked) -> Any:
    """The edition the award's course is told by: its cohort's, else the course's newest."""
    award = checked.award
    if award is None or award.cohort is not None:
        return award.cohort.edition if award is not None and award.cohort is not None else None
    try:
        return catalogue.edition(db.session(), login.actor(), award.course_code)
    except NotFound:
        return None


@area.get("/verify/offline", policy=public)
def offline() -> Response:
    """The single-file checker, to be kept on a phone or a memory stick."""
    page = checker.page(db.session(), ring(), current_app.extensions["settings"])
    name = f"certificate-checker-{clock.now().date().isoformat()}.html"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(page, mimetype="text/html", headers=headers)


@free.get("/verify/revoked.json", policy=public)
def revocation_list() -> Response:
    """Today's signed revocation list."""
    days = current_app.extensions["settings"].stale_list_days
    return Response(revoking.make_list(db.session(), ring(), days), mimetype="application/json")


# ---------- one's own, and the register ----------


@area.get("/certificates/mine", policy=signed_in)
def mine() -> str:
    """One's own certificates."""
    found = queries.own(db.session(), login.actor())
    return render_template("certificates/mine.html", found=found, states={a.id: queries.state_of(a) for a in found})


@area.get("/certificates", policy=policy.may_list_awards)
def register() -> str:
    """All awards the actor may see."""
    search, kind = request.args.get("q", "")[:100], request.args.get("kind", "")[:20]
    found = page_of(db.session(), queries.register(login.actor(), search, kind), request.args.get("page"))
    states = {a.id: queries.state_of(a) for a in found.rows}
    return render_template("certificates/register.html", found=found, search=search, kind=kind, states=states)


@area.get("/certificates/<serial>", policy=policy.may_see_award)
def award(serial: str) -> str:
    """One award: what it says, what happened to it."""
    found = queries.award(db.session(), login.actor(), serial)
    state = queries.state_of(found)
    people = {e.person_id for e in found.events if e.person_id}
    names = {p.id: p.name for p in db.session.query(Person).filter(Person.id.in_(people))} if people else {}
    return render_template("certificates/award.html", award=found, state=state, names=names, acts=_acts(state))


def _acts(state: str) -> list[str]:
    return [act for act in ("suspended", "reinstated", "revoked") if state in revoking.FOLLOWS[act]]


@area.get("/certificates/<serial>/pdf", policy=policy.may_see_award)
def document(serial: str) -> Response:
    """The PDF: the same bytes every time."""
    found = queries.award(db.session(), login.actor(), serial)
    storage = Folder(current_app.extensions["settings"].files)
    if found.document is None or not storage.exists(found.document.digest):
        return _not_yet(found)
    return send_file(
        storage.path(found.document.digest),
        mimetype="application/pdf",
        as_attachment=True,
        download_name=f"{found.serial}.pdf",
        etag=found.document.digest[:32],
        conditional=True,
        max_age=0,
    )


def _not_yet(found: Any) -> Response:
    return Response(render_template("certificates/not_yet.html", award=found), 202, {"Retry-After": "5"})


@area.form("/certificates/<serial>/state", policy=policy.may_revoke)
def state(serial: str) -> str | Response | tuple[str, int]:
    """Suspends, reinstates or revokes, with the reason."""
    found = queries.award(db.session(), login.actor(), serial)
    form = StateForm(acts=_acts(queries.state_of(found)))
    if form.sent():
        revoking.change(db.session(), login.actor(), found, form.act.data, form.reason.data)
        flash(_("Done. Every check from now on shows it."), "done")
        return redirect(url_for("certificates.award", serial=serial), 303)  # type: ignore[return-value]
    page = render_template("certificates/state.html", award=found, state=queries.state_of(found), form=form)
    return page, 422 if form.errors else 200


# ---------- close-out ----------


@area.get("/cohorts/<code>/close-out", policy=policy.may_close_out)
def close_out(code: str) -> str:
    """Who has earned what, with every rule shown; after it, the certificates and how far they are printed."""
    found = cohorts.cohort(db.session(), login.actor(), code)
    listed = issuing.cases(db.session(), found)
    job = db.session.query(Job).filter_by(name=issuing.RENDER, key=f"cohort-{found.id}").one_or_none()
    words = texts.texts_of(
        db.session(), found.edition.document_id, current_language().code, drafts_allowed=drafts_allowed()
    )
    return render_template(
        "certificates/close_out.html",
        cohort=found,
        words=words,
        cases=listed,
        summary=issuing.summary(listed),
        job=job,
        states={a.id: queries.state_of(a) for c in listed for a in c.awards},
    )


@area.post("/cohorts/<code>/close-out", policy=policy.may_issue)
def award_all(code: str) -> Response:
    """Awards what was earned, closes the cohort, queues the documents."""
    takes_only()
    found = cohorts.cohort(db.session(), login.actor(), code)
    made = issuing.close_out(db.session(), login.actor(), found, current_app.extensions["settings"], ring())
    flash(
        ngettext(
            "%(num)s certificate is awarded, the cohort is closed.",
            "%(num)s certificates are awarded, the cohort is closed.",
            len(made),
        ),
        "done",
    )
    return redirect(url_for("certificates.close_out", code=code), 303)  # type: ignore[return-value]
