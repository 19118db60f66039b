"""The rules of traffic.md have tests that are named after them."""

import re
from pathlib import Path

import pytest

LAST_RULE = 30


@pytest.mark.parametrize("number", range(1, LAST_RULE + 1))
def test_each_rule_has_a_test_over_real_sockets(number: int) -> None:
    """`test_rule_07_...`: whoever changes a rule finds its tests by its number."""
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert re.search(rf"^async def test_rule_{number:02d}_\w+", sources, re.MULTILINE)
