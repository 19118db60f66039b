"""Forks of the warm process: to a test they are what a program is that was started by itself."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from gateway import __version__
from tests.commands.cli import environment
from tests.story.processes import eventually
from tests.warm import can_fork, start


def test_a_fork_has_its_own_streams_directory_environment_and_exit_code(tmp_path: Path) -> None:
    """It says what a program says, where a program says it, and by nothing but what it was given."""
    said = start(["--version"], directory=tmp_path, variables=environment())
    assert said.communicate("", 30) == (f"gateway {__version__}\n", "")
    assert said.returncode == 0
    (tmp_path / "gateway.toml").write_text("[page]\nlanguage = 'xx'\n")
    wrong = start(["check"], directory=tmp_path, variables=environment())
    assert "page.language" in "".join(wrong.communicate("", 30))
    assert wrong.wait(30) == wrong.returncode == 2
    named = start(["check"], directory=Path("/"), variables=environment(GATEWAY_PAGE__ACCENT="navy"))
    assert "page.accent" in "".join(named.communicate("", 30))


def test_a_fork_ends_by_a_signal_as_a_program_does(tmp_path: Path) -> None:
    """And is a process of its own, which other programs see."""
    waiting = start(["serve"], directory=tmp_path, variables=environment(DATABASE_URL="postgresql://127.0.0.1:1/x"))
    assert waiting.poll() is None
    assert waiting.pid != os.getpid()
    eventually(lambda: Path(f"/proc/{waiting.pid}/cwd").resolve() == tmp_path.resolve())
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.01)
    waiting.kill()
    waiting.communicate("", 30)
    assert waiting.wait(30) == waiting.poll() == -signal.SIGKILL
    waiting.terminate()  # nobody else is hit


@pytest.mark.parametrize("name", ["LD_PRELOAD", "FAKETIME", "PYTHONDEVMODE"])
def test_what_is_read_when_a_program_begins_is_for_programs_that_begin(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a test gives it to the program alone, or to all that it starts."""
    assert can_fork({"GATEWAY_SERVER__WORKERS": "2"})
    assert not can_fork({name: "x"})
    monkeypatch.setenv(name, "x")
    assert not can_fork({})
