"""What certificates show on a cohort's page: the close-out when it is time, and who has which certificate."""

from flask import url_for

from lmsapp.certificates import policy, queries
from lmsapp.cohorts.models import Cohort
from lmsapp.cohorts.panels import Column, Panel, Todo
from lmsapp.core import clock
from lmsapp.core.formatting import date_text
from lmsapp.core.translations import gettext as _
from lmsapp.web import login
from lmsapp.web.database import db


def panel(cohort: Cohort) -> Panel:
    """Certificates of one cohort."""
    awarded = queries.serials_of(db.session(), cohort.id)
    column = Column(_("Certificate"), awarded) if awarded else None
    over = cohort.ends_on < clock.now().date() and cohort.state in ("planned", "running")
    if not over or not policy.may_close_out(login.actor(), cohort):
        return Panel(column=column)
    ended = _("The cohort ended on %(date)s.", date=date_text(cohort.ends_on).primary)
    address = url_for("certificates.close_out", code=cohort.code.lower())
    return Panel(todo=[Todo(_("Decide results and certificates"), address, ended, urgent=True)], column=column)
