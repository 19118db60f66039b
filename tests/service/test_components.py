"""Components: added, set, shown, audited."""

from collections import Counter
from datetime import timedelta

import pytest

from gateway.domain.access import Actor
from gateway.domain.component import ComponentStatus, Visibility
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.service.drafts.components import ComponentChange, ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import EffectDraft, WindowDraft
from gateway.web.keys import Services

SRE = Actor(name="sre@example.com", address="203.0.113.9")


def component(slug: str, **values: object) -> ComponentDraft:
    return checked(ComponentDraft, {"slug": slug, "name": slug.upper()} | values)


async def test_components_keep_the_order_in_which_they_were_added(services: Services) -> None:
    for slug in ("web", "api", "database"):
        await services.components.add(component(slug), SRE)
    assert [found.slug for found in await services.components.list()] == ["web", "api", "database"]
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert [found.slug for found in snapshot.components] == ["web", "api", "database"]


async def test_a_group_is_made_once_and_shared(services: Services) -> None:
    first = await services.components.add(component("api", group="Core"), SRE)
    second = await services.components.add(component("web", group="Core"), SRE)
    third = await services.components.add(component("cdn", group="Edge"), SRE)
    assert first.group_id == second.group_id != third.group_id
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert [group.name for group in snapshot.groups] == ["Core", "Edge"]


async def test_a_status_is_seen_by_who_set_it(services: Services) -> None:
    added = await services.components.add(component("api"), SRE)
    changed = await services.components.set_status("api", ComponentStatus.MAJOR_OUTAGE, SRE)
    assert (changed.id, changed.status) == (added.id, ComponentStatus.MAJOR_OUTAGE)
    assert services.state.moment.component_statuses == {"api": ComponentStatus.MAJOR_OUTAGE}
    assert await services.components.get("api") == changed


async def test_a_window_makes_the_shown_status_worse_until_it_ends(services: Services) -> None:
    await services.components.add(component("api"), SRE)
    effect = EffectDraft(slug="api", status=ComponentStatus.PARTIAL_OUTAGE)
    window = await services.windows.create(WindowDraft(title="x", components=(effect,)), SRE)
    assert services.state.moment.component_statuses == {"api": ComponentStatus.PARTIAL_OUTAGE}
    assert (await services.components.get("api")).status is ComponentStatus.OPERATIONAL
    await services.windows.end(window.id, SRE)
    assert services.state.moment.component_statuses == {"api": ComponentStatus.OPERATIONAL}
    assert window.estimated_duration == timedelta(minutes=30)


async def test_every_write_leaves_its_audit_entry(services: Services) -> None:
    await services.components.add(component("api"), SRE)
    await services.components.set_status("api", ComponentStatus.MAJOR_OUTAGE, SRE)
    changed, added = await services.audit.latest()
    assert (added.action, added.subject_id, added.actor, added.address) == ("component.added", "api", *_who())
    assert (changed.action, changed.subject_id) == ("component.status_set", "api")
    assert changed.before is not None
    assert changed.after is not None
    assert (changed.before["status"], changed.after["status"]) == ("operational", "major_outage")


def _who() -> tuple[str, str]:
    return SRE.name, SRE.address


async def test_what_can_not_be_is_refused(services: Services) -> None:
    await services.components.add(component("api"), SRE)
    with pytest.raises(ConflictError, match='slug is taken by the component "API": choose another'):
        await services.components.add(component("api", group="Left behind?"), SRE)
    with pytest.raises(NotFoundError, match='"nope"'):
        await services.components.set_status("nope", ComponentStatus.OPERATIONAL, SRE)
    with pytest.raises(NotFoundError, match='"nope"'):
        await services.components.get("nope")
    assert len(await services.components.list()) == 1
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert snapshot.groups == ()


async def test_what_a_change_names_is_changed_and_nothing_else(services: Services) -> None:
    """Each field by itself; a group is made where it does not exist, and null takes the component out of its own."""
    before = await services.components.add(component("api", group="Core", description="For programs"), SRE)
    for field, value in [
        ("name", "The API"),
        ("description", ""),
        ("status", ComponentStatus.PARTIAL_OUTAGE),
        ("visibility", Visibility.ONLY_WHEN_DEGRADED),
        ("group", "Edge"),
        ("group", None),
    ]:
        after = await services.components.edit("api", checked(ComponentChange, {field: value}), SRE)
        assert getattr(after, field) == value
        different = {name for name in COLUMNS if getattr(before, name) != getattr(after, name)}
        assert different - {"group_id", "position"} == {field}
        assert after.row_version == before.row_version + 1
        before = after


COLUMNS = ("name", "description", "status", "visibility", "group", "group_id", "position")


async def test_a_change_that_changes_nothing_is_none(services: Services) -> None:
    """A monitor that says every minute that all is well fills no audit and wakes no gateway."""
    added = await services.components.add(component("api"), SRE)
    version = services.state.moment.snapshot and services.state.moment.snapshot.version
    assert await services.components.set_status("api", ComponentStatus.OPERATIONAL, SRE) == added
    assert [entry.action for entry in await services.audit.latest()] == ["component.added"]
    assert services.state.moment.snapshot is not None
    assert services.state.moment.snapshot.version == version


