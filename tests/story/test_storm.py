"""The fault harness, in short: every answer of four gateways is held against the model. The long one: `make storm`."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from tests.story.harness.faults import ALL
from tests.story.harness.outage import outage
from tests.story.harness.stage import Stage, open_stage
from tests.story.harness.storm import Plan, storm

pytestmark = [pytest.mark.story, pytest.mark.alone, pytest.mark.timeout(240)]

BUSY = 2.0
"""Seconds after which a change must be known on a machine that runs other things, too."""
MEASURED = 20
"""So many changes must have been timed at every gateway; on a busy machine not each of those that could be is."""


@pytest.fixture
def four_gateways() -> Iterator[Stage]:
    with open_stage(4) as stage:
        yield stage


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


def test_no_verdict_is_wrong_while_windows_start_change_and_end(four_gateways: Stage) -> None:
    """And no request is lost, doubled or slips through, whoever changes windows in whichever way."""
    plan = Plan(seed=4, requests=40_000, rate=2500, windows=32, propagation=BUSY)
    result = run(storm(four_gateways, plan))
    account = result.account
    assert account.findings == 0, account
    # There was something to be wrong about.
    assert account.requests > plan.requests
    assert min(account.outcomes[name] for name in ("FORWARDED", "READ_ONLY", "CLOSED")) > 1000
    assert sum(account.outcomes.values()) == account.requests
    assert result.changes > plan.windows
    assert len(result.propagation.seconds) >= MEASURED
    assert result.propagation.percentile(0.5) < BUSY
    assert not result.deeds.missed, result.deeds


@pytest.mark.long
def test_no_verdict_is_wrong_under_faults(four_gateways: Stage) -> None:
    """Listeners terminated and frozen, PostgreSQL crashed, a gateway killed, notifications lost; each once."""
    plan = Plan(seed=5, requests=90_000, rate=2000, windows=24, propagation=BUSY, faults=ALL)
    result = run(storm(four_gateways, plan))
    assert result.account.findings == 0, result.account
    assert {fault.kind for fault in result.faults} == set(ALL)
    assert min(result.account.outcomes[name] for name in ("FORWARDED", "READ_ONLY", "CLOSED")) > 500


@pytest.mark.long
def test_windows_start_and_end_to_the_request_while_postgresql_is_away(four_gateways: Stage) -> None:
    """Memory stays flat meanwhile, and two seconds after it is back all gateways go by what was changed since."""
    result = run(outage(four_gateways, seed=6, seconds=60, rate=1000))
    assert result.shortcomings() == [], result
    assert result.edges_meanwhile >= 10
    assert result.seconds >= 20
    assert sum(result.account.edges.values()) <= result.account.requests / 1000, (
        "clocks are measured to a few milliseconds"
    )
