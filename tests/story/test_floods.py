"""A flood of logins, or of API calls: no effect on traffic; limited, counted, audited."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.commands.cli import LONGEST
from tests.postgres import Postgres
from tests.story.conftest import StartGateway
from tests.story.customers import Customer, Visit, fetch
from tests.story.processes import Gateway, eventually

pytestmark = [pytest.mark.story, pytest.mark.alone]

PANEL = "/_maintenance/admin/sign-in"
API = "/_maintenance/api/v1/windows"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
ATTACKERS, EACH = 4, 500
"""So many connections, and so many attempts on each."""

Attempt = Callable[[HTTPConnection, str], int]


def sign_in(connection: HTTPConnection, name: str) -> int:
    """Guess a password; each time for somebody else."""
    body = urlencode({"email": f"{name}@acme.example", "password": "a guess at a password"})
    connection.request("POST", PANEL, body=body, headers=FORM)
    return read(connection)


def use_link(connection: HTTPConnection, name: str) -> int:
    connection.request("GET", f"{PANEL}/{name}")
    return read(connection)


def call(connection: HTTPConnection, name: str) -> int:
    connection.request("GET", API, headers={"Authorization": f"Bearer gwt_{name}"})
    return read(connection)


def read(connection: HTTPConnection) -> int:
    response = connection.getresponse()
    response.read()
    if response.status == 429:
        assert int(response.headers["Retry-After"]) >= 1
    return response.status


def attack(gateway: Gateway, attempt: Attempt) -> Counter[int]:
    """Attack from several connections, as fast as answers come; return how often each status came."""
    statuses: Counter[int] = Counter()

    def one(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", gateway.port, timeout=LONGEST)
        seen = Counter(attempt(connection, f"a{number}-{turn}") for turn in range(EACH))
        connection.close()
        with lock:
            statuses.update(seen)

    lock = threading.Lock()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def p99(visits: list[Visit]) -> float:
    """Return the latency in milliseconds that 99 of 100 visits kept to."""
    latencies = sorted(visit.answered - visit.sent for visit in visits)
    return latencies[len(latencies) * 99 // 100] * 1000


@dataclass(frozen=True, kw_only=True)
class Flood:
    """What is tried over and over; `admitted` is how it fails, `most` how often it may get that far.

    Within the few seconds of a flood that is the burst, and what is made up for meanwhile.
    """

    attempt: Attempt
    what: str
    admitted: int
    most: int


FLOODS = {
    "logins": Flood(attempt=sign_in, what="sign_in", admitted=422, most=20),
    "links": Flood(attempt=use_link, what="sign_in", admitted=404, most=20),
    "API calls": Flood(attempt=call, what="api", admitted=401, most=120),
}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A gateway for one of the floods. `internal` is the port of its internal listener."""

    gateway: Gateway
    internal: int
    database_url: str

    def has_counted(self, told: str) -> bool:
        return told in fetch(self.internal, "/metrics").text


@pytest.fixture
def shops(
    start_gateway: StartGateway,
    tmp_path: Path,
    *,
    postgres: Postgres,
    template: str,
    httpbin_url: str,
    free_port: Callable[[], int],
) -> dict[str, Shop]:
    """A gateway for each flood: what is limited is told every ten seconds, and so all can be waited for at once."""
    shops = {}
    for name in FLOODS:
        directory = tmp_path / name
        directory.mkdir()
        internal, database_url = free_port(), postgres.url(postgres.create(template))
        gateway = start_gateway(
            directory,
            DATABASE__URL=database_url,
            UPSTREAM__URL=httpbin_url,
            MAINTENANCE__SNAPSHOT_FILE=str(directory / "snapshot.json"),
            SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal}",
        )
        shops[name] = Shop(gateway=gateway.listening(), internal=internal, database_url=database_url)
    return shops


def test_a_flood_has_no_effect_on_traffic_and_is_limited_counted_audited(
    shops: dict[str, Shop], psql: Callable[[str, str], str]
) -> None:
    """2000 attempts beside a customer: no request fails, none waits much longer; few lines, one entry, all counted."""
    began = time.monotonic()
    seen = {name: flooded(shops[name].gateway, flood) for name, flood in FLOODS.items()}
    for name, flood in FLOODS.items():
        limited = seen[name]
        shop = shops[name]
        told = f'gateway_limited_total{{what="{flood.what}",worker="1"}} {float(limited)}'
        eventually(partial(shop.has_counted, told))
        assert shop.gateway.stop() == 0
        assert 1 <= shop.gateway.err.text.count("RequestsLimited") <= 2 + (time.monotonic() - began) / 10, name
        entries = psql(shop.database_url, "select action, actor, address, after->>'count' from audit").splitlines()
        entry = f"{flood.what}.limited|127.0.0.1|127.0.0.1|{limited}"
        assert [each for each in entries if "limited" in each] == [entry], name
        assert len(entries) <= 1 + flood.most, name


def flooded(gateway: Gateway, flood: Flood) -> int:
    """Flood a gateway that has a customer; return how many attempts were limited."""
    with Customer(gateway) as customer:
        eventually(lambda: len(customer.visits) > 500)
        calm = p99(customer.visits)
        began = time.time()
        statuses = attack(gateway, flood.attempt)
        ended = time.time()
        during = [visit for visit in customer.visits if began < visit.sent and visit.answered < ended]
    assert customer.story == [200]
    assert len(during) > 100
    # Attackers and application share the machine with the gateway here. What counts is that nobody waits for hashes
    # (40 ms each) or for queries: a queue of them would be seconds long.
    assert p99(during) < max(100.0, 20 * calm), f"{calm:.1f} ms in calm, {p99(during):.1f} ms in the flood"
    assert set(statuses) == {429, flood.admitted}
    assert 0 < statuses[flood.admitted] <= flood.most
    return statuses[429]
