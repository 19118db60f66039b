"""Components: the parts of the system that customers know, and how well each does."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ComponentStatus(StrEnum):
    """How a component does, from best to worst: the order of the members is the order of severity."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"


_SEVERITY = {status: rank for rank, status in enumerate(ComponentStatus)}


def worst(*statuses: ComponentStatus) -> ComponentStatus:
    """Return the most severe of the statuses; operational where there are none."""
    return max(statuses, key=_SEVERITY.__getitem__, default=ComponentStatus.OPERATIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component with its own status, as set by hand; windows may make the shown one worse."""

    id: UUID
    slug: str
    name: str
    description: str = ""
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    group_id: UUID | None = None
    position: int = 0
    row_version: int = 1
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentGroup:
    """A named group of components, in the order of `position`."""

    id: UUID
    name: str
    position: int = 0
