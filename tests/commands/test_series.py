"""`gateway series`, and `gateway window schedule --every`: real processes against a real PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.panel import ClientMaker, application

FIRST = (datetime.now(UTC) + timedelta(days=2)).replace(hour=2, minute=0, second=0, microsecond=0)
WEEK = timedelta(weeks=1)
SCHEDULE = ("window", "schedule", "--title", "Patching", "--for", "1h", "--at", FIRST.isoformat())
WEEKLY = ("--every", "FREQ=WEEKLY;COUNT=4", "--time-zone", "UTC")


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


async def made(shell: Shell, *more: str) -> str:
    """Make a series and return its id."""
    done = await shell(*SCHEDULE, *WEEKLY, *more, "--json")
    assert done.code == 0, done
    series: str = done.json["recurrence"]["series"]
    return series


def starts(*weeks: int) -> list[str]:
    return [f"{FIRST + week * WEEK:%Y-%m-%d %H:%MZ}" for week in weeks]


async def test_a_series_is_scheduled_shown_and_ended(shell: Shell) -> None:
    """The id of its first window alone goes to standard output; where to look is said beside it."""
    done = await shell(*SCHEDULE, *WEEKLY, "--except", f"{FIRST + WEEK:%Y-%m-%d}")
    assert (done.code, len(done.out.split())) == (0, 1)
    assert "gateway: it recurs: `gateway series show " in done.err
    shown = (await shell("window", "show", done.out.strip())).out
    assert "FREQ=WEEKLY;COUNT=4 (UTC), by that " in shown
    [listed] = (await shell("series", "list", "--json")).json
    head, row = (await shell("series", "list", "--running")).out.splitlines()
    assert head.split() == ["ID", "STATE", "NEXT", "TITLE", "RECURS"]
    assert row.split("  ")[:4] == [listed["id"], "running", starts(0)[0], "Patching"]
    assert row.endswith(f"every {FIRST:%A} at 02:00 (UTC), 4 times")
    facts, _, table = (await shell("series", "show", listed["id"])).out.partition("\n\n")
    assert f"left out     {FIRST + WEEK:%Y-%m-%d}" in facts
    lines = table.splitlines()
    assert lines[0].split("  ")[0] == "STARTS"
    assert [line[:17] for line in lines[1:]] == starts(0, 2, 3)
    assert f"  {FIRST:%a %Y-%m-%d %H:%M}+00:00  scheduled  " in lines[1]
    assert lines[1].split()[-1] == done.out.strip()
    assert len((await shell("series", "show", listed["id"], "--ahead", "2")).out.partition("\n\n")[2].splitlines()) == 3
    ended = await shell("series", "end", listed["id"])
    assert (ended.code, ended.out) == (0, "")
    assert 'the series "Patching" has ended: its windows to come are cancelled' in ended.err
    assert (await shell("series", "list", "--running", "--json")).json == []
    assert [each["state"] for each in (await shell("series", "list", "--ended", "--json")).json] == ["ended"]


async def test_a_series_is_changed(shell: Shell) -> None:
    """All that describes a window, and the rule; windows that were changed by themselves are named."""
    series = await made(shell)
    first, second, *_ = reversed((await shell("window", "list", "--json")).json)
    assert (await shell("window", "edit", first["id"], "--title", "Special")).code == 0
    assert (await shell("window", "cancel", second["id"])).code == 0
    line = ["--title", "All", "--for", "2h", "--gate", "read_only", "--path", "/shop", "--description", "Soon"]
    done = await shell("series", "edit", series, *line, "--every", "FREQ=WEEKLY;COUNT=3")
    assert done.code == 0, done
    said = done.err.splitlines()
    assert said == [
        f'gateway: the series "All" is changed: every {FIRST:%A} at 02:00 (UTC), 3 times',
        f"gateway: the window {first['id']} stays as it is: somebody had changed it before",
        f"gateway: the window {second['id']} stays skipped: somebody had cancelled it before",
    ]
    shown = (await shell("series", "show", series, "--json")).json
    assert (shown["window"]["estimated_duration"], shown["window"]["scope"]["paths"]) == ("PT2H", ["/shop"])
    assert [each["state"] for each in shown["occurrences"]] == ["changed", "skipped", "scheduled"]
    table = (await shell("series", "show", series)).out.partition("\n\n")[2].splitlines()
    assert [line.split()[5] for line in table[1:]] == ["changed", "skipped", "scheduled"]
    await shell("series", "edit", series, "--except", f"{FIRST + 2 * WEEK:%Y-%m-%d}", "--clear", "paths")
    shown = (await shell("series", "show", series, "--json")).json
    assert (len(shown["excluded_dates"]), shown["window"]["scope"]["paths"]) == (1, [])
    edited = await shell("series", "edit", series, "--clear", "except", "--time-zone", "Asia/Tokyo", "--json")
    assert (edited.json["excluded_dates"], edited.json["time_zone"]) == ([], "Asia/Tokyo")


async def test_an_edit_leaves_the_rest_of_the_scope(shell: Shell) -> None:
    """A part of the scope takes the place of that part alone; what is cleared is empty, and nothing else."""
    scope = ["--host", "a.example", "--path", "/a", "--path", "/b", "--except-path", "/a/x"]
    assert (await shell("component", "add", "api", "--name", "API")).code == 0
    series = await made(shell, *scope, "--remind", "24h", "--component", "api")
    edit = ["series", "edit", series, "--json"]
    narrowed = (await shell(*edit, "--path", "/a")).json["window"]
    assert narrowed["scope"] == {"hosts": ["a.example"], "paths": ["/a"], "excluded_paths": ["/a/x"]}
    assert (await shell("series", "edit", series, "--reopen-over", "10m")).code == 0
    shown = (await shell("series", "show", series)).out
    facts = dict(line.split("  ", 1) for line in shown.partition("\n\n")[0].splitlines())
    said = [facts[name].strip() for name in ("scope", "reopens over", "components", "reminders")]
    assert said == ["a.example, /a, but not /a/x", "10m", "api=under_maintenance", "1d before"]
    cleared = (await shell(*edit, "--clear", "hosts", "--except-path", "/a/y", "--clear", "reminders")).json["window"]
    assert cleared["scope"] == {"hosts": [], "paths": ["/a"], "excluded_paths": ["/a/y"]}
    assert (cleared["reminders"], [each["slug"] for each in cleared["components"]]) == ([], ["api"])


async def test_a_rule_is_tried_out(shell: Shell) -> None:
    """In words on standard error, as a table on standard output, with what the clocks do."""
    line = [
        "series",
        "preview",
        "FREQ=WEEKLY;BYDAY=SU",
        "--time-zone",
        "Europe/Berlin",
        "--at",
        "2027-03-21T02:30+01:00",
    ]
    done = await shell(*line, "--for", "1h", "--except", "2027-04-04", "--ahead", "3")
    assert done.err == "gateway: every Sunday at 02:30 (Europe/Berlin)\n"
    assert done.out.splitlines() == [
        "LOCAL TIME                  UTC                NOTE",
        "Sun 2027-03-21 02:30+01:00  2027-03-21 01:30Z",
        "Sun 2027-03-28 03:30+02:00  2027-03-28 01:30Z  the clock is put forward: 03:30 instead of 02:30",
        "Sun 2027-04-11 02:30+02:00  2027-04-11 00:30Z",
    ]
    assert len((await shell(*line, "--json")).json["occurrences"]) == 10
    assert (await shell("series", "list", "--json")).json == []


async def test_wrong_usage_is_told(shell: Shell) -> None:
    """Exit code 2: nothing is sent."""
    for line, said in [
        ((*SCHEDULE, "--every", "FREQ=DAILY"), "--every takes --time-zone, too"),
        ((*SCHEDULE, "--time-zone", "UTC"), "belong to a window that recurs: add --every RRULE"),
        ((*SCHEDULE, "--except", "2026-12-27"), "belong to a window that recurs: add --every RRULE"),
        ((*SCHEDULE, *WEEKLY, "--except", "27.12.2026"), "'27.12.2026' is not a date: write for example 2026-12-27"),
        (("series", "edit", NO_WINDOW), "there is nothing to change: give at least one option, such as --every"),
        (("series", "edit", NO_WINDOW, "--at", "02:00"), "'02:00' is not an instant"),
        (("series", "edit", NO_WINDOW, "--clear", "title"), "'title' is not one of"),
        (("series", "edit", NO_WINDOW, "--clear", "paths", "--path", "/x"), "paths can't be given and cleared at once"),
        (
            ("series", "edit", NO_WINDOW, "--clear", "except", "--except", "2027-01-01"),
            "except can't be given and cl",
        ),
        (("series", "show", "x"), "'x' is not an id"),
        (("series", "show", NO_WINDOW, "--ahead", "0"), "0 is not in the range 1<=x<=100"),
        (("series", "list", "--ended", "--running"), "--ended and --running exclude each other: give one of them"),
        (("series", "list", "--limit", "0"), "0 is not in the range"),
        (("series", "preview", "FREQ=DAILY", "--at", "2027-01-01T00:00Z"), "Missing option '--time-zone'"),
        (("series", "preview", "FREQ=DAILY", "--time-zone", "UTC"), "Missing option '--at'"),
    ]:
        done = await shell(*line)
        assert refused(done, 2, said), done


async def test_what_the_gateway_refuses(shell: Shell) -> None:
    """Its words in one line, exit code 1."""
    series = await made(shell)
    for line, said in [
        ((*SCHEDULE, "--every", "FREQ=MINUTELY", "--time-zone", "UTC"), "--every: FREQ=MINUTELY is too often"),
        (
            (*SCHEDULE, "--every", "FREQ=DAILY", "--time-zone", "MEZ"),
            "--time-zone: there is no time zone 'MEZ'",
        ),
        ((*SCHEDULE, *WEEKLY, "--except", "2020-01-01"), "--except: nothing occurs on Wed 2020-01-01"),
        ((*SCHEDULE, "--every", "FREQ=DAILY;BYHOUR=5", "--time-zone", "UTC"), "--at: "),
        (("series", "show", NO_WINDOW), f"there is no series {NO_WINDOW}; `gateway series list` shows them"),
        (("series", "end", NO_WINDOW), f"there is no series {NO_WINDOW}"),
        (("series", "edit", NO_WINDOW, "--title", "x"), f"there is no series {NO_WINDOW}"),
        (("series", "edit", series, "--every", "x"), "--every: 'X' is no part of a rule"),
        (("series", "edit", series, "--for", "8d"), "--for: the occurrences of"),
        (
            ("series", "preview", "FREQ=DAILY;BYDAY=XX", "--time-zone", "UTC", "--at", FIRST.isoformat()),
            "RRULE: BYDAY tak",
        ),
    ]:
        done = await shell(*line)
        assert refused(done, 1, said), done


async def test_what_can_not_be_read_is_shown(shell: Shell, psql: Callable[[str, str], str], database_url: str) -> None:
    """With what is wrong; it can be ended."""
    series = await made(shell)
    psql(database_url, "update series set rule = 'NEVER', draft = '{}'")
    assert "  unreadable  " in (await shell("series", "list")).out
    shown = (await shell("series", "show", series)).out
    assert "problem  window.title: " in shown
    assert starts(3)[0] in shown
    ended = await shell("series", "end", series)
    assert (ended.code, "has ended: its windows to come are cancelled" in ended.err) == (0, True)
