"""Series: which windows are made, remade, removed and left alone when a series says something else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gateway.domain.recurrence import Occurrence
from gateway.domain.series import Made, plan

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def occurrence(text: str) -> Occurrence:
    local = datetime.fromisoformat(f"2026-11-{text}")
    return Occurrence(local=local, at=local.replace(tzinfo=UTC), shown=local)


def window(text: str, *, skipped: bool = False, touched: bool = False) -> Made:
    named = occurrence(text)
    return Made(
        window_id=UUID(int=named.local.day * 100 + named.local.hour),
        occurs_on=named.local,
        occurs_at=named.at,
        starts_at=named.at,
        is_scheduled=not skipped and named.at > NOW,
        is_cancelled=skipped,
        is_touched=skipped or touched,
    )


def made(named: list[str], windows: list[Made]) -> list[str]:
    """Return what is made anew, as day and time."""
    return [f"{each.local:%d %H:%M}" for each in plan(map(occurrence, named), windows, NOW).make]


def test_what_is_skipped_or_changed_holds_its_place_at_another_time_of_day() -> None:
    """On the same day; nobody has touched the others, which are made anew."""
    skipped, changed, free = window("27 02:00", skipped=True), window("28 02:00", touched=True), window("29 02:00")
    found = plan(map(occurrence, ["27 04:00", "28 04:00", "29 04:00"]), [skipped, changed, free], NOW)
    assert [each.local.day for each in found.make] == [29]
    assert (found.remove, found.keep, found.skipped, found.remake) == ((free,), (changed,), (skipped,), ())


def test_on_a_day_with_several_each_holds_one() -> None:
    """That of its hour, else the nearest; one that the rule names still holds that alone."""
    evening = window("27 14:00", skipped=True)
    assert made(["27 04:00", "27 16:00"], [evening]) == ["27 04:00"]
    assert made(["27 02:00", "27 14:00"], [evening]) == ["27 02:00"]
    assert made(["27 13:30", "27 14:30"], [evening]) == ["27 13:30"]
    both = [window("27 02:00", skipped=True), evening]
    assert made(["27 04:00", "27 16:00"], both) == []
    assert made(["27 04:00"], both) == []
    assert made([f"27 {hour:02}:30" for hour in range(24)], both) == [
        f"27 {hour:02}:30" for hour in range(24) if hour not in (2, 14)
    ]


def test_another_day_is_another_occurrence() -> None:
    """What is skipped on Friday does not skip Saturday."""
    assert made(["28 02:00"], [window("27 02:00", skipped=True)]) == ["28 02:00"]


def test_what_has_begun_holds_no_place() -> None:
    """Put off to tonight, the series occurs once more; not where it was cancelled, or started before its time."""
    assert made(["25 22:00"], [window("25 02:00", touched=True)]) == ["25 22:00"]
    assert made(["25 22:00"], [window("25 02:00", skipped=True)]) == []
    early = replace(window("25 20:00", touched=True), starts_at=NOW - HOUR, is_scheduled=False)
    assert made(["25 22:00"], [early]) == []
