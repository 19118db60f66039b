"""The log: a line for each thing, that no byte from outside can break or forge."""

import io
import json
import re
from dataclasses import fields, is_dataclass
from typing import get_args

import pytest
import structlog

from gateway.domain.observation import ListenerLost, Listening, LoopCrashed, Observation, RequestServed
from gateway.observe.log import AccessLog, LogReader

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
    stream = io.StringIO()
    AccessLog(form, stream)(served)
    return stream.getvalue().splitlines()


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


@pytest.mark.parametrize(
    ("observation", "level"),
    [
        (Listening(url="http://127.0.0.1:1"), "info"),
        (ListenerLost(reason="gone", retry_in=1.0), "warning"),
        (LoopCrashed(name="sweep", reason="bug", retry_in=1.0), "error"),
    ],
)
def test_each_observation_has_its_level(observation: Observation, level: str) -> None:
    with structlog.testing.capture_logs() as captured:
        LogReader()(observation)
    assert captured[0]["log_level"] == level
    assert captured[0]["event"] == type(observation).__name__


def test_observations_are_plain_values() -> None:
    """Any reader can write any of them: frozen dataclasses of texts and numbers."""
    for kind in get_args(Observation):
        assert is_dataclass(kind)
        assert {field.type for field in fields(kind)} <= {"str", "int", "float", str, int, float}
