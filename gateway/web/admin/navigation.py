"""The panel's navigation: who may not open a screen is not offered it. Both follow from the rule of its route."""

from dataclasses import dataclass

from gateway.domain.access import ROUTE_PERMISSIONS, Actor
from gateway.render.panel import NavigationGroup, NavigationLink


@dataclass(frozen=True, slots=True)
class _Entry:
    section: str
    word: str
    path: str
    route: str


_GROUPS: tuple[tuple[str, tuple[_Entry, ...]], ...] = (
    (
        "Maintenance",
        (
            _Entry("dashboard", "Dashboard", "/", "admin.dashboard"),
            _Entry("windows", "Windows", "/windows", "admin.windows"),
            _Entry("series", "Series", "/series", "admin.series.list"),
            _Entry("templates", "Templates", "/templates", "admin.templates"),
            _Entry("history", "History", "/history", "admin.history"),
        ),
    ),
    (
        "Application",
        (
            _Entry("components", "Components", "/components", "admin.components"),
            _Entry("bypass", "Bypass", "/bypass", "admin.bypass"),
            _Entry("gateways", "Gateways", "/gateways", "admin.gateways"),
        ),
    ),
    (
        "People",
        (
            _Entry("operators", "Operators", "/operators", "admin.operators"),
            _Entry("tokens", "Tokens", "/tokens", "admin.tokens"),
            _Entry("audit", "Audit log", "/audit", "admin.audit"),
        ),
    ),
)


def navigation(actor: Actor) -> tuple[NavigationGroup, ...]:
    """Return the groups of links that `actor` may follow."""
    return tuple(
        NavigationGroup(
            name=name,
            links=tuple(
                NavigationLink(section=entry.section, word=entry.word, path=entry.path)
                for entry in entries
                if actor.may(ROUTE_PERMISSIONS[entry.route])
            ),
        )
        for name, entries in _GROUPS
    )
