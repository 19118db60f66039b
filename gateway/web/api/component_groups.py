"""`/groups` of the API: groups of components, and their order."""

from typing import Any
from uuid import UUID

from pydantic import Field

from gateway.domain.component import ComponentGroup, ComponentStatus
from gateway.domain.snapshot import Moment
from gateway.service.drafts.components import GroupChange, GroupDraft
from gateway.service.drafts.fields import Draft
from gateway.web.api.bodies import Move, Versioned
from gateway.web.api.documents import Document
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import MOST


class GroupPatch(GroupChange, Versioned):
    """A change of a group; with `row_version` only if it is still at that version."""

    def change(self) -> GroupChange:
        """Return the change alone, with exactly the fields that were sent."""
        names = self.model_fields_set - {"row_version"}
        return GroupChange.model_construct(names, **{name: getattr(self, name) for name in names})


class GroupOrder(Draft):
    """Some groups in the order that they shall have, at the places that they have among the others."""

    ids: tuple[UUID, ...] = Field(min_length=1, max_length=MOST, json_schema_extra={"uniqueItems": True})


class GroupMove(Move):
    """Right before or right after which other group: one of them."""

    before: UUID | None = None
    after: UUID | None = None


class GroupDocument(Document):
    """A group of components."""

    id: UUID
    name: str
    description: str
    collapsed: bool = Field(description="The page shows its name alone while all of it is operational.")
    status: ComponentStatus = Field(description="The worst of its components that customers see.")
    components: tuple[str, ...] = Field(description="The slugs of its components in their order.")
    position: int
    row_version: int

    @classmethod
    def of(cls, group: ComponentGroup, moment: Moment) -> "GroupDocument":
        """Return a group as it is at a moment."""
        components = moment.snapshot.components if moment.snapshot else ()
        members = sorted((c for c in components if c.group_id == group.id), key=lambda c: (c.position, c.slug))
        return cls(
            id=group.id,
            name=group.name,
            description=group.description,
            collapsed=group.collapsed,
            status=moment.group_status(group),
            components=tuple(component.slug for component in members),
            position=group.position,
            row_version=group.row_version,
        )


class GroupList(Document):
    """All groups in their order."""

    groups: tuple[GroupDocument, ...]


async def list_groups(call: Call[None, None]) -> Answer:
    """List all groups in their order."""
    groups = await call.services.component_groups.list()
    return _listed(call, groups)


async def add_group(call: Call[GroupDraft, None]) -> Answer:
    """Add a group behind the others."""
    group = await call.services.component_groups.add(call.body, call.actor)
    return _answer(call, group, location=call.path_of("api.groups.show", id=str(group.id)))


async def show_group(call: Call[None, None]) -> Answer:
    """Return one group."""
    return _answer(call, await call.services.component_groups.get(call.id("group")))


async def edit_group(call: Call[GroupPatch, None]) -> Answer:
    """Change the fields that are sent."""
    which, change = call.id("group"), call.body.change()
    group = await call.services.component_groups.edit(which, change, call.actor, row_version=call.row_version)
    return _answer(call, group)


async def remove_group(call: Call[None, None]) -> Answer:
    """Remove a group; its components stay, without a group. Answers with the group as it was."""
    which, moment = call.id("group"), call.moment
    group = await call.services.component_groups.remove(which, call.actor, row_version=call.row_version)
    return Answer(document=GroupDocument.of(group, moment))


async def order_groups(call: Call[GroupOrder, None]) -> Answer:
    """Put groups in order; those that are not named stay where they are. Answers with all."""
    return _listed(call, await call.services.component_groups.reorder(call.body.ids, call.actor))


async def move_group(call: Call[GroupMove, None]) -> Answer:
    """Move a group right before or right after another one."""
    move, which = call.body, call.id("group")
    group = await call.services.component_groups.move(which, call.actor, before=move.before, after=move.after)
    return _answer(call, group)


def _answer(call: Call[Any, Any], group: ComponentGroup, *, location: str | None = None) -> Answer:
    document = GroupDocument.of(group, call.moment)
    return Answer(document=document, location=location, row_version=group.row_version)


def _listed(call: Call[Any, Any], groups: list[ComponentGroup]) -> Answer:
    moment = call.moment
    return Answer(document=GroupList(groups=tuple(GroupDocument.of(group, moment) for group in groups)))


OPERATIONS = (
    Operation("GET", "/groups", list_groups, name="api.groups.list", summary="List groups", answer=GroupList),
    Operation(
        "POST",
        "/groups",
        add_group,
        name="api.groups.add",
        summary="Add a group",
        body=GroupDraft,
        answer=GroupDocument,
        status=201,
    ),
    Operation("GET", "/groups/{id}", show_group, name="api.groups.show", summary="Show a group", answer=GroupDocument),
    Operation(
        "PATCH",
        "/groups/{id}",
        edit_group,
        name="api.groups.edit",
        summary="Change a group",
        body=GroupPatch,
        answer=GroupDocument,
        show=show_group,
    ),
    Operation(
        "DELETE",
        "/groups/{id}",
        remove_group,
        name="api.groups.remove",
        summary="Remove a group",
        answer=GroupDocument,
        show=show_group,
    ),
    Operation(
        "POST",
        "/groups/{id}/move",
        move_group,
        name="api.groups.move",
        summary="Move a group",
        body=GroupMove,
        answer=GroupDocument,
    ),
    Operation(
        "POST",
        "/group-order",
        order_groups,
        name="api.groups.order",
        summary="Put groups in order",
        body=GroupOrder,
        answer=GroupList,
    ),
)