async def test_the_second_writer_is_refused(services: Services) -> None:
    """Whoever names the version that they read; also where the change would be the same, and for removing."""
    read = await services.components.add(component("api"), SRE)
    change = checked(ComponentChange, {"name": "Mine"})
    await services.components.edit("api", change, SRE, row_version=read.row_version)
    for same in (change, checked(ComponentChange, {"name": "Yours"})):
        with pytest.raises(ConflictError, match='"Mine" was changed by somebody else in the meantime'):
            await services.components.edit("api", same, SRE, row_version=read.row_version)
    with pytest.raises(ConflictError, match="by somebody else"):
        await services.components.remove("api", SRE, row_version=read.row_version)
    assert (await services.components.get("api")).name == "Mine"


async def test_a_removed_component_is_gone_until_it_is_added_again(services: Services) -> None:
    """Under its slug, with new fields, as the same one."""
    first = await services.components.add(component("api", group="Core", status="major_outage"), SRE)
    removed = await services.components.remove("api", SRE)
    assert removed.removed_at is not None
    assert await services.components.list() == []
    assert services.state.moment.component_statuses == {}
    for refused in (
        services.components.get("api"),
        services.components.set_status("api", ComponentStatus.OPERATIONAL, SRE),
        services.components.remove("api", SRE),
    ):
        with pytest.raises(NotFoundError, match='"api" was removed; adding it again brings it back, with its history'):
            await refused
    with pytest.raises(InvalidError, match='there is no component "api"'):
        await services.windows.create(WindowDraft(title="x", components=(EffectDraft(slug="api"),)), SRE)
    again = await services.components.add(component("api", name="Again"), SRE)
    assert (again.id, again.name, again.group, again.status) == (first.id, "Again", None, "operational")
    actions = [entry.action for entry in await services.audit.latest()]
    assert actions == ["component.restored", "component.removed", "component.added", "group.added"]


async def test_what_a_window_names_is_not_removed(services: Services) -> None:
    """As long as the window is not over; which one it is, is said."""
    await services.components.add(component("api"), SRE)
    effects = (EffectDraft(slug="api"),)
    window = await services.windows.create(WindowDraft(title="Upgrade", components=effects), SRE)
    later = services.state.now() + timedelta(days=1)
    planned = await services.windows.create(WindowDraft(title="Next", components=effects, starts_at=later), SRE)
    with pytest.raises(ConflictError, match=r'"API" is named by windows that are not over \(Upgrade, Next\): take it'):
        await services.components.remove("api", SRE)
    await services.windows.end(window.id, SRE)
    await services.windows.cancel(planned.id, SRE)
    await services.components.remove("api", SRE)
    # What is over still says what it was about.
    assert [effect.slug for effect in (await services.windows.get(window.id)).components] == ["api"]


async def test_components_are_put_in_order(services: Services) -> None:
    """Those of one group; in the order of the page: without a group first. Nobody's edit is refused for it."""
    for slug, group in (("a", "Core"), ("b", "Edge"), ("c", "Core"), ("d", None), ("e", "Core")):
        await services.components.add(component(slug, group=group), SRE)
    read = await services.components.get("c")
    ordered = await services.components.reorder(["e", "a"], SRE)
    assert [found.slug for found in ordered] == ["d", "e", "c", "a", "b"]
    await services.components.move("a", SRE, before="e")
    await services.components.move("e", SRE, after="c")
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert [found.slug for found in snapshot.components] == ["d", "a", "c", "e", "b"]
    assert (await services.components.get("c")).row_version == read.row_version
    actions = [entry.action for entry in await services.audit.latest(4)]
    assert actions == ["component.reordered"] * 3 + ["component.added"]
    await services.components.move("e", SRE, after="c")
    actions = [entry.action for entry in await services.audit.latest(20)]
    assert Counter(actions) == {"component.added": 5, "group.added": 2, "component.reordered": 3}


async def test_an_order_that_can_not_be_is_refused(services: Services) -> None:
    for slug, group in (("a", "Core"), ("b", "Edge"), ("c", None)):
        await services.components.add(component(slug, group=group), SRE)
    with pytest.raises(InvalidError, match='there is no component "x"'):
        await services.components.reorder(["a", "x"], SRE)
    with pytest.raises(ConflictError, match='before: "b" is in the group "Edge": change the group of "a" first'):
        await services.components.move("a", SRE, before="b")
    with pytest.raises(ConflictError, match='after: "c" is in no group: change the group of "a" first'):
        await services.components.move("a", SRE, after="c")
    with pytest.raises(NotFoundError, match='there is no component "x"'):
        await services.components.move("x", SRE, after="c")


async def test_in_another_group_it_comes_last(services: Services) -> None:
    for slug, group in (("a", "Core"), ("b", "Edge"), ("c", "Edge")):
        await services.components.add(component(slug, group=group), SRE)
    await services.components.edit("a", ComponentChange(group="Edge"), SRE)
    assert [found.slug for found in await services.components.list()] == ["b", "c", "a"]


@pytest.mark.parametrize("slug", ["", "API", "a b", "-a", "a-", "a--b", "a" * 61, "ä", "a\n"])
def test_a_slug_is_lower_case_words_joined_by_hyphens(slug: str) -> None:
    with pytest.raises(InvalidError) as error:
        checked(ComponentDraft, {"slug": slug, "name": "x"})
    assert list(error.value.fields) == ["slug"]
