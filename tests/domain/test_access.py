"""Who may do what."""

import pytest

from gateway.domain.access import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Actor, Permission, Role, TokenScope, command_line

LADDER = [Permission.VIEW, Permission.REPORT, Permission.OPERATE, Permission.ADMINISTER]


@pytest.mark.parametrize(
    ("permissions", "steps"),
    [(ROLE_PERMISSIONS[role], steps) for steps, role in enumerate(Role, start=1)]
    + [(SCOPE_PERMISSIONS[scope], steps) for steps, scope in enumerate(TokenScope, start=1)]
    + [(Actor(name="nobody").permissions, 0), (command_line("root").permissions, 4)],
)
def test_each_role_and_scope_may_do_what_the_lesser_may_and_one_thing_more(
    permissions: frozenset[Permission], steps: int
) -> None:
    """Viewers and `read` see; reporters and `report` post; operators and `write` operate; `admin` administers."""
    actor = Actor(name="x", permissions=permissions)
    assert [permission for permission in LADDER if actor.may(permission)] == LADDER[:steps]
    assert actor.may(Permission.PUBLIC)
