"""The end of a gateway: what is under way is finished, nobody is cut off, new ones are told to go elsewhere."""

import http.client
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.commands.cli import LONGEST
from tests.story.conftest import StartGateway
from tests.story.crowd import Crowd
from tests.story.customers import Answer, fetch
from tests.story.processes import eventually

pytestmark = pytest.mark.story

CHAT = Subprotocol("chat.v2")


class Slow:
    """A request that takes its time, in a thread of its own."""

    def __init__(self, port: int, target: str) -> None:
        self.answer: Answer | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(port, target))
        self._thread.start()

    def _run(self, port: int, target: str) -> None:
        try:
            self.answer = fetch(port, target)
        except (OSError, http.client.HTTPException) as error:
            self.error = error

    def done(self) -> Answer:
        """Wait for the answer."""
        self._thread.join()
        assert self.answer is not None, self.error
        return self.answer


def test_sigterm_finishes_what_is_under_way(
    applications: tuple[int, int],
    database_url: str,
    start_gateway: StartGateway,
    tmp_path: Path,
    free_port: Callable[[], int],
) -> None:
    """A slow answer, and one in mid-body, arrive whole; idle connections are closed, not reset; exit code 0."""
    internal = free_port()
    gateway = start_gateway(
        tmp_path,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{applications[0]}",
        SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}",
    ).listening()
    slow = Slow(gateway.port, "/delay/2")
    port = gateway.port
    with (
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)) as dripping,
        closing(socket.create_connection(("127.0.0.1", port), timeout=LONGEST)) as idle,
    ):
        idle.sendall(b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 200")
        # The first byte says that the rest is under way; and the slow request came before it.
        dripping.request("GET", "/drip?duration=1.5&numbytes=6&delay=0")
        response = dripping.getresponse()
        assert response.read(1) == b"*"
        gateway.process.terminate()
        gateway.err.wait_for("Stopping")
        assert idle.recv(65536) == b""
        with socket.socket() as late:
            assert late.connect_ex(("127.0.0.1", port)) != 0
        # A balancer that still asks is told to go elsewhere; a monitor that all is well.
        assert fetch(internal, "/ready").status == 503
        assert fetch(internal, "/live").status == 200
        assert response.read() == b"*****"
        assert slow.done().status == 200
    assert gateway.ended() == 0
    assert "Traceback" not in gateway.err.text


def test_shutdown_grace_is_the_longest_wait(
    applications: tuple[int, int], database_url: str, start_gateway: StartGateway, tmp_path: Path
) -> None:
    """What never ends by itself, such as a WebSocket, does not hold the gateway up for longer."""
    gateway = start_gateway(
        tmp_path,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{applications[1]}",
        SERVER__SHUTDOWN_GRACE="0.5s",
    ).listening()
    with connect(f"ws://127.0.0.1:{gateway.port}/", subprotocols=[CHAT]) as ws:
        ws.send("hello")
        assert ws.recv(timeout=LONGEST) == "hello"
        began = time.monotonic()
        gateway.process.terminate()
        gateway.err.wait_for("Stopping")
        ws.send("still here")
        assert ws.recv(timeout=LONGEST) == "still here"
        with pytest.raises(ConnectionClosed) as closed:
            ws.recv(timeout=LONGEST)
        # "Service restart": the client's library tells its application to come back.
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    assert gateway.ended() == 0
    assert 0.5 <= time.monotonic() - began < 10


def test_balancers_are_told_before_the_ports_are_closed(
    applications: tuple[int, int],
    database_url: str,
    start_gateway: StartGateway,
    tmp_path: Path,
    free_port: Callable[[], int],
) -> None:
    """From SIGTERM, `/ready` says no, and everybody is served all the same for `server.shutdown_notice`.

    Then the ports are closed, open requests are finished, and nobody was reset: a crowd that asks all the time saw
    nothing but answers, and refused connections at the end.
    """
    internal = free_port()
    gateway = start_gateway(
        tmp_path,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{applications[0]}",
        SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}",
        SERVER__WORKERS="2",
        SERVER__SHUTDOWN_NOTICE="2s",
    ).listening()
    port = gateway.port
    assert fetch(internal, "/ready").status == fetch(port, "/_maintenance/ready").status == 200
    with Crowd(port, keeping=4, new=2, until_refused=True) as crowd:
        eventually(lambda: crowd.served > 200)
        began = time.monotonic()
        gateway.process.terminate()
        eventually(lambda: fetch(internal, "/ready").status == 503)
        eventually(lambda: fetch(port, "/_maintenance/ready").status == 503)
        served = crowd.served
        answer = fetch(port, "/status/200")
        assert (answer.status, answer.header("Connection")) == (200, "close")
        # The last ones to come have open requests when the ports are closed.
        slow = Slow(port, "/delay/3")
        eventually(lambda: crowd.served > served + 200)
        assert time.monotonic() - began < 2
        gateway.err.wait_for("Stopping")
        assert time.monotonic() - began > 1.9
        assert slow.done().status == 200
    assert gateway.ended() == 0
    assert [broken for broken in crowd.broken if "refused" not in broken.error] == []
    assert set(crowd.statuses) == {200}


