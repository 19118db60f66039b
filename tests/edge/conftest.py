"""The front door on a real socket and loop, between a raw client and a raw application; no database."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest
import uvloop
from aiohttp import web

from gateway.config.settings import Settings
from gateway.domain.languages import LANGUAGES
from gateway.domain.observation import RequestServed
from gateway.domain.scope import EVERYTHING, Scope
from gateway.domain.snapshot import Snapshot
from gateway.domain.window import Ends, Gate, Kind, Window
from gateway.edge.answers import Answers
from gateway.edge.builtin import BuiltInPool
from gateway.edge.certificate import Certificate
from gateway.edge.front import Front
from gateway.edge.listening import bind
from gateway.edge.servers import ServerPool
from gateway.edge.site import FrontSite
from gateway.render.look import Branding
from gateway.service.clock import Clock
from gateway.service.state import State
from tests.edge.wire import Application, Client, connect
from tests.observed import Observations, wait_until

HOUR = timedelta(hours=1)
SOON = timedelta(milliseconds=50)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every test on uvloop, as in production, and on asyncio's own loop."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


def window(
    gate: Gate = Gate.CLOSED,
    *,
    starts_in: timedelta = -HOUR,
    lasts: timedelta = 2 * HOUR,
    scope: Scope = EVERYTHING,
    number: int = 1,
) -> Window:
    """A window that is active, unless `starts_in` says otherwise."""
    now = datetime.now(UTC)
    return Window(
        id=UUID(int=number),
        kind=Kind.MAINTENANCE,
        title="Database upgrade",
        description="We **upgrade** the database.",
        starts_at=now + starts_in,
        estimated_duration=lasts,
        ends=Ends.ON_TIME,
        gate=gate,
        scope=scope,
        created_at=now - 2 * HOUR,
        updated_at=now - 2 * HOUR,
    )


class Gateway:
    """A front door that serves; `front` and `state` are the real ones."""

    def __init__(self, settings: Settings, observations: Observations, file: Path) -> None:
        self.settings = settings
        self.observations = observations
        self.served: list[RequestServed] = []
        self.clients: list[Client] = []
        self.open_upload = asyncio.Event()
        self.pieces_written = 0
        close_unknown = settings.maintenance.when_unknown == "close"
        self.state = State(clock=Clock(), observe=observations, file=file, close_unknown=close_unknown)
        self.runner = web.AppRunner(self._built_in(), access_log=None, keepalive_timeout=0)
        self.front: Front
        self.certificate: Certificate | None = None
        self._loops: list[asyncio.Task[None]]

    async def start(self) -> None:
        """Listen."""
        settings = self.settings
        await self.runner.setup()
        assert self.runner.server is not None
        branding = Branding(
            product="Shop",
            support_email="help@example.com",
            prefix=settings.maintenance.prefix,
            languages=LANGUAGES,
        )
        self.front = Front(
            settings,
            state=self.state,
            answers=Answers(self.state, branding, settings),
            pool=ServerPool(settings.upstream, self.observations),
            built_in=BuiltInPool(self.runner.server),
            observe=self.observations,
            served=self._keep,
        )
        self._loops = [asyncio.create_task(loop()) for loop in (self.front.sweep, self.front.keep_telling)]
        server = settings.server
        if server.tls_certificate:
            self.certificate = Certificate(server.tls_certificate, server.tls_key, self.observations)
        tls = self.certificate.context if self.certificate else None
        for binding in bind(server.model_copy(update={"internal_listen": ""})):
            await FrontSite(self.runner, self.front, binding, tls if binding.is_tls else None).start()

    def _keep(self, batch: Sequence[RequestServed]) -> int:
        self.served.extend(batch)
        return 0

    @property
    def ports(self) -> list[int]:
        """Where it listens, plain http last."""
        names = sorted(site.name for site in self.runner.sites)
        return [int(name.rpartition(":")[2]) for name in reversed(names)]

    @property
    def port(self) -> int:
        return self.ports[0]

    def load(self, *windows: Window) -> None:
        """Put windows in force, as the listener does."""
        before = time.monotonic()
        snapshot = Snapshot(version=self.state.version + 1, taken_at=datetime.now(UTC), windows=windows)
        self.state.loaded(snapshot, before, time.monotonic())

    async def connect(self, **options: Any) -> Client:
        """Open a client's connection."""
        client = await connect(**(options if "path" in options else {"port": self.port} | options))
        self.clients.append(client)
        return client

    async def told(self, count: int = 1) -> list[RequestServed]:
        """Wait until so many requests were told of."""
        await wait_until(lambda: len(self.served) >= count)
        return self.served

    async def stop(self) -> None:
        """Check that nothing is left behind when the clients have gone, and end."""
        for client in self.clients:
            client.abort()
        await wait_until(lambda: not self.front.connections)
        servers = [*self.front.pool._servers, self.front.built_in._server]
        await wait_until(lambda: all(server.outstanding == 0 for server in servers))
        assert not self.front.pool._connecting
        for task in self._loops:
            task.cancel()
        assert not [end for end in await asyncio.gather(*self._loops, return_exceptions=True) if str(end)]
        await self.front.drain(0)
        await self.runner.cleanup()

    def _built_in(self) -> web.Application:
        app = web.Application(client_max_size=0)

        async def hello(request: web.Request) -> web.Response:
            return web.Response(text=f"hello {request.remote}")

        async def cookies(request: web.Request) -> web.Response:
            return web.Response(text=" ".join(sorted(f"{name}={value}" for name, value in request.cookies.items())))

        async def upload(request: web.Request) -> web.Response:
            await self.open_upload.wait()
            digest = hashlib.sha256()
            async for piece in request.content.iter_any():
                digest.update(piece)
            return web.Response(text=digest.hexdigest())

        async def download(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            for number in range(int(request.query["pieces"])):
                self.pieces_written = number + 1
                await response.write(bytes([number % 256]) * 65_536)
            await response.write_eof()
            return response

        app.add_routes(
            [
                web.get("/_maintenance/hello", hello),
                web.get("/_maintenance/cookies", cookies),
                web.post("/_maintenance/upload", upload),
                web.get("/_maintenance/download", download),
            ]
        )
        return app


class StartApplication(Protocol):
    """What the fixture `start_application` gives."""

    async def __call__(self, **options: Any) -> Application: ...


class Serve(Protocol):
    """What the fixture `serve` gives."""

    async def __call__(self, **sections: dict[str, Any]) -> Gateway: ...


@pytest.fixture
async def start_application() -> AsyncIterator[StartApplication]:
    """A way to start applications, with what `Application.start` takes."""
    applications: list[Application] = []

    async def start(**options: Any) -> Application:
        application = Application()
        await application.start(**options)
        applications.append(application)
        return application

    yield start
    for application in applications:
        application.stop()


@pytest.fixture
async def application(start_application: StartApplication) -> Application:
    """The application behind the gateway."""
    return await start_application()


@pytest.fixture
async def serve(
    application: Application,
    observations: Observations,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Serve]:
    """A way to start gateways in front of the application: `limits={"header_bytes": 100}`."""
    monkeypatch.setattr("gateway.edge.front.SWEEP_EVERY", 0.02)
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    gateways: list[Gateway] = []

    async def start(**sections: dict[str, Any]) -> Gateway:
        sections["server"] = {"listen": "127.0.0.1:0"} | sections.get("server", {})
        sections["upstream"] = {"url": application.url} | sections.get("upstream", {})
        gateway = Gateway(Settings.model_validate(sections), observations, tmp_path / "snapshot.json")
        gateways.append(gateway)
        await gateway.start()
        return gateway

    yield start
    for gateway in gateways:
        await gateway.stop()
    assert not failures, failures


@pytest.fixture
async def gateway(serve: Serve) -> Gateway:
    """A gateway with default settings in front of the application."""
    return await serve()


@pytest.fixture
async def client(gateway: Gateway) -> Client:
    """A client's connection to that gateway."""
    return await gateway.connect()
