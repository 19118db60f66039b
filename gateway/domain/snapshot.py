"""The snapshot: all that is known of windows, components and bypass links at one version; and a moment of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from gateway.domain.bypass import Bypass, Passes
from gateway.domain.component import Component, ComponentGroup, ComponentStatus, Visibility, worst
from gateway.domain.reopening import reopening_at
from gateway.domain.schedule import active_at, next_change_after, next_of_each_series
from gateway.domain.window import Gate, State, Window

# What is in no group comes before all groups.
_NO_GROUP = (float("-inf"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Windows that are scheduled, active or recently over, with every component, at one version.

    `taken_at` is PostgreSQL's clock at the reading. A snapshot with a lower version never replaces a higher one.
    """

    version: int
    taken_at: datetime
    windows: tuple[Window, ...] = ()
    components: tuple[Component, ...] = ()
    groups: tuple[ComponentGroup, ...] = ()
    bypasses: tuple[Bypass, ...] = ()
    bypass_key: str = field(default="", repr=False)
    """What tokens of bypass links are signed with. A secret: it is served and logged nowhere."""

    def at(self, now: datetime, *, as_of: datetime | None = None) -> "Moment":
        """See the snapshot at `now`: what is in force, and until when nothing changes by itself.

        `as_of` tells since when it may be out of date; None: it is not.
        """
        return Moment(snapshot=self, at=now, as_of=as_of)


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A snapshot seen at one time. It stays true until `until`, exclusively. Computed once, read per request."""

    snapshot: Snapshot | None
    at: datetime
    close_unknown: bool = False
    """With no snapshot (no state was ever known): gate everything."""
    as_of: datetime | None = None
    """When the snapshot was last known to be true, where that is longer ago than it should be."""

    @cached_property
    def active(self) -> tuple[Window, ...]:
        """The windows in force, whether they gate or not."""
        return active_at(self.snapshot.windows, self.at) if self.snapshot else ()

    @cached_property
    def gating(self) -> tuple[Window, ...]:
        """The windows in force that gate."""
        return tuple(window for window in self.active if window.gate is not Gate.NONE)

    @cached_property
    def reopening(self) -> tuple[Window, ...]:
        """The windows that are over, but let their customers in step by step."""
        return reopening_at(self.snapshot.windows, self.at) if self.snapshot else ()

    @cached_property
    def reopens(self) -> bool:
        """Whether a window in force will reopen step by step, or does: whether places in a queue matter."""
        return bool(self.reopening) or any(window.reopen_over for window in self.gating)

    @cached_property
    def gates(self) -> bool:
        """Whether any request can be refused at all: the first question of every request."""
        return bool(self.gating or self.reopening) or (self.snapshot is None and self.close_unknown)

    @cached_property
    def upcoming(self) -> tuple[Window, ...]:
        """The scheduled windows, the next one first; of each series the next one alone."""
        return next_of_each_series(self._in(State.SCHEDULED))

    @cached_property
    def past(self) -> tuple[Window, ...]:
        """The recent windows that are over, the latest first."""
        over = self._in(State.ENDED)
        return tuple(sorted(over, key=lambda w: w.stops_at or w.starts_at, reverse=True))

    @cached_property
    def until(self) -> datetime | None:
        """The next instant at which something changes by itself; None where nothing will."""
        if self.snapshot is None:
            return None
        ends = [bypass.expires_at for bypass in self.snapshot.bypasses if bypass.expires_at > self.at]
        return min((at for at in (next_change_after(self.snapshot.windows, self.at), *ends) if at), default=None)

    @cached_property
    def component_statuses(self) -> dict[str, ComponentStatus]:
        """The status shown for each component, by slug: the worst of its own and those of active windows."""
        if self.snapshot is None:
            return {}
        effects = [effect for window in self.active for effect in window.components]
        return {
            component.slug: worst(component.status, *(e.status for e in effects if e.slug == component.slug))
            for component in self.snapshot.components
        }

    @cached_property
    def public_components(self) -> tuple[Component, ...]:
        """The components that customers see, group by group: those without a group first."""
        if self.snapshot is None:
            return ()
        places = {group.id: (float(group.position), group.name) for group in self.snapshot.groups}
        public = [c for c in self.snapshot.components if c.is_public(self.component_statuses[c.slug])]

        def place(component: Component) -> tuple[float, str, int, str]:
            group = places.get(component.group_id, _NO_GROUP) if component.group_id else _NO_GROUP
            return (*group, component.position, component.slug)

        return tuple(sorted(public, key=place))

    @cached_property
    def mentionable(self) -> frozenset[str]:
        """The slugs of components that a public page may name: not hidden ones, nor ones that were removed."""
        components = self.snapshot.components if self.snapshot else ()
        return frozenset(c.slug for c in components if c.visibility is not Visibility.HIDDEN)

    def group_status(self, group: ComponentGroup) -> ComponentStatus:
        """Return how a group does: the worst of its components that customers see."""
        return worst(*(self.component_statuses[c.slug] for c in self.public_components if c.group_id == group.id))

    def bypass(self, tokens: Iterable[bytes]) -> Bypass | None:
        """Return the bypass link that one of the tokens is good for; None where none is."""
        return self._passes.find(tokens)

    @cached_property
    def _passes(self) -> Passes:
        if self.snapshot is None:
            return Passes((), "", self.at)
        return Passes(self.snapshot.bypasses, self.snapshot.bypass_key, self.at)

    def _in(self, state: State) -> tuple[Window, ...]:
        windows = self.snapshot.windows if self.snapshot else ()
        return tuple(sorted((w for w in windows if w.state(self.at) is state), key=lambda w: (w.starts_at, str(w.id))))
