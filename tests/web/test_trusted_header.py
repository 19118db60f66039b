"""The trusted header: a proxy in front says who it is, and nobody else may."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr, ValidationError

from gateway.app import running
from gateway.config.settings import Admin, Database, Maintenance, Server, Settings, TrustedHeader
from gateway.domain.access import Role, command_line

HEADER = "X-Auth-Request-Email"
ADA = (HEADER, "ada@acme.example")
Answer = tuple[int, str]


class Panel:
    """A whole gateway, asked from 127.0.0.1."""

    def __init__(self, url: str, client: ClientSession) -> None:
        self.url, self.client = url + "/_maintenance/admin", client

    async def ask(self, path: str, *fields: tuple[str, str], method: str = "GET") -> Answer:
        headers = [("Accept", "text/html"), *fields]
        async with self.client.request(method, self.url + path, headers=headers, allow_redirects=False) as response:
            return response.status, await response.text()


@asynccontextmanager
async def panel(database_url: str, port: int, tmp_path: Path, header: TrustedHeader) -> AsyncIterator[Panel]:
    settings = Settings(
        server=Server(listen=(f"127.0.0.1:{port}",), internal_listen="", trusted_proxies=("127.0.0.0/8",)),
        database=Database(url=SecretStr(database_url)),
        maintenance=Maintenance(snapshot_file=tmp_path / "snapshot.json"),
        admin=Admin(trusted_header=header),
    )
    async with running(settings) as gateway, ClientSession() as client:
        operators = gateway.services.operators
        await operators.add("root@acme.example", Role.ADMINISTRATOR, command_line("test"))
        await operators.add("ada@acme.example", Role.VIEWER, command_line("test"))
        await operators.add("bob@acme.example", Role.OPERATOR, command_line("test"))
        await operators.disable("bob@acme.example", command_line("test"))
        yield Panel(gateway.urls[0], client)


async def test_a_trusted_proxy_says_who_it_is(database_url: str, free_port: Callable[[], int], tmp_path: Path) -> None:
    """An operator is in with the own role; unknown and disabled ones, and two names, are refused; CSRF rules stay."""
    trusted = TrustedHeader(name=HEADER, networks=("127.0.0.1/32",))
    async with panel(database_url, free_port(), tmp_path, trusted) as asked:
        status, page = await asked.ask("/", ADA)
        assert status == 200
        assert "ada@acme.example" in page
        # The address of the browser, told by the proxy, plays no part.
        assert (await asked.ask("/", ADA, ("X-Forwarded-For", "203.0.113.7")))[0] == 200
        assert (await asked.ask("/windows/new", ADA))[0] == 403
        for name in ("bob@acme.example", "eve@acme.example", ""):
            status, page = await asked.ask("/", (HEADER, name))
            assert (status, "an administrator can add you" in page) == (403, True), name
        status, page = await asked.ask("/", ADA, (HEADER, "root@acme.example"))
        assert (status, "2 times" in page) == (403, True)
        root = (HEADER, "root@acme.example")
        status, page = await asked.ask("/windows/new", root, ("Sec-Fetch-Site", "cross-site"), method="POST")
        assert (status, "comes from another site" in page) == (403, True)
        assert (await asked.ask("/"))[0] == 303


@pytest.mark.parametrize(
    "header", [TrustedHeader(), TrustedHeader(name=HEADER, networks=("192.0.2.0/24",))], ids=["off", "elsewhere"]
)
async def test_from_elsewhere_it_counts_as_nothing(
    database_url: str, free_port: Callable[[], int], tmp_path: Path, header: TrustedHeader
) -> None:
    """Who connects from no such network is asked to sign in, even where X-Forwarded-For names an address in it."""
    async with panel(database_url, free_port(), tmp_path, header) as asked:
        for fields in ((ADA,), (ADA, ("X-Forwarded-For", "192.0.2.1"))):
            assert (await asked.ask("/", *fields))[0] == 303


@pytest.mark.parametrize(
    ("name", "networks", "said"),
    [
        (HEADER, (), "set both or neither"),
        ("", ("10.0.0.0/8",), "set both or neither"),
        ("Cookie", ("10.0.0.0/8",), "no header for this"),
        ("X-Forwarded-For", ("10.0.0.0/8",), "where a request comes from"),
    ],
)
def test_wrong_settings_are_refused(name: str, networks: tuple[str, ...], said: str) -> None:
    """A header that clients send anyway, or half a setting, is refused."""
    with pytest.raises(ValidationError, match=said):
        TrustedHeader.model_validate({"name": name, "networks": networks})
