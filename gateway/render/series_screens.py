"""The contexts of the panel's screens of series. Made by `gateway/web/admin/series.py` from what services return."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.series import SeriesState
from gateway.render.panel import Difference, Options, Typed
from gateway.render.wording import Badge, Tone

REPEAT_OPTIONS: Options = (
    ("", "Once"),
    ("daily", "Every day"),
    ("weekly", "Every week"),
    ("second-week", "Every second week"),
    ("monthly", "Every month, the same weekday"),
    ("monthly-last", "Every month, the last such one"),
    ("rule", "By the rule below"),
)

STATE_BADGES = {
    SeriesState.RUNNING: Badge("Recurs", "clock", Tone.WORK),
    SeriesState.FINISHED: Badge("Nothing to come", "check", Tone.QUIET),
    SeriesState.ENDED: Badge("Ended", "cross", Tone.QUIET),
    SeriesState.UNREADABLE: Badge("Can't be read", "slow", Tone.WARN),
}
AS_SAID = Badge("As the series says", "check", Tone.GOOD)
CHANGED = Badge("Changed by hand", "info", Tone.WORK)
SKIPPED = Badge("Skipped", "cross", Tone.QUIET)
PLANNED = Badge("Made later", "clock", Tone.QUIET)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """A series in a list; `next_at` is None where nothing is to come."""

    id: UUID
    title: str
    words: str
    badge: Badge
    next_at: datetime | None
    next_local: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OccurrenceRow:
    """An occurrence ahead, on the clocks of its zone and in UTC; `window` is None where it is made later."""

    starts_at: datetime
    local: str
    badge: Badge
    note: str
    window: UUID | None
    may_change: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesListScreen:
    """`admin/series_list.html`."""

    rows: tuple[SeriesRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesScreen:
    """`admin/series.html`: one series and what lies ahead."""

    row: SeriesRow
    rule: str
    time_zone: str
    excluded: tuple[str, ...]
    kind: str
    gate: str
    scope: str
    before_and_after: Options
    length: timedelta
    ended_at: datetime | None
    is_ended: bool
    occurrences: tuple[OccurrenceRow, ...]
    problem: str = ""
    conflict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFormScreen:
    """`admin/series_form.html`: a series that is edited."""

    id: UUID
    title: str
    form: Typed
    row_version: int
    components: tuple[tuple[str, str], ...]
    conflict: str = ""
    differences: tuple[Difference, ...] = ()
