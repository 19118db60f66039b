"""One frozen context per template, made by pure functions from a moment. Templates see nothing else.

Nothing here depends on where in its moment `moment.at` lies, so a page stays true until `moment.until`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from gateway.domain.component import Component, ComponentGroup, ComponentStatus, worst
from gateway.domain.past import Month, Period
from gateway.domain.snapshot import Moment
from gateway.domain.uptime import Uptime
from gateway.domain.window import Ends, Kind, State, UpdateStatus, Window
from gateway.render.assets import asset_url
from gateway.render.bars import Bars, bars
from gateway.render.headline import Headline, by_severity, effect, headline
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.wording import COMPONENT_BADGES, KIND_BADGES, STATE_BADGES, UPDATE_BADGES, Badge

_MOST_UPDATES = 8
_MOST_PAST = 10
_MOST_UPCOMING = 10
_NONE: Mapping[str, Uptime] = MappingProxyType({})
REFRESH_SECONDS = 30
_SCRIPT = "page.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What keeps an open page true: the address of its script, and the version of the state that it shows.

    `version` is 0 where no state was ever known; `as_of` is set where the state is older than it should be.
    """

    script: str
    version: int
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post of a timeline; `body` is Markdown, `language` the tag of what it is written in."""

    badge: Badge
    body: str
    language: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component (or its mention in a window) with the status shown."""

    name: str
    badge: Badge
    description: str = ""
    bars: Bars | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartGroup:
    """Components under a heading; the ungrouped ones have an empty name. `badge` is how the whole group does.

    `collapsed`: the parts are folded away until somebody asks for them.
    """

    name: str
    parts: tuple[Part, ...]
    description: str = ""
    badge: Badge
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowView:
    """A window as pages show it; `description` is Markdown. Tags say in which languages its texts are.

    `estimated_end` is None where none can be told (overrunning, over or cancelled): a page never promises a time that
    has passed. `lasted` and `over_at` are known only of windows that are over.
    """

    id: str
    url: str
    title: str
    title_language: str
    description: str
    description_language: str
    kind: Badge
    state: State
    state_badge: Badge
    effect: str
    starts_at: datetime
    planned: timedelta
    estimated_end: datetime | None
    ends_on_time: bool
    over_at: datetime | None
    lasted: timedelta | None
    cancelled_at: datetime | None
    fixed: bool
    affected: tuple[Part, ...]
    posts: tuple[Post, ...]
    more_posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    """`status/status.html`: everything, at the prefix."""

    branding: Branding
    language: Language
    live: Live
    headline: Headline
    known: bool
    active: tuple[WindowView, ...]
    upcoming: tuple[WindowView, ...]
    past: tuple[WindowView, ...]
    groups: tuple[PartGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatedPage:
    """`status/gated.html`: what a customer reads instead of the application.

    `refresh` is in seconds; 0 after a refused write, because looking again would lose what was sent.
    """

    branding: Branding
    language: Language
    live: Live
    headline: Headline
    known: bool
    reopening: bool
    refused_write: bool
    refresh: int
    active: tuple[WindowView, ...]
    upcoming: tuple[WindowView, ...]
    groups: tuple[PartGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPage:
    """`status/window.html`: one window with all of its timeline."""

    branding: Branding
    language: Language
    live: Live
    window: WindowView


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """`status/history.html`: windows that are over, by month, the latest first.

    `is_read`: from the database, with an address of earlier and later months, empty where there is nothing; else it is
    what happens to be in memory, which is nothing where not even the status is `known`.
    """

    branding: Branding
    language: Language
    live: Live
    known: bool
    is_read: bool
    is_complete: bool
    title: str
    months: tuple[tuple[str, tuple[WindowView, ...]], ...]
    earlier_url: str
    later_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """`status/message.html`: something went wrong, or is not there; said in the product's look.

    `request_id` (may be empty) is what support asks for; `for_sre` adds the way back to the panel.
    """

    branding: Branding
    language: Language
    badge: Badge
    title: str
    text: str
    request_id: str = ""
    for_sre: bool = False
    live: None = None
    """It says what was, and stays as it is."""


def status_page(
    moment: Moment, branding: Branding, language: Language, uptimes: Mapping[str, Uptime] = _NONE
) -> StatusPage:
    """Say how everything does, and did in the last days as far as `uptimes` tells, by slug."""
    return StatusPage(
        branding=branding,
        language=language,
        live=_live(moment, branding),
        headline=headline(moment, branding, language),
        known=moment.snapshot is not None,
        active=window_views(by_severity(moment), moment, branding, language),
        upcoming=window_views(moment.upcoming[:_MOST_UPCOMING], moment, branding, language),
        past=window_views(moment.past[:_MOST_PAST], moment, branding, language),
        groups=part_groups(moment, language, uptimes),
    )


def gated(moment: Moment, branding: Branding, language: Language, *, refused_write: bool = False) -> GatedPage:
    """Say why the application does not answer; `refused_write`: a POST or the like was turned away."""
    return GatedPage(
        branding=branding,
        language=language,
        live=_live(moment, branding),
        headline=headline(moment, branding, language),
        known=moment.snapshot is not None,
        reopening=bool(moment.reopening) and not moment.gating,
        refused_write=refused_write,
        refresh=0 if refused_write else REFRESH_SECONDS,
        active=window_views(by_severity(moment), moment, branding, language),
        upcoming=window_views(moment.upcoming[:3], moment, branding, language),
        groups=part_groups(moment, language),
    )


def window_page(window: Window, moment: Moment, branding: Branding, language: Language) -> WindowPage:
    """Show one window with every post."""
    view = window_view(window, moment, branding, language, most_posts=None)
    return WindowPage(branding=branding, language=language, live=_live(moment, branding), window=view)


def history_page(moment: Moment, branding: Branding, language: Language, period: Period | None = None) -> HistoryPage:
    """Show the past by month: a period, or what is in memory where that could not be read."""
    windows = tuple(w for w in period.windows if w.state(moment.at) is State.ENDED) if period else moment.past
    months: dict[Month, list[WindowView]] = {month: [] for month in period.months} if period else {}
    for view in window_views(windows, moment, branding, language):
        months.setdefault(Month.of(view.starts_at), []).append(view)
    return HistoryPage(
        branding=branding,
        language=language,
        live=_live(moment, branding),
        known=moment.snapshot is not None,
        is_read=period is not None,
        is_complete=period is None or period.is_complete,
        title=_months(period, language) if period else language.words("The latest"),
        months=tuple((language.month(month), tuple(views)) for month, views in months.items()),
        earlier_url=_history_url(branding, period.earlier if period else None),
        later_url=_history_url(branding, period.later if period else None),
    )


def _months(period: Period, language: Language) -> str:
    first, last = language.month(period.months[-1]), language.month(period.months[0])
    return language.words("%(first)s to %(last)s", first=first, last=last)


def _history_url(branding: Branding, month: Month | None) -> str:
    return f"{branding.prefix}/history?month={month}" if month else ""


def _live(moment: Moment, branding: Branding) -> Live:
    version = moment.snapshot.version if moment.snapshot else 0
    return Live(script=asset_url(branding.prefix, _SCRIPT), version=version, as_of=moment.as_of)


def window_views(
    windows: tuple[Window, ...], moment: Moment, branding: Branding, language: Language
) -> tuple[WindowView, ...]:
    """Show several windows, each with its latest posts."""
    return tuple(window_view(window, moment, branding, language) for window in windows)


def window_view(
    window: Window,
    moment: Moment,
    branding: Branding,
    language: Language,
    *,
    most_posts: int | None = _MOST_UPDATES,
    for_sre: bool = False,
) -> WindowView:
    """Show one window with its latest posts, the newest first (`most_posts` None: all of them).

    An SRE reads texts as they were written, and the names of components that are hidden from customers.
    """
    own, tag = branding.language, language.tag
    translated = None if for_sre else window.translations.get(tag)
    window = window if for_sre else window.in_language(tag)
    state = window.state(moment.at)
    latest = sorted(window.updates, key=lambda update: update.created_at, reverse=True)
    shown = latest if most_posts is None else latest[:most_posts]
    over_at = window.stops_at if state is State.ENDED else None
    names = {component.slug: component.name for component in moment.snapshot.components} if moment.snapshot else {}
    return WindowView(
        id=str(window.id),
        url=f"{branding.prefix}/windows/{window.id}",
        title=window.title,
        title_language=tag if translated else own,
        description=window.description,
        description_language=tag if translated and translated.description else own,
        kind=KIND_BADGES[window.kind],
        state=state,
        state_badge=state_badge(window, state),
        effect=effect(window, state, branding.product, language),
        starts_at=window.starts_at,
        planned=window.estimated_duration,
        estimated_end=window.scheduled_until if state in (State.SCHEDULED, State.ACTIVE) else None,
        ends_on_time=window.ends is Ends.ON_TIME,
        over_at=over_at,
        lasted=over_at - window.starts_at if over_at else None,
        cancelled_at=window.cancelled_at,
        fixed=window.fixed,
        affected=tuple(
            Part(name=names.get(part.slug, part.slug), badge=COMPONENT_BADGES[part.status])
            for part in window.components
            if for_sre or part.slug in moment.mentionable
        ),
        posts=tuple(
            Post(
                badge=UPDATE_BADGES[each.status],
                body=each.body,
                language=tag if tag in each.translations else own,
                at=each.created_at,
            )
            for each in shown
        ),
        more_posts=len(latest) - len(shown),
    )


def part_groups(moment: Moment, language: Language, uptimes: Mapping[str, Uptime] = _NONE) -> tuple[PartGroup, ...]:
    """Arrange what customers see of the components, with the statuses shown: ungrouped ones first, then group by group.

    A group that is collapsed opens by itself while something in it is not operational.
    """
    if moment.snapshot is None:
        return ()
    known = {group.id: group for group in moment.snapshot.groups}
    arranged: dict[ComponentGroup | None, list[Component]] = {}
    for component in moment.public_components:
        group = known.get(component.group_id) if component.group_id else None
        arranged.setdefault(group, []).append(component)
    shown = {slug: bars(uptime, language) for slug, uptime in uptimes.items()}
    return tuple(_part_group(group, components, moment, shown) for group, components in arranged.items())


def _part_group(
    group: ComponentGroup | None, components: list[Component], moment: Moment, shown: Mapping[str, Bars]
) -> PartGroup:
    statuses = moment.component_statuses
    status = worst(*(statuses[component.slug] for component in components))
    parts = (
        Part(
            name=c.name,
            description=c.description,
            badge=COMPONENT_BADGES[statuses[c.slug]],
            bars=shown.get(c.slug),
        )
        for c in components
    )
    return PartGroup(
        name=group.name if group else "",
        description=group.description if group else "",
        parts=tuple(parts),
        badge=COMPONENT_BADGES[status],
        collapsed=group is not None and group.collapsed and status is ComponentStatus.OPERATIONAL,
    )


def state_badge(window: Window, state: State) -> Badge:
    """Say where a window stands; of one that is over, how it ended."""
    if state is State.ENDED and window.fixed:
        return UPDATE_BADGES[UpdateStatus.COMPLETED if window.kind is Kind.MAINTENANCE else UpdateStatus.RESOLVED]
    return STATE_BADGES[state]
