"""Nothing that goes upstream can be read as two requests by nginx, HAProxy, Node's http or Go's (rules 5 to 7).

What a server has read is compared with what the gateway says that it has forwarded, and with what the other servers
have read of the same bytes. See corpus.py and generated.py for what is sent.
"""

from collections.abc import Iterable

import pytest

from tests.differential.comparison import disagreements, hidden_in_bodies, out_of_order, strangers
from tests.differential.conftest import GENERATED, Traffic
from tests.differential.generated import generate
from tests.differential.servers import SERVERS, WHOLE

pytestmark = [pytest.mark.story, pytest.mark.timeout(120 + GENERATED // 5)]

each_server = pytest.mark.parametrize("name", [server.name for server in SERVERS])


@each_server
def test_a_server_reads_what_the_gateway_has_forwarded_and_nothing_else(traffic: Traffic, name: str) -> None:
    """One for one: a request that the gateway's log does not have was smuggled."""
    _none(strangers(traffic.behind(name)))


@each_server
def test_requests_of_a_connection_are_answered_in_their_order(traffic: Traffic, name: str) -> None:
    _none(out_of_order(traffic.behind(name)))


@each_server
def test_what_stands_in_a_body_is_read_by_nobody(traffic: Traffic, name: str) -> None:
    """Where the framing leaves no doubt, neither the gateway nor the server takes a body for a request."""
    _none(hidden_in_bodies(traffic.behind(name)))


def test_the_servers_agree(traffic: Traffic) -> None:
    """Of each message they read as many requests, with the same methods, targets and bodies."""
    if len(traffic.pairs) < 2:
        pytest.skip(f"needs two of {', '.join(f'{server.name} ({server.package})' for server in SERVERS)}")
    _none(disagreements(traffic.pairs, traffic.messages))


@each_server
def test_enough_is_forwarded_to_be_compared(traffic: Traffic, name: str) -> None:
    """The agreement means something: of most messages that were made something went upstream, bodies too."""
    pair = traffic.behind(name)
    assert sum(told.status == WHOLE for told in pair.told) > len(traffic.messages) / 2
    assert sum(bool(read.body) for read in pair.read) > len(traffic.messages) / 8


def test_messages_are_made_alike_each_time() -> None:
    """A failure can be repeated: nothing is left to chance."""
    assert generate(20) == generate(20)


def _none(found: Iterable[str]) -> None:
    """Show the first of what was found; the number in a target, or in an address, is that of the message."""
    everything = [*found]
    assert not everything, "\n".join([f"{len(everything)} in all", *everything[:5]])
