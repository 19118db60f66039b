"""The front: what every connection shares, and the sweep that looks after all deadlines."""

import asyncio
import itertools
import math
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, TypeAlias

from gateway.config.settings import Settings
from gateway.domain.bypass import LEFT
from gateway.domain.observation import Observer, RequestServed, RequestsUntold
from gateway.domain.refusals import Refusals
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Facts, Verdict, decide
from gateway.edge.answers import Answers
from gateway.edge.left_behind import LeftBehind
from gateway.edge.places import client_key
from gateway.edge.refusals import counted_as, refusing
from gateway.edge.upstream import Pool
from gateway.edge.waiting import Waiting, WaitingClient
from gateway.http1.request import RequestHead
from gateway.service.preview import exemptions
from gateway.service.state import State

if TYPE_CHECKING:
    from gateway.edge.downstream import Downstream

    Connection: TypeAlias = Downstream | WaitingClient

SWEEP_EVERY = 0.5
NEVER = math.inf
IDLE_GRACE = 0.5
RETIREMENT_IDLE = 10.0
"""Seconds that connections without a request may stay when a worker retires: their next request says that it ends."""
_LAST_WORDS = 2.0
"""Seconds that both ends of a WebSocket have to answer the Close that they are sent at the end."""
_MOST_UNTOLD = 200_000
_LEFT = LEFT.encode()


