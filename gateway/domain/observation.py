"""Everything worth telling, as one closed type. Log and metrics are two readers of it; other code only observes.

Requests are told in a form of their own (`RequestServed`), by the batch: see edge/requestlog.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """The gateway accepts connections."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """The gateway was told to stop and finishes what is open."""

    open_connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiring:
    """A worker that another one has replaced finishes what is open."""

    open_connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReady:
    """A worker serves."""

    worker: int
    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDied:
    """A worker has ended that nobody had told to; another one is started."""

    worker: int
    """0, as `pid`, for one that could not be started at all."""
    pid: int
    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsLoaded:
    """The settings were read again; workers with the new ones take the place of the others, one by one."""

    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRefused:
    """The settings were read again and can't be used; the former ones stay."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServerLost:
    """The embedded PostgreSQL has ended, or could not be started again; the gateway tries."""

    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServerStarted:
    """The embedded PostgreSQL runs again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLoaded:
    """A newer snapshot is in force."""

    version: int
    windows: int
    milliseconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRestored:
    """The snapshot file gave a state before the database did."""

    version: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWentBack:
    """The database has lost changes that this gateway knew (`known` was its version): their windows are gone, too."""

    version: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherFailed:
    """Something that follows the state could not take the new moment; the others have it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFailed:
    """A template of the product's own could not show a page; the gateway's own was sent in its place."""

    template: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFileFailed:
    """The snapshot file could not be read or written; traffic is not touched by that."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerConnected:
    """The gateway follows the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLost:
    """The gateway can't follow the database; it keeps the last state and tries again."""

    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationLost:
    """A change was found by asking for the version: its notification has not come."""

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsMissing:
    """Notifications do not reach this gateway: it asks for the version instead, so changes are seen later."""

    reason: str
    remedy: str
    asking_every: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsHeard:
    """Notifications reach this gateway again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStarted:
    """A window came into force, by hand or by time."""

    window: str
    title: str
    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowEnded:
    """A window is no longer in force."""

    window: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """A migration was applied."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamFailed:
    """The application refused, broke off, or did not answer in time."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEjected:
    """A server of the application is left out for a while."""

    server: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecovered:
    """A server that was left out answers again."""

    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLoaded:
    """The certificate's files have changed; new connections get the new one."""

    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFailed:
    """The certificate's files have changed and can't be used; the former certificate stays."""

    certificate: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsUntold:
    """So many requests were served, but not logged: whoever reads the log does not keep up."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopCrashed:
    """A background loop ended by an error and is started again."""

    name: str
    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerFailed:
    """A built-in page ended by an error that nobody expected."""

    route: str
    reason: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed:
    """Somebody could not sign in."""

    email: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsLimited:
    """Attempts were refused because there were too many: `count` since this was last told of `who`."""

    what: str
    """sign_in or api."""
    who: str
    """The client's address (of IPv6 the /64), the e-mail address, or the token's name."""
    address: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BypassUsed:
    """Somebody opened a bypass link: the gate lets that browser through from now on."""

    link: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaDied:
    """Another gateway process of this host has ended and its row was there: the fence waits for it no more."""

    replica: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaUnregistered:
    """The gateway serves although no fence counts it: the database answers, but its row could not be written."""

    replica: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesFailed:
    """The occurrences of a series can't be made: its rule, zone or draft can't be read."""

    series: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesIncomplete:
    """A series names components that are gone: its windows are made without them."""

    series: str
    title: str
    components: str
    """Their slugs, with commas between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsUnwritten:
    """How many requests windows have refused can't be written at the moment; the counts are kept and written later."""

    reason: str
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsWritten:
    """The counts that could not be written are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalsLost:
    """The process ends, and the database is away: so many refused requests are missing from the history."""

    requests: int


Observation = (
    Listening
    | Stopping
    | Retiring
    | WorkerReady
    | WorkerDied
    | SettingsLoaded
    | SettingsRefused
    | DatabaseServerLost
    | DatabaseServerStarted
    | StateLoaded
    | StateRestored
    | StateWentBack
    | WatcherFailed
    | TemplateFailed
    | SnapshotFileFailed
    | ListenerConnected
    | ListenerLost
    | NotificationLost
    | NotificationsMissing
    | NotificationsHeard
    | WindowStarted
    | WindowEnded
    | Migrated
    | UpstreamFailed
    | ServerEjected
    | ServerRecovered
    | CertificateLoaded
    | CertificateFailed
    | RequestsUntold
    | LoopCrashed
    | HandlerFailed
    | SignInFailed
    | RequestsLimited
    | BypassUsed
    | ReplicaDied
    | ReplicaUnregistered
    | SeriesFailed
    | SeriesIncomplete
    | RefusalsUnwritten
    | RefusalsWritten
    | RefusalsLost
)
Observer = Callable[[Observation], None]


class RequestServed(NamedTuple):
    """One request and its answer. A tuple: it is made on the hot path."""

    at: float
    """When the head was complete, seconds since the epoch."""
    client: str
    method: bytes
    target: bytes
    host: bytes
    status: int
    """Of the answer; 499 where the client went away first."""
    verdict: str
    """forward, bypass, built_in, refuse or refuse_write; `bad` where the request could not be read."""
    sent: int
    """Bytes of the answer's body, with its framing."""
    seconds: float
    request_id: bytes
