"""What commands print."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.commands.output import print_facts, print_table, printable, short_instant


def test_a_table_lines_up(capsys: pytest.CaptureFixture[str]) -> None:
    """Each column is as wide as its widest cell, no line ends in spaces; without a terminal there is no colour."""
    print_table(("NAME", "X", "LAST"), [("a", "long cell", ""), ("longer", "b", "c")])
    assert capsys.readouterr().out.splitlines() == [
        "NAME    X          LAST",
        "a       long cell",
        "longer  b          c",
    ]


def test_facts_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    """A value of several lines stays in its column."""
    print_facts([("id", "1"), ("description", "one\n\ntwo"), ("empty", "")])
    assert capsys.readouterr().out.splitlines() == [
        "id           1",
        "description  one",
        "",
        "             two",
        "empty",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("Überlänge 🚧", "Überlänge 🚧"), ("\x1b[2J", "\\x1b[2J"), ("a\rb\tc", "a\\rb\\tc"), ("\u202eabc", "\\u202eabc")],
)
def test_a_terminal_is_not_fooled(text: str, shown: str) -> None:
    """Texts come from other people: what would move the cursor is shown, not done."""
    assert printable(text) == shown


def test_instants_are_in_utc() -> None:
    """To the minute, and saying so."""
    at = datetime(2026, 12, 1, 23, 30, 59, tzinfo=timezone(timedelta(hours=1)))
    assert short_instant(at) == "2026-12-01 22:30Z"
    assert short_instant("2026-12-01T22:30:00.25Z") == short_instant(at.astimezone(UTC)) == "2026-12-01 22:30Z"
    assert short_instant(None) == ""
