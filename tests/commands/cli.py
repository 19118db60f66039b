"""The command line as an SRE uses it: a process of its own, with an environment that the test decides on."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            cwd=self.directory,
            env=environment(**(self.variables | variables)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(LONGEST):
                out, err = await process.communicate(stdin.encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Done(code=process.returncode, out=out.decode(), err=err.decode())


def refused(done: Done, code: int, *parts: str) -> bool:
    """Tell whether a command said in one line on standard error what was wrong, and nothing on standard output."""
    lines = done.err.splitlines()
    return (
        (done.code, done.out, len(lines)) == (code, "", 1)
        and lines[0].startswith("gateway: ")
        and all(part in lines[0] for part in parts)
    )
