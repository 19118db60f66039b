"""The documents of the Statuspage API, version 2, that its clients already read: `/api/v2/` under the prefix.

Maintenance windows are its scheduled maintenances; downtime and degradation are its incidents from their start on;
announcements are neither. Names and types are those of `https://metastatuspage.com/api/v2`. Texts are plain: made from
our Markdown.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from gateway.domain.component import Component, ComponentGroup, ComponentStatus, Visibility, worst
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Kind, State, Update, UpdateStatus, Window
from gateway.render.look import Branding
from gateway.render.markdown import markdown_text

Document = dict[str, Any]

_PAGE_IDS = UUID("6a9f9d5e-7d0c-4d4e-9a55-3f3f3c0f5b2e")
_MOST = 50
_RUNS = frozenset({State.ACTIVE, State.OVERRUNNING})
_RANK = {impact: rank for rank, impact in enumerate(("none", "maintenance", "minor", "major", "critical"))}

_COMPONENT_IMPACTS = {
    ComponentStatus.OPERATIONAL: "none",
    ComponentStatus.UNDER_MAINTENANCE: "maintenance",
    ComponentStatus.DEGRADED_PERFORMANCE: "minor",
    ComponentStatus.PARTIAL_OUTAGE: "major",
    ComponentStatus.MAJOR_OUTAGE: "critical",
}
_DESCRIPTIONS = {
    "none": "All Systems Operational",
    "maintenance": "Service Under Maintenance",
    "minor": "Partially Degraded Service",
    "major": "Partial System Outage",
    "critical": "Major System Outage",
}
_INCIDENT_STATUSES = {
    UpdateStatus.SCHEDULED: "investigating",
    UpdateStatus.INVESTIGATING: "investigating",
    UpdateStatus.IDENTIFIED: "identified",
    UpdateStatus.IN_PROGRESS: "identified",
    UpdateStatus.MONITORING: "monitoring",
    UpdateStatus.VERIFYING: "monitoring",
    UpdateStatus.RESOLVED: "resolved",
    UpdateStatus.COMPLETED: "resolved",
    UpdateStatus.CANCELLED: "resolved",
}
_MAINTENANCE_STATUSES = {
    UpdateStatus.SCHEDULED: "scheduled",
    UpdateStatus.INVESTIGATING: "in_progress",
    UpdateStatus.IDENTIFIED: "in_progress",
    UpdateStatus.IN_PROGRESS: "in_progress",
    UpdateStatus.MONITORING: "verifying",
    UpdateStatus.VERIFYING: "verifying",
    UpdateStatus.RESOLVED: "completed",
    UpdateStatus.COMPLETED: "completed",
    UpdateStatus.CANCELLED: "completed",
}


class StatuspageDocuments:
    """Writes the documents of one moment, for the product's status page at `url`."""

    def __init__(self, moment: Moment, branding: Branding, url: str) -> None:
        """Write of `moment`; with no state known the lists are empty, and the description says so."""
        self._moment = moment
        self._windows = moment.snapshot.windows if moment.snapshot else ()
        self._groups: Mapping[UUID, ComponentGroup] = (
            {group.id: group for group in moment.snapshot.groups} if moment.snapshot else {}
        )
        self._url = url
        self._page = {
            "id": str(uuid5(_PAGE_IDS, url)),
            "name": branding.product,
            "url": url,
            "time_zone": "Etc/UTC" if branding.time_zone is UTC else str(branding.time_zone),
            "updated_at": _instant(self._updated_at()),
        }
        self._components = [self._component(component) for component in self._shown()]
        self._by_slug = {component.slug: component for component in self._shown()}

    def summary(self) -> Document:
        """Return everything that is the matter, and what is to come."""
        return {
            "page": self._page,
            "components": [*self._components, *self._group_components()],
            "incidents": self._incidents(_RUNS),
            "scheduled_maintenances": self._maintenances({State.SCHEDULED, *_RUNS}),
            "status": self._status(),
        }

    def status(self) -> Document:
        """Return how the whole does: `none`, `minor`, `major`, `critical` or `maintenance`."""
        return {"page": self._page, "status": self._status()}

    def components(self) -> Document:
        """Return the components that customers see; groups come after them, with `group` true."""
        return {"page": self._page, "components": [*self._components, *self._group_components()]}

    def incidents(self) -> Document:
        """Return the newest incidents, resolved or not."""
        return {"page": self._page, "incidents": self._incidents({State.ENDED, *_RUNS})}

    def unresolved_incidents(self) -> Document:
        """Return the incidents that go on."""
        return {"page": self._page, "incidents": self._incidents(_RUNS)}

    def maintenances(self) -> Document:
        """Return the newest maintenances, whatever their state."""
        return self._maintenances_document({State.SCHEDULED, State.ENDED, *_RUNS})

    def upcoming_maintenances(self) -> Document:
        """Return the maintenances to come."""
        return self._maintenances_document({State.SCHEDULED})

    def active_maintenances(self) -> Document:
        """Return the maintenances in force."""
        return self._maintenances_document(_RUNS)

    def _maintenances_document(self, states: Iterable[State]) -> Document:
        return {"page": self._page, "scheduled_maintenances": self._maintenances(states)}

    def _incidents(self, states: Iterable[State]) -> list[Document]:
        found = self._of((Kind.DOWNTIME, Kind.DEGRADATION), states)
        return [self._incident(window) for window in found]

    def _maintenances(self, states: Iterable[State]) -> list[Document]:
        return [self._maintenance(window) for window in self._of((Kind.MAINTENANCE,), states)]

    def _of(self, kinds: Iterable[Kind], states: Iterable[State]) -> list[Window]:
        kinds, states = frozenset(kinds), frozenset(states)
        found = [w for w in self._windows if w.kind in kinds and w.state(self._moment.at) in states]
        return sorted(found, key=lambda w: (w.starts_at, str(w.id)), reverse=True)[:_MOST]

    def _status(self) -> Document:
        if self._moment.snapshot is None:
            return {"indicator": "none", "description": "Status Not Known"}
        active = [window for window in self._moment.active if window.kind is not Kind.ANNOUNCEMENT]
        impacts = [_impact(window) for window in active]
        impacts += [_COMPONENT_IMPACTS[self._moment.component_statuses[c.slug]] for c in self._by_slug.values()]
        indicator = max(impacts, key=_RANK.__getitem__, default="none")
        return {"indicator": indicator, "description": _DESCRIPTIONS[indicator]}

    def _shown(self) -> tuple[Component, ...]:
        """The components that the page names, also those that it names only while something is the matter."""
        if self._moment.snapshot is None:
            return ()
        return tuple(c for c in self._moment.snapshot.components if c.visibility is not Visibility.HIDDEN)

    def _component(self, component: Component) -> Document:
        return {
            "id": str(component.id),
            "name": component.name,
            "status": self._moment.component_statuses[component.slug],
            "created_at": _instant(component.created_at),
            "updated_at": _instant(component.updated_at),
            "position": component.position,
            "description": markdown_text(component.description) or None,
            "showcase": False,
            "start_date": component.created_at.astimezone(UTC).date().isoformat(),
            "group_id": str(component.group_id) if component.group_id else None,
            "page_id": self._page["id"],
            "group": False,
            "only_show_if_degraded": component.visibility is Visibility.ONLY_WHEN_DEGRADED,
        }

    def _group_components(self) -> list[Document]:
        documents = []
        for group in self._groups.values():
            members = [c for c in self._shown() if c.group_id == group.id]
            if members:
                documents.append(self._group(group, members))
        return documents

    def _group(self, group: ComponentGroup, members: list[Component]) -> Document:
        return {
            "id": str(group.id),
            "name": group.name,
            "status": worst(*(self._moment.component_statuses[c.slug] for c in members)),
            "created_at": _instant(min(c.created_at for c in members)),
            "updated_at": _instant(max(c.updated_at for c in members)),
            "position": group.position,
            "description": markdown_text(group.description) or None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self._page["id"],
            "group": True,
            "only_show_if_degraded": False,
            "components": [str(c.id) for c in members],
        }

    def _incident(self, window: Window) -> Document:
        status = "resolved" if window.state(self._moment.at) is State.ENDED else "investigating"
        return self._entry(window, status, _INCIDENT_STATUSES)

    def _maintenance(self, window: Window) -> Document:
        status = {State.SCHEDULED: "scheduled", State.ENDED: "completed"}.get(
            window.state(self._moment.at), "in_progress"
        )
        document = self._entry(window, status, _MAINTENANCE_STATUSES)
        document["scheduled_for"] = _instant(window.starts_at)
        document["scheduled_until"] = _instant(window.scheduled_until)
        return document

    def _entry(self, window: Window, status: str, names: Mapping[UpdateStatus, str]) -> Document:
        """Write a window; `status` is by its state, and finer by its latest post while it is in force."""
        posts = sorted(window.updates, key=lambda update: update.created_at, reverse=True)
        if posts and window.is_active(self._moment.at):
            said = names[posts[0].status]
            # A post alone neither begins nor ends a window.
            status = said if said not in {"scheduled", "resolved", "completed"} else status
        ended = window.stops_at if window.state(self._moment.at) is State.ENDED else None
        monitored = [update.created_at for update in posts if names[update.status] == "monitoring"]
        updates = [self._update(window, update, names) for update in posts]
        if window.description:
            updates.append(self._description(window, names))
        return {
            "id": str(window.id),
            "name": window.title,
            "status": status,
            "created_at": _instant(window.created_at),
            "updated_at": _instant(_changed_at(window)),
            "monitoring_at": _instant(min(monitored)) if monitored else None,
            "resolved_at": _instant(ended) if ended else None,
            "impact": _impact(window),
            "shortlink": f"{self._url.rstrip('/')}/windows/{window.id}",
            "started_at": _instant(window.starts_at),
            "page_id": self._page["id"],
            "incident_updates": updates,
            "components": [
                self._component(self._by_slug[effect.slug])
                for effect in window.components
                if effect.slug in self._by_slug
            ],
        }

    def _update(self, window: Window, update: Update, names: Mapping[UpdateStatus, str]) -> Document:
        at = _instant(update.created_at)
        return _update_document(str(update.id), window, names[update.status], markdown_text(update.body), at)

    def _description(self, window: Window, names: Mapping[UpdateStatus, str]) -> Document:
        """Write the window's own text as its first update: clients show no other."""
        status = names[UpdateStatus.SCHEDULED]
        at = _instant(window.created_at)
        return _update_document(
            str(uuid5(window.id, "description")), window, status, markdown_text(window.description), at
        )

    def _updated_at(self) -> datetime:
        changes = [_changed_at(window) for window in self._windows]
        if self._moment.snapshot is not None:
            changes += [component.updated_at for component in self._moment.snapshot.components]
        # What begins and ends by time is a change, too.
        changes += [edge for window in self._windows for edge in window.edges if edge <= self._moment.at]
        return max(changes, default=self._moment.at)


