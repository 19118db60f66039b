"""Several processes behind one port: they share the load, are replaced when they die, and change their settings."""

import http.client
import json
import os
import re
import signal
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.commands.cli import LONGEST
from tests.postgres import servers
from tests.story.conftest import StartGateway
from tests.story.crowd import Crowd
from tests.story.customers import fetch
from tests.story.processes import Gateway, eventually

pytestmark = pytest.mark.story

StartShop = Callable[..., Gateway]


@pytest.fixture
def start_shop(
    start_gateway: StartGateway, database_url: str, httpbin_url: str, tmp_path: Path, free_port: Callable[[], int]
) -> StartShop:
    """Start a gateway in front of httpbin, which also reads `gateway.toml` of its directory; wait until it serves."""

    def start(**settings: str | None) -> Gateway:
        defaults = {
            "DATABASE__URL": database_url,
            "UPSTREAM__URL": httpbin_url,
            "SERVER__INTERNAL_LISTEN": f"127.0.0.1:{free_port()}",
        }
        return start_gateway(tmp_path, **(defaults | settings)).listening()

    return start


def internal_of(gateway: Gateway) -> int:
    return int(gateway.variables["GATEWAY_SERVER__INTERNAL_LISTEN"].rpartition(":")[2])


def samples(gateway: Gateway, name: str) -> dict[str, float]:
    """Return a metric by worker, its other labels added up; by "" what is the gateway's as a whole."""
    answer = fetch(internal_of(gateway), "/metrics")
    assert answer.status == 200
    found: Counter[str] = Counter()
    seen = set()
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in seen, "a sample stands there twice"
            seen.add(key)
            if sample.name == name:
                found[sample.labels.get("worker", "")] += sample.value
    return dict(found)


def hang_up(gateway: Gateway) -> None:
    """Have the settings read again."""
    gateway.process.send_signal(signal.SIGHUP)


def serving(gateway: Gateway, unlike: list[int]) -> list[int]:
    """Wait until none of the former workers is left; return the present ones."""
    return eventually(lambda: [] if set(gateway.workers()) & set(unlike) else gateway.workers())


def clients_of(worker: int, port: int) -> set[int]:
    """Return the clients' ends of the connections that a worker has."""
    connections = psutil.Process(worker).net_connections("tcp")
    return {c.raddr.port for c in connections if c.status == psutil.CONN_ESTABLISHED and c.laddr.port == port}


def clients_of_all(workers: list[int], port: int) -> set[int]:
    found = set()
    for worker in workers:
        with suppress(psutil.NoSuchProcess):  # it has no client any more
            found |= clients_of(worker, port)
    return found


def test_workers_share_the_load_and_the_log(start_shop: StartShop) -> None:
    """Each of four serves; each request has one line in the access log, whole, through a pipe; metrics add up."""
    gateway = start_shop(SERVER__WORKERS="4", LOG__FORMAT="json")
    assert len(gateway.workers()) == 4
    # Long lines, so that a batch is far more than what a pipe takes in one piece (PIPE_BUF, 4096 bytes).
    with Crowd(gateway.port, f"/_maintenance/live?{'x' * 2000}", keeping=16, new=8) as crowd:
        eventually(lambda: crowd.served > 6000)
    assert (crowd.broken, set(crowd.statuses)) == ([], {200})
    eventually(lambda: gateway.out.text.count("\n") >= crowd.served)
    lines = [json.loads(line) for line in gateway.out.text.splitlines()]
    assert len(lines) == crowd.served
    assert len({line["request_id"] for line in lines}) == crowd.served
    by_worker = samples(gateway, "gateway_requests_total")
    assert set(by_worker) == {"1", "2", "3", "4"}
    assert sum(by_worker.values()) == crowd.served
    assert min(by_worker.values()) > crowd.served / 40, by_worker
    assert samples(gateway, "gateway_workers") == {"": 4}


