"""The API, tried against the description that it serves: thousands of calls, right and wrong ones, by Schemathesis."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
ANSWERS = Path("answers")
"""Where the hooks note, in the directory of the trial, how each call was answered: `GET /windows 200`."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How it went: `cases` were generated, `report` is what the program wrote.

    `done` are the operations that were done at least once (answered with 2xx), such as `GET /windows`.
    """

    passed: bool
    cases: int
    report: str
    done: frozenset[str]


def tried(url: str, token: str, *arguments: str, directory: Path) -> Trial:
    """Try the API of the gateway at `url`; files are written to `directory`."""
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", Path(__file__).with_name("schemathesis.toml")),
            *("run", f"{url}/_maintenance/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}"),
            *("--no-color", "--continue-on-failure", "--generation-database=none", *arguments),
        ],
        cwd=directory,
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "tests.story.contract.hooks", "PYTHONPATH": str(ROOT)}
        | {"TRIAL_URL": url, "TRIAL_TOKEN": token},
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"(\d+) generated", ran.stdout)
    answers = [line.rsplit(" ", 1) for line in (directory / ANSWERS).read_text().splitlines()]
    return Trial(
        passed=ran.returncode == 0,
        cases=int(found[1]) if found else 0,
        report=ran.stdout + ran.stderr,
        done=frozenset(operation for operation, status in answers if status.startswith("2")),
    )
