"""Pages of cohorts: for those who run them, and the lessons of those who learn in them."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, current_app, flash, redirect, render_template, request, url_for

from lmsapp.accounts import queries as people
from lmsapp.accounts.numbers import read_number
from lmsapp.accounts.registering import NewPerson
from lmsapp.accounts.roles import ROLE_NAMES, Role
from lmsapp.accounts.views import slip_sheet
from lmsapp.catalogue import queries as catalogue
from lmsapp.catalogue.views import drafts_allowed, page_of_lesson
from lmsapp.cohorts import attending, changing, enrolling, policy, progress, queries, roster
from lmsapp.cohorts.forms import CancelForm, ChangeForm, CohortForm, EnrolForm, NewTraineeForm, StaffForm, WithdrawForm
from lmsapp.cohorts.models import Cohort, Enrolment
from lmsapp.core import clock
from lmsapp.core.access import demand, signed_in
from lmsapp.core.collation import fold
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import Conflict, Invalid, NotFound
from lmsapp.core.formatting import number_text
from lmsapp.core.translations import gettext as _
from lmsapp.core.translations import ngettext
from lmsapp.translation import queries as texts
from lmsapp.web import database, login
from lmsapp.web.database import db
from lmsapp.web.forms import takes_only, tidy
from lmsapp.web.lists import page_of
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("cohorts", __name__)


def _course_words(cohort: Cohort, keys: Sequence[str] | None = None) -> Any:
    document, language = cohort.edition.document_id, current_language().code
    return texts.texts_of(db.session(), document, language, drafts_allowed=drafts_allowed(), keys=keys)


def _partner_name(cohort: Cohort) -> str:
    if cohort.partner_id is None:
        return ""
    return people.names_of(db.session(), [cohort.partner_id], current_language().code).get(cohort.partner_id, "")


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
    words = _course_words(found)
    return render_template(
        "cohorts/cohort.html",
        cohort=found,
        words=words,
        partner=_partner_name(found),
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


SORTS: dict[str, Callable[[queries.Standing], Any]] = {
    "name": lambda _s: 0,  # they come by name
    "number": lambda s: s.number,
    "hours": lambda s: -1 if s.hours is None else s.hours,
    "lessons": lambda s: s.lessons_done,
}


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
    page = render_template("cohorts/change.html", cohort=found, words=_course_words(found), form=form)
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
        words=_course_words(found),
        form=form,
        enrolled=queries.sizes(db.session(), [found.id]).get(found.id, 0),
        panels=[panel(found) for panel in current_app.extensions["cohort_panels"]],
    )
    return page, 422 if form.errors or form.form_errors else 200


@area.form("/cohorts/<code>/people/add", policy=policy.may_run)
def add_person(code: str) -> str | Response | tuple[str, int]:
    """Puts a person on the roster: somebody known by her number, or somebody new."""
    actor = login.actor()
    found = queries.cohort(db.session(), actor, code)
    form = EnrolForm(prefix="known", languages=found.languages)
    new = NewTraineeForm(prefix="new", languages=found.languages)
    known = "known-number" in request.form
    sent = form if known else new
    if request.method == "POST" and sent.sent():
        try:
            _enrol(found, form) if known else _enrol_new(found, new)
        except (Conflict, Invalid) as problem:
            sent.take(problem)
        else:
            flash(_("The roster is saved."), "done")
            return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    status = 422 if request.method == "POST" else 200
    return render_template(
        "cohorts/add_person.html", cohort=found, words=_course_words(found), form=form, new=new
    ), status


def _enrol(cohort: Cohort, form: EnrolForm) -> None:
    number = read_number(form.number.data)
    message = _("“%(typed)s” is no person number of ours. It has 8 digits.", typed=form.number.data)
    if number is None:
        raise Invalid(message, {"number": message})
    person = enrolling.trainee(db.session(), login.actor(), cohort, number)
    enrolling.enrol(db.session(), login.actor(), cohort, person, form.language.data)


def _enrol_new(cohort: Cohort, form: NewTraineeForm) -> None:
    new = NewPerson(
        name=form.name.data,
        name_language=form.language.data,
        latin_name=form.latin_name.data or None,
        father_name=form.father_name.data or None,
        sex=form.sex.data or None,
        birth=form.birth.data,
    )
    organisation = cohort.partner or people.centre(db.session())
    enrolling.enrol_new(db.session(), login.actor(), cohort, new, organisation, form.language.data)


@area.form("/cohorts/<code>/people/<int:enrolment_id>/withdraw", policy=policy.may_run)
def withdraw(code: str, enrolment_id: int) -> str | Response | tuple[str, int]:
    """Takes somebody off the roster, with the reason."""
    found = queries.cohort(db.session(), login.actor(), code)
    enrolment = _enrolment(found, enrolment_id)
    form = WithdrawForm()
    if form.sent():
        enrolling.withdraw(db.session(), login.actor(), found, enrolment, form.reason.data)
        flash(_("%(name)s is off the roster; all records stay.", name=enrolment.person.name), "done")
        return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    page = render_template(
        "cohorts/withdraw.html", cohort=found, words=_course_words(found), enrolment=enrolment, form=form
    )
    return page, 422 if form.errors else 200


def _enrolment(cohort: Cohort, enrolment_id: int) -> Enrolment:
    for enrolment in queries.enrolments(db.session(), cohort.id):
        if enrolment.id == enrolment_id:
            return enrolment
    raise NotFound


@area.form("/cohorts/<code>/hours", policy=policy.may_run)
def hours(code: str) -> str | Response | tuple[str, int]:
    """Hours attended, one field a trainee."""
    found = queries.cohort(db.session(), login.actor(), code)
    standings = queries.standings(db.session(), found)
    typed = {s.enrolment_id: request.form.get(f"hours-{s.enrolment_id}", "")[:20] for s in standings}
    wrong: dict[str, str] = {}
    if request.method == "POST":
        takes_only("reason", *(f"hours-{i}" for i in typed))
        try:
            count = attending.enter_hours(
                db.session(), login.actor(), found, typed, tidy(request.form.get("reason"))[:400]
            )
        except Invalid as problem:
            wrong = {name: _(message, **problem.values) for name, message in problem.fields.items()}
        else:
            flash(
                ngettext("Hours of %(num)s trainee saved.", "Hours of %(num)s trainees saved.", count)
                if count
                else _("Nothing was different, nothing was saved."),
                "done",
            )
            return redirect(url_for("cohorts.cohort", code=code), 303)  # type: ignore[return-value]
    needed = roster.hours_needed(
        found.edition.teaching_hours, found.edition.rules["assessment"]["attendance_minimum_percent"]
    )
    page = render_template(
        "cohorts/hours.html",
        cohort=found,
        words=_course_words(found),
        standings=standings,
        typed=typed,
        wrong=wrong,
        reason=request.form.get("reason", ""),
        needed=needed,
    )
    return page, 422 if wrong else 200


@area.form("/cohorts/<code>/slips", policy=policy.may_run)
def slips(code: str) -> str:
    """Login slips: first says whom they are for, then shows them once, ready to print and cut."""
    found = queries.cohort(db.session(), login.actor(), code)
    enrolments = list(queries.enrolments(db.session(), found.id))
    waiting = [e for e in enrolments if e.person.secret_kind is None or e.person.must_choose_secret]
    if request.method == "GET":
        settled = [e for e in enrolments if e not in waiting]
        return render_template(
            "cohorts/slips.html", cohort=found, words=_course_words(found), waiting=waiting, settled=settled
        )
    takes_only()
    made = enrolling.print_slips(db.session(), login.actor(), found, waiting)
    return slip_sheet("cohorts/slip_sheet.html", made, cohort=found)


@area.post("/cohorts/<code>/people/<int:enrolment_id>/slip", policy=policy.may_run)
def slip(code: str, enrolment_id: int) -> str:
    """A new slip for one who forgot her PIN."""
    takes_only()
    found = queries.cohort(db.session(), login.actor(), code)
    made = enrolling.print_slip(db.session(), login.actor(), found, _enrolment(found, enrolment_id))
    return slip_sheet("cohorts/slip_sheet.html", [made], cohort=found)


@area.form("/cohorts/<code>/staff", policy=policy.may_run)
def staff(code: str) -> str | Response | tuple[str, int]:
    """Who teaches and assesses: putting somebody on, taking somebody off."""
    found = queries.cohort(db.session(), login.actor(), code)
    known = {(s.part, s.person.number): s.person for s in found.staff}
    known |= {(part, person.number): person for person, part in queries.assignable(db.session())}
    names = [(":".join(key), f"{person.name} · {_(ROLE_NAMES[Role(key[0])])}") for key, person in known.items()]
    form = StaffForm(people=names)
    if form.sent():
        part, _colon, number = form.who.data.partition(":")
        act = enrolling.assign if form.act.data == "on" else enrolling.take_off
        try:
            act(db.session(), login.actor(), found, known[part, number], part)
        except Conflict as problem:
            form.take(problem)
        else:
            flash(_("The staff is saved."), "done")
            if not policy.may_run(login.actor(), found):  # she took herself off
                return redirect(url_for("cohorts.cohorts"), 303)  # type: ignore[return-value]
            return redirect(url_for("cohorts.staff", code=code), 303)  # type: ignore[return-value]
    page = render_template(
        "cohorts/staff.html", cohort=found, words=_course_words(found), form=form, role_names=ROLE_NAMES
    )
    return page, 422 if form.errors else 200


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
    words = _course_words(enrolment.cohort)
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
