"""The commands over the API: real processes against the built-in application and a real PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from yarl import URL

from gateway.domain.access import TokenScope
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
        "scope": {"hosts": ["shop.example.com", "*.example.org"], "paths": ["/checkout"]},
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
        "read_only for shop.example.com",
        "45m",
        "database=under_maintenance",
        "**Soon**",
    ):
        assert part in shown


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
    assert (await shell("window", "list", "--limit", "1", "--json")).json[0]["id"] == later


async def test_a_window_ends_unfixed(shell: Shell) -> None:
    """`--not-fixed`: it ends without the claim that all is well."""
    made = (await shell("window", "start", "--title", "Move")).out.strip()
    ended = (await shell("window", "end", made, "--not-fixed", "--json")).json
    assert (ended["state"], ended["fixed"]) == ("ended", False)


async def test_components(shell: Shell) -> None:
    """They are added, listed and set; the list shows what customers see, too."""
    await shell("component", "add", "api", "--name", "API", "--group", "Core", "--description", "For programs")
    assert (await shell("component", "set", "api", "degraded_performance")).code == 0
    await shell("window", "start", "--title", "Down", "--component", "api=major_outage")
    assert (await shell("component", "list")).out.splitlines() == [
        "SLUG  NAME  GROUP  STATUS                SHOWN",
        "api   API   Core   degraded_performance  major_outage",
    ]
    [api] = (await shell("component", "list", "--json")).json
    assert (api["description"], api["status"]) == ("For programs", "degraded_performance")


async def test_what_the_gateway_refuses(shell: Shell, services: Services, url: str) -> None:
    """Its words in one line, exit code 1."""
    made = (await shell("window", "start", "--title", "Move")).out.strip()
    for line, said in [
        (["window", "show", NO_WINDOW], f"there is no window {NO_WINDOW}"),
        (["window", "end", NO_WINDOW], f"there is no window {NO_WINDOW}"),
        (["window", "cancel", made], 'the window "Move" is active'),
        (["window", "start", "--title", ""], "title: "),
        (["window", "start", "--title", "x", "--component", "nowhere"], 'components.0.slug: there is no component "no'),
        (["window", "start", "--title", "x", "--host", "http://x"], "scope.hosts.0: 'http://x' is not a host"),
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
