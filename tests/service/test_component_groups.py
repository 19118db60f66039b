"""Groups of components: added, edited, removed, put in order."""

from uuid import UUID

import pytest

from gateway.domain.access import Actor
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.service.drafts.components import ComponentDraft, GroupChange, GroupDraft
from gateway.web.keys import Services

SRE = Actor(name="sre@example.com", address="203.0.113.9")
NONE = UUID(int=0)


async def test_a_group_is_added_edited_and_seen_by_who_did_it(services: Services) -> None:
    draft = GroupDraft(name="Core", description="What all the rest needs.", collapsed=True)
    group = await services.component_groups.add(draft, SRE)
    assert (group.name, group.description, group.collapsed, group.row_version) == ("Core", draft.description, True, 1)
    edited = await services.component_groups.edit(group.id, GroupChange(name="Base", collapsed=False), SRE)
    assert (edited.name, edited.description, edited.collapsed) == ("Base", draft.description, False)
    assert edited.row_version == 2
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert snapshot.groups == (edited,)
    assert await services.component_groups.get(group.id) == edited
    assert [entry.action for entry in await services.audit.latest()] == ["group.edited", "group.added"]
    assert await services.component_groups.edit(group.id, GroupChange(name="Base"), SRE) == edited
    assert len(await services.audit.latest()) == 2


async def test_the_components_of_a_removed_group_stay(services: Services) -> None:
    """Without a group."""
    component = await services.components.add(ComponentDraft(slug="api", name="API", group="Core"), SRE)
    (group,) = await services.component_groups.list()
    await services.component_groups.remove(group.id, SRE)
    assert await services.component_groups.list() == []
    found = await services.components.get("api")
    assert (found.id, found.group, found.group_id) == (component.id, None, None)
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert snapshot.components == (found,)


async def test_groups_are_put_in_order(services: Services) -> None:
    """And the components with them. Moving is no change of the group's row."""
    a, b, c = [await services.component_groups.add(GroupDraft(name=name), SRE) for name in "abc"]
    await services.components.add(ComponentDraft(slug="in-a", name="A", group="a"), SRE)
    await services.components.add(ComponentDraft(slug="in-c", name="C", group="c"), SRE)
    ordered = await services.component_groups.reorder([c.id, a.id], SRE)
    assert [group.name for group in ordered] == ["c", "b", "a"]
    assert [found.slug for found in await services.components.list()] == ["in-c", "in-a"]
    await services.component_groups.move(a.id, SRE, before=c.id)
    await services.component_groups.move(b.id, SRE, after=c.id)
    found = await services.component_groups.list()
    assert [(group.name, group.row_version) for group in found] == [("a", 1), ("c", 1), ("b", 1)]
    entry = (await services.audit.latest())[0]
    assert (entry.action, entry.after) == ("group.reordered", {"order": ["a", "c", "b"]})


async def test_what_can_not_be_is_refused(services: Services) -> None:
    groups = services.component_groups
    a, b = await groups.add(GroupDraft(name="a"), SRE), await groups.add(GroupDraft(name="b"), SRE)
    taken = 'there is a group "b" already: choose another name, or edit that one'
    with pytest.raises(ConflictError, match=taken):
        await groups.add(GroupDraft(name="b"), SRE)
    with pytest.raises(ConflictError, match=taken):
        await groups.edit(a.id, GroupChange(name="b"), SRE)
    await groups.edit(a.id, GroupChange(name="Mine"), SRE, row_version=1)
    for change in (GroupChange(name="Mine"), GroupChange(name="Yours")):
        with pytest.raises(ConflictError, match='"Mine" was changed by somebody else in the meantime'):
            await groups.edit(a.id, change, SRE, row_version=1)
    with pytest.raises(ConflictError, match='"Mine" was changed by somebody else in the meantime'):
        await groups.remove(a.id, SRE, row_version=1)
    with pytest.raises(InvalidError, match=f'there is no group "{NONE}"'):
        await groups.reorder([NONE], SRE)
    with pytest.raises(ConflictError, match="before: is the group itself"):
        await groups.move(b.id, SRE, before=b.id)
    for refused in (
        groups.get(NONE),
        groups.edit(NONE, GroupChange(name="x"), SRE),
        groups.remove(NONE, SRE),
        groups.move(NONE, SRE, before=b.id),
    ):
        with pytest.raises(NotFoundError, match=f"there is no group {NONE}"):
            await refused
