"""What the values must be that a schema can't tell: chosen here, so that calls get past it to the work itself.

Only calls that are meant to be good are touched; whatever is made wrong on purpose stays wrong.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation.meta import TestPhase

from tests.story.contract.things import body_for, parts_for
from tests.story.contract.trial import ANSWERS

COMPONENT = "database"
"""A component that exists."""
TEMPLATES = {"/windows": "database-upgrade", "/windows/{id}/updates": "resolved"}
"""Templates that exist and take no variables, by the paths that take templates."""
_TEXTS = ("name", "title", "description", "body")

LONG_AGO = "2020-01-01T00:00:00Z"

# Of instants, in seconds since the epoch: the years 2000 to 2199.
EARLIEST, LATEST = 946_684_800, 7_258_118_399

# Values that every field of the format takes: its limits are told in words.
schemathesis.openapi.format("duration", st.sampled_from(["PT1M", "PT45M", "PT1H30M", "PT12H", "PT90S", "P1D"]))
# Each start is the first by one of these; in these zones no clock is ever changed, so that no two overlap.
schemathesis.openapi.format("rrule", st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY"]))
schemathesis.openapi.format("time-zone", st.sampled_from(["UTC", "Asia/Tokyo"]))
schemathesis.openapi.format(
    "date-time",
    st.integers(EARLIEST, LATEST).map(lambda second: datetime.fromtimestamp(second, UTC).isoformat()),
)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Take a new key for each call, no cursor, any version, things that exist, and of components each once."""
    if case.path == "/templates/{slug}" and case.method != "GET" and case.path_parameters["slug"] in TEMPLATES.values():
        case.path_parameters["slug"] = "another"  # those are needed
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if case.headers and "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if case.meta.phase.name is not TestPhase.STATEFUL:  # which goes on with what it has made itself
        case.path_parameters |= parts_for(case.method, case.path)
    if case.query:
        case.query.pop("cursor", None)
        if {"since", "until"} & case.query.keys():  # a time that has been, and that ends after it has begun
            case.query = {name: value for name, value in case.query.items() if name != "until"} | {"since": LONG_AGO}
    if case.path == "/templates/{slug}/render":
        case.path_parameters["slug"] = "resolved"  # it takes no variables
    if isinstance(case.body, dict):
        case.body = _sensible(case.body, TEMPLATES.get(case.path))
        if "excluded_dates" in case.body:
            case.body["excluded_dates"] = []  # each would have to be one of the rule
        case.body.pop("row_version", None)
        case.body |= body_for(case.path, case.body)
        if case.path == "/series/{id}" and case.body.get("starts_at"):
            case.body["starts_at"] = "2199-01-01T00:00:00Z"  # a series begins with what is to come


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Note how each call was answered."""
    with ANSWERS.open("a") as file:
        file.write(f"{case.method} {case.path} {response.status_code}\n")


def _sensible(body: dict[str, Any], template: str | None) -> dict[str, Any]:
    body = json.loads(json.dumps(body))
    if "variables" in body:
        body["variables"] = {}
    if "template" in body:
        body["template"] = template
    for holder in _holders(body):
        # Two braces begin a variable of a template; behind a `oneOf`, patterns that exclude NUL are not kept to.
        texts = {name: holder[name] for name in _TEXTS if isinstance(holder.get(name), str)}
        holder |= {name: text.replace("{", "(").replace("\0", "0") for name, text in texts.items()}
        if isinstance(holder.get("components"), list):
            holder["components"] = [{**each, "slug": COMPONENT} for each in holder["components"][:1]]
        if holder.get("excluded_paths"):
            holder["paths"] = []  # else each would have to lie below one of them
        if isinstance(holder.get("at"), str):
            holder["at"] = "2199-01-01T00:00:00Z"  # a preview is of now or later
        if holder.get("recurrence") is not None:
            holder["recurrence"].pop("excluded_dates", None)
            holder["starts_at"] = "2199-01-01T00:00:00Z"
        if holder.get("window") is not None:
            holder.pop("window_id", None)
    return body


def _holders(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each object in a JSON value."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _holders(each)
    elif isinstance(value, list):
        for each in value:
            yield from _holders(each)
