"""The history of components, as rows: what it was set to, and what windows gave it."""

from collections import defaultdict
from datetime import datetime

from gateway.domain.component import ComponentStatus
from gateway.domain.component_history import OwnStatus, WindowEffect
from gateway.store.pool import Session


async def own_statuses(
    session: Session, slugs: list[str] | None, since: datetime, until: datetime, *, most: int
) -> dict[str, list[OwnStatus]]:
    """Return the own statuses of components (None: of all), by slug, in their order.

    Of each the one in force at `since`, and at most `most` later ones, before `until`.
    """
    found: dict[str, list[OwnStatus]] = defaultdict(list)
    for row in await session.rows("own_statuses", slugs=slugs, since=since, until=until, most=most):
        status = ComponentStatus(row["status"]) if row["status"] else None
        found[row["slug"]].append(OwnStatus(since=row["since"], status=status, changed_by=row["changed_by"]))
    return found


async def window_effects(
    session: Session, slugs: list[str] | None, since: datetime, until: datetime, *, most: int
) -> dict[str, list[WindowEffect]]:
    """Return what windows gave components (None: all) between the instants, by slug; at most `most` of all."""
    found: dict[str, list[WindowEffect]] = defaultdict(list)
    for row in await session.rows("window_effects", slugs=slugs, since=since, until=until, most=most):
        effect = WindowEffect(
            window=row["window_id"],
            title=row["title"],
            status=ComponentStatus(row["status"]),
            since=row["since"],
            until=row["until"],
        )
        found[row["slug"]].append(effect)
    return found
