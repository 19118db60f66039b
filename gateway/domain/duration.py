"""Lengths of time as people and machines write them: `30m`, `1h30m`, `PT45M`."""

import re
from datetime import timedelta
from decimal import Decimal

_N = r"(\d{1,20})"
_FRACTION = r"(\d{1,20}(?:\.\d{1,6})?)"
_SHORT = re.compile(rf"(?:{_N}w)?(?:{_N}d)?(?:{_N}h)?(?:{_N}m)?(?:{_FRACTION}s)?", re.ASCII)
_ISO = re.compile(rf"P(?:{_N}W)?(?:{_N}D)?(?:T(?:{_N}H)?(?:{_N}M)?(?:{_FRACTION}S)?)?", re.ASCII)
_UNITS = (604_800, 86_400, 3_600, 60, 1)
LONGEST = timedelta(days=3660)


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `30m`, `1h30m`, `2d` or ISO 8601 `PT45M` (no years or months: their length varies).

    Raises:
        ValueError: it is neither, or longer than ten years; the message says what is accepted.
    """
    compact = text.strip().replace(" ", "")
    match = _SHORT.fullmatch(compact.lower()) or _ISO.fullmatch(compact.upper())
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is not a duration: write for example 90s, 30m, 1h30m, 2d or PT45M")
    seconds = sum(Decimal(count) * unit for count, unit in zip(match.groups(), _UNITS, strict=True) if count)
    if seconds > LONGEST.total_seconds():
        raise ValueError(f"{text!r} is longer than ten years: write a shorter one")
    return timedelta(microseconds=int(seconds * 1_000_000))


def iso_duration(length: timedelta) -> str:
    """Write ISO 8601: `PT45M`, `P1DT2H`, `PT0S`; fractions of a second only where there are any.

    Minutes stand between hours and seconds, also when there are none (RFC 3339, appendix A): `PT1H0M5S`.
    """
    days, hours, minutes, seconds = _counts(length)
    clock = (hours, minutes or ("0" if hours and seconds else ""), seconds)
    date = f"P{days}D" if days else "P"
    times = "".join(f"{count}{unit}" for count, unit in zip(clock, "HMS", strict=True) if count)
    return date + (f"T{times}" if times else "" if days else "T0S")


def whole_seconds(length: timedelta) -> timedelta:
    """Round to seconds: the format `duration` of JSON Schema knows no fractions (RFC 3339, appendix A)."""
    return timedelta(seconds=round(length.total_seconds()))


def short_duration(length: timedelta) -> str:
    """Write what `parse_duration` reads, for people: `45m`, `1h30m`, `2d`, `0s`."""
    return "".join(f"{count}{unit}" for count, unit in zip(_counts(length), "dhms", strict=True) if count) or "0s"


def _counts(length: timedelta) -> tuple[str, str, str, str]:
    """Split into days, hours, minutes and seconds, each as it is written; empty for none."""
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    # As text, digit by digit: a float would round 59.999999 to 60.
    exact = f"{seconds}.{length.microseconds:06d}".rstrip("0").rstrip(".") if length.microseconds else f"{seconds}"
    return _count(length.days), _count(hours), _count(minutes), "" if exact == "0" else exact


def _count(number: int) -> str:
    return str(number) if number else ""
