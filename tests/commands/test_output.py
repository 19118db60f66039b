"""What commands print."""

import asyncio
import os
import pty
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gateway.commands.output import print_facts, print_table, printable, short_instant
from tests.commands.cli import COMMAND, LONGEST, environment


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


@pytest.mark.parametrize(("variables", "is_bold"), [({}, True), ({"NO_COLOR": "1"}, False)])
async def test_colours_are_for_a_terminal(
    tmp_path: Path, database_url: str, variables: dict[str, str], *, is_bold: bool
) -> None:
    """And for one whose owner wants them (no-color.org)."""
    ours, theirs = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "token", "list"),
            cwd=tmp_path,
            env=environment(DATABASE_URL=database_url, **variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=theirs,
        )
        assert await asyncio.wait_for(process.wait(), LONGEST) == 0
        head = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert (head.startswith("\x1b[1mNAME"), "\x1b" in head) == (is_bold, is_bold)


def test_instants_are_in_utc() -> None:
    """To the minute, and saying so."""
    at = datetime(2026, 12, 1, 23, 30, 59, tzinfo=timezone(timedelta(hours=1)))
    assert short_instant(at) == "2026-12-01 22:30Z"
    assert short_instant("2026-12-01T22:30:00.25Z") == short_instant(at.astimezone(UTC)) == "2026-12-01 22:30Z"
    assert short_instant(None) == ""
