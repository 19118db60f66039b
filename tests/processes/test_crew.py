"""What a worker is given."""

import pytest

from gateway.config import Limits, Server, Settings
from gateway.processes.crew import Plan


@pytest.mark.parametrize(("most", "workers", "share"), [(0, 4, 0), (10, 1, 10), (10, 3, 3), (2, 4, 1)])
def test_connections_are_shared_out(most: int, workers: int, share: int) -> None:
    """The limit is the gateway's: workers together have no more than it, but each has one at least."""
    settings = Settings(server=Server(workers=workers), limits=Limits(connections=most))
    assert Plan(settings=settings, bindings=()).for_worker.limits.connections == share