def test_replica_killed_under_load(start_shop: StartShop) -> None:
    """`kill -9` of a worker: only its own open requests break, the others serve on, and it is replaced."""
    gateway = start_shop(SERVER__WORKERS="3")
    former = gateway.workers()
    with Crowd(gateway.port, keeping=12, new=2) as crowd:
        eventually(lambda: crowd.served > 500)
        victim = max(former, key=lambda worker: len(clients_of(worker, gateway.port)))
        psutil.Process(victim).suspend()  # its connections are counted while they can't change
        own = clients_of(victim, gateway.port)
        assert own
        psutil.Process(victim).kill()
        gateway.err.wait_for("WorkerDied .*killed by SIGKILL")
        served = crowd.served
        eventually(lambda: crowd.served > served + 500)
        eventually(lambda: len(gateway.workers()) == 3)
    # Connections that it had accepted, and that no longer stand among its descriptors, are the new clients'.
    broken = {broken.port for broken in crowd.broken}
    assert broken <= own, crowd.broken
    assert set(gateway.workers()) - set(former)
    assert samples(gateway, "gateway_worker_restarts_total") == {"": 1}
    assert gateway.stop() == 0


def test_a_worker_that_dies_again_and_again_is_replaced_more_slowly(start_shop: StartShop) -> None:
    """Half a second, then twice as long each time."""
    gateway = start_shop()
    for pause in (0.5, 1.0):
        [worker] = eventually(gateway.workers)
        os.kill(worker, signal.SIGKILL)
        gateway.err.wait_for(f"WorkerDied .*retry_in={pause}")
        eventually(lambda worker=worker: worker not in gateway.workers() and gateway.workers())
    assert fetch(gateway.port, "/status/200").status == 200


def test_new_settings_without_a_lost_request(start_shop: StartShop, tmp_path: Path) -> None:
    """SIGHUP, three times under load: every request is answered, also those that were under way; all is new then."""
    settings = tmp_path / "gateway.toml"
    settings.write_text('[maintenance]\nprefix = "/_before"\n')
    gateway = start_shop(SERVER__WORKERS="2", SERVER__SHUTDOWN_GRACE="10s")
    with (
        Crowd(gateway.port, keeping=8, new=4) as crowd,
        Crowd(gateway.port, "/drip?duration=1&numbytes=10&delay=0", keeping=2, new=1) as slow,
        closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=LONGEST)) as quiet,
    ):
        for number in range(3):
            former = gateway.workers()
            quiet.request("GET", "/status/200")  # and says nothing while the workers change
            quiet.getresponse().read()
            settings.write_text(f'[maintenance]\nprefix = "/_{number}"\n')
            served = crowd.served
            hang_up(gateway)
            eventually(lambda number=number: fetch(gateway.port, f"/_{number}/live").status == 200)
            eventually(lambda number=number: gateway.err.text.count("Retiring") == 2 * (number + 1))
            # When everybody else has left them, the former workers still wait for who says nothing.
            own = quiet.sock.getsockname()[1]
            eventually(lambda former=former, own=own: clients_of_all(former, gateway.port) == {own})
            # Nobody is told that the gateway stops: it does not. This one is served by the settings of before.
            quiet.request("GET", f"/_{number - 1 if number else 'before'}/ready")
            response = quiet.getresponse()
            assert (response.status, response.getheader("Connection")) == (200, "close")
            response.read()
            assert fetch(internal_of(gateway), "/ready").status == 200
            assert len(serving(gateway, former)) == 2
            eventually(lambda served=served: crowd.served > served + 300)
            assert fetch(gateway.port, f"/_{number}/ready").status == 200
        eventually(lambda: slow.served >= 3)
    assert (crowd.broken, set(crowd.statuses)) == ([], {200})
    assert (slow.broken, set(slow.statuses)) == ([], {200})
    assert crowd.reconnected
    # None has left before the one was ready that takes its place.
    events = re.findall(r"WorkerReady|Retiring", gateway.err.text)
    assert events.count("Retiring") == 6
    for end in range(len(events)):
        assert events[: end + 1].count("WorkerReady") - events[: end + 1].count("Retiring") >= min(2, end + 1), events
    assert gateway.stop() == 0
    assert "Traceback" not in gateway.err.text


