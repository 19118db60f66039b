"""The contexts of the panel's screens of series. Made by `gateway/web/admin/series.py` from what services return."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.recurrence import Occurrence, Recurrence
from gateway.domain.series import SeriesState
from gateway.render.panel import Difference, Options, Preview, Typed
from gateway.render.recurrence import clock_note, local_words, recurrence_words
from gateway.render.trial_screens import Trial
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
class PreviewedRow:
    """An occurrence of a rule that is not saved; `note` tells what is done to the clocks there, mostly nothing."""

    starts_at: datetime
    local: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreview:
    """When a rule would occur that is not saved: in words, and the first times."""

    words: str
    time_zone: str
    rows: tuple[PreviewedRow, ...]


def rule_preview(recurrence: Recurrence, occurrences: tuple[Occurrence, ...]) -> RulePreview:
    """Show a rule with its first occurrences, on the clocks of its time zone."""
    rows = [
        PreviewedRow(starts_at=each.at, local=local_words(each.shown), note=sentence(clock_note(each)))
        for each in occurrences
    ]
    return RulePreview(words=sentence(recurrence_words(recurrence)), time_zone=recurrence.time_zone, rows=tuple(rows))


def sentence(words: str) -> str:
    """Write words as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


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
    trial: Trial
    preview: Preview | None = None
    occurs: RulePreview | None = None
    conflict: str = ""
    differences: tuple[Difference, ...] = ()
