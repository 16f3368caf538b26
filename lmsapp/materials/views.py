"""Pages of the library: all materials, one material in its languages, its files and pictures, who took what."""

from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, send_file, url_for

from lmsapp.accounts import queries as accounts
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core import clock
from lmsapp.core.access import public
from lmsapp.core.collation import fold
from lmsapp.core.errors import NotFound
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.storage import Folder
from lmsapp.core.translations import gettext as _
from lmsapp.materials import covers, distributing, policy, queries, withdrawing
from lmsapp.materials.forms import WithdrawForm
from lmsapp.materials.kinds import AUDIENCES, KINDS, SYNONYMS
from lmsapp.materials.queries import Listed
from lmsapp.web import database, login
from lmsapp.web.database import db
from lmsapp.web.lists import page_of
from lmsapp.web.locale import current_language, reader_language
from lmsapp.web.pages import Area

area = Area("materials", __name__)
free = Area("printed", __name__, free=True)
NAMES = {"kinds": KINDS, "audiences": AUDIENCES, "cover_title": covers.title}


@area.get("/materials", policy=public)
def library() -> str:
    """All materials, with a search and filters; the first one shows its downloads."""
    shown, filters = narrowed(shelf())
    return render_template("materials/library.html", shown=shown, filters=filters, **NAMES)


def shelf() -> list[Listed]:
    """All materials as the reader sees them."""
    return queries.library(db.session(), login.actor(), current_language().code, drafts_allowed=drafts_allowed())


def narrowed(listed: list[Listed]) -> tuple[list[Listed], dict[str, Any]]:
    """The materials that fit what the address asks for, and the filters with their counts."""
    search = request.args.get("q", "")[:100]
    wanted = {name: [v for v in request.args.getlist(name) if v][:12] for name in ("in", "kind", "for")}
    words = fold(search).split()

    def fits(one: Listed, *, but: str = "") -> bool:
        text = fold(" ".join([_text_of(one), SYNONYMS]))
        return (
            all(word in text for word in words)
            and (but == "in" or not wanted["in"] or any(code in one.versions for code in wanted["in"]))
            and (but == "kind" or not wanted["kind"] or one.material.kind in wanted["kind"])
            and (but == "for" or not wanted["for"] or any(who in wanted["for"] for who in one.material.audience))
        )

    counts = {
        "in": [(code, sum(code in one.versions for one in listed if fits(one, but="in"))) for code in LANGUAGES],
        "kind": [
            (kind, name, sum(one.material.kind == kind for one in listed if fits(one, but="kind")))
            for kind, name in KINDS.items()
            if any(one.material.kind == kind for one in listed)
        ],
        "for": [
            (who, name, sum(who in one.material.audience for one in listed if fits(one, but="for")))
            for who, name in AUDIENCES.items()
            if any(who in one.material.audience for one in listed)
        ],
    }
    chosen = [code for code in wanted["in"] if code in LANGUAGES]
    filters = {
        "q": search,
        "counts": counts,
        "chosen": wanted,
        "spoken": chosen,
        "any": bool(search or any(wanted.values())),
    }
    return [one for one in listed if fits(one)], filters


def _text_of(one: Listed) -> str:
    names = [_(KINDS[one.material.kind]), *(_(AUDIENCES[who]) for who in one.material.audience)]
    return " ".join([one.material.code, *(shown.text for shown in one.words.values()), *names])


@area.get("/materials/taken", policy=policy.may_see_downloads)
def taken() -> str:
    """What one's agency took, and whether it is still current."""
    found = page_of(db.session(), queries.taken(login.actor()), request.args.get("page"))
    agencies = {row.organisation_id for row in found.rows if row.organisation_id}
    language = current_language().code
    return render_template(
        "materials/taken.html",
        found=found,
        titles=queries.titles(db.session(), language, drafts_allowed=drafts_allowed()),
        agencies=accounts.names_of(db.session(), agencies, language),
    )


@area.get("/materials/<slug>", policy=policy.may_read_material)
def material(slug: str) -> str:
    """One material in its edition in use: its languages, downloads, pages to look into, where it comes from."""
    return _page(slug, None)


@area.get("/materials/<slug>/<int:number>", policy=policy.may_read_material)
def edition(slug: str, number: int) -> str:
    """One material in a given edition, which says when it is no longer in use."""
    return _page(slug, number)


def _page(slug: str, number: int | None) -> str:
    language = current_language().code
    found = queries.material(
        db.session(), login.actor(), slug, language, drafts_allowed=drafts_allowed(), number=number
    )
    version = found.version(request.args.get("in", ""), language)
    return render_template("materials/material.html", found=found, version=version, **NAMES)


@area.get("/materials/<slug>/<int:number>/<code>/<any(press, screen):purpose>.pdf", policy=policy.may_take)
def file(slug: str, number: int, code: str, purpose: str) -> Response:
    """A file to keep; may be resumed. What somebody who is signed in takes is written down once."""
    actor = login.actor()
    found = queries.file(db.session(), actor, slug, number, code, purpose)
    storage = Folder(current_app.extensions["settings"].files)
    if not storage.exists(found.digest):
        raise NotFound
    reply = send_file(
        storage.path(found.digest),
        mimetype="application/pdf",
        as_attachment=True,
        download_name=f"{found.edition.material.code}-{code}-{number}-{purpose}.pdf",
        etag=found.digest[:32],
        conditional=True,
        max_age=0,
    )
    begins = request.method == "GET" and distributing.begins(request.headers.get("Range"))
    if actor.person_id is not None and begins and reply.status_code in (200, 206):
        at = clock.now()
        database.writer().write(lambda connection: distributing.record(connection, actor, found.id, at))
    return reply


@area.get("/materials/<slug>/<int:number>/<code>/page-<int:page>.png", policy=policy.may_take)
def picture(slug: str, number: int, code: str, page: int) -> Response:
    """A picture of one of the first pages."""
    found = queries.file(db.session(), login.actor(), slug, number, code, "screen")
    shown = next((one for one in found.previews if one.page == page), None)
    storage = Folder(current_app.extensions["settings"].files)
    if shown is None or not storage.exists(shown.digest):
        raise NotFound
    return send_file(
        storage.path(shown.digest), mimetype="image/png", etag=shown.digest[:32], conditional=True, max_age=3600
    )


@area.form("/materials/<slug>/<int:number>/withdraw", policy=policy.may_withdraw)
def withdraw(slug: str, number: int) -> str | Response | tuple[str, int]:
    """Takes an edition out of use, with the reason everybody is told."""
    actor, language = login.actor(), current_language().code
    found = queries.material(db.session(), actor, slug, language, drafts_allowed=drafts_allowed(), number=number)
    form = WithdrawForm()
    if form.sent():
        withdrawing.withdraw(db.session(), actor, found.edition, form.reason.data)
        flash(_("The edition is withdrawn. Every page and printed code that leads to it says so."), "done")
        return redirect(url_for("materials.edition", slug=slug, number=number), 303)  # type: ignore[return-value]
    return render_template("materials/withdraw.html", found=found, form=form), 422 if form.errors else 200


@free.get("/m/<name>/<code>", policy=public)
def current_edition(name: str, code: str) -> Response:
    """What a printed code opens: the current edition, in the language of the print, on a page the reader can read."""
    language = reader_language().code
    found = queries.material(db.session(), login.actor(), name, language, drafts_allowed=drafts_allowed())
    if code not in LANGUAGES:
        raise NotFound
    address = url_for("materials.material", language=language, slug=found.material.slug)
    return redirect(f"{address}?in={code}", 302)  # type: ignore[return-value]
