"""The log of acts."""

from flask import render_template, request
from sqlalchemy import select

from lmsapp.accounts import policy
from lmsapp.accounts.acts import ACTS, GROUPS, THINGS
from lmsapp.accounts.models import Person
from lmsapp.accounts.views.area import area
from lmsapp.core import audit
from lmsapp.core.formatting import latin_digits
from lmsapp.web.database import db
from lmsapp.web.lists import leaf_of


@area.get("/log", policy=policy.may_read_audit)
def log() -> str:
    """The audit log in words, newest first; of a group of things, of one, or by one person."""
    group, about = request.args.get("group", ""), latin_digits(request.args.get("q", "").strip()[:80])
    kinds = GROUPS[group][1] if group in GROUPS else ()
    number = request.args.get("who", "")
    by = db.session().scalar(select(Person).where(Person.number == number)) if number else None
    chosen = audit.newest_first(kinds, about, by.id if by is not None else None)
    found = leaf_of(db.session(), chosen, audit.AuditLine.position, request.args)
    tokens = audit.subjects(db.session(), {line.actor_token for line in found.rows if line.actor_token})
    on = {int(line.object_id) for line in found.rows if line.object_kind == "person" and line.object_id.isdigit()}
    people = {p.id: p for p in db.session().scalars(select(Person).where(Person.id.in_({*tokens.values(), *on})))}
    return render_template(
        "accounts/log.html",
        found=found,
        search=about,
        by=by,
        group=group,
        groups=GROUPS,
        acts=ACTS,
        things=THINGS,
        who={token: people.get(person_id) for token, person_id in tokens.items()},
        people=people,
    )
