"""States in words, icons and tones. The words are English, and keys of the catalogues (`language.py`)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway.domain.component import ComponentStatus
from gateway.domain.window import Gate, Kind, State, UpdateStatus


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
    Kind.MAINTENANCE: Badge("Maintenance Window", "wrench", Tone.WORK),
    Kind.DOWNTIME: Badge("Downtime Notice", "cross", Tone.BAD),
    Kind.DEGRADATION: Badge("Degradation", "slow", Tone.WARN),
    Kind.ANNOUNCEMENT: Badge("Announcement", "info", Tone.QUIET),
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
