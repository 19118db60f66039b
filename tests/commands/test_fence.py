"""`gateway fence`, `window start --wait-drained` and `gateway replica`: real processes, over the API."""

import asyncio
import os
import pty
import termios
from pathlib import Path

import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.domain.window import Window
from gateway.service.drafts.windows import WindowDraft
from gateway.web.keys import Services
from tests.commands.cli import COMMAND, LONGEST, Shell, environment, refused
from tests.observed import Observations, wait_until
from tests.web.caller import NO_WINDOW, token_of
from tests.web.fleet import reported
from tests.web.panel import ClientMaker, application

WHO = command_line("test")
SAFE = "1 of 1 gateway gates, 0 requests left in the application: safe to begin"


@pytest.fixture
async def shell(aiohttp_client: ClientMaker, tmp_path: Path, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    url = str(client.make_url("/"))
    return Shell(tmp_path, {"GATEWAY_URL": url, "GATEWAY_TOKEN": await token_of(services, TokenScope.WRITE)})


@pytest.fixture
async def window(services: Services) -> Window:
    return await services.windows.create(WindowDraft(title="Upgrade"), WHO)


async def test_it_says_whether_it_is_safe_to_begin(shell: Shell, services: Services, window: Window) -> None:
    """Exit code 0 where the fence holds, 1 where it does not; the replicas in a table, or all of it as JSON."""
    await reported(services, "web-1", window)
    done = await shell("fence", str(window.id))
    head, names, row = done.out.splitlines()
    assert (done.code, done.err, head) == (0, "", SAFE)
    assert names.split() == ["REPLICA", "STATE", "LEFT", "GIVEN", "UP", "HEARD", "OF", "NAME"]
    assert row.endswith("web-1")
    assert " gating " in row
    await reported(services, "web-2\x1b[31m", window, left=3)
    done = await shell("fence", str(window.id))
    assert (done.code, done.out.splitlines()[0]) == (1, "2 of 2 gateways gate, 3 requests left in the application")
    assert "web-2\\x1b[31m" in done.out
    done = await shell("fence", str(window.id), "--json")
    assert (done.code, done.json["left"]) == (1, 3)


async def test_without_an_id_it_says_so_of_every_window_in_force(
    shell: Shell, services: Services, window: Window
) -> None:
    """0 only where all of them hold, and there is one."""
    await reported(services, "web-1", window)
    done = await shell("fence")
    assert (done.code, done.out) == (0, f"{window.id}  Upgrade\n  {SAFE}\n")
    assert [each["window"] for each in (await shell("fence", "--json")).json] == [str(window.id)]
    second = await services.windows.create(WindowDraft(title="Second"), WHO)
    done = await shell("fence")
    assert (done.code, len(done.out.splitlines())) == (1, 4)
    for each in (window, second):
        await services.windows.end(each.id, WHO)
    done = await shell("fence")
    assert refused(done, 1, "no window gates")


async def test_what_it_refuses(shell: Shell, window: Window) -> None:
    assert refused(await shell("fence", NO_WINDOW), 1, "there is no window")
    assert refused(await shell("fence", "--wait", "60s"), 2, "--wait takes the ID of a window")
    assert refused(await shell("fence", str(window.id), "--wait", "soon"), 2, "is not a duration")
    done = await shell("window", "start", "--title", "x", "--gate", "none", "--wait-drained", "60s")
    assert refused(done, 2, "--wait-drained takes a window that gates")
    done = await shell("window", "start", "--title", "x", "--kind", "degradation", "--wait-drained", "60s")
    assert refused(done, 2, "--gate closed or --gate read_only")


async def test_a_window_starts_and_is_waited_for(shell: Shell, services: Services) -> None:
    """The id alone on standard output; on standard error one line for each change; 0 when it is safe to begin."""
    waiting = asyncio.create_task(shell("window", "start", "--title", "Upgrade", "--wait-drained", "60s"))

    async def started() -> list[Window]:
        return await services.windows.list()

    (window,) = await wait_until(started)
    first = await reported(services, "web-1", window, left=2)
    async with services.fences._database.transaction() as session:
        await session.connection.execute("delete from replicas where id = $1", first)
    await reported(services, "web-1", window)
    done = await waiting
    assert (done.code, done.out) == (0, f"{window.id}\n")
    assert done.err.splitlines()[-1] == f"gateway: {SAFE}"


async def test_waiting_in_vain_is_exit_code_3(shell: Shell, services: Services, window: Window) -> None:
    """It says who or what is missing, and how to wait on; a window that is over is not waited for."""
    await reported(services, "web-1", window, left=2)
    await reported(services, "web-2")
    done = await shell("fence", str(window.id), "--wait", "1s")
    assert (done.code, done.out) == (3, "")
    said, last = done.err.splitlines()
    missing = "1 of 2 gateways gate, 2 requests left in the application; web-2 does not gate yet"
    assert said == f"gateway: {missing}"
    assert last == f"gateway: waited 1s in vain: {missing}; `gateway fence {window.id} --wait 60s` waits on"
    as_json = await shell("fence", str(window.id), "--wait", "0s", "--json")
    assert (as_json.code, as_json.json["holds"]) == (3, False)
    await services.windows.end(window.id, WHO)
    done = await shell("fence", str(window.id), "--wait", "60s")
    assert refused(done, 1, "the window is over")


async def test_on_a_terminal_one_line_is_written_over(shell: Shell, services: Services, window: Window) -> None:
    """As long as the terminal is wide, so that it does not wrap."""
    await reported(services, "web-1", window, left=2)
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 40))
    try:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *("fence", str(window.id), "--wait", "1s"),
            cwd=shell.directory,
            env=environment(**shell.variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=terminal,
        )
        assert await asyncio.wait_for(process.wait(), LONGEST) == 3
        said = os.read(master, 65536).decode()
    finally:
        os.close(master)
        os.close(terminal)
    first, second, *_ = said.split("\r\n")
    assert first == "\r\x1b[2K1 of 1 gateway gates, 2 requests left i"
    assert second.startswith("gateway: waited 1s in vain")


