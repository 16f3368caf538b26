"""Lists: every row of a long one is found by going on, and by going back; a short one is joined as its reader joins it."""

from flask import Flask
from sqlalchemy.orm import Session

from lmsapp.accounts.roles import ROLE_NAMES
from lmsapp.core import audit
from lmsapp.core.access import KEEPER
from lmsapp.core.audit import AuditLine
from lmsapp.core.translations import use
from lmsapp.web.lists import leaf_of


def test_a_list_without_end_is_read_on_and_back_from_its_own_numbers(session: Session) -> None:
    for number in range(7):
        audit.record(session, "sign-in", KEEPER, on=("leaf", number))
    query = audit.newest_first(("leaf",))

    def leaf(**asked: str) -> tuple[list[str], str, str]:
        found = leaf_of(session, query, AuditLine.position, asked, size=3)
        return [line.object_id for line in found.rows], str(found.after or ""), str(found.before or "")

    newest, after, none = leaf()
    assert (newest, none) == (["6", "5", "4"], "")
    middle, further, before = leaf(after=after)
    assert middle == ["3", "2", "1"]
    assert leaf(after=further)[:2] == (["0"], "")
    assert leaf(before=before) == (newest, after, "")
    assert leaf(before=leaf(after=further)[2])[0] == middle
    assert leaf(before="9" * 9)[0] == leaf(after="x")[0] == newest


def test_a_list_on_one_line_is_joined_as_the_language_joins_it(app: Flask) -> None:
    with app.test_request_context(), use("prs"):
        roles = app.jinja_env.filters["named"](["instructor", "assessor", "auditor"], ROLE_NAMES)
        codes = app.jinja_env.filters["codes"](["IMAS 12.10", "<b>", "IMAS 06.10"])
    assert "، " in roles
    assert " و " in roles
    assert "," not in roles + codes
    assert "&lt;b&gt;" in codes
