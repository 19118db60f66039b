"""The metrics: what was observed, counted, as Prometheus reads it."""

import math

from prometheus_client.parser import text_string_to_metric_families

from gateway.domain.observation import ListenerConnected, ListenerLost, RequestServed, RequestsLimited, StateLoaded
from gateway.observe.metrics import MetricsReader, merged


def samples(metrics: MetricsReader) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for f in families
        for sample in f.samples
    }


def served(verdict: str, status: int, seconds: float) -> RequestServed:
    return RequestServed(0.0, "", b"", b"", b"", status, verdict, 0, seconds, b"")


def test_requests_are_counted_by_verdict_and_status() -> None:
    metrics = MetricsReader()
    metrics.served([served("forward", 200, 0.5), served("forward", 200, 0.25), served("refuse", 503, 0.0)])
    found = samples(metrics)
    assert found["gateway_requests_total", "200", "forward"] == 2
    assert found["gateway_requests_total", "503", "refuse"] == 1
    assert found["gateway_request_seconds_total", "forward"] == 0.75


def test_the_state_and_the_listener_are_told() -> None:
    """Whoever watches sees which version is in force and whether changes are heard."""
    metrics = MetricsReader()
    metrics(StateLoaded(version=7, windows=1, milliseconds=1.0))
    metrics(ListenerConnected())
    assert samples(metrics)["gateway_state_version",] == 7
    assert samples(metrics)["gateway_listener_connected",] == 1
    assert math.isnan(samples(metrics)["gateway_state_age_seconds",])
    metrics.state_age = lambda: 1.5
    assert samples(metrics)["gateway_state_age_seconds",] == 1.5
    metrics(ListenerLost(reason="gone", retry_in=1.0))
    found = samples(metrics)
    assert found["gateway_listener_connected",] == 0
    assert found["gateway_observations_total", "ListenerLost"] == 1


def test_what_was_limited_is_counted_each_attempt() -> None:
    """Bursts are told together; the count is of attempts, and is there from the start, as 0."""
    metrics = MetricsReader()
    assert samples(metrics)["gateway_limited_total", "sign_in"] == 0
    for count in (1, 1999):
        metrics(RequestsLimited(what="api", who="203.0.113.9", address="203.0.113.9", count=count))
    assert samples(metrics)["gateway_limited_total", "api"] == 2000


def test_what_is_counted_and_not_written_is_told() -> None:
    """Asked when somebody reads: where it only grows, the history is not being written."""
    metrics = MetricsReader()
    assert samples(metrics)["gateway_refusals_unwritten",] == 0
    metrics.unwritten = lambda: 7
    assert samples(metrics)["gateway_refusals_unwritten",] == 7


def test_what_is_left_of_the_time_before_a_window_is_told() -> None:
    """Asked when somebody reads; without a window it is nothing."""
    metrics = MetricsReader()
    assert samples(metrics)["gateway_left_behind",] == 0
    metrics.left_behind = lambda: 5
    assert samples(metrics)["gateway_left_behind",] == 5


def test_whether_fences_count_this_process_is_told() -> None:
    """0 until its row is written."""
    metrics = MetricsReader()
    assert samples(metrics)["gateway_replica_registered",] == 0
    metrics.is_registered = lambda: True
    assert samples(metrics)["gateway_replica_registered",] == 1


def test_the_metrics_of_workers_become_one_exposition() -> None:
    """Each family once, each sample with its worker; a worker that knows more families than others loses none."""
    one, other = MetricsReader(), MetricsReader()
    one.served([served("forward", 200, 0.5)])
    other.served([served("forward", 200, 0.25), served("refuse", 503, 0.0)])
    text = merged({1: one.text().decode(), 3: other.text().decode()}, restarts=2).decode()
    assert text.count("# TYPE gateway_requests_total counter") == 1
    lines = text.splitlines()
    assert 'gateway_requests_total{status="200",verdict="forward",worker="1"} 1.0' in lines
    assert 'gateway_requests_total{status="503",verdict="refuse",worker="3"} 1.0' in lines
    assert "gateway_workers 2.0" in lines
    assert "gateway_worker_restarts_total 2.0" in lines
