"""THE wiring: opens resources in order, starts the loops, binds the listeners; and closes all of it in reverse."""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from io import FileIO

from aiohttp import web

from gateway.config.settings import Settings
from gateway.domain.errors import InvalidError
from gateway.domain.observation import Observation, Observer, RequestServed, Retiring, Stopping
from gateway.edge.answers import Answers
from gateway.edge.builtin import BuiltInPool
from gateway.edge.certificate import Certificate
from gateway.edge.front import RETIREMENT_IDLE, Front
from gateway.edge.listening import BACKLOG, Binding, bind
from gateway.edge.servers import ServerPool
from gateway.edge.site import FrontSite
from gateway.edge.sockets import allow_many_connections
from gateway.observe.access_log import AccessLog
from gateway.observe.log import LogReader
from gateway.observe.metrics import MetricsReader, merged
from gateway.render.branding import read_branding
from gateway.render.look import Branding
from gateway.service.audit import Audit
from gateway.service.bypass_links import BypassLinks
from gateway.service.clock import Clock
from gateway.service.component_groups import ComponentGroups
from gateway.service.component_history import ComponentHistories
from gateway.service.components import Components
from gateway.service.fence import Fences
from gateway.service.jobs import Jobs
from gateway.service.limits import Limits
from gateway.service.once import Onces
from gateway.service.operators import Operators
from gateway.service.past import PastWindows
from gateway.service.preview import Previews
from gateway.service.refusals import RefusalWriter
from gateway.service.replica import ReplicaReporter, this_process
from gateway.service.second_factors import SecondFactors
from gateway.service.series import SeriesOfWindows
from gateway.service.sessions import Sessions
from gateway.service.state import State
from gateway.service.statistics import Statistics
from gateway.service.supervisor import Supervisor
from gateway.service.templates import Templates
from gateway.service.tokens import Tokens
from gateway.service.uptimes import Uptimes
from gateway.service.windows import Windows
from gateway.store.embedded import EmbeddedServer
from gateway.store.listener import Listener
from gateway.store.pool import Database
from gateway.web.application import build_application
from gateway.web.internal import internal_application
from gateway.web.keys import Services

# How long each of the first attempts to reach the database may hold up the start.
_SETTLE = 3.0
# How long a database that answers may take to register this replica; a worker has crew.READY_WITHIN for all of it.
_REGISTER = 20.0
# How long a handshake may take that is under way when a worker accepts no more.
_HANDSHAKES = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """What a process shares with the others of its gateway."""

    bindings: Sequence[Binding]
    """Where all of them listen."""
    log_turn: int | None = None
    """The file that they lock in turn to write the access log."""
    exposition: Callable[[], Awaitable[bytes]] | None = None
    """Gives the metrics of all; None: there is no other process."""
    needs_database: bool = False
    """Do not start without it."""
    worker: int | None = None
    """The number of this process among them."""


