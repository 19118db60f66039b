"""Waiting clients: `/events` (Server-Sent Events, WHATWG HTML, section 9.2), served without the built-in site.

Whoever reads the status hears of every change at once; whoever waits for a page that a window keeps from it is told
when to come back. A window may keep tens of thousands waiting, so a client costs its connection and little else: the
bytes of an event are made once for all who wait for the same, and are sent in slices, so that no request waits long.
"""

import asyncio
import json
import random
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs

from gateway.domain.reopening import admits_at
from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Exemptions, Facts, decide, refuses
from gateway.edge.places import client_key, known_place, new_place, place_field
from gateway.http1.request import METHODS, RequestHead
from gateway.render.wording import rfc3339

if TYPE_CHECKING:
    from gateway.edge.answers import Answers
    from gateway.edge.downstream import Downstream
    from gateway.edge.front import Front

_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
    b"X-Content-Type-Options: nosniff\r\nX-Robots-Tag: noindex\r\nConnection: close\r\n"
)
_PATH = re.compile(rb"/[^\x00-\x20?#\x7f]*")
_LONGEST_PATH = 2048
# How long a client is left without a word; proxies cut what is silent for a minute.
_QUIET = (15.0, 25.0)
# When to connect again, in milliseconds: not all at once when a gateway stops.
_RETRY = (1000, 5000)
_SLICE = 100
_MOST_UNSENT = 4096
_MOST_RECEIVED = 4096
# Over how many seconds those come back whose window does not reopen step by step.
_SPREAD = 2.0
# A timer of the client's may be some milliseconds early: whoever comes too early is turned away once more.
_MARGIN = 0.01


class Target(NamedTuple):
    """What a client waits for: a request that is refused at the moment. An empty method: nothing, it only reads."""

    host: bytes
    path: bytes
    method: bytes


class BadTargetError(ValueError):
    """The query of `/events` is not understood; the message says why."""


def target_of(request: RequestHead) -> Target:
    """Read `?for=/path&method=GET`: what the client waits for.

    Raises:
        BadTargetError: it is no path or no method.
    """
    query = request.target.partition(b"?")[2].decode("latin-1")
    try:
        asked = parse_qs(query, keep_blank_values=True, max_num_fields=10, encoding="latin-1")
    except ValueError as error:
        raise BadTargetError("the query has too many fields") from error
    if "for" not in asked:
        return Target(b"", b"", b"")
    path = asked["for"][0].encode("latin-1").partition(b"?")[0].partition(b"#")[0]
    method = asked.get("method", ["GET"])[0].encode("latin-1")
    if len(path) > _LONGEST_PATH or _PATH.fullmatch(path) is None:
        raise BadTargetError('"for" is the path of a page of this site, such as /checkout')
    if method not in METHODS:
        raise BadTargetError('"method" is a method such as GET or POST')
    return Target(request.fields.host, path, method)


def refused_question(answers: "Answers", request: RequestHead, methods: tuple[bytes, ...]) -> tuple[bytes, int] | None:
    """Return the answer, and its status, to a question that `target_of` or the method does not allow; else None."""
    try:
        target_of(request)
    except BadTargetError as error:
        return answers.plain(400, str(error), request), 400
    if request.method in methods and not request.fields.body:
        return None
    answer = answers.plain(405, "this is asked for with GET, without a body", request)
    return answer.replace(b"\r\n\r\n", b"\r\nAllow: %b\r\n\r\n" % b", ".join(methods), 1), 405


