"""Recurrence: at which instants a rule occurs in a time zone, whatever is done to the clocks there.

The rule is about local time. Where the clock is put forward over a local time, the occurrence is later by as much
as the clock was moved; where a local time comes twice, it is the first (RFC 5545, section 3.3.5). How long an
occurrence lasts is elapsed time. It is known by its local time by the rule (`local`): when a country changes its mind
about its clocks, it is still the same one.
"""

import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from heapq import heappop, heappush
from itertools import islice, pairwise
from typing import Self

from gateway.domain.errors import InvalidError
from gateway.domain.expansion import LAST_YEAR, local_times
from gateway.domain.rule import Rule, parse_rule

AHEAD = timedelta(days=90)
AHEAD_LEAST = 3
AHEAD_MOST = 50
"""Windows are made for what occurs within AHEAD; at least so many, and at most so many."""
AHEAD_TOTAL = 500
"""Of all series together: all are in every snapshot, and each change has gateways read that anew."""

# Of occurrences that are looked at to find two that overlap.
_LOOKED_AT = 400
# No clock was ever put forward by more than a day.
_OUT_OF_ORDER = timedelta(days=2)
# And none is farther from UTC than another day. What is so much earlier than an instant has no part in what is later.
_APART = timedelta(days=4)
# Nobody plans farther ahead, and each date is looked for.
_FARTHEST_EXCLUDED = timedelta(days=3660)
_MOST_LISTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that the rule names."""

    local: datetime
    """By the rule, without a zone: what it is known by."""
    at: datetime
    """The instant, in UTC."""
    shown: datetime
    """What the clocks there show then."""
    is_first_of_two: bool = False
    """The clock is put back: it shows `local` twice."""

    @property
    def shift(self) -> timedelta:
        """By how much it is later than the rule says, because the clock is put forward; mostly nothing."""
        return self.shown - self.local


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """A rule with all that it takes to say when: the zone, the first start there, and the dates that are left out."""

    rule: Rule
    time_zone: str
    first: datetime
    excluded: frozenset[date] = frozenset()

    @classmethod
    def starting_at(cls, at: datetime, rule: str, time_zone: str, excluded: frozenset[date] = frozenset()) -> Self:
        """Begin at an instant.

        Raises:
            ValueError: the rule is none, or the zone; they are checked by the drafts before.
        """
        first = at.astimezone(_zone(time_zone)).replace(tzinfo=None, fold=0)
        return cls(rule=parse_rule(rule), time_zone=time_zone, first=first, excluded=excluded)

    def occurrences(self, since: datetime | None = None) -> Iterator[Occurrence]:
        """Yield what occurs, in order; what is left out does not. The next one is found soon, or there is none.

        With `since`, a local time, what is earlier is left out without being counted through.
        """
        for occurrence in self.all_named(since):
            if occurrence.local.date() not in self.excluded:
                yield occurrence

    def after(self, now: datetime) -> Iterator[Occurrence]:
        """Yield what occurs after `now`. That takes no longer the longer ago the first start is."""
        since = now.astimezone(UTC).replace(tzinfo=None) - _APART
        return (occurrence for occurrence in self.occurrences(since) if occurrence.at > now)

    def ahead(self, now: datetime) -> tuple[Occurrence, ...]:
        """Return what windows are made for at `now`."""
        found: list[Occurrence] = []
        for occurrence in islice(self.after(now), AHEAD_MOST):
            if len(found) >= AHEAD_LEAST and occurrence.at > now + AHEAD:
                break
            found.append(occurrence)
        return tuple(found)

    @property
    def starts_at(self) -> datetime:
        """The instant of the first start, whether the rule names it or not."""
        return _occurrence(self.first, _zone(self.time_zone)).at

    def all_named(self, since: datetime | None = None) -> Iterator[Occurrence]:
        """Yield all that the rule names, left out or not, each instant once: two may meet behind a gap."""
        later: list[tuple[datetime, datetime, Occurrence]] = []
        last = datetime.min.replace(tzinfo=UTC)
        for occurrence in self._by_local_time(since):
            if occurrence.shift:
                heappush(later, (occurrence.at, occurrence.local, occurrence))
                continue
            while later and later[0][0] < occurrence.at:
                if later[0][0] > last:
                    last = later[0][0]
                    yield later[0][2]
                heappop(later)
            last = occurrence.at
            yield occurrence
        while later:
            if later[0][0] > last:
                last = later[0][0]
                yield later[0][2]
            heappop(later)

    def _by_local_time(self, since: datetime | None) -> Iterator[Occurrence]:
        zone, until = _zone(self.time_zone), self.rule.until
        for local in local_times(self.rule, self.first, since):
            occurrence = _occurrence(local, zone)
            if occurrence.at.year > LAST_YEAR:
                return
            if isinstance(until, datetime):
                is_over = occurrence.at > until if until.tzinfo else local > until
            else:
                is_over = until is not None and local.date() > until
            if is_over and not (occurrence.shift and isinstance(until, datetime)):
                return
            if not is_over:
                yield occurrence


def ahead_share(running: int) -> int:
    """Return how many occurrences one of so many series has windows for, at most."""
    return max(AHEAD_LEAST, min(AHEAD_MOST, AHEAD_TOTAL // max(running, 1)))


def read_time_zone(name: str) -> str:
    """Check the name of a time zone of the IANA database.

    Raises:
        ValueError: there is none of this name; the message names those that are nearly so.
    """
    if name in _zones():
        return name
    folded = {known.lower(): known for known in _zones()}
    near = get_close_matches(name.lower()[:60], folded, n=3, cutoff=0.7)
    hint = f"did you mean {' or '.join(folded[each] for each in near)}?" if near else "write for example Europe/Berlin"
    raise ValueError(f"there is no time zone {name[:60]!r}: {hint}")


def require_sound(
    recurrence: Recurrence,
    length: timedelta,
    *,
    starts_at: datetime | None,
    excluded: frozenset[date],
    now: datetime | None = None,
) -> None:
    """Check a recurrence whose occurrences last `length`.

    `starts_at` is its first start, where that is new; `excluded` are the dates that are newly left out; with `now`,
    something has to be left to come.

    Raises:
        InvalidError: under `rule`, `starts_at`, `excluded_dates` or `estimated_duration`, with the remedy.
    """
    if starts_at is not None:
        first = next(recurrence.all_named(), None)
        if first is None:
            raise InvalidError({"rule": "names no time at or after the first start: correct it, or starts_at"})
        if first.at != starts_at:
            raise InvalidError({"starts_at": _not_first(recurrence, starts_at, first)})
    farthest = (now.date() if now else recurrence.first.date()) + _FARTHEST_EXCLUDED
    unknown = [day for day in sorted(excluded) if day > farthest or not _occurs_on(recurrence, day)]
    if unknown:
        listed = ", ".join(f"{day:%a} {day}" for day in unknown[:_MOST_LISTED])
        raise InvalidError({"excluded_dates": f"nothing occurs on {listed} by the rule: leave that out, or correct it"})
    to_come = recurrence.occurrences() if now is None else recurrence.after(now)
    looked_at = [*islice(to_come, _LOOKED_AT)]
    if not looked_at:
        what = (
            "every date of the rule is left out" if now is None else "nothing is left to come: end the series instead"
        )
        raise InvalidError({"excluded_dates" if excluded else "rule": what})
    for one, other in pairwise(looked_at):
        if other.at - one.at < length:
            raise InvalidError({"estimated_duration": _overlap(recurrence, one, other)})


def _overlap(recurrence: Recurrence, one: Occurrence, other: Occurrence) -> str:
    return (
        f"the occurrences of {one.shown:%Y-%m-%d %H:%M} and {other.shown:%Y-%m-%d %H:%M} ({recurrence.time_zone}) are "
        f"{_hours(other.at - one.at)} apart and would overlap: make them shorter, or let them occur less often"
    )


def _occurs_on(recurrence: Recurrence, day: date) -> bool:
    """Tell whether the rule names a day; behind a gap they may come out of order, by a day."""
    if day < recurrence.first.date():
        return False
    for occurrence in recurrence.all_named(datetime.combine(day, time()) - _OUT_OF_ORDER):
        if occurrence.local.date() == day:
            return True
        if occurrence.local.date() - _OUT_OF_ORDER > day:
            return False
    return False


def _not_first(recurrence: Recurrence, starts_at: datetime, first: Occurrence) -> str:
    zone = _zone(recurrence.time_zone)
    given = starts_at.astimezone(zone)
    if first.local == recurrence.first and given.fold:
        return (
            f"the clock shows {given:%H:%M} twice on that day, and a series takes the first: give {_rfc3339(first.at)}"
        )
    return (
        f"{given:%a %Y-%m-%d %H:%M} ({recurrence.time_zone}) is not among what the rule names; the first one after "
        f"it is {first.shown:%a %Y-%m-%d %H:%M}: give {_rfc3339(first.at)}, or change the rule"
    )


def _occurrence(local: datetime, zone: zoneinfo.ZoneInfo) -> Occurrence:
    # PEP 495: fold=0 is the first of two, and in a gap it counts by the offset before.
    there = local.replace(tzinfo=zone, fold=0)
    at = there.astimezone(UTC)
    shown = at.astimezone(zone).replace(tzinfo=None)
    is_twice = shown == local and there.replace(fold=1).utcoffset() != there.utcoffset()
    return Occurrence(local=local, at=at, shown=shown.replace(fold=0), is_first_of_two=is_twice)


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(read_time_zone(name))


def _hours(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return f"{hours}h{minutes:02d}m" if minutes else f"{hours}h"


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
