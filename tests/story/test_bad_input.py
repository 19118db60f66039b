"""What people and clients get wrong: told in one line with the remedy, no traceback, and nothing lost."""

import json
import re
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.commands.cli import LONGEST, refused, run_gateway
from tests.story.conftest import Stage
from tests.story.customers import fetch

pytestmark = pytest.mark.story

NO_WINDOW = "00000000-0000-4000-8000-000000000000"


def test_wrong_settings_are_told_all_at_once(tmp_path: Path) -> None:
    """A line for each, with its path, from file and environment; exit code 2, and nothing was started."""
    (tmp_path / "gateway.toml").write_text(
        '[server]\nlisten = "8080"\n[upstream]\nurl = "example.com"\n[database]\nurl = "mysql://x"\nurk = 1\n'
    )
    done = run_gateway(tmp_path, "serve", GATEWAY_LIMITS__BODY_TIMEOUT="soon", GATEWAY_NOWHERE__X="1")
    assert (done.code, done.out) == (2, "")
    lines = [line.removeprefix("gateway: ") for line in done.err.splitlines()]
    paths = {"server.listen", "upstream.url", "database.url", "database.urk", "limits.body_timeout"}
    assert {line.partition(":")[0] for line in lines} == paths | {"GATEWAY_NOWHERE__X"}
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.toml"]


@pytest.mark.parametrize(
    ("text", "said"), [(None, "no such file"), ("[server\n", "is not TOML"), ("\xff", "is not TOML")]
)
def test_a_settings_file_that_is_none(tmp_path: Path, text: str | None, said: str) -> None:
    """It is named, with what is wrong."""
    if text is not None:
        (tmp_path / "mine.toml").write_bytes(text.encode("latin-1"))
    done = run_gateway(tmp_path, "--config", "mine.toml", "serve")
    assert refused(done, 2, "mine.toml", said), done


@pytest.mark.parametrize("setting", ["listen", "internal_listen"])
def test_a_taken_port(stage: Stage, tmp_path: Path, setting: str) -> None:
    """The line names the setting; who was there first notices nothing."""
    taken = f"127.0.0.1:{stage.httpbin}"
    addresses = {"listen": "127.0.0.1:0", "internal_listen": ""} | {setting: taken}
    variables = {f"GATEWAY_SERVER__{name.upper()}": address for name, address in addresses.items()}
    done = run_gateway(tmp_path, "serve", DATABASE_URL=stage.database_url, **variables)
    assert done.code == 1
    [line] = [line for line in done.err.splitlines() if line.startswith("gateway: ")]
    for part in (f"can't listen on {taken}", f"server.{setting}"):
        assert part in line
    assert fetch(stage.httpbin, "/get").status == 200


def test_a_database_that_is_away(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """Commands on the host say so; the password is not told."""
    url = f"postgresql://gateway:secret@127.0.0.1:{free_port()}/gateway"
    for line in (["user", "list"], ["token", "list"], ["migrate"]):
        done = run_gateway(tmp_path, *line, DATABASE_URL=url)
        assert refused(done, 1, "the database can't be reached"), done
        assert "secret" not in done.err


@pytest.mark.parametrize("verb", [["show"], ["end"], ["cancel"], ["extend", "--by", "5m"]])
def test_an_unknown_window_by_command(stage: Stage, verb: list[str]) -> None:
    """Exit code 1 and a line that names it."""
    done = stage.command("window", *verb, NO_WINDOW)
    assert refused(done, 1, NO_WINDOW), done


def test_what_is_no_id_at_all(stage: Stage) -> None:
    """Wrong usage: exit code 2."""
    done = stage.command("window", "end", "the-big-one")
    assert refused(done, 2, "the-big-one"), done


def test_an_unknown_window_by_the_api(stage: Stage) -> None:
    """404 as a problem that names it, for every verb; 401 without a token, 422 with each wrong field named."""
    api = "/_maintenance/api/v1/windows"
    headers = {"Authorization": f"Bearer {stage.tokens[0]}", "Content-Type": "application/json"}
    for method, path in (
        ("GET", f"{api}/{NO_WINDOW}"),
        ("POST", f"{api}/{NO_WINDOW}/end"),
        ("POST", f"{api}/{NO_WINDOW}/cancel"),
        ("GET", f"{api}/the-big-one"),
    ):
        answer = fetch(stage.shop.port, path, method=method, headers=headers)
        problem = json.loads(answer.body)
        assert (answer.status, problem["status"]) == (404, 404)
        assert answer.header("Content-Type") == "application/problem+json"
        assert path.split("/")[5] in problem["detail"]
    assert fetch(stage.shop.port, f"{api}/{NO_WINDOW}").status == 401
    body = json.dumps({"title": "", "estimated_duration": "soon", "gate": "ajar", "titel": "x"})
    wrong = fetch(stage.shop.port, api, method="POST", body=body, headers=headers)
    assert wrong.status == 422
    assert {"title", "estimated_duration", "gate", "titel"} <= json.loads(wrong.body)["errors"].keys()
    garbage = fetch(stage.shop.port, api, method="POST", body="{", headers=headers)
    assert 400 <= garbage.status < 500
    assert json.loads(garbage.body)["status"] == garbage.status
    assert stage.psql("select count(*) from windows") == "0"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", 400),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 300 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_a_malformed_request(stage: Stage, request_bytes: bytes, status: int) -> None:
    """Answered and closed; the answer is not lost in a reset; and the next customer is served."""
    with closing(socket.create_connection(("127.0.0.1", stage.shop.port), timeout=LONGEST)) as client:
        client.sendall(request_bytes)
        with client.makefile("rb") as stream:
            received = stream.read()
    head = received.partition(b"\r\n\r\n")[0]
    assert int(head.split(b" ")[1]) == status
    assert b"\r\nConnection: close" in head
    assert len(re.findall(rb"(?m)^HTTP/1\.1 ", received)) == 1
    assert fetch(stage.shop.port, "/get").status == 200
    assert "Traceback" not in stage.shop.err.text
