"""Pages of the catalogue: all courses, one course, its lessons for reading without an account."""

from collections.abc import Mapping
from typing import Any

from flask import current_app, render_template, request

from lmsapp.catalogue import policy, queries, reading
from lmsapp.core.access import public
from lmsapp.core.collation import fold
from lmsapp.core.translations import N_
from lmsapp.translation import messages
from lmsapp.translation import queries as texts
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("catalogue", __name__)

GROUP_NAMES = {
    "foundations": N_("Foundations"),
    "survey-and-clearance": N_("Survey and clearance"),
    "eod": N_("Explosive ordnance disposal"),
    "leadership": N_("Leadership and quality"),
    "people-at-risk": N_("People at risk"),
}
LENGTHS = {
    "short": (0, 10, N_("Up to two weeks")),
    "middle": (11, 30, N_("Three to six weeks")),
    "long": (31, 999, N_("Longer")),
}
CERTIFICATE_NAMES = {
    "attendance-and-achievement": N_("Attendance and achievement"),
    "achievement": N_("Achievement"),
    "qualification": N_("Qualification"),
    "qualification-with-named-dog": N_("Qualification, with a named dog"),
}


def drafts_allowed() -> bool:
    """Whether this installation shows translations that await review."""
    return bool(current_app.extensions["settings"].allow_drafts)


FILTERS = {
    "group": GROUP_NAMES,
    "length": {code: name for code, (_least, _most, name) in LENGTHS.items()},
    "leads": {code: name for code, name in CERTIFICATE_NAMES.items() if code != "qualification-with-named-dog"},
    "lessons": {"any": N_("To read here")},
}


def narrowed(listed: list[queries.Listed], lessons: Mapping[int, int]) -> tuple[list[queries.Listed], dict[str, Any]]:
    """The courses that fit what the address asks for, and the filters with their counts; `lessons` counts by edition."""
    search = request.args.get("q", "")[:100]
    words = fold(search).split()
    wanted = {name: [v for v in request.args.getlist(name) if v in options] for name, options in FILTERS.items()}
    traits = {course.code: _traits(course, lessons) for course in listed}

    def fits(course: queries.Listed, *, but: str = "") -> bool:
        text = fold(f"{course.code} {course.title} {course.words['audience'].text}")
        asked = ((name, codes) for name, codes in wanted.items() if codes and name != but)
        return all(word in text for word in words) and all(traits[course.code][name] in codes for name, codes in asked)

    counts = {
        name: [
            (code, label, sum(traits[c.code][name] == code for c in listed if fits(c, but=name)))
            for code, label in options.items()
        ]
        for name, options in FILTERS.items()
    }
    chosen = {f"chosen_{name}": codes for name, codes in wanted.items()}
    any_asked = bool(search or any(wanted.values()))
    return [c for c in listed if fits(c)], {"q": search, "counts": counts, "any": any_asked, **chosen}


def _traits(course: queries.Listed, lessons: Mapping[int, int]) -> dict[str, str]:
    """What each filter asks of a course."""
    days, kind = course.edition.duration_days, course.edition.rules["certificate"]["kind"]
    return {
        "group": course.group,
        "length": next((code for code, (least, most, _name) in LENGTHS.items() if least <= days <= most), ""),
        "leads": kind.removesuffix("-with-named-dog"),
        "lessons": "any" if lessons.get(course.edition.id) else "",
    }


@area.get("/courses", policy=public)
def courses() -> str:
    """The whole catalogue, by group, with filters."""
    listed = queries.courses(db.session(), login.actor(), current_language().code, drafts_allowed=drafts_allowed())
    shown, filters = narrowed(listed, queries.lesson_count(db.session(), [c.edition.id for c in listed]))
    return render_template(
        "catalogue/courses.html",
        shown=shown,
        listed=listed,
        filters=filters,
        groups=GROUP_NAMES,
        certificates=CERTIFICATE_NAMES,
    )


@area.get("/courses/<code>", policy=policy.may_read_edition)
def course(code: str) -> str:
    """One course: for whom, how long, what it leads to, its modules and lessons."""
    language = current_language().code
    found = queries.edition(db.session(), login.actor(), code)
    words = texts.texts_of(db.session(), found.document_id, language, drafts_allowed=drafts_allowed())
    titles = queries.lesson_titles(db.session(), found, language, drafts_allowed=drafts_allowed())
    return render_template(
        "catalogue/course.html",
        edition=found,
        words=words,
        titles=titles,
        certificates=CERTIFICATE_NAMES,
        drafts=reading.has_drafts(words),
    )


@area.get("/courses/<code>/<module>/<lesson>", policy=policy.may_read_edition)
def lesson(code: str, module: str, lesson: str) -> str:
    """One lesson, for whoever wants to read it."""
    found = queries.edition(db.session(), login.actor(), code)
    one, before, after = queries.lesson_of(found, module, lesson)
    return render_template(
        "catalogue/lesson.html", edition=found, before=before, after=after, **page_of_lesson(found, one)
    )


def page_of_lesson(found: Any, one: Any) -> dict[str, Any]:
    """What every page that shows a lesson needs: its parts, the titles around it, the check that was just answered."""
    language = current_language().code
    allowed = drafts_allowed()
    course_words = texts.texts_of(db.session(), found.document_id, language, drafts_allowed=allowed)
    words = texts.texts_of(db.session(), one.document_id, language, drafts_allowed=allowed)
    cited = messages.cited(db.session(), language, found.rules.get("register", "adult"), drafts_allowed=allowed)
    nodes = reading.read(one.outline, words, cited)
    source = texts.source_language(db.session(), one.document_id)
    beside = "beside" in request.args and source != language
    asked = request.args.get("check", "")
    answers = request.args.getlist("answer")[:12]
    return {
        "lesson": one,
        "module": one.module,
        "course_words": course_words,
        "words": words,
        "nodes": nodes,
        "drafts": reading.has_drafts(words),
        "titles": queries.lesson_titles(db.session(), found, language, drafts_allowed=allowed),
        "answered": int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 0,
        "answers": answers,
        "right": next(
            (reading.answered_right(n, answers) for n in nodes if n.kind == "check" and str(n.number) == asked), None
        ),
        "source_language": source,
        "beside": beside,
        "twins": _in_source(found, one, source) if beside else [None] * len(nodes),
    }


def _in_source(found: Any, one: Any, source: str) -> list[reading.Node]:
    """The same parts in the language they were written in, for whoever wants to compare."""
    words = texts.texts_of(db.session(), one.document_id, source, drafts_allowed=drafts_allowed())
    cited = messages.cited(db.session(), source, found.rules.get("register", "adult"), drafts_allowed=drafts_allowed())
    return reading.read(one.outline, words, cited)
