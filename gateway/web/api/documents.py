"""What the API answers, as JSON values. Instants are RFC 3339 in UTC, lengths ISO 8601."""

from datetime import UTC, datetime
from typing import Any

from gateway.domain.component import Component
from gateway.domain.duration import iso_duration
from gateway.domain.fence import Fence, Report
from gateway.domain.snapshot import Moment
from gateway.domain.window import Window
from gateway.store.bypass_links import BypassLink

Document = dict[str, Any]


def window_document(window: Window, now: datetime) -> Document:
    """Return a window as operators know it, with its state at `now`."""
    return {
        "id": str(window.id),
        "kind": window.kind,
        "title": window.title,
        "description": window.description,
        "starts_at": _instant(window.starts_at),
        "estimated_duration": iso_duration(window.estimated_duration),
        "scheduled_until": _instant(window.scheduled_until),
        "ends": window.ends,
        "gate": window.gate,
        "scope": {"hosts": list(window.scope.hosts), "paths": list(window.scope.paths)},
        "components": [{"slug": effect.slug, "status": effect.status} for effect in window.components],
        "reminders": [iso_duration(lead_time) for lead_time in window.reminders],
        "recurrence": window.recurrence,
        "reopen_over": iso_duration(window.reopen_over),
        "state": window.state(now),
        "fixed": window.fixed,
        "ended_at": _instant(window.ended_at),
        "cancelled_at": _instant(window.cancelled_at),
        "row_version": window.row_version,
        "created_at": _instant(window.created_at),
        "updated_at": _instant(window.updated_at),
        "updates": [
            {
                "id": str(update.id),
                "status": update.status,
                "body": update.body,
                "created_at": _instant(update.created_at),
            }
            for update in window.updates
        ],
    }


def component_document(component: Component, moment: Moment) -> Document:
    """Return a component; `status` is its own, `shown_status` what customers see: an active window may worsen it."""
    groups = {group.id: group.name for group in moment.snapshot.groups} if moment.snapshot else {}
    return {
        "slug": component.slug,
        "name": component.name,
        "description": component.description,
        "status": component.status,
        "shown_status": moment.component_statuses.get(component.slug, component.status),
        "group": groups.get(component.group_id) if component.group_id else None,
        "position": component.position,
        "row_version": component.row_version,
        "created_at": _instant(component.created_at),
        "updated_at": _instant(component.updated_at),
    }


def bypass_link_document(link: BypassLink, now: datetime) -> Document:
    """Return a bypass link with its state at `now`; what it opens the gate with is no part of it."""
    return {
        "id": str(link.id),
        "name": link.name,
        "state": link.state(now),
        "expires_at": _instant(link.expires_at),
        "created_by": link.created_by,
        "created_at": _instant(link.created_at),
        "first_used_at": _instant(link.first_used_at),
        "first_used_from": link.first_used_from or None,
        "revoked_at": _instant(link.revoked_at),
    }


def fence_document(fence: Fence) -> Document:
    """Return where the gateways stand with a window."""
    return {
        "window": str(fence.window.id),
        "title": fence.window.title,
        "holds": fence.holds,
        "is_vain": fence.is_vain,
        "summary": fence.summary,
        "gating": fence.gating,
        "known": len(fence.replicas),
        "left": fence.left,
        "given_up": fence.given_up,
        "replicas": [
            {
                "id": str(replica.report.id),
                "name": replica.report.name,
                "state": replica.state,
                "left": replica.left,
                "given_up": replica.given_up,
                "applied_version": replica.report.applied_version,
                "heartbeat_at": _instant(replica.report.heartbeat_at),
            }
            for replica in fence.replicas
        ],
    }


def replica_document(report: Report, now: datetime) -> Document:
    """Return a replica as every fence counts it; `silent`: nothing is known of it any more."""
    return {
        "id": str(report.id),
        "name": report.name,
        "silent": report.is_silent(now),
        "applied_version": report.applied_version,
        "started_at": _instant(report.started_at),
        "heartbeat_at": _instant(report.heartbeat_at),
    }


def _instant(at: datetime | None) -> str | None:
    """Write an instant exactly: a fraction of a second only where there is one (RFC 3339, section 5.6)."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
