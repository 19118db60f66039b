"""Lighthouse, in Chromium, against a real gateway: what a phone on a slow connection gets."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.service.drafts.windows import WindowDraft
from tests.browser.chromium import PROGRAM
from tests.browser.conftest import Scene
from tests.browser.test_customers import WHO, upgrade
from tests.pages.tools import IS_WHOLE, node

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not IS_WHOLE, reason="takes a minute or two: `make pages`, or set GATEWAY_TEST_PAGES=1"),
]

_CATEGORIES = ("performance", "accessibility", "best-practices")
_LEAST_SCORE = 99
_MOST_BYTES = 50 * 1024
# A slow or busy machine costs points that are not the page's.
_TRIES = 3
_USUAL_SLOWDOWN = 4.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def lighthouse(url: str, directory: Path, *, status: int, slowdown: float) -> dict[str, Any]:
    """Return Lighthouse's report on a page, as a phone of the middle gets it: slow 4G, `slowdown` times slower."""
    # A page whose own status is an error is refused, and counts as a complaint of the browser.
    given = ("--ignore-status-code", "--skip-audits=errors-in-console") if status >= 400 else ()
    report = directory / "report.json"
    node(
        "lighthouse/cli/index.js",
        url,
        f"--chrome-flags={' '.join(_FLAGS)}",
        f"--only-categories={','.join(_CATEGORIES)}",
        f"--throttling.cpuSlowdownMultiplier={slowdown}",
        *given,
        "--disable-full-page-screenshot",
        "--no-enable-error-reporting",
        "--quiet",
        "--output=json",
        f"--output-path={report}",
        CHROME_PATH=str(PROGRAM),
    )
    return json.loads(report.read_text())  # type: ignore[no-any-return]


def slowdown_of(benchmark: float) -> float:
    """Return what makes a phone of the middle of a machine of this speed (Lighthouse, docs/throttling.md)."""
    for least, slowdown, step in ((1300, 3, 233), (800, 2, 500), (150, 1, 650)):
        if benchmark >= least:
            return min(slowdown + (benchmark - least) / step, _USUAL_SLOWDOWN)
    return 1.0


def faults(report: dict[str, Any]) -> list[str]:
    """Return each score that is too low, with what was wanting; and the size, if it is too much."""
    audits, found = report["audits"], []
    for name in _CATEGORIES:
        category = report["categories"][name]
        score = round(100 * category["score"])
        if score < _LEAST_SCORE:
            counted = [each["id"] for each in category["auditRefs"] if each["weight"]]
            wanting = [f"{each}: {audits[each]['score']}" for each in counted if audits[each]["score"] not in (1, None)]
            found.append(f"{name} {score}: {', '.join(wanting)}")
    size = audits["total-byte-weight"]["numericValue"]
    if size >= _MOST_BYTES:
        found.append(f"{size} bytes in all")
    return found


@pytest.mark.parametrize(("path", "status"), [("/orders", 503), ("/_maintenance/", 200)])
async def test_lighthouse_gives_99_of_100(scene: Scene, tmp_path: Path, path: str, status: int) -> None:
    """To the page that stands in for the application, and to the status page; both are less than 50 KB in all."""
    await upgrade(scene.services)
    later = {"title": "Network maintenance", "starts_at": scene.services.state.now() + timedelta(days=2)}
    await scene.services.windows.create(WindowDraft.model_validate(later), WHO)
    await scene.gated()
    slowdown = _USUAL_SLOWDOWN
    for _ in range(_TRIES):
        report = await asyncio.to_thread(lighthouse, scene.url + path, tmp_path, status=status, slowdown=slowdown)
        if not (found := faults(report)):
            return
        slowdown = slowdown_of(report["environment"]["benchmarkIndex"])
    raise AssertionError(found)
