"""The programs that the stories need besides Python's, and the people who use them."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.cli import LONGEST

# Servers stand in sbin, which not everybody has on the path.
_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"))


def program(name: str | Path) -> str:
    """Return the path of a program: a name is one of the system's, a path is itself.

    Raises:
        FileNotFoundError: there is none.
    """
    found = shutil.which(name, path=_PATH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def _exists(name: str | Path) -> bool:
    try:
        program(name)
    except FileNotFoundError:
        return False
    return True


def needs(*names: str | Path) -> pytest.MarkDecorator:
    """Skip where a program is missing, and name it."""
    missing = [Path(name).name for name in names if not _exists(name)]
    return pytest.mark.skipif(
        bool(missing), reason=f"{', '.join(missing)} not installed (`make test` does it; Debian's programs as root)"
    )


@dataclass(frozen=True)
class User:
    """Somebody at a shell, with an empty home, and nothing of this machine's settings in the environment."""

    home: Path

    def run(self, *command: str | Path, **variables: str) -> str:
        """Run a program to its end and return its standard output; that it fails is a failure."""
        done = subprocess.run(
            command,
            cwd=self.home,
            env={"PATH": _PATH, "HOME": str(self.home), "LANG": "C.UTF-8"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        said = f"{command[0]} ended with {done.returncode}:\n{done.stderr}--- standard output\n{done.stdout}"
        assert done.returncode == 0, said
        return done.stdout
