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

COMPONENT = "database"
"""A component that exists."""


# Of instants, in seconds since the epoch: the years 2000 to 2199.
EARLIEST, LATEST = 946_684_800, 7_258_118_399

# Values that every field of the format takes: its limits are told in words.
schemathesis.openapi.format("duration", st.sampled_from(["PT1M", "PT45M", "PT1H30M", "PT12H", "PT90S", "P1D"]))
schemathesis.openapi.format(
    "date-time",
    st.integers(EARLIEST, LATEST).map(lambda second: datetime.fromtimestamp(second, UTC).isoformat()),
)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Take a new key for each call, the cursor of no page, and components that exist, each once."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid4())
    if case.query:
        case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        case.body = _sensible(case.body)


def _sensible(body: dict[str, Any]) -> dict[str, Any]:
    body = json.loads(json.dumps(body))
    for holder in _holders(body):
        if isinstance(holder.get("components"), list):
            holder["components"] = [{**each, "slug": COMPONENT} for each in holder["components"][:1]]
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
