"""The command line as an SRE uses it: a process of its own, with an environment that the test decides on."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.warm import Forked, can_fork, start

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "gateway")
# Far beyond what a command takes: a hang is a failure.
LONGEST = 60


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a command: this checkout, and no settings but `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "DATABASE_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"} | variables


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command left: its exit code, and what it said where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """A directory and an environment to run commands in."""

    directory: Path
    variables: dict[str, str]

    async def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Done:
        return await asyncio.to_thread(
            run_gateway, self.directory, *arguments, stdin=stdin, **(self.variables | variables)
        )


def run_gateway(directory: Path, *arguments: str, stdin: str = "", **variables: str) -> Done:
    """Run a command to its end; `variables` are its environment. A traceback is a failure, whatever was asked."""
    process = started(arguments, directory, variables)
    try:
        out, err = process.communicate(stdin, LONGEST)
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in err, err
    return Done(code=process.returncode, out=out, err=err)


def started(
    arguments: Sequence[str], directory: Path, variables: Mapping[str, str]
) -> "subprocess.Popen[str] | Forked":
    """Start `gateway` with these arguments, which may go on for long; with pipes for all of its streams."""
    if can_fork(variables):
        return start(arguments, directory=directory, variables=environment(**variables))
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=directory,
        env=environment(**variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refused(done: Done, code: int, *parts: str) -> bool:
    """Tell whether a command said in one line on standard error what was wrong, and nothing on standard output."""
    lines = done.err.splitlines()
    return (
        (done.code, done.out, len(lines)) == (code, "", 1)
        and lines[0].startswith("gateway: ")
        and all(part in lines[0] for part in parts)
    )
