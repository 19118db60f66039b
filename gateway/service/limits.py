"""Limits on signing in and on the API: a flood is answered by 429 before it costs a hash or a query.

Every refusal is counted. The log is told of a burst at its beginning and then every few seconds; the audit gets ONE
entry for a burst, when it is over: neither can be flooded. The limits are those of this process; each has its own.

Own, and not a library's: those at hand keep a key until its window has passed, however many an attacker makes up.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from gateway.domain.access import Actor
from gateway.domain.errors import ForbiddenError, LimitedError, StoreError
from gateway.domain.observation import Observer, RequestsLimited
from gateway.domain.rate import RateLimit, client_key
from gateway.service.secrets import secret_hash
from gateway.store import audit, sessions
from gateway.store.pool import Database, storable

T = TypeVar("T")

TELL_EVERY = 10.0
QUIET = 60.0
"""Seconds without a refusal after which a burst is over."""
_LONGEST_BURST = 3600.0
_LAST_WORDS = 2.0
_FAMILIAR_EVERY = 60.0
_MOST_BURSTS = 40
_MOST_KNOWN = 10_000
_OTHERS = "others"
_ANYBODY = "anonymous"
_FROM_EVERYWHERE = 10
"""So many times the rate of one address may all of them try one e-mail address: who guesses locks nobody out alone.

Nor do many together: from where its owner has signed in before, the address is tried as if nobody else did.
"""


@dataclass(slots=True, kw_only=True)
class _Burst:
    """Refusals of one kind to one key, without a long pause. `told` of them were told to the log.

    `who` is whom the limit is about, `actor` who tried; `address` is that of the first one.
    """

    what: str
    who: str
    actor: str
    address: str
    since: float
    last: float
    count: int = 0
    told: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many calls a token may make: so many per minute, `left` now, all of them again in `back_in` seconds."""

    per_minute: int
    left: int
    back_in: int


