"""The log: a line for each thing, that no byte from outside can break or forge."""

import io
import json
import os
import re
from dataclasses import fields, is_dataclass
from io import FileIO
from typing import get_args

import pytest
import structlog

from gateway.domain.observation import (
    ListenerConnected,
    ListenerLost,
    Listening,
    LoopCrashed,
    Observation,
    ReplicaUnregistered,
    RequestServed,
)
from gateway.observe.access_log import AccessLog
from gateway.observe.log import LogReader

SERVED = RequestServed(
    at=1_795_473_425.25,
    client="203.0.113.9",
    method=b"GET",
    target=b'/a"b\xff\x1b[31m?x=1',
    host=b"shop.example",
    status=200,
    verdict="forward",
    sent=8192,
    seconds=0.0123,
    request_id=b"0a1b",
)


def lines(form: str, *served: RequestServed) -> list[str]:
    stream = io.BytesIO()
    log = AccessLog(form, stream)
    assert log(served) == 0
    log.close()
    return stream.getvalue().decode("ascii").splitlines()


def test_a_request_is_a_line_for_people() -> None:
    """Quotes, control characters and bytes that are not ASCII are escaped."""
    [line] = lines("console", SERVED)
    assert re.fullmatch(
        r"203\.0\.113\.9 \[2026-11-23T22:37:05\.250Z\] shop\.example "
        r'"GET /a%22b%FF%1B\[31m\?x=1" 200 8192 12\.3ms forward 0a1b',
        line,
    )


def test_a_request_is_a_json_object() -> None:
    event = json.loads(lines("json", SERVED)[0])
    assert event["target"] == '/a"b\\xff\x1b[31m?x=1'
    assert event["timestamp"] == "2026-11-23T22:37:05.250Z"
    assert (event["status"], event["verdict"], event["seconds"]) == (200, "forward", 0.0123)


def test_what_could_not_be_read_is_told_with_dashes() -> None:
    """A request line that was malformed has no method and no target to show."""
    bad = SERVED._replace(method=b"", target=b"", host=b"", request_id=b"", status=400, verdict="bad")
    assert ' - "- -" 400 ' in lines("console", bad)[0]


def test_a_batch_is_as_many_lines() -> None:
    assert len(lines("console", SERVED, SERVED, SERVED)) == 3


def test_a_reader_that_stalls_holds_nobody_up() -> None:
    """A pipe that nobody reads fills up: what does not fit any more is dropped and counted, and nothing waits."""
    reading, writing = os.pipe()
    stream = FileIO(writing, "w")
    log = AccessLog("console", stream)
    batch = [SERVED] * 2000
    assert sum(log(batch) for _ in range(200)) > 0
    log.close(within=0.01)
    os.close(reading)  # the writer's thread gets EPIPE, and ends
    log.close(within=60)
    stream.close()


def test_no_address_ends_the_log() -> None:
    """Whatever somebody has called himself: the line is written, and so are those behind it."""
    strange = SERVED._replace(client="fe80::1%\xff\u2028")
    for form in ("console", "json"):
        assert len(lines(form, strange, SERVED)) == 2


def test_a_one_time_link_does_not_stand_in_the_log() -> None:
    """It is as good as a password until it is used."""
    link = SERVED._replace(target=b"/_maintenance/admin/sign-in/s3cret?x=1", verdict="built_in")
    for form in ("console", "json"):
        [line] = lines(form, link)
        assert "s3cret" not in line
        assert "/admin/sign-in/***?x=1" in line


def test_a_bypass_link_stands_in_the_log_by_its_id() -> None:
    """It opens the gate until it expires; wherever in a target it stands."""
    for target in (b"/_maintenance/bypass/gwb_0a1b.177.s3cret?to=/x", b"/x?from=gwb_0a1b.177.s3cret?to=/x"):
        for form in ("console", "json"):
            [line] = lines(form, SERVED._replace(target=target))
            assert "s3cret" not in line
            assert "gwb_0a1b.***?to=/x" in line


@pytest.mark.parametrize(
    ("observation", "level"),
    [
        (Listening(url="http://127.0.0.1:1"), "info"),
        (ListenerLost(reason="gone", retry_in=1.0), "warning"),
        (ReplicaUnregistered(replica="web-1", reason="no answer", remedy="look for locks"), "warning"),
        (LoopCrashed(name="sweep", reason="bug", retry_in=1.0), "error"),
    ],
)
def test_each_observation_has_its_level(observation: Observation, level: str) -> None:
    with structlog.testing.capture_logs() as captured:
        LogReader()(observation)
    assert captured[0]["log_level"] == level
    assert captured[0]["event"] == type(observation).__name__


def test_a_loss_that_lasts_is_told_once_a_minute() -> None:
    """Each attempt is counted, but a log full of one line hides the others; another reason is news."""
    reader = LogReader()
    with structlog.testing.capture_logs() as captured:
        for reason in ("gone", "gone", "gone", "refused", "refused"):
            reader(ListenerLost(reason=reason, retry_in=1.0))
        reader(ListenerConnected())
        reader(ListenerLost(reason="refused", retry_in=1.0))
    assert [line.get("reason") for line in captured] == ["gone", "refused", None, "refused"]


def test_observations_are_plain_values() -> None:
    """Any reader can write any of them: frozen dataclasses of texts and numbers."""
    for kind in get_args(Observation):
        assert is_dataclass(kind)
        assert {field.type for field in fields(kind)} <= {"str", "int", "float", str, int, float}
