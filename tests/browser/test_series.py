"""A window that repeats, in Chromium: made, moved, skipped and ended by an SRE who types no rule."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import Browser, Page

from gateway.render.recurrence import local_words
from tests.browser.chromium import visit
from tests.browser.conftest import Scene
from tests.browser.test_sre import sign_in

BERLIN = ZoneInfo("Europe/Berlin")


def typed(instant: datetime) -> str:
    """Return what one types into a field of date and time."""
    return f"{instant:%Y-%m-%dT%H:%M}"


async def lines(page: Page, inside: str = "main") -> list[str]:
    """Return the rows of the table there, each in one line."""
    return [" ".join(row.split()) for row in await page.locator(f"{inside} tbody tr").all_inner_texts()]


async def test_a_window_repeats_is_moved_once_and_skipped_once_and_ends(browser: Browser, scene: Scene) -> None:
    """Every second Sunday at 02:00 there; the series and the list of windows tell what was done by hand."""
    soon = scene.services.state.now().astimezone(BERLIN) + timedelta(days=2)
    sunday = datetime(soon.year, soon.month, soon.day, 2, tzinfo=BERLIN) + timedelta(days=6 - soon.weekday())
    first, second, third = (local_words(sunday + timedelta(weeks=weeks)) for weeks in (0, 2, 4))
    monday = sunday + timedelta(days=1)
    async with visit(browser, java_script_enabled=False) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.click("text=Schedule a window")
        await page.fill("#title", "Backup of the warehouse")
        await page.fill("#confirm", "Acme Shop")
        await page.fill("#starts_at", typed(sunday))
        await page.fill("#estimated_duration", "1h")
        await page.click("summary:text-is('Repeat')")
        await page.select_option("#repeats", label="Every second week")
        await page.fill("#time_zone", BERLIN.key)
        await page.click("text=Start or schedule")
        assert "Every second Sunday at 02:00 (Europe/Berlin)" in await sre.text()
        rows = await lines(page)
        assert rows[0].startswith(first)
        assert rows[1].startswith(second)
        series = page.url

        await page.click("tbody tr >> nth=0 >> text=Move")
        assert await page.input_value("#starts_at") == typed(sunday.astimezone(UTC))
        await page.fill("#starts_at", typed(monday.astimezone(UTC)))
        await page.click("text=Save")
        await page.click("text=every second Sunday")
        await page.click("tbody tr >> nth=1 >> button")
        assert "Skipped: that window is cancelled, and the series goes on." in await sre.text()
        rows = await lines(page)
        assert rows[0].startswith(f"{local_words(monday)} Moved; by the rule {first}.")
        assert "Changed by hand" in rows[0]
        assert rows[1].startswith(second)
        assert rows[1].endswith("Skipped")
        assert rows[2].startswith(third)
        assert "As the series says" in rows[2]

        await page.click("nav >> text=Windows")
        [coming], [over] = await lines(page, "[aria-labelledby=current]"), await lines(page, "[aria-labelledby=over]")
        assert f"moved from {first} Scheduled {local_words(monday.astimezone(UTC))} UTC" in coming
        assert "Cancelled" in over

        await page.goto(series)
        await page.click("text=End the series")
        assert "Nothing: it was ended." in await sre.text()
        await page.click("nav >> text=Windows")
        assert "Nothing is active and nothing is scheduled." in await sre.text()
        assert len(await lines(page, "[aria-labelledby=over]")) == 1
        assert sre.wrongs == []
