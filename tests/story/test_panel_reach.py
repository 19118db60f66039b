"""The panel on an address of its own and for some networks: from everywhere else it is as if there were none."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.postgres import Postgres
from tests.story.processes import Gateway

pytestmark = pytest.mark.story

NOWHERE = "/_maintenance/nowhere"
SIGN_IN = "/_maintenance/admin/sign-in"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that was read to its end."""

    head: str
    body: str

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1])

    def without(self, *texts: str) -> tuple[str, str]:
        """Return all of it but for what differs from request to request."""
        head, body = re.sub(r"(?m)^(Date|Via|X-Request-Id|Content-Length): .*$", "", self.head), self.body
        for text in texts:
            body = body.replace(text, "")
        return head, re.sub(r"[0-9a-f]{20}", "", body)


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A gateway whose panel and API have an address of their own, and two networks of clients."""

    public: int
    panel: int
    said: str

    def ask(self, port: int, target: str, *fields: str, method: str = "GET", host: str = "shop.example") -> Answer:
        """Send a request as it stands, so that no client tidies the target up."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *fields, "", ""]
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall("\r\n".join(lines).encode("latin-1"))
            received = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        head, _, body = received.partition("\r\n\r\n")
        return Answer(head=head, body=body)


@pytest.fixture(scope="module")
def guarded(
    httpbin_url: str,
    postgres: Postgres,
    template: str,
    free_port: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("guarded")
    port = free_port()
    name = postgres.create(template)
    gateway = Gateway(
        "guarded",
        directory,
        DATABASE__URL=postgres.url(name),
        UPSTREAM__URL=httpbin_url,
        MAINTENANCE__SNAPSHOT_FILE=str(directory / "guarded.json"),
        SERVER__TRUSTED_PROXIES="127.0.0.1",
        ADMIN__LISTEN=f"127.0.0.1:{port}",
        ADMIN__NETWORKS='["127.0.0.1", "192.0.2.0/24"]',
        ADMIN__GUARDS_API="true",
    )
    try:
        gateway.listening()
        said = gateway.err.wait_for("the panel is only on")[0] and gateway.err.wait_for("no operator yet").string
        yield Guarded(public=gateway.port, panel=port, said=f"{gateway.err.text}{said}")
    finally:
        gateway.end()
        postgres.drop(name)


def test_its_own_address_serves_it(guarded: Guarded) -> None:
    """And the API, the public pages and the application; it is told at the start, and the first link leads there."""
    assert 'type="password"' in guarded.ask(guarded.panel, SIGN_IN).body
    assert guarded.ask(guarded.panel, "/_maintenance/api/v1/windows").status == 401
    assert guarded.ask(guarded.panel, "/_maintenance/").status == 200
    assert guarded.ask(guarded.panel, "/get").status == 200
    assert f"the panel is only on http://127.0.0.1:{guarded.panel}\n" in guarded.said
    assert f"signs in once at http://127.0.0.1:{guarded.panel}{SIGN_IN}/" in guarded.said


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "path", ["", "/", "/sign-in", "/sign-in/x", "/sign-out", "/windows", "/nothing", "/windows/new/preview"]
)
def test_the_public_address_knows_no_panel(guarded: Guarded, path: str, method: str) -> None:
    """Whatever the method, the answer is that of a path that never was: not even a 405 tells."""
    fields = () if method in ("GET", "HEAD", "OPTIONS") else ("Content-Length: 0", "Sec-Fetch-Site: same-origin")
    target = f"/_maintenance/admin{path}"
    answer = guarded.ask(guarded.public, target, *fields, method=method)
    other = guarded.ask(guarded.public, NOWHERE, *fields, method=method)
    assert answer.status == 404
    assert answer.without(target) == other.without(NOWHERE)


@pytest.mark.parametrize("path", ["", "/windows", "/audit.csv", "/openapi.json", "/nothing"])
def test_the_public_address_knows_no_api(guarded: Guarded, path: str) -> None:
    """With a token or without. The documents for customers, next to it, are served."""
    for fields in ((), ("Authorization: Bearer gwt_x",)):
        assert guarded.ask(guarded.public, f"/_maintenance/api/v1{path}", *fields).status == 404
    assert guarded.ask(guarded.public, "/_maintenance/api/v2/status.json").status == 200