async def test_a_gateway_that_does_not_answer_is_asked_again(shell: Shell, window: Window) -> None:
    """While it restarts, nobody's deployment should fail; but nothing is safe then."""
    done = await shell("fence", str(window.id), "--wait", "1s", GATEWAY_URL="http://127.0.0.1:1")
    assert done.code == 3
    assert "nothing answers at http://127.0.0.1:1" in done.err


async def test_too_many_calls_are_made_later(shell: Shell, window: Window) -> None:
    """A limit on calls (429) ends no waiting either."""
    body = b'{"title": "Too Many Requests", "detail": "too many calls", "status": 429}'
    head = b"HTTP/1.1 429 -\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head % len(body) + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = await shell("fence", str(window.id), "--wait", "0.5s", GATEWAY_URL=url)
    assert (done.code, "in vain: too many calls" in done.err) == (3, True)


async def test_replicas(shell: Shell, services: Services) -> None:
    """Listed by name, with those that are silent; only these are forgotten."""
    alive = await reported(services, "web-1")
    silent = await reported(services, "web-2", silent=11)
    head, *rows = (await shell("replica", "list")).out.splitlines()
    assert head.split() == ["ID", "STATE", "STARTED", "HEARD", "OF", "NAME"]
    assert [row.split()[:2] for row in rows] == [[str(alive), "alive"], [str(silent), "silent"]]
    assert [each["name"] for each in (await shell("replica", "list", "--json")).json] == ["web-1", "web-2"]
    assert refused(await shell("replica", "forget", str(alive)), 1, "web-1 is alive")
    done = await shell("replica", "forget", str(silent))
    assert (done.code, done.out, f"{silent} is forgotten" in done.err) == (0, "", True)
    assert refused(await shell("replica", "forget", str(silent)), 1, "gateway replica list")
