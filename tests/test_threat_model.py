"""docs/threat-model.md names tests; they are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "threat-model.md"
_NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


@cache
def names_in(file: Path) -> set[str]:
    """Return the names of the tests in a file."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, functions)}


@pytest.mark.parametrize("row", [line for line in PAGE.read_text().splitlines() if "::" in line])
def test_each_attempt_has_tests_that_exist(row: str) -> None:
    """Each row of an attempt names a test at least, and nothing that is none."""
    named = _NAMED.findall(row)
    assert len(named) == row.count("::")
    for file, name in named:
        assert name.startswith("test_")
        assert name in names_in(TESTS / file), f"{file}::{name}"


def test_no_attempt_is_left_without_a_test() -> None:
    """A row of these tables without a test is a hole."""
    tables = PAGE.read_text().partition("## Who could do what")[2].partition("## What stays")[0]
    rows = [
        line for line in tables.splitlines() if line.startswith("| ") and not line.startswith(("| attempt", "| ---"))
    ]
    assert len(rows) > 30
    assert [row for row in rows if not _NAMED.search(row)] == []
