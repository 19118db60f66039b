"""The API keeps its own description: a real gateway, tried from outside."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.web.api import OPERATIONS
from tests.commands.cli import run_gateway
from tests.story.conftest import StartGateway
from tests.story.contract.hooks import COMPONENT
from tests.story.contract.trial import tried
from tests.story.processes import Gateway

pytestmark = [pytest.mark.story, pytest.mark.timeout(900)]

LEAST = 2000
"""Cases of the whole trial (`make contract`). With few examples the systematic ones are left out, for they are most."""
FEW = 10
SILENT_REPLICA = (
    "insert into replicas (id, name, host, pid, process_started, heartbeat_at) "
    "values (gen_random_uuid(), 'web-2 (pid 71)', 'web-2', 71, 1, clock_timestamp() - interval '74 s')"
)
"""It can be forgotten."""


@pytest.fixture
def gateway(start_gateway: StartGateway, tmp_path: Path, database_url: str, httpbin_url: str) -> Gateway:
    """A gateway without limits on calls, and with a component."""
    started = start_gateway(
        tmp_path,
        DATABASE__URL=database_url,
        UPSTREAM__URL=httpbin_url,
        LIMITS__API_RATE="0",
        LIMITS__WRONG_TOKEN_RATE="0",
        LOG__ACCESS="false",
    )
    return started.listening()


def test_the_api_keeps_its_description(
    gateway: Gateway, tmp_path: Path, database_url: str, psql: Callable[[str, str], str]
) -> None:
    """No 5xx, no status, type, header or body that is not described; what is valid is taken, what is not is refused.

    In the whole trial (`make contract`) each operation is done at least once: else what it answers would not be seen.
    """
    made = run_gateway(tmp_path, "token", "create", "trial", "--scope", "admin", DATABASE_URL=database_url)
    token = made.out.strip()
    asked = {"GATEWAY_URL": gateway.url, "GATEWAY_TOKEN": token}
    assert run_gateway(tmp_path, "component", "add", COMPONENT, "--name", "Database", **asked).code == 0
    psql(database_url, SILENT_REPLICA)
    examples = int(os.environ.get("GATEWAY_TEST_EXAMPLES", "3"))
    is_whole = examples >= FEW
    phases = () if is_whole else ("--phases=examples,fuzzing",)
    trial = tried(gateway.url, token, f"--max-examples={examples}", *phases, directory=tmp_path)
    print(trial.report)  # noqa: T201  pytest shows it with a failure
    assert trial.passed
    assert trial.cases >= (max(LEAST, 20 * examples) if is_whole else len(OPERATIONS) * examples)
    if is_whole:
        assert {f"{operation.method} {operation.path}" for operation in OPERATIONS} <= trial.done
    assert not re.search(r"[1-9]\d* errors?", trial.report.splitlines()[-1])
    assert "HandlerFailed" not in gateway.log
