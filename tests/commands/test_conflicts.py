"""Two SREs change the same thing: the command that comes second changes nothing, and shows both texts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from yarl import URL

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.commands.cli import Shell
from tests.observed import Observations
from tests.web.caller import token_of
from tests.web.panel import ClientMaker, application

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(second=0, microsecond=0)


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


@asynccontextmanager
async def before_a_change(url: str, work: Callable[[], Awaitable[object]]) -> AsyncIterator[str]:
    """Lend an address of the same gateway, where `work` is done whenever a PATCH is on its way."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"PATCH "):
            await work()
        there, back = await asyncio.open_connection("127.0.0.1", URL(url).port)
        back.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + await body_of(head, reader))
        writer.write(await there.read())
        for each in (back, writer):
            each.close()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def body_of(head: bytes, reader: asyncio.StreamReader) -> bytes:
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    return await reader.readexactly(int(length.partition(b":")[2]))


@pytest.mark.parametrize(
    ("what", "made", "in_window"),
    [
        ("window", ["window", "schedule", "--at", TOMORROW.isoformat()], ""),
        (
            "series",
            ["window", "schedule", "--at", TOMORROW.isoformat(), "--every", "FREQ=DAILY;COUNT=2", "--time-zone", "UTC"],
            "window.",
        ),
        ("template", ["template", "add", "move", "--name", "Move"], "window."),
    ],
)
async def test_a_change_in_between_is_kept(shell: Shell, what: str, made: list[str], in_window: str) -> None:
    """Exit code 1 and a line for each field that differs: what it is now, and what was sent. Nothing is done."""
    document = (await shell(*made, "--title", "Move", "--path", "/a", "--host", "a.example", "--json")).json
    which = {"window": document.get("id"), "series": (document.get("recurrence") or {}).get("series")}.get(what, "move")
    edit = [what, "edit", which]

    async def theirs() -> None:
        assert (await shell(*edit, "--title", "Theirs", "--path", "/b")).code == 0

    async with before_a_change(shell.variables["GATEWAY_URL"], theirs) as url:
        done = await shell(*edit, "--title", "Mine", "--for", "30m", "--path", "/c", GATEWAY_URL=url)
    assert (done.code, done.out) == (1, "")
    first, *lines = done.err.splitlines()
    assert first.startswith(f"gateway: the {what} ")
    assert first.endswith(
        "was changed by somebody else in the meantime: nothing is done; run the command again if yours is still right"
    )
    assert f'gateway: {in_window}title: it is "Theirs" now, you sent "Mine"' in lines
    assert f'gateway: {in_window}scope.paths: it is ["/b"] now, you sent ["/c"]' in lines
    assert not any("hosts" in line or "row_version" in line for line in lines)
    saved = (await shell(what, "show", which, "--json")).json
    assert (saved["window"] if in_window else saved)["title"] == "Theirs"
