"""The container image: built by buildah, run with a read-only root. `make image`, or GATEWAY_TEST_IMAGE=1."""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any

import pytest

from gateway import __version__
from gateway.domain.languages import LANGUAGES

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]

HERE = Path(__file__).resolve().parent
NAME = "localhost/gateway-test"
CANNOT = 77
INTERNAL_PORT = 9090


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image: its root, unpacked, and its configuration (OCI image-spec, `config`)."""

    root: Path
    config: dict[str, Any]

    def command(self, volume: Path, *arguments: str, **variables: str) -> list[str]:
        """Return the command line that runs the image's program with these arguments; none: with the image's own."""
        return [
            *self._inside(volume, variables),
            *self.config["Entrypoint"],
            *(arguments or self.config["Cmd"]),
        ]

    def health_check(self, volume: Path, port: int) -> list[str]:
        """Return the command line of the health check, asking on the internal port that the test could get."""
        kind, *command = self.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return [*self._inside(volume, {}), *(part.replace(f":{INTERNAL_PORT}", f":{port}") for part in command)]

    def _inside(self, volume: Path, variables: dict[str, str]) -> list[str]:
        environment = [*self.config["Env"], *(f"{name}={value}" for name, value in variables.items())]
        strictly = ["unshare", "--mount", str(HERE / "run"), str(self.root), str(volume)]
        return [*strictly, self.config["User"], self.config["WorkingDir"], *environment]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    if os.environ.get("GATEWAY_TEST_IMAGE") != "1":
        pytest.skip("builds a container image, which takes a minute: `make image`, or set GATEWAY_TEST_IMAGE=1")
    built = subprocess.run([HERE / "build", NAME], capture_output=True, text=True, check=False)
    if built.returncode == CANNOT:
        pytest.skip(built.stderr.strip().splitlines()[-1])
    assert built.returncode == 0, built.stdout + built.stderr
    with ExitStack() as stack:
        stack.callback(buildah, "rmi", NAME)
        container = buildah("from", NAME)
        stack.callback(buildah, "rm", container)
        root = Path(buildah("mount", container))
        yield Image(root=root, config=json.loads(buildah("inspect", container))["Docker"]["config"])


@pytest.fixture
def volume(image: Image, tmp_path: Path) -> Path:
    """An empty volume that belongs to the image's user, outside of pytest's directories, which only root may enter."""
    user, group = (int(part) for part in image.config["User"].split(":"))
    os.chown(tmp_path, user, group)
    return tmp_path


@pytest.fixture
def application() -> Iterator[int]:
    """A server on a free port that answers with its own name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "15")
            self.end_headers()
            self.wfile.write(b"the application")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_version_is_that_of_the_checkout(image: Image, volume: Path) -> None:
    """The image carries this version of the gateway, and runs it with a read-only root."""
    done = subprocess.run(image.command(volume, "--version"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert __version__ in done.stdout


def test_program_has_no_privileges(image: Image) -> None:
    """The user is a number, so that an orchestrator can see that it is not root, and owns nothing of the program."""
    user, _ = (int(part) for part in image.config["User"].split(":"))
    assert user > 0
    owned = [path for path in (image.root / "opt/gateway").rglob("*") if path.lstat().st_uid == user]
    assert owned == []


def test_image_adds_less_than_150_mb_to_its_base(image: Image) -> None:
    """The embedded PostgreSQL included; no compiler, no pip, no cache."""
    program = image.root / "opt/gateway"
    assert sum(path.lstat().st_size for path in program.rglob("*")) < 150_000_000
    assert not list(program.glob("lib/python*/site-packages/pip"))


def test_it_speaks_every_language(image: Image) -> None:
    """What is left of the library's locales is enough: days and lengths in each language of the pages."""
    code = (
        "from datetime import UTC, datetime, timedelta\n"
        "from gateway.domain.languages import LANGUAGES\n"
        "from gateway.render.language import language_of\n"
        "said = [(each.instant(datetime(2026, 1, 2, tzinfo=UTC), UTC), each.duration(timedelta(hours=2)))"
        " for each in map(language_of, LANGUAGES)]\n"
        "print(len(set(said)))"
    )
    command = ["chroot", image.root, "/opt/gateway/bin/python", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(LANGUAGES)}\n", "")


def test_probes_reach_the_internal_port_from_outside(image: Image) -> None:
    """The settings are those of the checkout, but for the internal address: an orchestrator asks from outside."""
    checkout = (HERE.parent.parent / "gateway.toml").read_text()
    own = (image.root / "etc/gateway/gateway.toml").read_text()
    assert own == checkout.replace(f'"127.0.0.1:{INTERNAL_PORT}"', f'"0.0.0.0:{INTERNAL_PORT}"')
    assert own != checkout


def test_serve_forwards_is_healthy_and_ends_on_sigterm(image: Image, volume: Path, application: int) -> None:
    """With the image's own command, a read-only root and one volume."""
    port, internal_port = free_port(), free_port()
    command = image.command(
        volume,
        GATEWAY_UPSTREAM__URL=f"http://127.0.0.1:{application}",
        GATEWAY_SERVER__LISTEN=f"127.0.0.1:{port}",
        GATEWAY_SERVER__INTERNAL_LISTEN=f"127.0.0.1:{internal_port}",
    )
    healthy = image.health_check(volume, internal_port)

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as serving:
        try:
            wait_for(lambda: serving.poll() is not None or listens(port), "the gateway to listen")
            assert serving.poll() is None, output_of(serving)
            assert get(port, "/anything") == (200, b"the application")
            assert get(port, "/_maintenance/")[0] == 200
            assert subprocess.run(healthy, capture_output=True, check=False).returncode == 0
        finally:
            serving.terminate()
            said = output_of(serving)
    assert serving.returncode == 0, said
    assert subprocess.run(healthy, capture_output=True, check=False).returncode != 0


def buildah(*arguments: str) -> str:
    """Run buildah as `build` does and return what it prints."""
    environment = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"} | os.environ
    done = subprocess.run(["buildah", *arguments], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Tell whether a connection is accepted."""
    with socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(observed: Callable[[], bool], what: str) -> None:
    """Wait until it is observed, for at most 60 s."""
    deadline = time.monotonic() + 60
    while not observed():
        assert time.monotonic() < deadline, f"waited 60 s for {what}"
        time.sleep(0.02)


def get(port: int, path: str) -> tuple[int, bytes]:
    """Ask once; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def output_of(process: "subprocess.Popen[str]") -> str:
    """Wait until the process has ended and return all that it wrote."""
    return process.communicate(timeout=60)[0]
