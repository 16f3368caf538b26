"""Pages of the partners: all of them, and one with its agreements, engagements, deliveries and results."""

from flask import render_template

from lmsapp.catalogue.views import drafts_allowed
from lmsapp.core.access import public
from lmsapp.engagements import charts, policy, queries, schematic
from lmsapp.engagements.kinds import ENGAGEMENTS, INSTRUMENTS, STATES
from lmsapp.engagements.queries import Record
from lmsapp.materials import queries as materials
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("engagements", __name__)
NAMES = {"kinds": ENGAGEMENTS, "instrument_kinds": INSTRUMENTS, "states": STATES}


def shown() -> Record | None:
    """All partners as the reader sees them."""
    return queries.partners(db.session(), login.actor(), current_language().code, drafts_allowed=drafts_allowed())


@area.get("/partners", policy=public)
def partners() -> str:
    """The partner countries on a map, and what is done with each."""
    return render_template("engagements/partners.html", record=shown(), map=schematic.drawn(), **NAMES)


@area.get("/partners/<country>", policy=policy.may_read_partner)
def partner(country: str) -> str:
    """One partner: agreement, map, engagements on a timeline and in a table, delivery, results, source."""
    language = current_language()
    record = queries.partner(db.session(), login.actor(), country, language.code, drafts_allowed=drafts_allowed())
    rtl, project = language.direction == "rtl", record.project
    return render_template(
        "engagements/partner.html",
        record=record,
        all_partners=shown(),
        titles=materials.titles(db.session(), language.code, drafts_allowed=drafts_allowed()),
        map=schematic.drawn(),
        timeline=charts.timeline(project.starts, project.ends_estimated, rtl=rtl),
        bars=charts.bars([(one.fiscal_year, one.amount) for one in project.deliveries], rtl=rtl),
        **NAMES,
    )
