"""What commands print: tables that line up, lists of facts, and JSON."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import click


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their heads, each column as wide as its widest cell; the heads are bold on a terminal."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [[*heads], *shown]) for column in range(len(heads))]
    click.echo(click.style(_aligned(heads, widths), bold=True))
    for row in shown:
        click.echo(_aligned(row, widths))


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one pair a line; a value of several lines is indented under its first."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        lines = [printable(line) for line in value.splitlines()] or [""]
        click.echo(f"{name.ljust(width)}  {lines[0]}".rstrip())
        for line in lines[1:]:
            click.echo(f"{' ' * width}  {line}".rstrip())


def print_json(value: object) -> None:
    """Print JSON, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def instant(at: datetime | None) -> str | None:
    """Write an instant for machines: RFC 3339, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def short_instant(at: datetime | str | None) -> str:
    """Write an instant for people, in UTC, to the minute: `2026-12-01 22:00Z`; nothing where there is none."""
    if not at:
        return ""
    known = datetime.fromisoformat(at) if isinstance(at, str) else at
    return known.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")


def printable(text: str) -> str:
    """Escape what would move the cursor or colour the terminal of whoever looks: texts come from other people."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