class WaitingClient(asyncio.Protocol):
    """A connection that has asked for events, and is sent nothing else."""

    __slots__ = ("_received", "client", "deadline", "front", "is_paused", "is_told", "key", "target", "transport")

    admitted = None
    """Nothing of it is in the application."""
    tunnel = None

    def __init__(self, downstream: "Downstream", target: Target, key: bytes) -> None:
        """Take the place of `downstream`; `key` is what its place in a reopening is made from."""
        self.front = downstream.front
        self.transport = downstream.transport
        self.client = downstream.client
        self.target = target
        self.key = key
        self.is_told = False
        """It knows when to come back."""
        self.is_paused = False
        self._received = 0
        self.rest()

    def rest(self) -> None:
        """Say nothing for a while."""
        self.deadline = self.front.now + random.uniform(*_QUIET)  # noqa: S311  no secret

    def send(self, data: bytes) -> None:
        """Send an event; a client that does not take what it was sent gets no more."""
        if not (self.is_paused or self.transport.is_closing()):
            self.transport.write(data)

    def deadline_passed(self) -> None:
        """Show that the connection lives; called by the sweep."""
        if self.is_paused:
            self.transport.abort()
        else:
            self.send(b":\n\n")
            self.rest()

    def close_when_idle(self) -> None:
        """Close: the client comes back by itself, to another gateway."""
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Overlook what the client sends, within reason."""
        self._received += len(data)
        if self._received > _MOST_RECEIVED:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Send no more."""
        self.is_paused = True

    def resume_writing(self) -> None:
        """Go on."""
        self.is_paused = False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it."""
        self.front.waiting.forget(self)
        self.front.gone(self)


class Waiting:
    """All waiting clients of this process, by what they wait for."""

    def __init__(self, front: "Front") -> None:
        """Tell the clients of `front`."""
        self._front = front
        self._clients: dict[Target, set[WaitingClient]] = {}
        self._moment = front.state.moment
        self._round = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(map(len, self._clients.values()))

    def take(self, downstream: "Downstream", request: RequestHead, target: Target) -> None:
        """Answer `/events`, and make of the connection a waiting client; say at once how things are."""
        front, moment = self._front, self._front.state.moment
        place = known_place(request)
        cookie = b"" if place or not target.method else place_field(place := new_place())
        client = WaitingClient(downstream, target, place or client_key(request, downstream.client))
        transport = client.transport
        transport.set_write_buffer_limits(high=_MOST_UNSENT)
        transport.set_protocol(client)
        front.connections.discard(downstream)
        front.connections.add(client)
        self._clients.setdefault(target, set()).add(client)
        retry = b"retry: %d\n" % random.randint(*_RETRY)  # noqa: S311  no secret
        said = self._state_event(moment, ()) + self._outlook(target).event(client)
        client.send(b"%b%b\r\n%b%b" % (_HEAD, cookie, retry, said))

    def forget(self, client: WaitingClient) -> None:
        """Count a client no more."""
        same = self._clients.get(client.target)
        if same is not None:
            same.discard(client)
            if not same:
                del self._clients[client.target]

    def moment_changed(self, moment: Moment) -> None:
        """Tell everybody, in slices; a newer moment makes an unfinished round begin anew."""
        before, self._moment = self._moment, moment
        self._round += 1
        if self._clients:
            event = self._state_event(moment, _changes(before, moment))
            self._tell([(target, [*same]) for target, same in self._clients.items()], event, self._round)

    def _tell(self, untold: list[tuple[Target, list[WaitingClient]]], event: bytes, number: int) -> None:
        if number != self._round:
            return
        room = _SLICE
        while untold and room > 0:
            target, clients = untold[-1]
            outlook = self._outlook(target)
            told = clients[-room:]
            for client in told:
                client.send(event + outlook.event(client))
            del clients[-room:]
            room -= len(told)
            if not clients:
                untold.pop()
        if untold:
            self._front.loop.call_soon(self._tell, untold, event, number)

    def _state_event(self, moment: Moment, changed: tuple[str, ...]) -> bytes:
        snapshot = moment.snapshot
        said = {
            "version": snapshot.version if snapshot else None,
            "at": rfc3339(self._front.state.now()),
            "gated": moment.gates,
            "summary": self._front.answers.summary(moment),
            "changed": changed,
        }
        return _event("state", said)

    def _outlook(self, target: Target) -> "_Outlook":
        return _Outlook(target, self._moment, self._front.exemptions, self._front.state.clock.timestamp())


class _Outlook:
    """What the present moment means for all who wait for the same."""

    __slots__ = ("_holding", "_is_kept_out", "_now")

    def __init__(self, target: Target, moment: Moment, exemptions: Exemptions, now: float) -> None:
        """Judge the request as if it came `now`, in seconds since the epoch."""
        host, path, method = target
        facts = Facts(host, path, method)  # without a time: only windows in force keep it out
        self._is_kept_out = not method or decide(facts, moment, exemptions).is_refusal
        self._holding = [window for window in moment.reopening if refuses(window, facts)]
        self._now = now

    def event(self, client: WaitingClient) -> bytes:
        """Return what tells a client when to come back; nothing while that is unknown, or was told."""
        if self._is_kept_out:
            client.is_told = False
            return b""
        if client.is_told:
            return b""
        client.is_told = True
        wait = max([admits_at(window, client.key) - self._now for window in self._holding], default=0.0)
        if wait <= 0.0:
            wait = _SPREAD * random.random()  # noqa: S311  no secret
        return b'event: reopen\ndata: {"in": %.3f}\n\n' % (wait + _MARGIN)


def _changes(before: Moment, after: Moment) -> tuple[str, ...]:
    """Name what a page has to show anew: `windows`, `components`."""
    old, new = before.snapshot, after.snapshot
    if old is None or new is None or before.as_of != after.as_of:
        return ("windows", "components")
    changed = []
    if old.windows != new.windows or before.active != after.active or before.reopening != after.reopening:
        changed.append("windows")
    if _components_seen(before) != _components_seen(after):
        changed.append("components")
    return tuple(changed)


def _components_seen(moment: Moment) -> tuple[object, ...]:
    """Return what a page shows of components: that of hidden ones tells nobody anything."""
    groups = moment.snapshot.groups if moment.snapshot else ()
    return (*((c, moment.component_statuses[c.slug]) for c in moment.public_components), *groups)


def _event(name: str, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps(data, ensure_ascii=False).encode())
