"""The metrics: plain integers on the hot path, read by a Prometheus collector when somebody asks."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.domain.observation import (
    ListenerConnected,
    ListenerLost,
    Observation,
    RequestServed,
    RequestsLimited,
    StateLoaded,
    StateRestored,
)

_VERDICT_AND_STATUS = attrgetter("verdict", "status")


class MetricsReader:
    """Counts observations and requests, and tells them as Prometheus text."""

    def __init__(self) -> None:
        """Start from zero."""
        self._observed: Counter[str] = Counter()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._limited: Counter[str] = Counter(sign_in=0, api=0)
        self._version = 0
        self._listening = 0
        self.left_behind: Callable[[], int] = lambda: 0
        """Tells how many requests of the time before a window are left in the application."""
        self.unwritten: Callable[[], int] = lambda: 0
        """Tells how many refusals are counted here and not written."""
        self.is_registered: Callable[[], bool] = lambda: False
        """Tells whether this process keeps its row among the replicas."""
        self.state_age: Callable[[], float | None] = lambda: None
        """Tells the seconds since the database confirmed the state; None where it never did."""
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def __call__(self, observation: Observation) -> None:
        """Count one observation."""
        self._observed[type(observation).__name__] += 1
        match observation:
            case StateLoaded(version=version) | StateRestored(version=version):
                self._version = version
            case ListenerConnected():
                self._listening = 1
            case ListenerLost():
                self._listening = 0
            case RequestsLimited(what=what, count=count):
                self._limited[what] += count

    def served(self, batch: Sequence[RequestServed]) -> None:
        """Count a batch of requests."""
        self._requests.update(map(_VERDICT_AND_STATUS, batch))
        for verdict in {request.verdict for request in batch}:
            self._seconds[verdict] += sum(r.seconds for r in batch if r.verdict == verdict)

    def text(self) -> bytes:
        """Return the exposition (text format 0.0.4)."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """Yield the metric families; called by the registry."""
        requests = CounterMetricFamily("gateway_requests", "Requests answered.", labels=["verdict", "status"])
        for (verdict, status), count in self._requests.items():
            requests.add_metric([verdict, str(status)], count)
        yield requests
        seconds = CounterMetricFamily("gateway_request_seconds", "Time spent on requests.", labels=["verdict"])
        for verdict, total in self._seconds.items():
            seconds.add_metric([verdict], total)
        yield seconds
        observed = CounterMetricFamily("gateway_observations", "What happened, by name.", labels=["name"])
        for name, count in self._observed.items():
            observed.add_metric([name], count)
        yield observed
        limited = CounterMetricFamily(
            "gateway_limited", "Attempts refused by 429, brought up to date every 10 s.", labels=["what"]
        )
        for what, count in self._limited.items():
            limited.add_metric([what], count)
        yield limited
        yield GaugeMetricFamily("gateway_state_version", "Version of the state in force.", value=self._version)
        yield GaugeMetricFamily("gateway_listener_connected", "1 while changes are heard.", value=self._listening)
        yield GaugeMetricFamily(
            "gateway_left_behind",
            "Requests admitted before a window that refuses them, still in the application.",
            value=self.left_behind(),
        )
        yield GaugeMetricFamily(
            "gateway_refusals_unwritten",
            "Refused requests that are counted for the history and not written to the database yet.",
            value=self.unwritten(),
        )
        yield GaugeMetricFamily(
            "gateway_replica_registered",
            "1 while this process reports to the fences; 0: they may hold without it.",
            value=int(self.is_registered()),
        )
        age = self.state_age()
        yield GaugeMetricFamily(
            "gateway_state_age_seconds",
            "Since the database last confirmed the state; NaN where it never did.",
            value=math.nan if age is None else age,
        )


def merged(expositions: Mapping[int, str], *, restarts: int = 0) -> bytes:
    """Make one exposition of those of all workers: each sample says by its label `worker` whose it is.

    `restarts` is how many workers had to be replaced because they died.
    """
    return generate_latest(_Collected([*_families(expositions), *_of_the_gateway(len(expositions), restarts)]))


class _Collected(CollectorRegistry):
    """Families that are at hand already."""

    def __init__(self, families: Sequence[Metric]) -> None:
        super().__init__()
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """Yield them."""
        return self._families


def _families(expositions: Mapping[int, str]) -> Iterable[Metric]:
    families: dict[str, Metric] = {}
    for worker, text in sorted(expositions.items()):
        for family in text_string_to_metric_families(text):
            whole = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                whole.add_sample(sample.name, {"worker": str(worker), **sample.labels}, sample.value)
    return families.values()


def _of_the_gateway(workers: int, restarts: int) -> Iterable[Metric]:
    yield GaugeMetricFamily("gateway_workers", "Workers that answer, also those that finish and end.", value=workers)
    yield CounterMetricFamily("gateway_worker_restarts", "Workers that died and were replaced.", value=restarts)