TRICKS = [
    "/_maintenance/./admin/sign-in",
    "/_maintenance/x/../admin/sign-in",
    "/x/../_maintenance/admin/sign-in",
    "/_maintenance/%2e/admin/sign-in",
    "/_maintenance/%61dmin/sign-in",
    "/_maintenance/%2561dmin/sign-in",
    "/_maintenance/admin%2fsign-in",
    "/_maintenance%2fadmin%2fsign-in",
    "/%5fmaintenance/admin/sign-in",
    "/_maintenance//admin/sign-in",
    "//_maintenance/admin/sign-in",
    "/_maintenance/admin//sign-in",
    "/_maintenance\\admin\\sign-in",
    "/_maintenance/%5cadmin/sign-in",
    "/_maintenance/ADMIN/sign-in",
    "/_Maintenance/Admin/Sign-In",
    "/_maintenance/admin;x/sign-in",
    "/_maintenance;x/admin/sign-in",
    "/_maintenance/admin/sign-in;x",
    "/_maintenance/admin/sign-in?x",
    "/_maintenance/admin/sign-in#x",
    "/_maintenance/admin/sign-in/",
    "/_maintenance/admin/sign-in%00",
    "/_maintenance/admin%20/sign-in",
    "/_maintenance/\\u0061dmin/sign-in",
    "/_maintenance/%c0%afadmin/sign-in",
    "/_maintenance/%ef%bd%81dmin/sign-in",
    "/_maintenance/assets/../admin/sign-in",
    "/_maintenance/assets/%2e%2e/admin/sign-in",
    "http://shop.example/_maintenance/admin/sign-in",
    "http://127.0.0.1:{panel}/_maintenance/admin/sign-in",
    "http://other.example//_maintenance/admin/sign-in",
]


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("host", ["shop.example", "127.0.0.1:{panel}", "localhost"])
def test_no_spelling_leads_there(guarded: Guarded, trick: str, host: str) -> None:
    """Nor another Host, nor fields in which proxies tell where a request was for: it is no panel's page, ever."""
    target, host = trick.replace("{panel}", str(guarded.panel)), host.replace("{panel}", str(guarded.panel))
    told = (
        f"X-Forwarded-Host: 127.0.0.1:{guarded.panel}",
        f"X-Forwarded-Port: {guarded.panel}",
        f"X-Original-URL: {SIGN_IN}",
        f"X-Rewrite-URL: {SIGN_IN}",
    )
    for fields in ((), told):
        answer = guarded.ask(guarded.public, target, *fields, host=host)
        assert answer.status in (400, 404), answer
        for mark in ('type="password"', "Sign in", "Back to the panel", "admin.css"):
            assert mark not in answer.body
        assert "Set-Cookie" not in answer.head


def test_who_is_elsewhere_finds_no_panel(guarded: Guarded) -> None:
    """The client's address counts, as the edge trusts it; at the panel's own address, too."""
    away = guarded.ask(guarded.panel, SIGN_IN, "X-Forwarded-For: 198.51.100.7")
    nowhere = guarded.ask(guarded.panel, NOWHERE, "X-Forwarded-For: 198.51.100.7")
    assert away.status == 404
    assert away.without(SIGN_IN) == nowhere.without(NOWHERE)
    assert guarded.ask(guarded.panel, "/_maintenance/api/v1/windows", "X-Forwarded-For: 198.51.100.7").status == 404
    assert guarded.ask(guarded.panel, "/_maintenance/", "X-Forwarded-For: 198.51.100.7").status == 200
    assert guarded.ask(guarded.panel, SIGN_IN, "X-Forwarded-For: 192.0.2.5").status == 200
    # What a client claims stands left of what the trusted proxy has added.
    claimed = guarded.ask(guarded.panel, SIGN_IN, "X-Forwarded-For: 192.0.2.5, 198.51.100.7")
    assert claimed.status == 404
