"""What operators and their tools see: the log, the access log, metrics and probes."""

import json
import socket
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands.cli import LONGEST
from tests.story.conftest import Stage
from tests.story.customers import fetch
from tests.story.processes import eventually

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("no_window_left")]


def sample(stage: Stage, name: str, /, **labels: str) -> float:
    """Return the value of a metric now, of all workers together; 0 where it was never counted."""
    answer = fetch(stage.internal, "/metrics")
    assert answer.status == 200
    assert (answer.header("Content-Type") or "").startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.text)
    samples = [found for family in families for found in family.samples if found.name == name]
    return sum(
        float(found.value) for found in samples if found.labels.items() - {"worker": "1"}.items() == labels.items()
    )


def test_each_request_has_a_line_in_the_access_log(stage: Stage) -> None:
    """On standard output: who, when, what, the answer, and what the gateway did; whether it was forwarded or not."""
    shown = json.loads(fetch(stage.shop.port, "/headers?show_env=1", headers={"Host": "shop.example"}).body)
    request_id = shown["headers"]["X-Request-Id"]
    line = stage.shop.out.wait_for(f" {request_id}$").string
    assert line.startswith("127.0.0.1 [")
    assert 'shop.example "GET /headers?show_env=1" 200 ' in line
    assert " forward " in line
    fetch(stage.shop.port, "/_maintenance/live?here")
    stage.shop.out.wait_for('"GET /_maintenance/live\\?here" 200 .* built_in ')
    stage.psql("insert into windows (title) values ('x')")
    eventually(lambda: fetch(stage.shop.port, "/gated?one").status == 503)
    stage.shop.out.wait_for('"GET /gated\\?one" 503 .* refuse ')


def test_the_access_log_as_json(stage: Stage) -> None:
    """The other gateway writes it so: one object a line, with the same facts; hostile bytes stay in their field."""
    fetch(stage.chat.port, '/json?"},{%0A', headers={"Host": "chat.example"})
    line = json.loads(stage.chat.out.wait_for("/json").string)
    assert line.items() >= {"event": "RequestServed", "method": "GET", "status": 200, "host": "chat.example"}.items()
    assert line["target"] == '/json?"},{%0A'
    assert (line["client"], line["verdict"]) == ("127.0.0.1", "forward")
    assert line["seconds"] >= 0


def test_the_log_tells_of_windows(stage: Stage) -> None:
    """On standard error, as the gateway notices them."""
    window = stage.psql("insert into windows (title) values ('Told of') returning id")
    stage.shop.err.wait_for(f"WindowStarted .*{window}")
    stage.psql("update windows set fixed = true")
    stage.shop.err.wait_for(f"WindowEnded .*{window}")
    told = json.loads(stage.chat.err.wait_for(f"{window}.*WindowEnded").string)
    assert (told["event"], told["window"], told["level"]) == ("WindowEnded", window, "info")


def test_metrics_count_what_happens(stage: Stage) -> None:
    """Requests by verdict and status; the state's version and whether changes are heard."""
    forwarded = {"verdict": "forward", "status": "418"}
    before = sample(stage, "gateway_requests_total", **forwarded)
    for _ in range(3):
        fetch(stage.shop.port, "/status/418")
    eventually(lambda: sample(stage, "gateway_requests_total", **forwarded) == before + 3)
    assert sample(stage, "gateway_listener_connected") == 1
    refused = sample(stage, "gateway_requests_total", verdict="refuse", status="503")
    stage.psql("insert into windows (title) values ('x')")
    version = int(stage.psql("select version from state_version"))
    eventually(lambda: sample(stage, "gateway_state_version") == version)
    assert fetch(stage.shop.port, "/status/200").status == 503
    eventually(lambda: sample(stage, "gateway_requests_total", verdict="refuse", status="503") == refused + 1)
    assert sample(stage, "gateway_observations_total", name="WindowStarted") >= 1


def test_probes_are_not_gated(stage: Stage) -> None:
    """On the internal listener, by TCP and by a unix socket; the application can't be reached through it."""
    stage.psql("insert into windows (title) values ('x')")
    eventually(lambda: fetch(stage.shop.port, "/get").status == 503)
    for probe in ("/live", "/ready"):
        assert (fetch(stage.internal, probe).status, fetch(stage.internal, probe).text) == (200, "ok\n")
    assert fetch(stage.internal, "/get").status == 404
    with closing(socket.socket(socket.AF_UNIX)) as client:
        client.settimeout(LONGEST)
        client.connect(str(stage.directory / "chat.sock"))
        client.sendall(b"GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as stream:
            assert stream.read().startswith(b"HTTP/1.1 200 ")
