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
    doubtful = _doubtful(cohort)
    over = cohort.ends_on < clock.now().date() and cohort.state in ("planned", "running")
    if not over or not policy.may_close_out(login.actor(), cohort):
        return Panel(todo=doubtful, column=column)
    ended = _("The cohort ended on %(date)s.", date=date_text(cohort.ends_on).primary)
    address = url_for("certificates.close_out", code=cohort.code.lower())
    return Panel(
        todo=[*doubtful, Todo(_("Decide results and certificates"), address, ended, urgent=True)], column=column
    )


def _doubtful(cohort: Cohort) -> list[Todo]:
    """Certificates that stand on an exam whose mark was corrected to a fail: for who may revoke them."""
    if not policy.decides(login.actor()):
        return []
    return [
        Todo(
            _("Decide about a certificate: its exam was corrected to not passed"),
            url_for("certificates.award", serial=award.serial),
            award.serial,
            urgent=True,
        )
        for award in queries.doubtful(db.session(), cohort.id)
    ]
