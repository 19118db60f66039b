"""The floors: imports only go down. `pyproject.toml` states them, import-linter checks them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)


def test_imports_only_go_down_the_floors() -> None:
    linted = lint_imports(ROOT)
    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


@pytest.mark.parametrize(
    ("file", "text", "contract"),
    [
        ("store/wrong.py", "import gateway.service.state", "Imports only go down the floors"),
        ("edge/wrong.py", "import gateway.web.keys", "Imports only go down the floors"),
        ("render/wrong.py", "import gateway.observe.log", "Imports only go down the floors"),
        ("domain/wrong.py", "import asyncio", "The pure floor does no I/O"),
        ("http1/wrong.py", "import socket", "The pure floor does no I/O"),
        ("service/wrong.py", "import asyncpg", "Only the store speaks to PostgreSQL"),
    ],
)
def test_each_floor_is_watched(tmp_path: Path, file: str, text: str, contract: str) -> None:
    """The check itself can fail: one wrong import in a copy is found."""
    shutil.copytree(ROOT / "gateway", tmp_path / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "gateway" / file).write_text(text)
    linted = lint_imports(tmp_path)
    assert linted.returncode == 1
    assert f"{contract} BROKEN" in linted.stdout


def test_a_package_of_no_floor_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "gateway", tmp_path / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "gateway" / "helpers.py").touch()
    linted = lint_imports(tmp_path)
    assert linted.returncode == 1
    assert "helpers" in linted.stdout
