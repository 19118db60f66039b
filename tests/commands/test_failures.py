"""Errors on the command line: one line each, the exit code, never a traceback."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from gateway.commands.failures import WrongSettingsError, WrongUsageError, guarded, tell
from gateway.domain.errors import ConflictError, GatewayError, InvalidError, NotFoundError, StoreError
from tests.commands.cli import COMMAND, LONGEST, Shell, environment, refused


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConflictError("it is ended"), 1, ["it is ended"]),
        (NotFoundError(), 1, ["There is no such thing."]),
        (StoreError("the database\ncan't be reached"), 1, ["the database can't be reached"]),
        (GatewayError("odd"), 1, ["odd"]),
        (InvalidError({"title": "is empty", "kind": "is none"}), 1, ["title: is empty", "kind: is none"]),
        (WrongSettingsError({"a.b": "no", "c": "never"}), 2, ["a.b: no", "c: never"]),
        (WrongUsageError("no token"), 2, ["no token"]),
        (click.UsageError("no such option"), 2, ["no such option (see: gateway --help)"]),
        (click.ClickException("it failed"), 1, ["it failed"]),
        (FileNotFoundError(2, "No such file or directory", "/x"), 1, ["/x: No such file or directory"]),
        (OSError("odd"), 1, ["odd"]),
        (click.Abort(), 130, []),
        (KeyboardInterrupt(), 130, []),
    ],
)
def test_errors_have_a_line_and_a_code(
    error: BaseException, code: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """1: refused or failed; 2: wrong usage or settings; fields are told one by one."""

    def fail() -> int:
        raise error

    assert guarded(fail) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [f"gateway: {line}" for line in said]


def test_a_terminal_is_not_fooled(capsys: pytest.CaptureFixture[str]) -> None:
    """A title or a name that is told was written by somebody else."""
    tell('the window "\x1b[2J\r\n" has ended')
    assert capsys.readouterr().err == 'gateway: the window "\\x1b[2J\\r\\n" has ended\n'


def test_a_bug_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Even then there is no traceback, but the way to it."""

    def fail() -> int:
        return 1 // 0

    assert guarded(fail) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "bug" in line
    assert "ZeroDivisionError" in line
    assert "-X dev" in line


def test_wrong_settings_are_all_told(tmp_path: Path) -> None:
    """A line for each, from the file and the environment at once, with its path."""
    (tmp_path / "gateway.toml").write_text('[server]\nlisten = "x"\n[limits]\nbody_timout = "1m"\n')
    done = subprocess.run(
        [*COMMAND, "serve"],
        cwd=tmp_path,
        env=environment(GATEWAY_UPSTREAM__URL="nowhere"),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    paths = {line.removeprefix("gateway: ").partition(": ")[0] for line in lines}
    assert paths == {"server.listen", "limits.body_timout", "upstream.url"}
    assert len(lines) == 3


async def test_a_database_that_is_away(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """The commands on the host say so, without its password."""
    url = f"postgresql://gateway:secret@127.0.0.1:{free_port()}/x"
    shell = Shell(tmp_path, {"DATABASE_URL": url})
    for line in (["user", "list"], ["token", "create", "ci", "--scope", "read"], ["migrate", "--dry-run"]):
        done = await shell(*line)
        assert refused(done, 1, "the database can't be reached", "Connect call failed"), done
        assert "secret" not in done.err


async def test_a_database_address_that_is_none(tmp_path: Path) -> None:
    """That is a wrong setting."""
    shell = Shell(tmp_path, {"DATABASE_URL": "postgresql://gateway:secret@db:port/x"})
    for line in (["user", "list"], ["migrate"], ["check"]):
        done = await shell(*line)
        assert done.code == 2
        assert "gateway: database.url: " in done.err, done
        assert "secret" not in done.err


async def test_nothing_listens_there(tmp_path: Path, free_port: Callable[[], int]) -> None:
    """The commands over the API say what to do."""
    url = f"http://127.0.0.1:{free_port()}"
    done = await Shell(tmp_path, {"GATEWAY_URL": url, "GATEWAY_TOKEN": "t"})("window", "list")
    assert refused(done, 1, "nothing answers", url, "gateway serve", "GATEWAY_URL"), done


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1\r\nConnection: close\r\n\r\n{",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /sign-in\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
async def test_something_else_listens_there(tmp_path: Path, answer: bytes) -> None:
    """A wrong address is told as one, whatever answers there."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = await Shell(tmp_path, {"GATEWAY_URL": url, "GATEWAY_TOKEN": "t"})("window", "list")
    assert refused(done, 1, "GATEWAY_URL"), done


async def test_ctrl_c_is_quiet(tmp_path: Path) -> None:
    """Interrupted while it waits for an answer: exit code 130, no traceback."""
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, asyncio.timeout(LONGEST):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "window",
            "list",
            cwd=tmp_path,
            env=environment(GATEWAY_URL=url, GATEWAY_TOKEN="t"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await asked.wait()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, out, err.strip()) == (130, b"", b"")


def test_a_reader_that_has_seen_enough(tmp_path: Path, database_url: str) -> None:
    """`gateway token list | head -0`: no complaint."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*COMMAND, "token", "list"],
            cwd=tmp_path,
            env=environment(DATABASE_URL=database_url),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