class Front:
    """Shared by all connections of one process. Times are the loop's, in seconds."""

    def __init__(
        self,
        settings: Settings,
        *,
        state: State,
        answers: Answers,
        pool: Pool,
        built_in: Pool,
        observe: Observer,
        served: Callable[[Sequence[RequestServed]], int],
    ) -> None:
        """Serve requests by `settings`.

        `served` is told of them by the batch, twice a second, and returns how many it dropped.
        """
        limits, maintenance = settings.limits, settings.maintenance
        self.state = state
        self.answers = answers
        self.pool = pool
        self.built_in = built_in
        self.observe = observe
        self.header_timeout = limits.header_timeout.total_seconds()
        self.body_timeout = limits.body_timeout.total_seconds()
        self.keepalive_timeout = limits.keepalive_timeout.total_seconds()
        self.response_timeout = settings.upstream.response_timeout.total_seconds()
        self.header_bytes = limits.header_bytes
        self.header_count = limits.header_count
        self.body_bytes = limits.body_bytes or math.inf
        self.most_connections = limits.connections or math.inf
        self.trusted_proxies = settings.server.trusted_proxies
        self.trusted_networks = tuple(proxy for proxy in self.trusted_proxies if not isinstance(proxy, str))
        self.trusts_unix = "unix:" in self.trusted_proxies
        """Whether the peer of a unix socket, which has no address, is believed."""
        self.redirects_to_https = settings.server.redirect_to_https
        self.prefix = maintenance.prefix.encode()
        self.exemptions = exemptions(maintenance)
        self.connections: set[Connection] = set()
        self.emptied = asyncio.Event()
        """Set when the last connection has gone."""
        self.stopping = False
        self.loop = asyncio.get_running_loop()
        self.now = self.loop.time()
        """The time of the last sweep: near enough for deadlines, and free."""
        self.monotonic = state.clock.monotonic
        """What requests are timed by, and what `State.moment_at` is asked with."""
        self.events_path = self.prefix + b"/events"
        self.ribbon_path = self.prefix + b"/bypass.json"
        self.waiting = Waiting(self)
        state.watch(self.waiting.moment_changed)
        self.left_behind = LeftBehind(self, settings.server.shutdown_grace.total_seconds())
        self.left_behind.moment_changed(state.moment)
        state.watch(self.left_behind.moment_changed)
        self.refusals = Refusals()
        """What windows have kept from the application, until it is written down."""
        self._served = served
        self._untold: list[RequestServed] = []
        self._dropped = 0
        self._id_prefix = secrets.token_hex(6).encode()
        self._ids = itertools.count(1)

    def gone(self, connection: "Connection") -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        if not self.connections:
            self.emptied.set()

    def trusts(self, peer: str) -> bool:
        """Tell whether a peer, by its address, is believed what it says about clients."""
        address = _address(peer) if self.trusted_networks else None
        return address is not None and any(address in network for network in self.trusted_networks)

    def verdict(self, request: RequestHead, client: str, moment: Moment, began: float) -> Verdict:
        """Decide on a request that `began` at that time of the monotonic clock."""
        return decide(self.facts_at(began, request, client, moment), moment, self.exemptions)

    def refused(self, request: RequestHead, client: str, moment: Moment, began: float) -> None:
        """Count a request that was refused at a moment, for each window that refuses it."""
        gating = moment.gating
        if len(gating) == 1 and not moment.reopening:  # mostly: then it is this one
            self.refusals.add(gating[0], counted_as(client))
            return
        for window in refusing(moment, self.facts_at(began, request, client, moment)):
            self.refusals.add(window, counted_as(client))

    def facts_at(self, began: float, request: RequestHead, client: str, moment: Moment) -> Facts:
        """Return what is known of a request that `began` at that time of the monotonic clock."""
        facts = self.facts(request, client, moment)
        if moment.reopening:
            facts.client = client_key(request, client)
            facts.at = began + self.state.clock.offset
        return facts

    def facts(self, request: RequestHead, client: str, moment: Moment) -> Facts:
        """Return what is known of a request, reopenings aside. Who has left a bypass is a customer from everywhere."""
        fields = request.fields
        address = _address(client) if self.exemptions.networks and _LEFT not in fields.bypass else None
        bypass = moment.bypass(fields.bypass) if fields.bypass and moment.gates else None
        return Facts(fields.host, request.path, request.method, address, bypass)

    def request_id(self) -> bytes:
        """Return an id that no other request of any gateway has."""
        return b"%b%08x" % (self._id_prefix, next(self._ids))

    def tell(self, served: RequestServed) -> None:
        """Note a request; log and metrics hear of it within half a second; what they can't keep up with is counted."""
        if len(self._untold) < _MOST_UNTOLD:
            self._untold.append(served)
        else:
            self._dropped += 1

    def tell_all(self) -> None:
        """Hand the noted requests on."""
        batch, self._untold = self._untold, []
        if batch:
            self._dropped += self._served(batch)
        if self._dropped:
            self.observe(RequestsUntold(count=self._dropped))
            self._dropped = 0

    async def keep_telling(self) -> None:
        """Hand the noted requests on, twice a second. Runs for ever; a log that can't be written stops nothing else."""
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self.tell_all()

    async def sweep(self) -> None:
        """Look after every deadline, twice a second. Runs for ever."""
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self.now = now = self.loop.time()
            for connection in [c for c in self.connections if c.deadline < now]:
                connection.deadline_passed()
            self.left_behind.end_what_is_due(now)
            self.pool.close_idle(now)

    async def drain(self, grace: float, *, idle: float = IDLE_GRACE) -> None:
        """Finish what is open within `idle` and then `grace` seconds; each answer from now on says that it is the last.

        Connections without a request are closed after `idle` seconds: the client may be sending one just now.
        """
        self.stopping = True
        await self._emptied(min(idle, grace))
        for connection in list(self.connections):
            connection.close_when_idle()
        await self._emptied(grace)  # all of it: a request may have come just now
        tunnels = [connection.tunnel for connection in self.connections if connection.tunnel is not None]
        for tunnel in tunnels:
            tunnel.end()
        if tunnels:
            await self._emptied(_LAST_WORDS)
        for connection in list(self.connections):
            connection.transport.abort()
        self.pool.close()
        self.tell_all()

    async def _emptied(self, within: float) -> None:
        """Wait until no connection is left, for at most `within` seconds."""
        if self.connections:
            self.emptied.clear()
            with suppress(TimeoutError):  # what becomes of the rest is the caller's to decide
                async with asyncio.timeout(within):
                    await self.emptied.wait()


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
