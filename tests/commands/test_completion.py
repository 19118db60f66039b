"""Completion, by the shells themselves: a person types in a terminal and presses Tab."""

import os
import pty
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.cli import LONGEST, Shell, environment, refused
from tests.realworld.programs import needs


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """An environment whose `gateway` is this checkout's."""
    command = tmp_path / "gateway"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gateway "$@"\n')
    command.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    return environment(PATH=path, HOME=str(tmp_path), TERM="dumb", PS1="ready> ", PYTHONWARNINGS="")


class Terminal:
    """A shell at the other end of a terminal."""

    def __init__(self, end: int) -> None:
        self._end = end

    def types(self, text: str) -> None:
        os.write(self._end, text.encode())

    def shows(self, text: str) -> str:
        """Read until `text` is there; return all that was read."""
        seen = ""
        deadline = time.monotonic() + LONGEST
        while text not in seen:
            ready, _, _ = select.select([self._end], [], [], deadline - time.monotonic())
            assert ready, f"no {text!r} in {seen!r}"
            seen += os.read(self._end, 65536).decode()
        return seen


@contextmanager
def terminal(command: list[str], directory: Path, variables: dict[str, str]) -> Iterator[Terminal]:
    """Start a shell in a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=directory, env=variables, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


SHELLS = [
    pytest.param(["bash", "--norc", "--noprofile", "-i"], "", id="bash", marks=needs("bash")),
    pytest.param(["zsh", "-f", "-i"], "autoload -U compinit; compinit -u; ", id="zsh", marks=needs("zsh")),
]


@pytest.mark.parametrize(("command", "first"), SHELLS)
def test_commands_options_and_values_are_completed(
    tmp_path: Path, variables: dict[str, str], command: list[str], first: str
) -> None:
    """What can only be one thing is written out; files are completed where a file is asked for."""
    (tmp_path / "acme.toml").touch()
    with terminal(command, tmp_path, variables) as shell:
        shell.shows("ready> ")
        shell.types(f'{first}eval "$(gateway completion {command[0]})"; echo is"" there\n')
        shell.shows("is there")
        for typed, shown in [
            ("gateway wi\t", "gateway window "),
            ("sche\t", "schedule "),
            ("--kind deg\t", "degradation "),
            ("--reo\t", "--reopen-over "),
            ("10m --title-in zh\t", "-Hans "),
            ("\x15gateway --config acm\t", "acme.toml "),
            ("user role a@b.c op\t", "operator "),
        ]:
            shell.types(typed)
            shell.shows(shown)


@needs("fish")
def test_fish_explains_what_it_completes(variables: dict[str, str]) -> None:
    """By its own `complete -C`: names with their help, commas and all."""

    def completed(line: str) -> list[str]:
        script = f"gateway completion fish | source; complete -C {shlex.quote(line)}"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script],
            env=variables,
            check=True,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
        return done.stdout.splitlines()

    assert completed("gateway wi") == ["window\tStart, schedule, extend and end windows, over the API."]
    assert completed("gateway window start --gate re") == ["read_only"]
    assert [line.split("\t")[0] for line in completed("gateway token create ci --sc")] == ["--scope"]


async def test_what_is_no_shell(tmp_path: Path) -> None:
    """It names those that can be had."""
    shell = Shell(tmp_path, {})
    assert refused(await shell("completion", "ksh"), 2, "'ksh' is not one of 'bash', 'zsh', 'fish'")
    assert refused(await shell("completion"), 2, "Missing argument 'SHELL'", "bash, zsh, fish")
