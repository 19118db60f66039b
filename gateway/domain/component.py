"""Components: the parts of the system that customers know, how well each does, who sees them, and in which order."""

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


class Visibility(StrEnum):
    """Whether customers see a component; SREs see each of them."""

    SHOWN = "shown"
    ONLY_WHEN_DEGRADED = "only_when_degraded"  # as long as its shown status is another than operational
    HIDDEN = "hidden"


_SEVERITY = {status: rank for rank, status in enumerate(ComponentStatus)}


def worst(*statuses: ComponentStatus) -> ComponentStatus:
    """Return the most severe of the statuses; operational where there are none."""
    return max(statuses, key=_SEVERITY.__getitem__, default=ComponentStatus.OPERATIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component with its own status, as set by hand; windows may make the shown one worse.

    `group` is the name of its group. `position` orders the components of a group. `removed_at`: it is kept for its
    history alone.
    """

    id: UUID
    slug: str
    name: str
    description: str = ""
    status: ComponentStatus = ComponentStatus.OPERATIONAL
    visibility: Visibility = Visibility.SHOWN
    group_id: UUID | None = None
    group: str | None = None
    position: int = 0
    row_version: int = 1
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None = None

    def is_public(self, shown: ComponentStatus) -> bool:
        """Tell whether customers see it while they would read the status `shown`."""
        if self.visibility is Visibility.ONLY_WHEN_DEGRADED:
            return shown is not ComponentStatus.OPERATIONAL
        return self.visibility is Visibility.SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentGroup:
    """A named group of components, in the order of `position`.

    `collapsed`: the page shows its name alone while all of it is operational.
    """

    id: UUID
    name: str
    description: str = ""
    collapsed: bool = False
    position: int = 0
    row_version: int = 1
