"""The forms of series: repeating in the form of a new window, and the form of a series that is edited.

Where a window repeats, its start is read on the clocks of the time zone beside it: that is what a rule is about.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.domain.errors import InvalidError
from gateway.domain.recurrence import read_time_zone
from gateway.domain.rule import WEEKDAYS
from gateway.domain.series import Series
from gateway.domain.window import DEFAULT_GATE, ComponentEffect, Window
from gateway.render.panel import Difference
from gateway.service import occurrences
from gateway.service.drafts.fields import checked
from gateway.service.drafts.series import OccurrenceChange, SeriesChange, SeriesPreview
from gateway.service.drafts.translations import texts_of
from gateway.service.drafts.windows import WindowDraft
from gateway.service.occurrences import Seen, template
from gateway.web.admin import forms

NEW = {"repeats": "", "time_zone": "UTC"}

# Every field of the forms that is not a window's, and where the errors of their parts are shown.
_REPEATING = ("repeats", "repeat_until", "rule", "time_zone", "excluded_dates")
GROUPS = {
    "recurrence.rule": "rule",
    "recurrence.time_zone": "time_zone",
    "recurrence.excluded_dates": "excluded_dates",
    "excluded_dates": "excluded_dates",
    "recurrence": "starts_at",
}
# Of the form of a series the parts of the window have a name before them once they are sent.
EDIT_GROUPS = GROUPS | forms.GROUPS | {f"window.{path}": field for path, field in forms.GROUPS.items()}
EDIT_GROUPS |= {f"window.{name}": name for name in forms.FIELDS}

_FIELDS = {"rule": "Rule", "time_zone": "Time zone", "excluded_dates": "Left out"} | forms.FIELDS
_FIFTH = 5
_SOME_START = datetime(2100, 1, 1)  # noqa: DTZ001  on the clocks of a zone; stands in for one that can't be read
T = TypeVar("T")


def repeats(values: Mapping[str, str]) -> bool:
    """Tell whether a new window is to be a series."""
    return bool(values.get("repeats"))


def whole(values: Mapping[str, str]) -> dict[str, str]:
    """Return typed values with every field of the forms there, so that each error has its place."""
    return dict.fromkeys(_REPEATING, "") | forms.whole(values)


def draft_of(values: Mapping[str, str]) -> WindowDraft:
    """Read the form of a new window that repeats.

    Raises:
        InvalidError: `fields` names each wrong field.
    """
    wrong: dict[str, str] = {}
    zone = _noting(wrong, lambda: _zone(values)) or ZoneInfo("UTC")
    local = _noting(wrong, lambda: _local(values.get("starts_at", ""))) or _SOME_START
    rule = _noting(wrong, lambda: _rule(values, local))
    once = _noting(wrong, lambda: forms.draft_of(dict(values) | {"starts_at": _at(local, zone).isoformat()}))
    if once is None or wrong:
        raise InvalidError(wrong)
    recurrence = {
        "rule": rule,
        "time_zone": zone.key,
        "excluded_dates": forms.lines(values.get("excluded_dates", "")),
    }
    return checked(WindowDraft, once.model_dump() | {"recurrence": recurrence})


def preview_of(values: Mapping[str, str]) -> SeriesPreview:
    """Read the form of a new window that repeats, for looking at when it would.

    Raises:
        InvalidError: `fields` names each wrong field.
    """
    draft = draft_of(values)
    rule = draft.recurrence.model_dump() if draft.recurrence else {}
    return checked(SeriesPreview, rule | draft.model_dump(include={"starts_at", "estimated_duration"}))


def fields_of(seen: Seen) -> dict[str, str]:
    """Return what the form shows for a series: the next start by the rule, on the clocks there."""
    series = seen.series
    return forms.fields_of(as_window(series)) | {
        "rule": series.rule,
        "time_zone": series.time_zone,
        "excluded_dates": "\n".join(day.isoformat() for day in series.excluded_dates),
        "starts_at": _next_start(seen),
    }


def as_window(series: Series) -> Window:
    """Return what a series makes its occurrences from, as if it were one; when it starts means nothing.

    Of one that can't be read: a window of that title, so that it can be corrected.
    """
    try:
        draft = occurrences.draft_of(series)
    except InvalidError:
        draft = WindowDraft(title=series.title[:200].strip() or "(no title)")
    return Window(
        id=series.id,
        kind=draft.kind,
        title=draft.title,
        description=draft.description,
        translations=texts_of(draft.translations),
        starts_at=series.created_at,
        estimated_duration=draft.estimated_duration,
        ends=draft.ends,
        gate=draft.gate or DEFAULT_GATE[draft.kind],
        scope=draft.scope.scope(),
        components=tuple(ComponentEffect(slug=each.slug, status=each.status) for each in draft.components),
        reminders=draft.reminders,
        reopen_over=draft.reopen_over,
        created_at=series.created_at,
        updated_at=series.updated_at,
    )


def change_of(values: Mapping[str, str], seen: Seen) -> SeriesChange:
    """Read the form of a series that is edited. The start counts only if it was touched.

    Raises:
        InvalidError: `fields` names each wrong field.
    """
    wrong: dict[str, str] = {}
    zone = _noting(wrong, lambda: _zone(values))
    draft = _noting(
        wrong, lambda: forms.draft_of({name: value for name, value in values.items() if name != "starts_at"})
    )
    if zone is None or draft is None:
        raise InvalidError(wrong)
    window = template(draft) | {"gate": draft.gate or DEFAULT_GATE[draft.kind]}
    data = {
        "rule": values.get("rule", ""),
        "time_zone": zone.key,
        "excluded_dates": forms.lines(values.get("excluded_dates", "")),
        "window": checked(OccurrenceChange, window),
    }
    typed = values.get("starts_at", "").strip()
    if typed and typed != _next_start(seen):
        data["starts_at"] = _at(_local(typed), zone)
    return checked(SeriesChange, data)


def differences(seen: Seen, values: Mapping[str, str], names: tuple[tuple[str, str], ...]) -> tuple[Difference, ...]:
    """Compare what is saved with what was typed; `names` are the components, as slug and name."""
    now = fields_of(seen)
    labels = _FIELDS | {forms.COMPONENT_FIELD + slug: name for slug, name in names}
    return tuple(
        Difference(name=label, saved=now.get(name, ""), typed=values.get(name, ""))
        for name, label in labels.items()
        if now.get(name, "").strip() != values.get(name, "").strip()
    )


def _noting(wrong: dict[str, str], read: Callable[[], T]) -> T | None:
    """Read a part of a form; what is wrong with it is added to `wrong`, so that the other parts are looked at, too."""
    try:
        return read()
    except InvalidError as error:
        wrong.update(error.fields)
        return None


def _next_start(seen: Seen) -> str:
    return next((f"{each.occurrence.local:%Y-%m-%dT%H:%M}" for each in seen.ahead if each.occurrence), "")


def _rule(values: Mapping[str, str], local: datetime) -> str:
    """Return the rule that was chosen, or typed.

    Raises:
        InvalidError: it is said twice when it ends.
    """
    day, nth = WEEKDAYS[local.weekday()], (local.day - 1) // 7 + 1
    chosen = {
        "daily": "FREQ=DAILY",
        "weekly": f"FREQ=WEEKLY;BYDAY={day}",
        "second-week": f"FREQ=WEEKLY;INTERVAL=2;BYDAY={day}",
        # Not every month has a fifth one: the last is meant.
        "monthly": f"FREQ=MONTHLY;BYDAY={nth if nth < _FIFTH else -1}{day}",
        "monthly-last": f"FREQ=MONTHLY;BYDAY=-1{day}",
        "rule": values.get("rule", "").strip(),
    }
    rule, until = chosen.get(values.get("repeats", ""), ""), values.get("repeat_until", "").strip()
    if not until:
        return rule
    if "UNTIL=" in rule.upper() or "COUNT=" in rule.upper():
        raise InvalidError({"repeat_until": "the rule says already when it ends: leave this empty, or take that out"})
    try:
        return f"{rule};UNTIL={date.fromisoformat(until):%Y%m%d}"
    except ValueError as error:
        raise InvalidError({"repeat_until": f"{until!r} is not a date: write for example 2027-03-01"}) from error


def _zone(values: Mapping[str, str]) -> ZoneInfo:
    try:
        return ZoneInfo(read_time_zone(values.get("time_zone", "").strip() or "UTC"))
    except ValueError as error:
        raise InvalidError({"time_zone": str(error)}) from error


def _local(text: str) -> datetime:
    """Read a local time.

    Raises:
        InvalidError: there is none.
    """
    if not text.strip():
        raise InvalidError({"starts_at": "a window that repeats needs the start of the first one"})
    try:
        return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
    except ValueError as error:
        raise InvalidError({"starts_at": f"{text!r} is not a time: write for example 2026-12-06T02:00"}) from error


def _at(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)
