"""The area all pages about people belong to, and what they share: slips, links in letters, organisations to choose from."""

from collections.abc import Sequence

from flask import current_app, render_template, url_for

from lmsapp.accounts import queries
from lmsapp.accounts.models import Organisation
from lmsapp.accounts.registering import Slip
from lmsapp.core import qr
from lmsapp.web import login
from lmsapp.web.database import db
from lmsapp.web.locale import current_language
from lmsapp.web.pages import Area

area = Area("accounts", __name__)


def slip_sheet(template: str, slips: list[Slip], **more: object) -> str:
    """The page with slips: each has its number, PIN and a code that opens the sign-in page with the number filled in."""
    base = current_app.extensions["settings"].base_url.rstrip("/")
    codes = {
        s.person.number: qr.on_page(f"{base}/{s.language}/sign-in?number={s.person.number}", s.person.number)
        for s in slips
    }
    return render_template(template, slips=slips, codes=codes, address=base.partition("://")[2], **more)


def letter_link() -> str:
    """The address an invitation or reset letter leads to, with `{token}` where its token goes."""
    base: str = current_app.extensions["settings"].base_url.rstrip("/")
    page = url_for("accounts.letter", token="-")  # noqa: S106 - where the token goes
    return base + page.removesuffix("-") + "{token}"


def named_organisations() -> tuple[Sequence[Organisation], dict[int, str]]:
    """The organisations the actor may see, and their names in the reader's language by row."""
    found = queries.organisations(db.session(), login.actor())
    return found, queries.names_of(db.session(), [o.id for o in found], current_language().code)


def organisation_choices() -> list[tuple[str, str]]:
    """The active ones among them: code and name."""
    found, names = named_organisations()
    return [(o.code, names.get(o.id, o.code)) for o in found if o.active]
