"""`gateway demo`: a shop, a panel and a database from one command, and nothing left of it."""

import http.client
import os
import signal
import socket
import subprocess
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from tests.commands.cli import COMMAND, LONGEST
from tests.render.reading import Page
from tests.story.customers import Answer, fetch
from tests.story.processes import Program, eventually

pytestmark = pytest.mark.story

PASSWORD = "correct horse battery"
BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


class Browser:
    """Keeps the session cookie, follows nothing by itself, and says where a form comes from."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = urllib.parse.urlsplit(url).port or 0
        self.cookie = ""

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None, {})

    def post(self, path: str, fields: Mapping[str, str], *, origin: str | None = None) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin or self.url}
        return self._send("POST", path, urllib.parse.urlencode(fields), headers)

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        sent = {**BROWSER, **headers, **({"Cookie": self.cookie} if self.cookie else {})}
        answer = fetch(self.port, path, method=method, body=body, headers=sent)
        if cookie := answer.header("Set-Cookie"):
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            self.cookie = cookie.partition(";")[0]
        return answer


@pytest.fixture
def demo(home: Path, free_port: Callable[[], int]) -> Iterator[Program]:
    """The demo, in a directory for all its temporary files."""
    variables = {
        "TMPDIR": str(home),
        "GATEWAY_SERVER__LISTEN": "127.0.0.1:0",
        "GATEWAY_SERVER__INTERNAL_LISTEN": f"127.0.0.1:{free_port()}",
    }
    program = Program("demo", [*COMMAND, "demo"], directory=home, variables=variables)
    yield program
    program.end()


def command(*words: str, url: str, token: str) -> str:
    """Run a command as the demo says, and return what it writes."""
    variables = {**os.environ, "GATEWAY_URL": url, "GATEWAY_TOKEN": token}
    return subprocess.run(
        [*COMMAND, *words], env=variables, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_the_demo_from_its_link_to_ctrl_c(demo: Program, home: Path) -> None:
    """Sign in by the link that it prints, start a window in the panel, see the shop closed, end it; Ctrl-C."""
    url = demo.err.wait_for(r"^listening on (http://127\.0\.0\.1:\d+)$")[1]
    link = demo.err.wait_for(r"sign in there, once, with +(http://\S+)$")[1]
    token = demo.err.wait_for(rf"export GATEWAY_URL={url} GATEWAY_TOKEN=(\S+)$")[1]
    demo.err.wait_for("Ctrl-C ends everything")
    assert "Database upgrade" in command("window", "list", url=url, token=token)
    browser = Browser(url)
    shop = browser.get("/")
    assert (shop.status, "Sample Shop" in Page(shop.body).text) == (200, True)
    status_page = Page(browser.get("/_maintenance/").body)
    assert "Database upgrade" in status_page.text
    assert "Cloudflare" in status_page.text

    sign_in(browser, link)
    dashboard = browser.get("/_maintenance/admin/")
    assert dashboard.status == 200
    assert "owner@shop.example" in Page(dashboard.body).text

    fields = {"kind": "maintenance", "title": "Stocktaking", "estimated_duration": "45m", "ends": "when_fixed"}
    fields["confirm"] = "Sample Shop"
    forged = browser.post("/_maintenance/admin/windows/new", fields, origin="http://evil.example")
    assert forged.status == 403
    assert browser.get("/").status == 200
    made = browser.post("/_maintenance/admin/windows/new", fields)
    assert made.status == 303, made.text
    window = (made.header("Location") or "").partition("?")[0]
    closed = browser.get("/")
    assert closed.status == 503
    assert "Stocktaking" in Page(closed.body).text
    assert browser.get(window).status == 200
    assert browser.post(f"{window}/fixed", {}).status == 303
    assert browser.get("/").status == 200

    children = psutil.Process(demo.process.pid).children(recursive=True)
    assert demo.stop(signal.SIGINT) == 0
    demo.err.wait_for("nothing is left running")
    # PostgreSQL, too, which is nobody's child.
    eventually(lambda: not any(process.is_running() for process in children))
    assert processes_in(home) == []
    assert [path for path in home.iterdir() if path.name.startswith("gateway-demo-")] == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", browser.port)) != 0
    assert "Traceback" not in demo.err.text


def sign_in(browser: Browser, link: str) -> None:
    """Become the first administrator: the link works once, and only for a form of our own page."""
    path = urllib.parse.urlsplit(link).path
    turned_away = browser.get("/_maintenance/admin/")
    assert (turned_away.status, turned_away.header("Location")) == (303, "/_maintenance/admin/sign-in")
    page = browser.get(path)
    assert page.status == 200
    assert {field["name"] for field in Page(page.body).of("input")} == {"email", "password", "again"}
    chosen = {"email": "owner@shop.example", "password": PASSWORD, "again": PASSWORD}
    assert browser.post(path, chosen, origin="http://evil.example").status == 403
    assert browser.post(path, chosen | {"again": "another one at all"}).status == 422
    assert browser.cookie == ""
    done = browser.post(path, chosen)
    assert (done.status, done.header("Location")) == (303, "/_maintenance/admin/"), done.text
    assert browser.cookie.startswith("gateway_session=")
    assert browser.get(path).status >= 400
    assert browser.post(path, chosen).status >= 400


def processes_in(directory: Path) -> list[psutil.Process]:
    """Return the processes that work in a directory or name it."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and str(directory) in f"{process.cwd()} {process.cmdline()}":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):  # nothing that a test has started
            continue
    return found


def test_ctrl_c_while_it_starts(home: Path, demo: Program) -> None:
    """An impatient one leaves nothing either."""
    demo.err.wait_for("starting PostgreSQL")
    demo.stop(signal.SIGINT)
    eventually(lambda: not processes_in(home))
    assert [path for path in home.iterdir() if path.name.startswith("gateway-demo-")] == []
    assert "Traceback" not in demo.err.text


def test_a_port_that_is_taken_ends_the_demo(demo: Program, home: Path) -> None:
    """The second demo on a machine says which setting to change, and takes nothing of the first one with it."""
    url = demo.err.wait_for(r"^listening on (http://127\.0\.0\.1:\d+)$")[1]
    taken = url.removeprefix("http://")
    variables = {"TMPDIR": str(home), "GATEWAY_SERVER__LISTEN": taken, "GATEWAY_SERVER__INTERNAL_LISTEN": ""}
    second = Program("second demo", [*COMMAND, "demo"], directory=home, variables=variables)
    try:
        assert second.ended() == 1
        second.err.wait_for(f"^gateway: can't listen on {taken}: .*server.listen")
        assert "Traceback" not in second.err.text
        with closing(http.client.HTTPConnection("127.0.0.1", int(taken.rpartition(":")[2]), timeout=LONGEST)) as shop:
            shop.request("GET", "/")
            assert shop.getresponse().status == 200
    finally:
        second.end()
    assert demo.stop() == 0
    assert processes_in(home) == []
