"""Times, lengths and states in words: the one place where customers' English is made."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from markupsafe import Markup

from gateway.domain.component import ComponentStatus
from gateway.domain.past import Month
from gateway.domain.window import Gate, Kind, State, UpdateStatus

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HALF_MINUTE = timedelta(seconds=30)
_MINUTE = 60


class Tone(StrEnum):
    """How serious something is; the style sheet gives each a colour, the icon and the word say it as well."""

    GOOD = "good"
    WORK = "work"
    WARN = "warn"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Badge:
    """One status said in three ways: a word, an icon (a name in `templates/icons.html`) and a tone."""

    word: str
    icon: str
    tone: Tone


COMPONENT_BADGES = {
    ComponentStatus.OPERATIONAL: Badge("Operational", "check", Tone.GOOD),
    ComponentStatus.UNDER_MAINTENANCE: Badge("Under maintenance", "wrench", Tone.WORK),
    ComponentStatus.DEGRADED_PERFORMANCE: Badge("Degraded performance", "slow", Tone.WARN),
    ComponentStatus.PARTIAL_OUTAGE: Badge("Partial outage", "half", Tone.WARN),
    ComponentStatus.MAJOR_OUTAGE: Badge("Major outage", "cross", Tone.BAD),
}

UPDATE_BADGES = {
    UpdateStatus.SCHEDULED: Badge("Scheduled", "clock", Tone.QUIET),
    UpdateStatus.INVESTIGATING: Badge("Investigating", "search", Tone.WARN),
    UpdateStatus.IDENTIFIED: Badge("Identified", "target", Tone.WARN),
    UpdateStatus.IN_PROGRESS: Badge("In progress", "wrench", Tone.WORK),
    UpdateStatus.MONITORING: Badge("Monitoring", "pulse", Tone.WORK),
    UpdateStatus.VERIFYING: Badge("Verifying", "pulse", Tone.WORK),
    UpdateStatus.RESOLVED: Badge("Resolved", "check", Tone.GOOD),
    UpdateStatus.COMPLETED: Badge("Completed", "check", Tone.GOOD),
    UpdateStatus.CANCELLED: Badge("Cancelled", "cross", Tone.QUIET),
}

KIND_BADGES = {
    Kind.MAINTENANCE: Badge(Kind.MAINTENANCE.label, "wrench", Tone.WORK),
    Kind.DOWNTIME: Badge(Kind.DOWNTIME.label, "cross", Tone.BAD),
    Kind.DEGRADATION: Badge(Kind.DEGRADATION.label, "slow", Tone.WARN),
    Kind.ANNOUNCEMENT: Badge(Kind.ANNOUNCEMENT.label, "info", Tone.QUIET),
}

STATE_BADGES = {
    State.SCHEDULED: Badge("Scheduled", "clock", Tone.QUIET),
    State.ACTIVE: Badge("In progress", "pulse", Tone.WORK),
    State.OVERRUNNING: Badge("Taking longer than planned", "clock", Tone.WARN),
    State.ENDED: Badge("Over", "check", Tone.GOOD),
    State.CANCELLED: Badge("Cancelled", "cross", Tone.QUIET),
}

GATE_LABELS = {
    Gate.CLOSED: "Closed: nobody gets in",
    Gate.READ_ONLY: "Read-only: no changes",
    Gate.NONE: "None: traffic as usual",
}


def rfc3339(instant: datetime) -> str:
    """Write an instant for machines, in UTC: `2026-12-01T22:45:00Z`; fractions of a second are dropped."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_words(instant: datetime) -> str:
    """Write an instant for people, in UTC and saying so: `Tue 1 Dec 2026, 22:45 UTC`."""
    utc = instant.astimezone(UTC)
    return f"{_DAYS[utc.weekday()]} {utc.day} {_MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"


def date_words(instant: datetime) -> str:
    """Write the day of an instant, in UTC: `Tue 1 Dec 2026`."""
    return instant_words(instant).partition(",")[0]


def day_words(day: date) -> str:
    """Write a day: `1 Dec 2026`."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def time_words(instant: datetime) -> str:
    """Write the time of day of an instant, in UTC and saying so: `22:45 UTC`."""
    return instant_words(instant).partition(", ")[2]


def month_words(month: Month) -> str:
    """Write a month: `Dec 2026`."""
    return f"{_MONTHS[month.month - 1]} {month.year}"


def instant_html(instant: datetime) -> Markup:
    """Write an instant as a `time` element, so that machines read it too."""
    return Markup('<time datetime="{}">{}</time>').format(rfc3339(instant), instant_words(instant))


def duration_words(length: timedelta) -> str:
    """Write a length for people, to the minute, in at most two units: `45 minutes`, `1 hour 30 minutes`, `2 days`."""
    total = int((length + _HALF_MINUTE).total_seconds()) // _MINUTE
    hours, minutes = divmod(total, 60)
    days, hours = divmod(hours, 24)
    parts = [_count(days, "day"), _count(hours, "hour"), _count(minutes, "minute")]
    first = next((place for place, part in enumerate(parts) if part), None)
    if first is None:
        return "less than a minute"
    return " ".join(part for part in parts[first : first + 2] if part)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}" if number else ""
