"""Cohorts: the list, a new one, how one stands, changing and cancelling it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for

from lmsapp.accounts import queries as people
from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.views import drafts_allowed
from lmsapp.cohorts import changing, enrolling, policy, queries, roster
from lmsapp.cohorts.forms import CancelForm, ChangeForm, CohortForm
from lmsapp.cohorts.views.area import area, course_words, partner_name
from lmsapp.core import clock
from lmsapp.core.access import demand
from lmsapp.core.collation import fold
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import Conflict, Invalid
from lmsapp.core.formatting import number_text
from lmsapp.core.translations import gettext as _
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.lists import page_of
from lmsapp.web.locale import current_language

SORTS: dict[str, Callable[[queries.Standing], Any]] = {
    "name": lambda _s: 0,  # they come by name
    "number": lambda s: s.number,
    "hours": lambda s: -1 if s.hours is None else s.hours,
    "lessons": lambda s: s.lessons_done,
}


@area.get("/cohorts", policy=policy.may_list_cohorts)
def cohorts() -> str:
    """All cohorts the actor may see."""
    found = page_of(db.session(), queries.cohorts(login.actor()), request.args.get("page"))
    rows = queries.by_phase(found.rows)
    words = texts.texts_of_kind(
        db.session(), "course", current_language().code, drafts_allowed=drafts_allowed(), keys=["title"]
    )
    names = people.names_of(db.session(), [c.partner_id for c in rows if c.partner_id], current_language().code)
    sizes = queries.sizes(db.session(), [c.id for c in rows])
    return render_template("cohorts/cohorts.html", found=found, rows=rows, words=words, names=names, sizes=sizes)


@area.form("/cohorts/new", policy=policy.may_start)
def new_cohort() -> str | Response | tuple[str, int]:
    """Starts a cohort."""
    actor, language = login.actor(), current_language().code
    listed = catalogue.courses(db.session(), actor, language, drafts_allowed=drafts_allowed())
    partners = [o for o in people.organisations(db.session(), actor) if o.kind == "partner"]
    names = people.names_of(db.session(), [o.id for o in partners], language)
    form = CohortForm(
        courses=[(c.code, f"{c.code} · {c.title}") for c in listed],
        partners=[(o.code, names.get(o.id, o.code)) for o in partners],
        languages=[language],
        seats=20,
    )
    if form.sent():
        edition = catalogue.edition(db.session(), actor, form.course.data)
        partner = people.organisation(db.session(), actor, form.partner.data) if form.partner.data else None
        new = enrolling.NewCohort(
            form.starts_on.data.first_day,
            form.ends_on.data.first_day,
            form.place.data,
            tuple(form.languages.data),
            form.seats.data,
            partner,
        )
        try:
            cohort = enrolling.start(db.session(), actor, edition, new)
        except (Conflict, Invalid) as problem:
            form.take(problem)
        else:
            flash(_("The cohort %(code)s is set up. Now put people on its roster.", code=cohort.code), "done")
            return redirect(url_for("cohorts.cohort", code=cohort.code.lower()), 303)  # type: ignore[return-value]
    return render_template("cohorts/new_cohort.html", form=form), 422 if form.errors else 200


@area.get("/cohorts/<code>", policy=policy.may_see_cohort)
def cohort(code: str) -> str:
    """One cohort: figures, what to do next, who needs attention, progress, roster."""
    found = queries.cohort(db.session(), login.actor(), code)
    standings = queries.standings(db.session(), found)
    rules = found.edition.rules["assessment"]
    minimum = rules["attendance_minimum_percent"]
    taught = roster.hours_by(found.edition.teaching_hours, found.starts_on, found.ends_on, clock.now().date())
    closed = found.state in ("closed", "cancelled")
    at_risk = [] if closed else [s for s in standings if roster.behind(s.hours, taught, minimum)]
    words = course_words(found)
    return render_template(
        "cohorts/cohort.html",
        cohort=found,
        words=words,
        partner=partner_name(found),
        standings=standings,
        listed=_narrowed(standings, at_risk),
        modules=_progress(standings, words),
        at_risk=at_risk,
        closed=closed,
        needed=roster.hours_needed(found.edition.teaching_hours, minimum),
        taught=taught,
        average=roster.average([s.hours for s in standings if s.hours is not None]),
        minimum=minimum,
        panels=[panel(found) for panel in current_app.extensions["cohort_panels"]],
        cells={cell: _cell(cell) for cell in {cell for s in standings for cell in s.modules.values()}},
    )


def _narrowed(standings: list[queries.Standing], at_risk: list[queries.Standing]) -> dict[str, Any]:
    """The roster as the address asks for it: searched, filtered by attention or language, sorted on a head."""
    search, show, sort = (request.args.get(name, "")[:100] for name in ("q", "show", "sort"))
    words, key = fold(search).split(), sort.removeprefix("-")
    kept = [s for s in (at_risk if show == "attention" else standings) if show in ("", "attention", s.language)]
    if words:
        kept = [s for s in kept if _found(s, words)]
    if key in SORTS:
        kept.sort(key=SORTS[key])
    if key in SORTS and sort.startswith("-"):
        kept.reverse()
    languages = Counter(s.language for s in standings)
    return {"rows": kept, "q": search, "show": show, "sort": sort, "languages": sorted(languages.items())}


def _found(one: queries.Standing, words: list[str]) -> bool:
    text = fold(f"{one.name} {one.latin_name or ''} {one.number}")
    return all(word in text for word in words)


def _progress(standings: list[queries.Standing], words: Any) -> list[dict[str, Any]]:
    """Each module with its title, and how much of its lessons the whole cohort has done."""
    titles = [shown.text for key, shown in words.items() if key.startswith("module.")]
    return [
        {
            "number": place,
            "title": title,
            "done": sum(s.modules[place].done for s in standings if place in s.modules),
            "total": sum(s.modules[place].total for s in standings if place in s.modules),
        }
        for place, title in enumerate(titles, 1)
    ]


def _cell(cell: roster.Shade) -> tuple[str, str]:
    """Class and words, once for each kind of cell, not for each cell: a heat-map has hundreds."""
    words = _("%(done)s of %(total)s", done=number_text(cell.done), total=number_text(cell.total))
    return f"h{cell.level}" if cell.level else "todo", words


@area.form("/cohorts/<code>/change", policy=policy.may_change)
def change(code: str) -> str | Response | tuple[str, int]:
    """Days, place, languages, seats, and the edition while nobody has begun."""
    actor = login.actor()
    found = queries.cohort(db.session(), actor, code)
    demand(policy.may_change(actor, found))
    editions = catalogue.editions_of(db.session(), actor, found.edition.course_id)
    set_to = {name: getattr(found, name) for name in ("place", "languages", "seats")}
    days = {name: PartialDate.of(getattr(found, name)) for name in ("starts_on", "ends_on")}
    form = ChangeForm(
        editions=[(str(e.number), _("edition %(number)s", number=number_text(e.number))) for e in editions],
        edition=str(found.edition.number),
        **set_to,
        **days,
    )
    if form.sent():
        plan = changing.Plan(
            form.starts_on.data.first_day,
            form.ends_on.data.first_day,
            form.place.data,
            form.languages.data,
            form.seats.data,
            next(e.id for e in editions if str(e.number) == form.edition.data),
        )
        try:
            different = changing.change(db.session(), actor, found, plan)
        except (Conflict, Invalid) as problem:
            form.take(problem)
            db.session.rollback()
        else:
            flash(_("The cohort is changed.") if different else _("Nothing was different, nothing was saved."), "done")
            return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    page = render_template("cohorts/change.html", cohort=found, words=course_words(found), form=form)
    return page, 422 if form.errors or form.form_errors else 200


@area.form("/cohorts/<code>/cancel", policy=policy.may_change)
def cancel(code: str) -> str | Response | tuple[str, int]:
    """Says what calling a cohort off does, and does it with the reason."""
    actor = login.actor()
    found = queries.cohort(db.session(), actor, code)
    demand(policy.may_change(actor, found))
    form = CancelForm()
    if form.sent():
        try:
            changing.cancel(db.session(), actor, found, form.reason.data)
        except (Conflict, Invalid) as problem:
            form.take(problem)
            db.session.rollback()
        else:
            flash(_("The cohort %(code)s is cancelled.", code=found.code), "done")
            return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    page = render_template(
        "cohorts/cancel.html",
        cohort=found,
        words=course_words(found),
        form=form,
        enrolled=queries.sizes(db.session(), [found.id]).get(found.id, 0),
        panels=[panel(found) for panel in current_app.extensions["cohort_panels"]],
    )
    return page, 422 if form.errors or form.form_errors else 200