def test_other_addresses_and_numbers(start_shop: StartShop, tmp_path: Path, free_port: Callable[[], int]) -> None:
    """What is listened on, and by how many, changes with the settings; addresses that stay are not given up."""
    stays, goes, comes = free_port(), free_port(), free_port()
    settings = tmp_path / "gateway.toml"

    def write(*ports: int, workers: int) -> None:
        addresses = [f"127.0.0.1:{port}" for port in ports]
        settings.write_text(f"[server]\nlisten = {addresses}\nworkers = {workers}\n")

    def listens(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    write(stays, goes, workers=1)
    # The environment would go before the file.
    gateway = start_shop(SERVER__LISTEN=None)
    with Crowd(stays, keeping=2, new=2) as crowd:
        write(stays, comes, workers=3)
        hang_up(gateway)
        gateway.err.wait_for("SettingsLoaded .*workers=3")
        eventually(lambda: len(gateway.workers()) == 3 and not listens(goes))
        assert fetch(comes, "/status/200").status == 200
        write(stays, workers=1)
        hang_up(gateway)
        gateway.err.wait_for("SettingsLoaded .*workers=1")
        eventually(lambda: len(gateway.workers()) == 1 and not listens(comes))
    assert (crowd.broken, set(crowd.statuses)) == ([], {200})


def test_wrong_settings_change_nothing(start_shop: StartShop, tmp_path: Path, httpbin_url: str) -> None:
    """SIGHUP with a file that is wrong, or an address that is taken: each error is told, and all goes on as before."""
    settings = tmp_path / "gateway.toml"
    settings.write_text('[maintenance]\nproduct = "Shop"\n')
    gateway = start_shop(SERVER__WORKERS="2")
    former = gateway.workers()
    taken = httpbin_url.removeprefix("http://")
    for text, said in (
        ('[limits]\nbody_timeout = "soon"\n[upstream]\nurk = 1\n', "upstream.urk: there is no such setting"),
        ("[server", "is not TOML"),
        (" \n", "gateway.toml: is empty"),
        (f'[server]\nhttp_listen = "{70 * "a"}.example:1"\n', "server.http_listen: .*no host"),
        (f'[server]\nhttp_listen = "{taken}"\ntls_certificate = "none.pem"\ntls_key = "none.pem"\n', taken),
        ('[server]\ntls_certificate = "none.pem"\ntls_key = "none.pem"\n', "server.tls_certificate: none.pem: No such"),
    ):
        settings.write_text(text)
        hang_up(gateway)
        gateway.err.wait_for(f"^the settings stay as they were; .*{said}")
        assert fetch(gateway.port, "/status/200").status == 200
    settings.unlink()
    hang_up(gateway)
    gateway.err.wait_for("^the settings stay as they were; gateway.toml: no such file")
    assert "the settings stay as they were; limits.body_timeout: " in gateway.err.text
    eventually(lambda: set(gateway.workers()) == set(former))
    assert samples(gateway, "gateway_worker_restarts_total") == {"": 0}
    assert "Traceback" not in gateway.err.text


def test_another_database_must_be_there(start_shop: StartShop, tmp_path: Path, database_url: str) -> None:
    """SIGHUP with an address where no database answers: the workers that know the windows go on."""
    settings = tmp_path / "gateway.toml"
    settings.write_text(f'[database]\nurl = "{database_url}"\n')
    gateway = start_shop(DATABASE__URL=None)
    former = gateway.workers()
    settings.write_text('[database]\nurl = "postgresql://nobody@127.0.0.1:9/nothing"\n')
    hang_up(gateway)
    gateway.err.wait_for("^the settings stay as they were; database.url: ")
    eventually(lambda: gateway.workers() == former)
    assert fetch(gateway.port, "/status/200").status == 200


def test_a_master_without_descriptors_or_names_for_signals_goes_on(start_shop: StartShop) -> None:
    """A dead worker is replaced once there is room; a real-time signal, which has no name, is told by its number."""
    gateway = start_shop(SERVER__WORKERS="2")
    master = psutil.Process(gateway.process.pid)
    before = master.rlimit(psutil.RLIMIT_NOFILE)
    former = gateway.workers()
    master.rlimit(psutil.RLIMIT_NOFILE, (3, before[1]))
    os.kill(former[0], 40)
    gateway.err.wait_for("WorkerDied .*killed by signal 40")
    gateway.err.wait_for("WorkerDied .*no worker can be started")
    assert fetch(gateway.port, "/status/200").status == 200
    master.rlimit(psutil.RLIMIT_NOFILE, before)
    eventually(lambda: former[0] not in gateway.workers() and len(gateway.workers()) == len(former))


def test_the_announcement_outlives_its_worker(start_shop: StartShop) -> None:
    """The worker that waits for the database to say how to sign in is killed: the next one says it."""
    gateway = start_shop(DATABASE__URL="postgresql://nobody@127.0.0.1:9/nothing")
    said = "nobody can sign in"
    gateway.err.wait_for(said)
    os.kill(gateway.workers()[0], signal.SIGKILL)
    eventually(lambda: gateway.err.text.count(said) == 2)


def test_late_requests_of_a_retiring_worker_have_a_whole_grace(start_shop: StartShop) -> None:
    """What comes late on an idle connection is answered, though it takes longer than idle ones may stay."""
    gateway = start_shop(SERVER__SHUTDOWN_GRACE="2s")
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=LONGEST)) as idle:
        idle.request("GET", "/status/200")
        idle.getresponse().read()
        hang_up(gateway)
        gateway.err.wait_for("Retiring")
        idle.sock.settimeout(2)  # 1 s for handshakes, then the grace of 2 s begins
        with suppress(TimeoutError):
            idle.sock.recv(1)
        idle.sock.settimeout(LONGEST)
        idle.request("GET", "/drip?duration=1&numbytes=2&delay=1.2")
        response = idle.getresponse()
        assert (response.status, response.getheader("Connection")) == (200, "close")
        assert response.read() == b"**"