class Ending:
    """How this process ends, and whether that is known already."""

    front: Front

    def __init__(self) -> None:
        """Go on for ever."""
        self.is_announced = False
        """`/ready` says no."""
        self.is_retirement = False
        """Another process takes over: the gateway as a whole goes on."""

    def announce(self) -> None:
        """Tell everybody to go elsewhere, and serve those that come all the same."""
        self.is_announced = True
        self.front.stopping = True

    def retire(self) -> None:
        """Leave it to others to serve, without a word to balancers."""
        self.is_retirement = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A running gateway."""

    urls: tuple[str, ...]
    """Where it listens for customers."""
    panel_url: str
    """Where it listens for SREs."""
    services: Services
    knows_operators: Callable[[], bool]
    """Whether the database was reached, so that somebody can sign in."""
    metrics: MetricsReader
    ending: Ending
    first_link: Callable[[], Awaitable[str | None]]
    """Waits for the database; gives the address at which the first administrator signs in, None where there is one."""


@asynccontextmanager
async def running(settings: Settings, membership: Membership | None = None) -> AsyncIterator[Gateway]:
    """Run a gateway: it serves from here to the end of the context, then finishes what is open.

    With a `membership` it is one process of several; without, it is alone and binds its addresses itself.

    Raises:
        InvalidError: a setting can't be used.
        StoreError: the embedded PostgreSQL does not start. (One that is elsewhere may be away.)
        ListenError: an address is taken.
    """
    allow_many_connections()
    metrics = MetricsReader()
    observe = _observer(metrics)
    branding = read_branding(settings, observe)
    async with AsyncExitStack() as stack:
        database = await _database(settings, stack)
        state = _state(settings, observe)
        metrics.state_age = state.age
        database.follow(state.history)
        listener = Listener(database, loaded=state.loaded, confirmed=state.confirmed, observe=observe)
        supervisor = await stack.enter_async_context(Supervisor(observe))
        supervisor.start(listener.run, "listener")
        supervisor.start(state.keep_time, "time")
        supervisor.start(state.keep_file, "snapshot file")
        await _within(_SETTLE, listener.settled)
        if membership is not None and membership.needs_database and not listener.reached.is_set():
            raise InvalidError(
                {"database.url": "this database can't be reached; correct the address, or start it first"}
            )
        jobs = Jobs(database, state, name=f"{socket.gethostname()}:{os.getpid()}", observe=observe)
        supervisor.start(jobs.keep_doing, "jobs")
        services = _services(settings, branding, database, state, observe)
        supervisor.start(services.uptimes.keep, "uptimes")
        supervisor.start(services.limits.keep_telling, "limits")
        supervisor.start(services.limits.keep_familiar, "networks of operators")
        stack.push_async_callback(services.limits.finish)
        membership = membership or Membership(bindings=bind(settings.server, panel=settings.admin.listen))
        ending = await _serve(
            settings,
            services,
            stack,
            membership,
            branding=branding,
            database=database,
            supervisor=supervisor,
            observe=observe,
            metrics=metrics,
        )
        outside = [binding for binding in membership.bindings if not binding.is_internal]
        panel_url = next((binding.url for binding in outside if binding.is_panel), outside[0].url)

        async def first_link() -> str | None:
            await listener.reached.wait()
            return await _first_link(settings, services, panel_url)

        yield Gateway(
            urls=tuple(binding.url for binding in outside if not binding.is_panel),
            panel_url=panel_url,
            services=services,
            knows_operators=listener.reached.is_set,
            metrics=metrics,
            ending=ending,
            first_link=first_link,
        )


def _observer(*readers: Observer) -> Observer:
    readers = (LogReader(), *readers)

    def observe(observation: Observation) -> None:
        for reader in readers:
            reader(observation)

    return observe


async def _database(settings: Settings, stack: AsyncExitStack) -> Database:
    url = settings.database.url.get_secret_value()
    if settings.database.is_embedded:
        server = EmbeddedServer(settings.database.embedded_directory)
        url = await server.start()
        stack.push_async_callback(server.stop)
    database = Database(url)
    await database.open(most=settings.database.connections)
    stack.push_async_callback(database.close)
    return database


def _state(settings: Settings, observe: Observer) -> State:
    maintenance = settings.maintenance
    close_unknown = maintenance.when_unknown == "close"
    state = State(clock=Clock(), observe=observe, file=maintenance.snapshot_file, close_unknown=close_unknown)
    state.restore()
    return state


async def _within(seconds: float, settled: asyncio.Event) -> None:
    with suppress(TimeoutError):  # the loop goes on; traffic does not wait for it
        async with asyncio.timeout(seconds):
            await settled.wait()


def _services(settings: Settings, branding: Branding, database: Database, state: State, observe: Observer) -> Services:
    admin = settings.admin
    sessions = Sessions(database, lifetime=admin.session_lifetime, idle=admin.session_idle)
    windows = Windows(database, state)
    histories = ComponentHistories(database)
    return Services(
        series=SeriesOfWindows(database, state),
        windows=windows,
        past=PastWindows(database, state),
        previews=Previews(windows, state, settings.maintenance),
        components=Components(database, state),
        component_groups=ComponentGroups(database, state),
        component_histories=histories,
        uptimes=Uptimes(histories, state),
        operators=Operators(database, sessions=sessions, product=branding.product, observe=observe),
        sessions=sessions,
        second_factors=SecondFactors(database, sessions=sessions, observe=observe),
        tokens=Tokens(database),
        templates=Templates(
            database, state, product=branding.product, language=branding.language, time_zone=branding.time_zone
        ),
        bypass_links=BypassLinks(database, state, observe),
        fences=Fences(database),
        statistics=Statistics(database),
        audit=Audit(database),
        onces=Onces(database, state),
        limits=Limits(
            sign_in_rate=admin.sign_in_rate,
            api_rate=settings.limits.api_rate,
            wrong_token_rate=settings.limits.wrong_token_rate,
            database=database,
            observe=observe,
        ),
        state=state,
    )


async def _serve(
    settings: Settings,
    services: Services,
    stack: AsyncExitStack,
    membership: Membership,
    *,
    branding: Branding,
    database: Database,
    supervisor: Supervisor,
    observe: Observer,
    metrics: MetricsReader,
) -> Ending:
    """Accept connections on the bindings; return the handle on how that ends."""
    grace = settings.server.shutdown_grace.total_seconds()
    ending = Ending()
    app = build_application(settings, services, observe, branding, ready=lambda: not ending.is_announced)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=grace, keepalive_timeout=0)
    await runner.setup()
    served = _served(settings, metrics, stack, membership.log_turn)
    front = ending.front = _front(settings, branding, services.state, runner, observe=observe, served=served)
    process = this_process(membership.worker)
    replica = ReplicaReporter(
        database, services.state, left_behind=front.left_behind.counts, process=process, observe=observe
    )
    metrics.left_behind, metrics.is_registered = front.left_behind.total, replica.registered.is_set
    interval = settings.maintenance.count_interval.total_seconds()
    writer = RefusalWriter(database, services.state, front.refusals, every=interval, observe=observe)
    metrics.unwritten = writer.unwritten

    async def own_exposition() -> bytes:
        return merged({1: metrics.text().decode()})

    inside = [binding for binding in membership.bindings if binding.is_internal]
    outside = [binding for binding in membership.bindings if not binding.is_internal]

    async def finish() -> None:
        if ending.is_retirement:
            await _retire(front, runner, internal, grace, observe)
        else:
            ending.announce()
            await _stop(front, runner, grace, observe, has_tls=any(binding.is_tls for binding in outside))
        await writer.finish()
        await replica.leave(to_neighbours=ending.is_retirement)

    stack.push_async_callback(runner.cleanup)
    # Closed after `finish`: probes and metrics answer while open requests are finished.
    internal = await _serve_internal(app, membership.exposition or own_exposition, inside, stack)
    stack.push_async_callback(finish)
    supervisor.start(front.sweep, "sweep")
    supervisor.start(front.keep_telling, "request log")
    supervisor.start(writer.keep_writing, "refusals")
    tls = _tls(settings, supervisor, observe)
    supervisor.start(replica.keep_reporting, "replica")
    await replica.settle(_REGISTER)  # every fence counts this replica before it serves anybody
    for binding in outside:
        await FrontSite(runner, front, binding, tls if binding.is_tls else None).start()
    return ending


async def _retire(
    front: Front, runner: web.AppRunner, internal: web.AppRunner, grace: float, observe: Observer
) -> None:
    """Serve what is open to its end while another worker takes what comes."""
    front.stopping = True
    observe(Retiring(open_connections=len(front.connections)))
    await _accept_no_more(runner, internal)
    # What was accepted just now may still be in its handshake, and is not counted yet.
    await asyncio.sleep(min(_HANDSHAKES, grace))
    await front.drain(grace, idle=min(RETIREMENT_IDLE, grace))


async def _stop(front: Front, runner: web.AppRunner, grace: float, observe: Observer, *, has_tls: bool) -> None:
    """Accept nothing more, and serve what is open to its end."""
    observe(Stopping(open_connections=len(front.connections)))
    await _accept_no_more(runner)
    if has_tls:
        await asyncio.sleep(min(_HANDSHAKES, grace))
    await front.drain(grace)


def _tls(settings: Settings, supervisor: Supervisor, observe: Observer) -> ssl.SSLContext | None:
    """Return what https is served with, kept fresh; None where it is not."""
    if not settings.server.tls_certificate:
        return None
    certificate = Certificate(settings.server.tls_certificate, settings.server.tls_key, observe)
    supervisor.start(certificate.keep_fresh, "certificate")
    return certificate.context


def _front(
    settings: Settings,
    branding: Branding,
    state: State,
    runner: web.AppRunner,
    *,
    observe: Observer,
    served: Callable[[Sequence[RequestServed]], int],
) -> Front:
    if runner.server is None:
        raise RuntimeError("the runner was not set up")
    return Front(
        settings,
        state=state,
        answers=Answers(state, branding, settings),
        pool=ServerPool(settings.upstream, observe),
        built_in=BuiltInPool(runner.server),
        observe=observe,
        served=served,
    )


def _served(
    settings: Settings, metrics: MetricsReader, stack: AsyncExitStack, turn: int | None
) -> Callable[[Sequence[RequestServed]], int]:
    """Return the reader of requests: metrics always, the access log where it is wanted."""
    access_log = None
    if settings.log.access:
        access_log = AccessLog(settings.log.format, FileIO(sys.stdout.fileno(), "w", closefd=False), turn)
        stack.callback(access_log.close)

    def served(batch: Sequence[RequestServed]) -> int:
        metrics.served(batch)
        return access_log(batch) if access_log else 0

    return served


async def _serve_internal(
    app: web.Application,
    exposition: Callable[[], Awaitable[bytes]],
    bindings: Sequence[Binding],
    stack: AsyncExitStack,
) -> web.AppRunner:
    """Serve probes and metrics, until after the open requests are finished."""
    runner = web.AppRunner(internal_application(app, exposition), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for binding in bindings:
        for listening in binding.sockets:
            await web.SockSite(runner, listening, backlog=BACKLOG).start()
    return runner


async def _accept_no_more(*runners: web.AppRunner) -> None:
    for runner in runners:
        for site in runner.sites:
            await site.stop()


async def _first_link(settings: Settings, services: Services, url: str) -> str | None:
    token = await services.operators.first_link()
    return None if token is None else sign_in_url(settings, url, token)


def sign_in_url(settings: Settings, url: str, token: str) -> str:
    """Return where a one-time link leads, on the gateway at `url`."""
    reachable = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return f"{reachable}{settings.maintenance.prefix}/admin/sign-in/{token}"