class Limits:
    """Who may try how often. Each method takes one attempt, or raises LimitedError."""

    def __init__(
        self,
        *,
        sign_in_rate: int,
        api_rate: int,
        wrong_token_rate: int,
        database: Database,
        observe: Observer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow so many per minute (0: any number); tell refusals to `observe` and to the audit in `database`."""
        self._by_address = RateLimit(sign_in_rate)
        self._by_email = RateLimit(sign_in_rate * _FROM_EVERYWHERE)
        self._api_rate = api_rate
        self._by_token = RateLimit(api_rate)
        self._wrong = RateLimit(wrong_token_rate)
        self._known: OrderedDict[bytes, str] = OrderedDict()
        """Digests of tokens and sessions that were good, with the names of the tokens."""
        self._familiar: frozenset[tuple[str, str]] = frozenset()
        """E-mail addresses with networks from which their owners have signed in."""
        self._bursts: dict[tuple[str, str], _Burst] = {}
        self._writing = asyncio.Lock()
        self._database = database
        self._observe = observe
        self._clock = clock

    def sign_in(self, address: str, email: str = "") -> None:
        """Count an attempt to sign in, by password or by a link.

        Raises:
            LimitedError: too many from this address, or ten times as many for this e-mail address (case does not
                matter) from everywhere where its owner has not signed in before.
        """
        network, name = client_key(address), storable(email[:254]).lower()
        self._take(self._by_address, "sign_in", network, address)
        if name and (name, network) not in self._familiar:
            self._take(self._by_email, "sign_in", name, address, actor=_ANYBODY)

    async def api(self, token: str, address: str, look_up: Callable[[], Awaitable[Actor | None]]) -> Actor | None:
        """Look the token of an API call up as `known` does, and count the call: beyond its rate it costs no query.

        Raises:
            LimitedError: it has made too many, or too many wrong ones came from this address.
        """
        digest = secret_hash(token)
        name = self._known.get(digest)
        if name:
            self._take(self._by_token, "api", name, address)
        found = await self.known(token, address, look_up)
        if found is None:
            return None
        self._known[digest] = found.name
        if not name:
            self._take(self._by_token, "api", found.name, address)
        return found

    def quota(self, token: str) -> Quota | None:
        """Return what is left of a token's rate; None where it has none, or is not known."""
        name = self._known.get(secret_hash(token))
        if not name or not self._api_rate:
            return None
        left, back_in = self._by_token.left(name, self._clock())
        return Quota(per_minute=self._api_rate, left=left, back_in=back_in)

    def anonymous(self, address: str) -> None:
        """Count a call without a token.

        Raises:
            LimitedError: too many from this address, of those and of wrong ones.
        """
        self._take(self._wrong, "api", client_key(address), address)

    async def known(self, secret: str, address: str, look_up: Callable[[], Awaitable[T | None]]) -> T | None:
        """Look a token or session up, unless too many wrong ones came from this address: a flood costs no queries.

        One that was good before is looked up whatever its neighbours do. One that could not be looked up is no wrong
        one: an outage locks nobody out. Those that still wait for the database count, so a flood is no larger then.
        One that `look_up` refuses is a wrong one, and its error goes on.

        Raises:
            LimitedError: too many wrong ones.
        """
        key, digest = client_key(address), secret_hash(secret)
        before = digest in self._known
        if not before:
            self._take(self._wrong, "api", key, address)
        is_wrong = False
        try:
            found = await look_up()
            is_wrong = found is None
        except ForbiddenError:
            is_wrong = True
            self._known.pop(digest, None)
            raise
        finally:
            if not before and not is_wrong:
                self._wrong.give_back(key)
        if found is None:
            self._known.pop(digest, None)
            return None
        self._known.setdefault(digest, "")
        self._known.move_to_end(digest)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return found

    async def keep_familiar(self) -> None:
        """Know from where operators have signed in, kept in memory so that a flood asks nobody. Runs for ever."""
        while True:
            with suppress(StoreError):  # the listener tells of it; what was known stays
                await self.read_familiar()
            await asyncio.sleep(_FAMILIAR_EVERY)

    async def read_familiar(self) -> None:
        """Read from where operators have signed in.

        Raises:
            StoreError: the database is away.
        """
        async with self._database.session() as session:
            self._familiar = await sessions.familiar_networks(session)

    async def keep_telling(self) -> None:
        """Tell the log how bursts go on, and the audit which are over. Runs for ever."""
        while True:
            await asyncio.sleep(TELL_EVERY)
            self.tell()
            with suppress(StoreError):  # the listener tells of it; they stay to be written
                await self.write()

    def tell(self) -> None:
        """Tell what was refused since the last time."""
        for burst in self._bursts.values():
            if burst.count > burst.told:
                more, burst.told = burst.count - burst.told, burst.count
                self._observe(RequestsLimited(what=burst.what, who=burst.who, address=burst.address, count=more))

    async def write(self, *, also_unfinished: bool = False) -> None:
        """Write one audit entry for each burst that is over, or has lasted for an hour.

        Raises:
            StoreError: the database is away; they stay to be written.
        """
        async with self._writing:  # `finish` comes while `keep_telling` may be at it: each burst is written once
            now = self._clock()
            for place, burst in [*self._bursts.items()]:
                if also_unfinished or now - burst.last > QUIET or now - burst.since > _LONGEST_BURST:
                    await self._write_burst(place, burst, now)

    async def _write_burst(self, place: tuple[str, str], burst: _Burst, now: float) -> None:
        count, after = burst.count, {"count": burst.count, "seconds": round(burst.last - burst.since)}
        async with self._database.transaction() as session:
            actor = Actor(name=burst.actor, address=burst.address)
            await audit.record(session, actor, f"{burst.what}.limited", burst.who, after=after)
        if burst.count > count:  # it went on meanwhile
            burst.count, burst.told, burst.since = burst.count - count, max(0, burst.told - count), now
        else:
            del self._bursts[place]

    async def finish(self) -> None:
        """Tell and write what is left, at the end; the log has it where the database is away."""
        self.tell()
        with suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS):
                await self.write(also_unfinished=True)

    def _take(self, limit: RateLimit, what: str, key: str, address: str, *, actor: str = "") -> None:
        """Take one for `key`, which names the actor, too, where no other is given."""
        now = self._clock()
        wait = limit.take(key, now)
        if wait:
            self._refused(what, key, actor or key, address, now)
            raise LimitedError(retry_after=wait)

    def _refused(self, what: str, who: str, actor: str, address: str, now: float) -> None:
        if (what, who) not in self._bursts and len(self._bursts) >= _MOST_BURSTS:
            who, actor, address = _OTHERS, _OTHERS, ""
        burst = self._bursts.get((what, who))
        if burst is None:
            burst = _Burst(what=what, who=who, actor=actor, address=address, since=now, last=now)
            self._bursts[what, who] = burst
        burst.count += 1
        burst.last = now
        if burst.count == 1:
            burst.told = 1
            self._observe(RequestsLimited(what=what, who=who, address=address, count=1))