def test_a_master_that_was_killed_leaves_nobody(start_shop: StartShop) -> None:
    """Its workers finish what is open and end, and the port can be used again."""
    gateway = start_shop(SERVER__WORKERS="2")
    workers = [psutil.Process(pid) for pid in gateway.workers()]
    port = gateway.port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST)) as dripping:
        dripping.request("GET", "/drip?duration=1&numbytes=4&delay=0")
        response = dripping.getresponse()
        assert response.read(1) == b"*"
        gateway.process.kill()
        gateway.ended()
        assert response.read() == b"***"
    _, living = psutil.wait_procs(workers, timeout=LONGEST)
    assert not living
    again = start_shop(SERVER__LISTEN=f"127.0.0.1:{port}", SERVER__WORKERS="2")
    assert fetch(port, "/status/200").status == 200
    assert again.stop() == 0


def test_embedded_postgresql_comes_back(home: Path, httpbin_url: str, start_gateway: StartGateway) -> None:
    """Killed under a running gateway, it is started again; what was committed is there, and changes are heard."""
    data = home / ".gateway" / "postgres"
    gateway = start_gateway(home, UPSTREAM__URL=httpbin_url, SERVER__WORKERS="2").listening()
    try:
        gateway.err.wait_for("first administrator signs in once")
        for process in servers(data):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        gateway.err.wait_for("DatabaseServerLost")
        gateway.err.wait_for("DatabaseServerStarted")
        assert fetch(gateway.port, "/status/200").status == 200
        # Both workers follow again: with a new one for each that had lost it.
        eventually(lambda: gateway.err.text.count("ListenerConnected") >= 4)
        assert gateway.stop() == 0
        assert not servers(data)
    finally:
        for process in servers(data):
            process.kill()
