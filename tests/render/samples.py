"""Windows, components and moments to render."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.domain.component import Component, ComponentGroup, ComponentStatus
from gateway.domain.languages import ENGLISH
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.window import ComponentEffect, Gate, Kind, Update, UpdateStatus, Window
from gateway.render.language import language_of
from gateway.render.look import Branding

START = datetime(2026, 12, 1, 22, 0, tzinfo=UTC)
EN = language_of(ENGLISH)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
BRANDING = Branding(product="Acme Shop", support_email="help@acme.example", prefix="/_maintenance")
SHOP = ComponentGroup(id=UUID(int=901), name="For customers")


def window(number: int = 1, **values: Any) -> Window:
    """Make a window: a database upgrade that closes everything for 45 minutes from START on, unless told otherwise."""
    made: dict[str, Any] = {
        "id": UUID(int=number),
        "kind": Kind.MAINTENANCE,
        "title": "Database upgrade",
        "starts_at": START,
        "estimated_duration": 45 * MINUTE,
        "gate": Gate.CLOSED,
        "created_at": START,
        "updated_at": START,
    }
    return Window(**(made | values))


def update(status: str, body: str, at: datetime, number: int = 1) -> Update:
    """Make a post of a timeline."""
    return Update(id=UUID(int=number), status=UpdateStatus(status), body=body, created_at=at)


def component(slug: str, **values: Any) -> Component:
    """Make a component that is operational, unless told otherwise."""
    made: dict[str, Any] = {
        "id": UUID(int=sum(slug.encode())),
        "slug": slug,
        "name": slug.title(),
        "created_at": START,
        "updated_at": START,
    }
    return Component(**(made | values))


def effect(slug: str, status: str) -> ComponentEffect:
    """Make a window's effect on a component."""
    return ComponentEffect(slug=slug, status=ComponentStatus(status))


def moment(
    *windows: Window, at: datetime = START + 10 * MINUTE, components: tuple[Component, ...] = (), **values: Any
) -> Moment:
    """See some windows and components at a time."""
    return Snapshot(version=7, taken_at=START, windows=windows, components=components, **values).at(at)


UNKNOWN = Moment(snapshot=None, at=START)


def busy() -> Moment:
    """See a typical bad evening: an upgrade with three posts, a degradation beside it, one to come, one over."""
    upgrade = window(
        1,
        description="We are moving our database to **PostgreSQL 18** for faster searches.\n\n"
        "Your data is safe. Orders placed before the start will be delivered as usual.",
        components=(effect("database", "under_maintenance"), effect("api", "major_outage")),
        updates=(
            update("in_progress", "The upgrade has started.", START, 1),
            update("in_progress", "Data is copied.", START + 4 * MINUTE, 2),
            update("verifying", "We are checking every part.", START + 9 * MINUTE, 3),
        ),
    )
    late_mail = window(
        2,
        kind=Kind.DEGRADATION,
        gate=Gate.NONE,
        title="Slow e-mail delivery",
        starts_at=START - HOUR,
        estimated_duration=5 * HOUR,
    )
    network = window(3, title="Network maintenance", starts_at=START + 100 * HOUR, gate=Gate.READ_ONLY)
    checkout = window(
        4,
        kind=Kind.DOWNTIME,
        title="Checkout errors",
        starts_at=START - 50 * HOUR,
        ended_at=START - 48 * HOUR,
        fixed=True,
        updates=(update("resolved", "All payments go through again.", START - 48 * HOUR, 4),),
    )
    parts = (
        component("website", name="Website", description="Shop and account pages", group_id=SHOP.id),
        component("api", name="API", group_id=SHOP.id, position=1),
        component("database", name="Database", position=2),
        component("mail", name="E-mail delivery", status=ComponentStatus.DEGRADED_PERFORMANCE, position=3),
    )
    return moment(upgrade, late_mail, network, checkout, components=parts, groups=(SHOP,))
