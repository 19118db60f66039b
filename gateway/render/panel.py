"""The contexts of the panel's templates: what an SRE sees. Made by `gateway/web/admin/` from what services return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from gateway.domain.component import ComponentStatus
from gateway.domain.duration import short_duration
from gateway.domain.fence import Fence, Replica, ReplicaState
from gateway.domain.template import Template
from gateway.domain.window import Ends, Gate, Kind, State, UpdateStatus, Window
from gateway.render.contexts import Part, WindowView
from gateway.render.headline import Headline
from gateway.render.look import Branding
from gateway.render.numbers import Numbers
from gateway.render.wording import COMPONENT_BADGES, GATE_LABELS, UPDATE_BADGES, Badge, Tone

if TYPE_CHECKING:
    from gateway.render.gateway_screens import GatewaysScreen
    from gateway.render.series_screens import RulePreview
    from gateway.render.trial_screens import Trial

Options = tuple[tuple[str, str], ...]

KIND_OPTIONS: Options = tuple((kind.value, kind.label) for kind in Kind)
GATE_OPTIONS: Options = (
    ("", "As the type says"),
    *((gate.value, GATE_LABELS[gate]) for gate in (Gate.CLOSED, Gate.READ_ONLY, Gate.NONE)),
)
ENDS_OPTIONS: Options = (
    (Ends.WHEN_FIXED.value, "When it is said to be fixed"),
    (Ends.ON_TIME.value, "By itself, on time"),
)
STATUS_OPTIONS: Options = tuple((status.value, COMPONENT_BADGES[status].word) for status in ComponentStatus)
UPDATE_OPTIONS: Options = tuple(
    (status.value, UPDATE_BADGES[status].word)
    for status in (
        UpdateStatus.INVESTIGATING,
        UpdateStatus.IDENTIFIED,
        UpdateStatus.IN_PROGRESS,
        UpdateStatus.MONITORING,
        UpdateStatus.VERIFYING,
        UpdateStatus.RESOLVED,
        UpdateStatus.COMPLETED,
        UpdateStatus.SCHEDULED,
        UpdateStatus.CANCELLED,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationLink:
    """A screen to go to: `section` is its key, `path` lies below the panel."""

    section: str
    word: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigationGroup:
    """Links that belong together."""

    name: str
    links: tuple[NavigationLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What stands around every screen: who is signed in, where one is, and what was just done (`notice`)."""

    branding: Branding
    styles: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    operator: str = ""
    may_report: bool = False
    may_operate: bool = False
    navigation: tuple[NavigationGroup, ...] = ()
    section: str = ""
    notice: str = ""
    environment: str = ""
    """Which installation this is, such as "production"; empty: there is only one."""
    environment_tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A form as it was typed: values by field, and what is wrong with some of them."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def value(self, name: str) -> str:
        """Return what was typed into a field; empty where nothing was."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """Return what is wrong with a field; empty where nothing is."""
        return self.errors.get(name, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A text as customers will read it; `text` is Markdown, `title` (may be empty) is not."""

    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """The form of an update: templates to choose from, variables that the chosen one asks for, a text to preview."""

    templates: Options = ()
    asked: tuple[str, ...] = ()
    preview: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """A component in the panel: its own status, and the one shown to customers."""

    slug: str
    name: str
    group: str
    own: ComponentStatus
    shown: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """A window in the panel: as customers see it, and what can be done to it."""

    view: WindowView
    gate: str
    scope: str
    before_and_after: Options
    row_version: int
    verbs: frozenset[str]
    series: UUID | None = None
    """Of which series it is an occurrence."""
    recurs: str = ""
    """By which rule, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaRow:
    """A gateway process as the fence of a window sees it; `may_be_forgotten` where it is silent."""

    id: UUID
    name: str
    badge: Badge
    left: str
    heard: str
    may_be_forgotten: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceView:
    """`admin/fence.html`: where the gateways stand with a window, and where the page asks for the same again."""

    url: str
    window: UUID
    badge: Badge
    summary: str
    replicas: tuple[ReplicaRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInScreen:
    """`admin/sign_in.html`."""

    form: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkScreen:
    """`admin/link.html`: a one-time link. `email` is empty at the first start, when there is nobody yet."""

    email: str
    form: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardScreen:
    """`admin/dashboard.html`. `confirmed_at` is None while the database was never reached."""

    headline: Headline
    confirmed_at: datetime | None
    active: tuple[WindowRow, ...]
    fences: Mapping[str, FenceView]
    """By the window's id; only of those that gate."""
    gateways: "GatewaysScreen"
    upcoming: tuple[WindowRow, ...]
    components: tuple[ComponentRow, ...]
    templates: tuple[Template, ...]
    form: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsScreen:
    """`admin/windows.html`."""

    current: tuple[WindowRow, ...]
    over: tuple[WindowRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowScreen:
    """`admin/window.html`: one window, its timeline, and what can be done."""

    window: WindowRow
    posting: Posting
    update: Typed
    extension: Typed
    starting: Typed
    gates_everything: bool
    reopening: Typed
    reopens_until: datetime | None
    """The estimate that a window which is over would go on with; None where that has passed."""
    fence: FenceView | None
    trial: "Trial"
    numbers: Numbers | None
    """None: it never began."""
    conflict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that somebody else has changed meanwhile: what is saved, and what was typed here."""

    name: str
    saved: str
    typed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFormScreen:
    """`admin/window_form.html`: a new window (`window` None) or one that is edited."""

    form: Typed
    window: WindowRow | None
    components: tuple[tuple[str, str], ...]
    trial: "Trial"
    preview: Preview | None = None
    occurs: "RulePreview | None" = None
    conflict: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def may_be_fixed(self) -> bool:
        """Whether "Issue fixed" has a meaning: the window is in force."""
        return self.window is not None and self.window.view.state in (State.ACTIVE, State.OVERRUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSavedScreen:
    """`admin/not_saved.html`: a form could not be taken; what was typed is shown and can be sent again."""

    badge: Badge
    title: str
    text: str
    action: str
    fields: tuple[tuple[str, str], ...]
    sign_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StateUnknownScreen:
    """`admin/state_unknown.html`: the database is away.

    `since` (None: it was never heard) and `ago` tell how old the state is, `known` whether there is any; `held` what
    happens to requests where there is none. `looks_again` is in seconds; 0 after a form.
    """

    badge: Badge
    reason: str
    since: datetime | None
    ago: timedelta | None
    known: bool
    held: bool
    headline: Headline
    active: tuple[WindowView, ...]
    upcoming: tuple[WindowView, ...]
    looks_again: int


def gate_words(window: Window) -> str:
    """Say what a window does to traffic, in a word or two."""
    return {Gate.CLOSED: "Closed", Gate.READ_ONLY: "Read-only", Gate.NONE: "No gate"}[window.gate]


def before_and_after(reminders: tuple[timedelta, ...], reopen_over: timedelta) -> Options:
    """Say what happens around a window, where anything does: what reminds of it, and how customers are let in again."""
    facts = []
    if reminders:
        facts.append(("Reminders", f"{', '.join(map(short_duration, reminders))} before the start"))
    if reopen_over:
        facts.append(("Reopens", f"evenly over {short_duration(reopen_over)}"))
    return tuple(facts)


_REPLICA_BADGES = {
    ReplicaState.GATING: Badge("Gates, drained", "check", Tone.GOOD),
    ReplicaState.DRAINING: Badge("Gates, draining", "pulse", Tone.WORK),
    ReplicaState.BEHIND: Badge("Does not gate yet", "clock", Tone.WARN),
    ReplicaState.UNKNOWN: Badge("Silent", "question", Tone.BAD),
}


def fence_view(fence: Fence, url: str) -> FenceView:
    """Show a fence; `url` answers with `admin/fence.html` alone."""
    if fence.holds:
        badge = Badge("Safe to begin", "check", Tone.GOOD)
    elif fence.reason:
        badge = Badge("No fence", "info", Tone.QUIET)
    else:
        badge = Badge("Not yet safe to begin", "clock", Tone.WARN)
    return FenceView(
        url=url,
        window=fence.window.id,
        badge=badge,
        summary=f"{fence.summary[0].upper()}{fence.summary[1:]}.",
        replicas=tuple(_replica_row(replica) for replica in fence.replicas) if not fence.reason else (),
    )


def _replica_row(replica: Replica) -> ReplicaRow:
    is_silent = replica.state is ReplicaState.UNKNOWN
    return ReplicaRow(
        id=replica.report.id,
        name=replica.report.name,
        badge=_REPLICA_BADGES[replica.state],
        left=f"{replica.left}, {replica.given_up} given up" if replica.given_up else str(replica.left),
        # While it is heard of, the second does not matter; and what does not change need not be read out again.
        heard=f"{int(replica.silence.total_seconds())} s ago" if is_silent else "just now",
        may_be_forgotten=is_silent,
    )
