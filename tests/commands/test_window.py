"""The commands over the API: real processes against the built-in application and a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from yarl import URL

from gateway.domain.access import TokenScope, command_line
from gateway.domain.window import Ends
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.panel import ClientMaker, application

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(second=0, microsecond=0)


@pytest.fixture
async def url(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> str:
    client = await aiohttp_client(application(services, observations))
    return str(client.make_url("/"))


@pytest.fixture
async def shell(tmp_path: Path, url: str, services: Services) -> Shell:
    return Shell(tmp_path, {"GATEWAY_URL": url, "GATEWAY_TOKEN": await token_of(services, TokenScope.WRITE)})


async def test_a_window_is_started_and_ended(shell: Shell, services: Services) -> None:
    """`start` prints the id alone, when this gateway gates already; `end` lets traffic through again."""
    started = await shell("window", "start", "--title", "Upgrade", "--for", "1h30m")
    assert started.code == 0
    window_id = started.out.removesuffix("\n")
    assert services.state.moment.gates
    window = await services.windows.get(UUID(window_id))
    assert (window.title, window.estimated_duration, window.gate) == ("Upgrade", timedelta(minutes=90), "closed")
    ended = await shell("window", "end", window_id)
    assert (ended.code, ended.out) == (0, "")
    assert not services.state.moment.gates
    assert (await services.windows.get(UUID(window_id))).fixed


async def test_every_option_of_a_window(shell: Shell) -> None:
    """They arrive as they were given."""
    assert (await shell("component", "add", "database", "--name", "Database", "--group", "Core")).code == 0
    assert (await shell("component", "add", "api", "--name", "API", "--status", "partial_outage")).code == 0
    line = ["--title", "Move", "--for", "PT45M", "--gate", "read_only", "--kind", "degradation", "--ends", "on_time"]
    line += [
        "--reopen-over",
        "10m",
        "--host",
        "shop.example.com",
        "--host",
        "*.example.org",
        "--path",
        "/checkout",
        "--except-path",
        "/checkout/help",
        "--description",
        "**Soon**",
    ]
    line += ["--component", "database", "--component", "api=major_outage", "--at", TOMORROW.isoformat()]
    made = (await shell("window", "schedule", *line, "--json")).json
    expected = {
        "title": "Move",
        "description": "**Soon**",
        "kind": "degradation",
        "gate": "read_only",
        "ends": "on_time",
        "state": "scheduled",
        "estimated_duration": "PT45M",
        "reopen_over": "PT10M",
        "starts_at": TOMORROW.isoformat().replace("+00:00", "Z"),
        "scope": {
            "hosts": ["shop.example.com", "*.example.org"],
            "paths": ["/checkout"],
            "excluded_paths": ["/checkout/help"],
        },
        "components": [
            {"slug": "database", "status": "under_maintenance"},
            {"slug": "api", "status": "major_outage"},
        ],
    }
    assert {name: made[name] for name in expected} == expected
    assert (await shell("window", "show", made["id"], "--json")).json == made
    shown = (await shell("window", "show", made["id"])).out
    for part in (
        "Move",
        "scheduled",
        "shop.example.com, *.example.org, /checkout, but not /checkout/help",
        "45m",
        "10m",
        "database=under_maintenance",
        "**Soon**",
    ):
        assert part in shown


async def test_a_scheduled_window_is_started(shell: Shell, services: Services) -> None:
    """By its id, as it is; other options are refused, and so is what has no gate to wait for."""
    made = (
        await shell("window", "schedule", "--title", "Move", "--at", TOMORROW.isoformat(), "--for", "2h")
    ).out.strip()
    for line, said in [
        (["--title", "Other"], "is started as it is scheduled"),
        (["--path", "/x"], f"`gateway window edit {made}`"),
    ]:
        done = await shell("window", "start", made, *line)
        assert refused(done, 2, said), done
    started = await shell("window", "start", made)
    assert (started.code, started.out.strip()) == (0, made)
    assert 'the window "Move" is active, until about' in started.err
    assert services.state.moment.gates
    assert (await services.windows.get(UUID(made))).estimated_duration == timedelta(hours=2)
    again = await shell("window", "start", made)
    assert refused(again, 1, "is active, so it can't be started"), again
    told = (await shell("window", "schedule", "--title", "News", "--gate", "none", "--at", TOMORROW.isoformat())).out
    vain = await shell("window", "start", told.strip(), "--wait-drained", "1s")
    assert refused(vain, 2, "--wait-drained takes a window that gates"), vain
    assert (await services.windows.get(UUID(told.strip()))).starts_at == TOMORROW


async def test_a_window_has_a_title(shell: Shell) -> None:
    """Where none is given the command says so before it calls anybody."""
    for line in (["start"], ["schedule", "--at", TOMORROW.isoformat()]):
        done = await shell("window", *line)
        assert refused(done, 2, "--title is missing: give it, or --template SLUG"), done


async def test_a_window_is_edited(shell: Shell) -> None:
    """What is given changes, the rest stays; lists are replaced or cleared."""
    line = ["--title", "Move", "--at", TOMORROW.isoformat(), "--host", "a.example", "--path", "/a", "--path", "/b"]
    made = (await shell("window", "schedule", *line, "--except-path", "/a/x", "--remind", "24h", "--json")).json
    assert made["scope"] == {"hosts": ["a.example"], "paths": ["/a", "/b"], "excluded_paths": ["/a/x"]}
    assert made["reminders"] == ["P1D"]
    assert "\nreminders  1d before\n" in (await shell("window", "show", made["id"])).out
    edit = ["window", "edit", made["id"]]
    done = await shell(*edit, "--title", "Moving", "--for", "3h", "--gate", "read_only")
    assert (done.code, done.out) == (0, "")
    assert 'the window "Moving" is changed: title, gate (read_only), estimate (3h)' in done.err
    later = TOMORROW + timedelta(hours=1)
    more = ["--at", later.isoformat(), "--except-path", "/a/y", "--clear", "reminders", "--ends", "on_time"]
    changed = (
        await shell(*edit, *more, "--kind", "downtime", "--reopen-over", "10m", "--description", "*", "--json")
    ).json
    expected = {
        "title": "Moving",
        "estimated_duration": "PT3H",
        "gate": "read_only",
        "starts_at": later.isoformat().replace("+00:00", "Z"),
        "scope": {"hosts": ["a.example"], "paths": ["/a", "/b"], "excluded_paths": ["/a/y"]},
        "reminders": [],
        "ends": "on_time",
        "kind": "downtime",
        "reopen_over": "PT10M",
        "description": "*",
    }
    assert {name: changed[name] for name in expected} == expected
    same = await shell(*edit, "--for", "3h")
    assert same.err == 'gateway: the window "Moving" is as it was\n'
    told = (await shell(*edit, "--clear", "hosts")).err
    assert told == 'gateway: the window "Moving" is changed: scope (/a, /b, but not /a/y)\n'
    emptied = (await shell(*edit, "--clear", "paths", "--json")).json
    assert emptied["scope"] == {"hosts": [], "paths": [], "excluded_paths": ["/a/y"]}
    shown = (await shell("window", "show", made["id"])).out
    assert "  all requests, but not /a/y\n" in shown


async def test_wrong_edits(shell: Shell) -> None:
    """Each says what would be right; what the gateway refuses is in its words."""
    made = (await shell("window", "schedule", "--title", "Move", "--at", TOMORROW.isoformat())).out.strip()
    for line, code, said in [
        ([], 2, "there is nothing to change: give at least one option"),
        (["--clear", "title"], 2, "'title' is not one of"),
        (["--clear", "paths", "--path", "/x"], 2, "paths can't be given and cleared at once"),
        (["--at", "tomorrow"], 2, "is not an instant: write for example"),
        (["--for", "long"], 2, "is not a duration"),
        (["--remind", "soon"], 2, "is not a duration"),
        (["--component", "x=fine"], 2, "the status is one of"),
        (["--component", "nowhere"], 1, 'there is no component "nowhere"'),
        (["--path", "/a", "--except-path", "/b"], 1, "--except-path: /b leaves out nothing"),
        (["--except-path", "/a;b"], 1, "--except-path: '/a;b' can't be left out"),
        (["--title", ""], 1, "--title: "),
    ]:
        done = await shell("window", "edit", made, *line)
        assert refused(done, code, said), done
    gone = await shell("window", "edit", NO_WINDOW, "--title", "x")
    assert refused(gone, 1, f"there is no window {NO_WINDOW}"), gone


async def test_a_wrongly_ended_window_is_reopened(shell: Shell, services: Services) -> None:
    """As it was planned, or for a time; one in force is refused, and one whose time is up without a time."""
    made = (await shell("window", "start", "--title", "Move", "--for", "1h")).out.strip()
    await shell("window", "end", made)
    done = await shell("window", "reopen", made)
    assert (done.code, done.out, services.state.moment.gates) == (0, "", True)
    assert 'the window "Move" is active again, until about' in done.err
    again = await shell("window", "reopen", made)
    assert refused(again, 1, "is active, so it can't be reopened"), again
    await shell("window", "end", made)
    longer = (await shell("window", "reopen", made, "--for", "5h", "--json")).json
    assert (longer["state"], longer["fixed"]) == ("active", False)
    wrong = await shell("window", "reopen", made, "--for", "ever")
    assert refused(wrong, 2, "is not a duration"), wrong
    just = await services.windows.create(
        WindowDraft(title="Ran out", ends=Ends.ON_TIME, starts_at=services.state.now() - timedelta(hours=1)),
        command_line("test"),
    )
    vain = await shell("window", "reopen", str(just.id))
    assert refused(vain, 1, "--for: the window ends on time, and its time is up"), vain


async def test_a_request_is_previewed(shell: Shell) -> None:
    """What happens to it and why, and what a window or a draft would do."""
    later = (await shell("window", "schedule", "--title", "Move", "--at", TOMORROW.isoformat())).out.strip()
    done = await shell("window", "preview", "https://shop.example.com/a?b", "--window", later)
    head, table = done.out.split("\n\n")
    assert [line.split("  ", 1)[0] for line in head.splitlines()] == ["request", "verdict", "why", 'with "Move"']
    assert "GET /a of shop.example.com" in head
    assert "forwarded: no window is in force" in head
    assert 'refused with 503: "Move" is closed for all requests' in head
    assert table.splitlines()[0].split() == ["EFFECT", "STATE", "WINDOW"]
    assert table.splitlines()[1].startswith('scheduled  scheduled  "Move" starts at ')
    during = (TOMORROW + timedelta(minutes=1)).isoformat()
    assert (await shell("window", "preview", "/a", "--at", during, "--json")).json["verdict"] == "refuse"
    draft = ["--gate", "read_only", "--path", "/a", "--except-path", "/a/b"]
    for url, verdict in (("/a", "refuse_write"), ("/a/b", "forward"), ("/a/b/../c", "refuse_write")):
        found = (await shell("window", "preview", url, "--method", "POST", *draft, "--json")).json
        assert found["tried"]["verdict"] == verdict
    linked = (
        await shell("window", "preview", "/a", "--at", during, "--bypass-link", "--address", "::1", "--json")
    ).json
    assert linked["verdict"] == "bypass"


async def test_wrong_previews(shell: Shell) -> None:
    """The gateway's words, or the command's, before anything is asked."""
    for line, code, said in [
        ([], 2, "Missing argument 'URL'"),
        (["nowhere"], 1, "URL: 'nowhere' is not a URL"),
        (["/", "--method", "get"], 1, "--method: 'get' is not a method, in capital letters: GET"),
        (["/", "--address", "x"], 1, "--address: 'x' is not an address"),
        (["/", "--at", "2026-01-01T00:00:00Z"], 1, "--at: is in the past"),
        (["/", "--at", "noon"], 2, "is not an instant"),
        (["/", "--window", "x"], 2, "is not an id"),
        (["/", "--window", NO_WINDOW], 1, f"there is no window {NO_WINDOW}"),
        (["/", "--window", NO_WINDOW, "--path", "/x"], 2, "--window tries a window as it is"),
        (["/", "--path", "x"], 1, "--path: 'x' is not a path"),
    ]:
        done = await shell("window", "preview", *line)
        assert refused(done, code, said), done


async def test_a_scheduled_window_is_extended_posted_to_and_cancelled(shell: Shell) -> None:
    """Each verb says on standard error what it did, and with `--json` prints the window."""
    made = (await shell("window", "schedule", "--title", "Move", "--at", TOMORROW.isoformat())).out.strip()
    extended = await shell("window", "extend", made, "--by", "15m")
    until = f"{TOMORROW + timedelta(minutes=45):%Y-%m-%d %H:%MZ}"
    assert (extended.out, until in extended.err) == ("", True)
    posted = (await shell("window", "post", made, "--status", "scheduled", "See you *there*", "--json")).json
    assert [(update["status"], update["body"]) for update in posted["updates"]] == [("scheduled", "See you *there*")]
    assert "See you *there*" in (await shell("window", "show", made)).out
    assert (await shell("window", "cancel", made, "--json")).json["state"] == "cancelled"


async def test_windows_are_listed(shell: Shell) -> None:
    """The table lines up whatever the titles contain; `--state` filters."""
    later = (await shell("window", "schedule", "--title", "Move", "--at", TOMORROW.isoformat())).out.strip()
    now = (await shell("window", "start", "--title", "\x1b[31mRed", "--gate", "none")).out.strip()
    head, first, second = (await shell("window", "list")).out.splitlines()
    assert head.split() == ["ID", "STATE", "GATE", "STARTS", "UNTIL", "TITLE"]
    assert [line[head.index("TITLE") :] for line in (first, second)] == ["Move", "\\x1b[31mRed"]
    assert [line[head.index("STATE") :].split()[0] for line in (first, second)] == ["scheduled", "active"]
    assert [each["id"] for each in (await shell("window", "list", "--json")).json] == [later, now]
    assert [each["id"] for each in (await shell("window", "list", "--state", "active", "--json")).json] == [now]
    one = await shell("window", "list", "--limit", "1", "--json")
    assert ([each["id"] for each in one.json], one.err) == (
        [later],
        "gateway: these are the first 1: --limit shows more\n",
    )


async def test_windows_are_filtered(shell: Shell) -> None:
    """By kind, by component, by their start: an instant, or a day, which means its beginning in UTC."""
    assert (await shell("component", "add", "api", "--name", "API")).code == 0
    schedule = ["window", "schedule", "--at", TOMORROW.isoformat(), "--title"]
    assert (await shell(*schedule, "Move", "--component", "api")).code == 0
    assert (await shell("window", "start", "--title", "Power cut", "--kind", "downtime")).code == 0
    day = f"{TOMORROW:%Y-%m-%d}"
    for options, titles in [
        ([], ["Move", "Power cut"]),
        (["--kind", "downtime"], ["Power cut"]),
        (["--kind", "downtime", "--kind", "maintenance"], ["Move", "Power cut"]),
        (["--component", "api"], ["Move"]),
        (["--from", day], ["Move"]),
        (["--to", day], ["Power cut"]),
        (["--from", TOMORROW.isoformat(), "--to", (TOMORROW + timedelta(minutes=1)).isoformat()], ["Move"]),
        (["--state", "active", "--from", day], []),
    ]:
        found = (await shell("window", "list", *options, "--json")).json
        assert [each["title"] for each in found] == titles, options


async def test_a_window_ends_unfixed(shell: Shell) -> None:
    """`--not-fixed`: it ends without the claim that all is well."""
    made = (await shell("window", "start", "--title", "Move")).out.strip()
    ended = (await shell("window", "end", made, "--not-fixed", "--json")).json
    assert (ended["state"], ended["fixed"]) == ("ended", False)


async def test_what_the_gateway_refuses(shell: Shell, services: Services, url: str) -> None:
    """Its words in one line, exit code 1."""
    made = (await shell("window", "start", "--title", "Move")).out.strip()
    for line, said in [
        (["window", "show", NO_WINDOW], f"there is no window {NO_WINDOW}"),
        (["window", "end", NO_WINDOW], f"there is no window {NO_WINDOW}"),
        (["window", "cancel", made], 'the window "Move" is active'),
        (["window", "start", "--title", ""], "--title: "),
        (["window", "start", "--title", "x", "--component", "nowhere"], '--component: there is no component "no'),
        (["window", "start", "--title", "x", "--host", "http://x"], "--host: 'http://x' is not a host"),
        (["component", "set", "nowhere", "operational"], 'there is no component "nowhere"'),
        (["window", "list", "--token", "gwt_unknown"], "gateway token create"),
        (["window", "list", "--url", f"{url}other"], "GATEWAY_URL"),
    ]:
        done = await shell(*line)
        assert refused(done, 1, said), done
    reader = await token_of(services, TokenScope.READ)
    done = await shell("window", "end", made, GATEWAY_TOKEN=reader)
    assert refused(done, 1, "token read token may not do that", "scope write"), done
    assert services.state.moment.gates


async def test_the_address_may_include_the_prefix(shell: Shell, url: str) -> None:
    """With and without it, with and without a slash at the end."""
    for address in (url, url.rstrip("/"), f"{url}_maintenance", f"{url}_maintenance/"):
        done = await shell("window", "list", "--url", address, "--json")
        assert (done.code, done.json) == (0, []), address


async def test_a_call_whose_answer_is_lost_is_made_again_and_done_once(
    shell: Shell, url: str, services: Services
) -> None:
    """A gateway that ends while it answers leaves no window whose id nobody knows."""
    cut = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", URL(url).port)
        head = await reader.readuntil(b"\r\n\r\n")
        back.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + await reader.read(65536))
        answer = await there.read()
        if cut:
            writer.write(answer)
        cut.append(answer)
        for each in (back, writer):
            each.close()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = await shell("window", "start", "--title", "Move", GATEWAY_URL=address)
    assert done.code == 0, done
    (window,) = await services.windows.list()
    assert (done.out, len(cut)) == (f"{window.id}\n", 2)