DOCUMENTS: dict[str, Callable[[StatuspageDocuments], Document]] = {
    "summary": StatuspageDocuments.summary,
    "status": StatuspageDocuments.status,
    "components": StatuspageDocuments.components,
    "incidents": StatuspageDocuments.incidents,
    "incidents/unresolved": StatuspageDocuments.unresolved_incidents,
    "scheduled-maintenances": StatuspageDocuments.maintenances,
    "scheduled-maintenances/upcoming": StatuspageDocuments.upcoming_maintenances,
    "scheduled-maintenances/active": StatuspageDocuments.active_maintenances,
}
"""By their address below `/api/v2/`, without `.json`."""


def _update_document(key: str, window: Window, status: str, body: str, at: str) -> Document:
    return {
        "id": key,
        "status": status,
        "body": body,
        "incident_id": str(window.id),
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": None,
        "deliver_notifications": False,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _impact(window: Window) -> str:
    """Say how bad a window is: by its kind and gate, and by what it says of components where that is worse."""
    if window.kind is Kind.MAINTENANCE:
        return "maintenance"
    own = "minor" if window.kind is Kind.DEGRADATION else "major"
    if window.gate is Gate.CLOSED and window.scope.is_everything:
        own = "critical"
    said = [_COMPONENT_IMPACTS[effect.status] for effect in window.components]
    return max((own, *said), key=_RANK.__getitem__)


def _changed_at(window: Window) -> datetime:
    return max((window.updated_at, *(update.created_at for update in window.updates)))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
