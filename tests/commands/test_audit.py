"""`gateway audit`: real processes against the built-in application and a real PostgreSQL."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.access import Actor, TokenScope, command_line
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.commands.cli import COMMAND, Shell, environment, refused
from tests.observed import Observations
from tests.web.caller import token_of
from tests.web.panel import ClientMaker, application

MANY = "insert into audit (actor, action, subject) select 'x', 'window.began', 'window' from generate_series(1, $1)"
ADA = Actor(name="ada@acme.example", address="192.0.2.1")


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.READ)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


async def test_what_was_done_is_listed(shell: Shell, services: Services) -> None:
    """The newest first, in a table that lines up, or as JSON; selected by who, what, about what, and when."""
    window = await services.windows.create(WindowDraft(title="Upgrade"), ADA)
    await services.windows.end(window.id, ADA)
    done = await shell("audit", "list")
    assert done.code == 0
    head, ended, started, made = done.out.splitlines()
    assert head.split() == ["WHEN", "WHO", "FROM", "WHAT", "ABOUT"]
    assert f"ada@acme.example     192.0.2.1  window.ended    {window.id} (Upgrade)" in ended
    assert "window.started" in started
    assert "token.created" in made
    for selection, expected in {
        ("--actor", "ADA@"): ["window.ended", "window.started"],
        ("--action", "window.e"): ["window.ended"],
        ("--about", str(window.id)): ["window.ended", "window.started"],
        ("--limit", "1"): ["window.ended"],
        ("--since", "2026-01-01T00:00:00+01:00", "--action", "token."): ["token.created"],
        ("--from", "2026-01-01", "--action", "token."): ["token.created"],
        ("--until", "2020-01-01T00:00:00Z"): [],
    }.items():
        entries = (await shell("audit", "list", *selection, "--json")).json
        assert [entry["action"] for entry in entries] == expected, selection


async def test_a_long_list_takes_several_pages(shell: Shell, services: Services) -> None:
    """However many `--limit` asks for."""
    async with services.audit._database.transaction() as session:
        await session.connection.execute(MANY, 1500)
    entries = (await shell("audit", "list", "--limit", "1200", "--json")).json
    assert len({entry["id"] for entry in entries}) == 1200
    assert len((await shell("audit", "list", "--limit", "9999", "--json")).json) == 1501


async def test_an_export_is_a_file(shell: Shell, services: Services) -> None:
    """All that is selected, on standard output; nothing else there."""
    for number in range(3):
        await services.windows.create(WindowDraft(title=f"Ünïcode {number}"), ADA)
    done = await shell("audit", "export", "--action", "window.")
    assert (done.code, done.err) == (0, "")
    rows = [*csv.DictReader(io.StringIO(done.out))]
    assert [json.loads(row["after"])["title"] for row in rows] == [f"Ünïcode {number}" for number in (2, 1, 0)]
    lines = await shell("audit", "export", "--format", "jsonl")
    assert len([json.loads(line) for line in lines.out.splitlines()]) == 4


async def test_what_is_refused(shell: Shell) -> None:
    """One line with the gateway's words; the exit code says whose fault it is."""
    for line, code, said in [
        (["audit", "list", "--limit", "0"], 2, "--limit"),
        (["audit", "list", "--since", "yesterday"], 2, "'yesterday' is not an instant"),
        (["audit", "list", "--until", "2026-01-01T00:00:00"], 2, "does not say in which time zone"),
        (["audit", "list", "--actor", "x" * 301], 1, "--actor: "),
        (["audit", "export", "--format", "xml"], 2, "'xml'"),
        (["audit", "export", "--since", "1900-01-01T00:00:00Z"], 1, "--from: must lie between"),
    ]:
        assert refused(await shell(*line), code, said), line
    assert refused(await shell("audit", "export", GATEWAY_TOKEN="gwt_wrong"), 1, "does not know the token")
    assert refused(await shell("audit", "export", GATEWAY_TOKEN=""), 2, "no token", "--scope read")
    assert refused(await shell("audit", "export", GATEWAY_URL="http://127.0.0.1:1"), 1, "nothing answers")


async def test_an_export_that_breaks_off_is_no_success(tmp_path: Path) -> None:
    """What came is written, and exit code 1 says that it is not the whole."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Disposition: attachment\r\n"
        writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nid,at\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(half, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        shell = Shell(tmp_path, {"GATEWAY_URL": f"http://127.0.0.1:{port}", "GATEWAY_TOKEN": "gwt_x"})
        done = await shell("audit", "export")
    assert (done.code, done.out) == (1, "id,at")
    assert done.err == "gateway: the answer broke off: what was written is not the whole; try again\n"


async def test_a_reader_that_has_seen_enough_ends_an_export(shell: Shell, services: Services, tmp_path: Path) -> None:
    """`gateway audit export | head -1`: no traceback."""
    async with services.audit._database.transaction() as session:
        await session.connection.execute(MANY, 5000)
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", '"$@" | head -1', "bash", *COMMAND, "audit", "export"),
        cwd=tmp_path,
        env=environment(**shell.variables),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out.decode().startswith("id,at,actor")
    assert err == b""


async def test_a_token_near_its_end_is_told_once(shell: Shell, services: Services) -> None:
    """On standard error, whatever the command does: the log of a pipeline shows it in time."""
    token = await services.tokens.create("ci", TokenScope.READ, command_line("test"), expires_in=timedelta(days=3))
    async with services.audit._database.transaction() as session:
        await session.connection.execute(MANY, 1500)
    done = await shell("audit", "list", "--limit", "1200", "--json", GATEWAY_TOKEN=token)
    assert done.code == 0
    (line,) = done.err.splitlines()
    assert line.startswith("gateway: the token expires at 20")
    assert "`gateway token create`" in line
