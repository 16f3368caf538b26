"""Another's identifier changes nothing, and a child is found under its own parents alone (checklist 3 and 4)."""

import pytest
from werkzeug.routing import Rule

from tests.architecture.policy_table import PUBLIC, SIGNED_IN, WITHOUT_OWNER
from tests.architecture.test_requests import changed, rows
from tests.architecture.test_routes import allowed, ask
from tests.house import House, Worlds, address, rules

SHARED = {"exams.revise_question", "exams.duplicate_question"}  # a bank is all authors'
# What belongs to what: the child's argument in an address, with the arguments that may name its parent.
CHILDREN = {"enrolment_id": ("code",), "membership_id": ("number",)}


def owned(house: House) -> list[Rule]:
    """Writing routes whose address names something of somebody's."""
    free = PUBLIC | SIGNED_IN | WITHOUT_OWNER | SHARED
    return [
        rule
        for rule in rules(house.app)
        if "POST" in rule.methods and rule.arguments - {"language"} and rule.endpoint not in free
    ]


@pytest.mark.parametrize("member", ["instructor", "trainee", "partner"])
def test_writing_to_what_is_another_s_is_404_or_403_and_no_row_is_different(
    member: str, house: House, worlds: Worlds
) -> None:
    browser, token = house.browser(member)
    before, tried, taken = rows(house), 0, []
    for rule in owned(house):
        reply = ask(browser, token, "POST", address(rule, worlds.things["other"]))
        tried += 1
        expected = {404} if member in allowed(rule.endpoint, "POST") else {403, 404}
        if reply.status_code not in expected:
            taken.append(f"{rule.endpoint}: {reply.status_code}")
    assert not taken, "\n".join(taken)
    noted = {"audit_line", "audit_head", "audit_subject", "audit_personal", "sign_in", "mail", "job"}  # the refusals
    assert not changed(before, rows(house)) - noted
    assert tried > 50


def test_a_child_of_another_parent_is_not_found(house: House, worlds: Worlds) -> None:
    """As the manager and the administrator, who may see both parents."""
    own, other = worlds.things["own"], worlds.things["other"]
    tried = 0
    for rule in rules(house.app):
        for child, parents in CHILDREN.items():
            for parent in parents:
                if not {child, parent} <= rule.arguments:
                    continue
                for things, foreign in ((own, other), (other, own)):
                    path = address(rule, things, **{child: foreign[child]})
                    for member in ("manager", "administrator"):
                        for method in rule.methods & {"GET", "POST"}:
                            if member in allowed(rule.endpoint, method):
                                tried += 1
                                browser, token = house.browser(member)
                                assert ask(browser, token, method, path).status_code == 404, (path, method)
    assert tried >= 8
