"""The context of the panel's screen of gateways: the processes that every fence counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gateway.domain.fence import Report
from gateway.render.wording import Badge, Tone

_SILENT = Badge("Silent", "question", Tone.BAD)
_CURRENT = Badge("Up to date", "check", Tone.GOOD)
_BEHIND = Badge("Behind", "clock", Tone.WARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRow:
    """A gateway process: the state that it applies is of `applied_at`, `age` ago.

    `left` and `given_up` are requests of the time before its gates, over all windows that it gates by.
    """

    id: UUID
    name: str
    badge: Badge
    started_at: datetime
    applied_at: datetime
    age: timedelta
    left: int
    given_up: int
    heard: str
    may_be_forgotten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaysScreen:
    """`admin/gateways.html`, and the piece of it that the script asks for at `url`."""

    url: str
    badge: Badge
    summary: str
    gateways: tuple[GatewayRow, ...]


def gateways_screen(url: str, reports: Sequence[Report], *, now: datetime, newest: int) -> GatewaysScreen:
    """Show replicas; `newest` is the version that the asking gateway applies."""
    newest = max([newest, *(report.applied_version for report in reports)])
    rows = tuple(_row(report, now, newest) for report in reports)
    silent, behind = (sum(row.badge is badge for row in rows) for badge in (_SILENT, _BEHIND))
    if silent:
        badge = _SILENT
        summary = f"{silent} of {len(rows)} can't be heard: no fence holds until it reports again, or is forgotten."
    elif behind:
        badge = _BEHIND
        summary = f"{behind} of {len(rows)} still work by an older state."
    elif rows:
        badge = _CURRENT
        summary = f"All {len(rows)} work by the newest state." if len(rows) > 1 else "It works by the newest state."
    else:
        badge = _SILENT
        summary = "No gateway has reported: nobody knows whether there is one."
    return GatewaysScreen(url=url, badge=badge, summary=summary, gateways=rows)


def _row(report: Report, now: datetime, newest: int) -> GatewayRow:
    is_silent = report.is_silent(now)
    # The version is the microsecond of the last change (docs/decisions/0003).
    applied_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=report.applied_version)
    return GatewayRow(
        id=report.id,
        name=report.name,
        badge=_SILENT if is_silent else _BEHIND if report.applied_version < newest else _CURRENT,
        started_at=report.started_at,
        applied_at=applied_at,
        age=max(timedelta(), now - applied_at),
        left=sum(gated.left for gated in report.gates.values()),
        given_up=sum(gated.given_up for gated in report.gates.values()),
        # While it is heard of, the second does not matter.
        heard=f"{int(report.silence(now).total_seconds())} s ago" if is_silent else "just now",
        may_be_forgotten=is_silent,
    )
