"""Components: added, set, shown, audited."""

from datetime import timedelta

import pytest

from gateway.domain.access import Actor
from gateway.domain.component import ComponentStatus
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.service.drafts.components import ComponentDraft
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
    with pytest.raises(ConflictError, match="slug is taken"):
        await services.components.add(component("api", group="Left behind?"), SRE)
    with pytest.raises(NotFoundError, match='"nope"'):
        await services.components.set_status("nope", ComponentStatus.OPERATIONAL, SRE)
    with pytest.raises(NotFoundError, match='"nope"'):
        await services.components.get("nope")
    assert len(await services.components.list()) == 1
    snapshot = services.state.moment.snapshot
    assert snapshot is not None
    assert snapshot.groups == ()


@pytest.mark.parametrize("slug", ["", "API", "a b", "-a", "a-", "a--b", "a" * 61, "ä", "a\n"])
def test_a_slug_is_lower_case_words_joined_by_hyphens(slug: str) -> None:
    with pytest.raises(InvalidError) as error:
        checked(ComponentDraft, {"slug": slug, "name": "x"})
    assert list(error.value.fields) == ["slug"]
