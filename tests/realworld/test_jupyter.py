"""A Jupyter kernel is worked with through the gateway: its REST interface, and its channels over a WebSocket."""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from websockets import CloseCode
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.commands.cli import LONGEST
from tests.realworld.conftest import GatewayBefore, Start
from tests.realworld.programs import needs
from tests.story.customers import Answer, fetch
from tests.story.processes import APPLICATIONS, Gateway, eventually

pytestmark = [pytest.mark.realworld, needs(APPLICATIONS / "jupyter-server")]

AUTHORIZED = {"Authorization": "token secret"}
LINES = 20_000
LINE = "x" * 100

Message = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What came of a cell: the reply, and what it has put out."""

    reply: Message
    outputs: list[Message]

    @property
    def result(self) -> str:
        [result] = [output for output in self.outputs if output["msg_type"] == "execute_result"]
        text: str = result["content"]["data"]["text/plain"]
        return text

    @property
    def printed(self) -> str:
        streams = [output["content"] for output in self.outputs if output["msg_type"] == "stream"]
        return "".join(stream["text"] for stream in streams if stream["name"] == "stdout")


class Channels:
    """The kernel's channels: messages as JSON."""

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self._socket = socket
        self._session = session

    def run(self, code: str, *, at_output: Callable[[], None] | None = None) -> Cell:
        """Have a cell run to its end; `at_output` is called when it has put out something."""
        number = self._send(code)
        outputs: list[Message] = []
        reply: Message | None = None
        idle = False
        while reply is None or not idle:
            message = self.receive()
            if message["parent_header"].get("msg_id") != number:
                continue
            kind = message["msg_type"]
            if kind == "execute_reply":
                reply = message["content"]
            elif kind == "status":
                idle = message["content"]["execution_state"] == "idle"
            elif kind in ("stream", "execute_result", "error"):
                outputs.append(message)
                if at_output is not None:
                    at_output()
                    at_output = None
        return Cell(reply=reply, outputs=outputs)

    def _send(self, code: str) -> str:
        number = uuid.uuid4().hex
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        header = {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": "a", "session": self._session}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        self._socket.send(json.dumps(message))
        return number

    def receive(self, kind: str | None = None) -> Message:
        """Return the next message, or the next of a kind."""
        while True:
            message: Message = json.loads(self._socket.recv(timeout=LONGEST))
            if kind is None or message["msg_type"] == kind:
                return message


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A kernel, and the gateway in front of its server."""

    gateway: Gateway
    kernel: str

    def ask(self, method: str, more: str = "") -> Answer:
        return fetch(self.gateway.port, f"/api/kernels/{self.kernel}{more}", method=method, headers=AUTHORIZED)

    @contextmanager
    def channels(self, headers: Mapping[str, str] = AUTHORIZED, origin: str | None = None) -> Iterator[Channels]:
        """Open the channels, and close them by WebSocket's closing handshake.

        Without `max_size=None` the client takes no message over 1 MB, whoever sends it.
        """
        # A session of its own: the server begins to relay when it has heard from the kernel, also after a restart.
        session = uuid.uuid4().hex
        url = f"ws://127.0.0.1:{self.gateway.port}/api/kernels/{self.kernel}/channels?session_id={session}"
        own = None if origin is None else Origin(origin)
        with connect(url, additional_headers=headers, origin=own, max_size=None) as socket:
            yield Channels(socket, session)
        assert socket.close_code == CloseCode.NORMAL_CLOSURE, "the server's close frame did not arrive"


def check(answer: Answer, status: int) -> None:
    assert answer.status == status, answer


@pytest.fixture(scope="module")
def server(start: Start, gateway_before: GatewayBefore, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """The gateway in front of a Jupyter server."""
    directory = tmp_path_factory.mktemp("jupyter")
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--IdentityProvider.token=secret"]
    if os.geteuid() == 0:
        options.append("--allow-root")
    own = {f"JUPYTER_{name}_DIR": str(directory / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    running = start(
        "jupyter",
        [APPLICATIONS / "jupyter-server", *options],
        directory=directory,
        IPYTHONDIR=str(directory / "ipython"),
        **own,
    )
    gateway = gateway_before(running.err.wait_for(r"(http://127\.0\.0\.1:\d+)/\?token=")[1])
    # It has said so before it listens.
    eventually(lambda: fetch(gateway.port, "/api").status == 200)
    return gateway


@pytest.fixture
def notebook(server: Gateway) -> Iterator[Notebook]:
    """A kernel of the test's own."""
    headers = AUTHORIZED | {"Content-Type": "application/json"}
    made = fetch(server.port, "/api/kernels", method="POST", body=b'{"name": "python3"}', headers=headers)
    assert made.status == 201, made
    kernel = json.loads(made.body)["id"]
    assert made.header("Location") == f"/api/kernels/{kernel}"
    notebook = Notebook(gateway=server, kernel=kernel)
    yield notebook
    notebook.ask("DELETE")


def test_a_session_from_first_to_last(notebook: Notebook) -> None:
    """Results and 2 MB of output arrive whole, and that the kernel has ended."""
    with notebook.channels() as channels:
        assert channels.run("6*7").result == "42"
        much = channels.run(f"for number in range({LINES}): print(number, {LINE!r})")
        assert much.reply["status"] == "ok"
        assert much.printed == "".join(f"{number} {LINE}\n" for number in range(LINES))
        assert channels.run("_ + 1").result == "43"
        check(notebook.ask("DELETE"), 204)
        assert channels.receive("shutdown_reply")["content"]["restart"] is False
    check(notebook.ask("GET"), 404)
    notebook.gateway.out.wait_for(rf'"GET /api/kernels/{notebook.kernel}/channels\?session_id=\w+" 101 ')


def test_a_cell_is_interrupted(notebook: Notebook) -> None:
    """By a request beside the WebSocket while output has come over it; the kernel goes on with what it has."""
    with notebook.channels() as channels:
        channels.run("a = 6")
        stopped = channels.run(
            "import time\nprint('begun', flush=True)\ntime.sleep(600)",
            at_output=lambda: check(notebook.ask("POST", "/interrupt"), 204),
        )
        assert (stopped.reply["status"], stopped.reply["ename"]) == ("error", "KeyboardInterrupt")
        assert stopped.printed == "begun\n"
        assert channels.run("a * 7").result == "42"


def test_a_kernel_is_restarted(notebook: Notebook) -> None:
    """It has forgotten everything, and is reached by a new WebSocket."""
    with notebook.channels() as channels:
        channels.run("a = 6")
    check(notebook.ask("POST", "/restart"), 200)
    with notebook.channels() as channels:
        assert channels.run("a").reply["ename"] == "NameError"


def test_a_page_opens_channels(notebook: Notebook) -> None:
    """With the cookie of its sign-in, if its Origin is the Host; the server refuses others, by its own answer."""
    url = notebook.gateway.url
    signed_in = fetch(notebook.gateway.port, "/login?token=secret")
    check(signed_in, 302)
    cookie = (signed_in.header("Set-Cookie") or "").partition(";")[0]
    # Jupyter makes the cookie's name of the Host.
    assert cookie.startswith(f"username-127-0-0-1-{notebook.gateway.port}=")
    with notebook.channels({"Cookie": cookie}, origin=url) as channels:
        assert channels.run("6*7").result == "42"
    for headers, origin in (({"Cookie": cookie}, "http://elsewhere.example"), ({}, url)):
        with pytest.raises(InvalidStatus) as refused, notebook.channels(headers, origin=origin):
            pass
        assert refused.value.response.status_code == 403
        assert refused.value.response.headers["Server"].startswith("TornadoServer/")
