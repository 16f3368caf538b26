"""Long lists: every row is found by going on, and by going back."""

from sqlalchemy.orm import Session

from lmsapp.core import audit
from lmsapp.core.access import KEEPER
from lmsapp.core.audit import AuditLine
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
