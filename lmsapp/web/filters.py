"""What templates may call: messages, dates and numbers in the reader's way, addresses, permissions."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, request, url_for
from flask_login import current_user
from markupsafe import Markup, escape

from lmsapp.core import clock, figures, formatting, pdf
from lmsapp.core.dates import PartialDate
from lmsapp.core.emphasis import bold
from lmsapp.core.locales import LANGUAGES
from lmsapp.core.translations import current, gettext, html_gettext, html_ngettext, use
from lmsapp.web import locale, login
from lmsapp.web.between import Between

FIRST_FONTS = {
    "latin": ("fonts/lms-latin-400.woff2",),
    "georgian": ("fonts/lms-georgian-400.woff2",),
    "arabic": ("fonts/lms-naskh-400.woff2",),
}


def install(app: Flask) -> None:
    """Gives templates their functions and filters."""
    environment = app.jinja_env
    environment.add_extension("jinja2.ext.i18n")
    environment.add_extension(Between)
    environment.install_gettext_callables(html_gettext, html_ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        languages=list(LANGUAGES.values()),
        switched=locale.switched,
        tag_of=lambda code: LANGUAGES[code].tag if code in LANGUAGES else "",
        direction_of=lambda code: LANGUAGES[code].direction if code in LANGUAGES else "auto",
        spoken=spoken,
        language_name=lambda code: LANGUAGES[code].name if code in LANGUAGES else code,
        between=formatting.between_text,
        number=formatting.number_text,
        digits=formatting.number_text,
        percent=formatting.percent_text,
        slip_words=slip_words,
        month_names=formatting.month_names,
        same_page=same_page,
        without=without,
        can=can,
        has_page=lambda endpoint: endpoint in current_app.view_functions,
        now=clock.now,
        today=lambda: clock.now().astimezone(ZoneInfo(zone())).date(),
        drawing=figures.on_page,
        prerequisites=prerequisites,
        reason=reason,
        pdf_off=pdf_off,
    )
    environment.filters.update(
        day=lambda value: formatting.date_text(value, calendar=_calendar()).primary,
        both_days=lambda value: formatting.date_text(value, calendar=_calendar()),
        span=lambda days: formatting.span_text(days[0], days[1], calendar=_calendar()).primary,
        both_spans=lambda days: formatting.span_text(days[0], days[1], calendar=_calendar()),
        moment=lambda at: formatting.moment_text(at, zone(), calendar=_calendar()),
        moment_day=_day_of,
        weekday_moment=_weekday_moment,
        moments=lambda ends: formatting.moments_text(ends[0], ends[1], zone(), calendar=_calendar()),
        clock=lambda at: formatting.time_text(at, zone()),
        weekday=formatting.weekday_text,
        number=formatting.number_text,
        percent=formatting.percent_text,
        size=formatting.size_text,
        compact=formatting.compact_text,
        country=formatting.country_text,
        money=formatting.money_text,
        person_number=formatting.person_number_text,
        digits=formatting.native_digits,
        duration=formatting.duration_text,
        time_left=formatting.left_text,
        joined=formatting.list_text,
        named=lambda codes, names: formatting.list_text([gettext(names[code]) for code in codes]),
        codes=lambda found: Markup(formatting.list_text([_code(one) for one in found])),  # noqa: S704 - escaped there
        device=device,
        bold=bold,
        wrong_fields=lambda form: [field for field in form if field.errors],
        isodate=lambda value: value.isoformat() if isinstance(value, (date, datetime)) else str(value),
    )
    app.context_processor(_every_page)


@cache
def spoken(code: str) -> Markup:
    """The attributes of words in a language, for the hundreds of names a list may hold."""
    language = LANGUAGES[code]
    return Markup(' lang="{}"{}').format(language.tag, Markup(' dir="rtl"') if language.direction == "rtl" else "")


def zone() -> str:
    """The reader's time zone, else the installation's."""
    own = getattr(current_user, "time_zone", "")
    return own or current_app.extensions["settings"].time_zone


def can(name: str, *things: Any) -> bool:
    """Whether the reader may: asks the policy function of this name. A hidden button is courtesy; the activity is the lock."""
    policies = current_app.extensions["policy_functions"]
    answer = policies[name](login.actor(), *things)
    return bool(answer or answer.needs_fresh_sign_in)


def same_page(**changes: Any) -> str:
    """This page's address with some of its query changed; None takes a part away."""
    query = {**request.args.to_dict(flat=True), **changes}
    return url_for(
        request.endpoint or "home.start",
        **(request.view_args or {}),
        **{k: v for k, v in query.items() if v is not None},
    )


def without(name: str, value: str) -> str:
    """This page's address with one of the values of its query taken away."""
    query: dict[str, Any] = {
        key: [v for v in values if (key, v) != (name, value)] for key, values in request.args.lists()
    }
    return url_for(request.endpoint or "home.start", **(request.view_args or {}), **query)


def device(agent: str) -> str:
    """A browser and system in two words, from what the browser says of itself."""
    browser = next((n for n in ("Firefox", "Edg", "Chrome", "Safari") if n in agent), "")
    system = next((n for n in ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux") if n in agent), "")
    return " · ".join(word for word in ({"Edg": "Edge"}.get(browser, browser), system) if word) or "–"


@cache
def pdf_off() -> bool:
    """Whether this machine can't make PDF files; found out once a process, since asking takes a tenth of a second."""
    return not pdf.available()


def _calendar() -> str:
    return getattr(current_user, "calendar", "") or ""


def _day_of(at: datetime) -> str:
    return formatting.date_text(PartialDate.of(at.astimezone(ZoneInfo(zone())).date()), calendar=_calendar()).primary


def _weekday_moment(at: datetime) -> str:
    weekday = formatting.weekday_text(at.astimezone(ZoneInfo(zone())).date())
    return gettext(
        "%(weekday)s, %(date)s", weekday=weekday, date=formatting.moment_text(at, zone(), calendar=_calendar())
    )


def _every_page() -> dict[str, Any]:
    language = current()
    return {
        "language": language,
        "first_fonts": FIRST_FONTS[language.script],
        "demonstration": current_app.extensions["settings"].demonstration,
    }


def prerequisites(items: list[dict[str, Any]], words: dict[str, Any]) -> Markup:
    """What a course asks for before it, joined as the language joins: codes in one piece, texts in the reader's language."""
    shown = []
    for item in items:
        text = (
            str(escape(words[f"prerequisite.{item['key']}"].text))
            if item.get("key") and f"prerequisite.{item['key']}" in words
            else ""
        )
        if item.get("any"):
            shown.append(formatting.list_text([_code(one) for one in item["any"]], either=True))
        elif item.get("course"):
            shown.append(formatting.list_text([part for part in (_code(item["course"]), text) if part], either=True))
        else:
            shown.append(text)
    return Markup(formatting.list_text([part for part in shown if part]))  # noqa: S704 - codes and texts are escaped above


def _code(code: str) -> str:
    return str(Markup('<span class="code">{}</span>').format(code))


def slip_words(code: str) -> dict[str, str]:
    """The labels of a login slip in the trainee's language, whatever the instructor reads."""
    with use(code):
        return {"number": gettext("Person number"), "pin": gettext("PIN, to be changed at the first sign-in")}


def reason(message: str, values: dict[str, Any]) -> str:
    """A rule's reason in the reader's language, its numbers in her digits."""
    return gettext(
        message, **{k: formatting.number_text(v) if isinstance(v, (int, Decimal)) else v for k, v in values.items()}
    )
