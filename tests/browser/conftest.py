"""The scene: the sample shop, a real `gateway serve` in front of it, a real PostgreSQL, and Chromium."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser

from gateway.commands.sample import sample_application
from gateway.domain.access import Role, command_line
from gateway.web.keys import Services
from tests.browser.chromium import PROGRAM, chromium
from tests.observed import wait_until
from tests.story.customers import fetch
from tests.story.processes import Gateway
from tests.web.panel import PASSWORD

SERVERS = Callable[[web.Application], Awaitable[TestServer]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name what cannot run where there is no Chromium."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if not PROGRAM.exists():
                item.add_marker(pytest.mark.skip(reason=f"there is no {PROGRAM}: apt-get install chromium"))


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The gateway in front of the shop. `services` work on its database, from beside."""

    gateway: Gateway
    services: Services

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def panel(self) -> str:
        return f"{self.url}/_maintenance/admin"

    async def gated(self, path: str = "/") -> None:
        """Wait until the gateway refuses requests for a path."""

        async def refuses() -> bool:
            # In a thread: the shop behind the gateway runs on this loop.
            return (await asyncio.to_thread(fetch, self.gateway.port, path)).status == 503

        await wait_until(refuses)

    async def operator(self, email: str = "sre@acme.example", role: Role = Role.OPERATOR) -> str:
        """Add somebody with PASSWORD; return the e-mail address."""
        await self.services.operators.add(email, role, command_line("test"), password=PASSWORD)
        return email


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Start the gateway in front of an application, with more settings."""
    started: list[Gateway] = []

    def start(upstream: str, **settings: str) -> Gateway:
        started.append(
            Gateway(
                "gateway",
                tmp_path,
                DATABASE__URL=database_url,
                UPSTREAM__URL=upstream,
                MAINTENANCE__SNAPSHOT_FILE=str(tmp_path / "gateway.json"),
                MAINTENANCE__PRODUCT="Acme Shop",
                MAINTENANCE__SUPPORT_EMAIL="help@acme.example",
                **settings,
            )
        )
        return started[-1].listening()

    yield start
    for program in started:
        program.end()


@pytest.fixture
async def scene(aiohttp_server: SERVERS, gateway: Callable[[str], Gateway], services: Services) -> Scene:
    shop = await aiohttp_server(sample_application())
    return Scene(gateway=gateway(f"http://127.0.0.1:{shop.port}"), services=services)