@pytest.mark.parametrize("signals", [(signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM)], ids=["SIGINT", "twice"])
def test_the_notice_can_be_skipped(
    database_url: str, start_gateway: StartGateway, tmp_path: Path, signals: Sequence[signal.Signals]
) -> None:
    """Ctrl-C, or a second signal: whoever sends it does not wait for balancers."""
    gateway = start_gateway(tmp_path, DATABASE__URL=database_url, SERVER__SHUTDOWN_NOTICE="50s").listening()
    began = time.monotonic()
    first, *more = signals
    gateway.process.send_signal(first)
    for number in more:
        eventually(lambda: fetch(gateway.port, "/_maintenance/ready").status == 503)
        gateway.process.send_signal(number)
    assert gateway.ended() == 0
    assert time.monotonic() - began < 25


def test_handshakes_under_way_are_finished(
    applications: tuple[int, int],
    database_url: str,
    start_gateway: StartGateway,
    tmp_path: Path,
    certificate: tuple[str, str],
) -> None:
    """Who was accepted before SIGTERM and begins its handshake after it is answered."""
    gateway = start_gateway(
        tmp_path,
        DATABASE__URL=database_url,
        UPSTREAM__URL=f"http://127.0.0.1:{applications[0]}",
        SERVER__TLS_CERTIFICATE=certificate[0],
        SERVER__TLS_KEY=certificate[1],
    )
    port = int(gateway.err.wait_for(r"^listening on https://127\.0\.0\.1:(\d+)$")[1])
    trusting = ssl.create_default_context(cafile=certificate[0])
    with socket.create_connection(("127.0.0.1", port), timeout=LONGEST) as connection:
        gateway.process.terminate()
        gateway.err.wait_for("Stopping")
        connection.settimeout(0.4)
        with suppress(TimeoutError):  # a gateway that does not wait for handshakes ends the connection meanwhile
            connection.recv(1)
        connection.settimeout(LONGEST)
        with trusting.wrap_socket(connection, server_hostname="localhost") as secure:
            secure.sendall(b"GET /status/200 HTTP/1.1\r\nHost: a\r\n\r\n")
            assert secure.recv(100).startswith(b"HTTP/1.1 200")
    assert gateway.ended() == 0


def test_a_second_signal_does_not_cut_anybody_off(
    applications: tuple[int, int], database_url: str, start_gateway: StartGateway, tmp_path: Path
) -> None:
    """Impatience of a supervisor, or Ctrl-C twice, changes nothing for who is being served."""
    gateway = start_gateway(
        tmp_path, DATABASE__URL=database_url, UPSTREAM__URL=f"http://127.0.0.1:{applications[0]}"
    ).listening()
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=LONGEST)) as dripping:
        dripping.request("GET", "/drip?duration=1&numbytes=4&delay=0")
        response = dripping.getresponse()
        assert response.read(1) == b"*"
        for _ in range(2):
            gateway.process.terminate()
            gateway.err.wait_for("Stopping")
        assert response.read() == b"***"
    assert gateway.ended() == 0


def test_a_stop_without_customers_is_quick(database_url: str, start_gateway: StartGateway, tmp_path: Path) -> None:
    """And leaves a snapshot file for the next one."""
    gateway = start_gateway(tmp_path, DATABASE__URL=database_url).listening()
    eventually((tmp_path / ".gateway" / "snapshot.json").exists)
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 5
