"""What all tests of this directory need: the tools, Chromium, and for some the scene of tests/browser."""

from pathlib import Path

import pytest

from tests.browser.chromium import PROGRAM
from tests.browser.conftest import browser, gateway, scene
from tests.pages.tools import INSTALLED

__all__ = ["browser", "gateway", "scene"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Name what cannot run where there is no Chromium, or nothing from npm."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if not PROGRAM.exists():
                item.add_marker(pytest.mark.skip(reason=f"there is no {PROGRAM}: apt-get install chromium"))
            if not INSTALLED.exists():
                item.add_marker(pytest.mark.skip(reason="not installed: make tests/pages/node_modules/.made"))
