"""An SRE at work in Chromium, from the first link to "Issue fixed"."""

from playwright.async_api import Browser, Page

from gateway.domain.access import Role, command_line
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import WindowDraft
from tests.browser.chromium import Visit, visit
from tests.browser.conftest import Scene
from tests.web.panel import PASSWORD

WHO = command_line("test")


async def sign_in(sre: Visit, scene: Scene, role: Role = Role.OPERATOR) -> None:
    """Sign in by e-mail address and password."""
    email = await scene.operator(role=role)
    await sre.page.goto(f"{scene.panel}/")
    await sre.page.fill("#email", email)
    await sre.page.fill("#password", PASSWORD)
    await sre.page.click("main button")
    await sre.page.wait_for_url(f"{scene.panel}/")


async def test_the_whole_story_without_javascript(browser: Browser, scene: Scene) -> None:
    """First sign-in, start now, customers are gated, an update, fixed, customers are back, signed out."""
    link = scene.gateway.err.wait_for(r"signs in once at (http://\S+)")[1]
    async with visit(browser, java_script_enabled=False) as sre, visit(browser) as customer:
        page = sre.page
        await page.goto(link)
        await page.fill("#email", "ada@acme.example")
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.click("text=Create the administrator")
        assert page.url == f"{scene.panel}/"
        assert "No active window" in await sre.text()

        await page.fill("#title", "Database upgrade")
        await page.fill("#estimated_duration", "1h30m")
        await page.fill("#description", "Searches get **faster**.")
        await page.fill("#confirm", "Acme Shop")
        await page.click("text=Start now")
        assert "The window has started." in await sre.text()
        await customer.page.goto(scene.url)
        assert "Acme Shop is down for maintenance" in await customer.text()
        assert "about 1 hour 30 minutes in all" in await customer.text()

        await page.select_option("#status", "verifying")
        await page.fill("#body", "We are checking every part.")
        await page.click("main >> text=Post >> nth=-1")
        assert "The update is on the status page." in await sre.text()
        await customer.page.reload()
        assert "We are checking every part." in await customer.text()

        await page.click("text=Issue fixed")
        assert "Fixed: the window has ended." in await sre.text()
        await customer.page.reload()
        assert "This is the application behind the gateway." in await customer.text()

        await page.click("text=Sign out")
        assert "You are signed out." in await sre.text()
        await page.goto(f"{scene.panel}/windows")
        assert page.url == f"{scene.panel}/sign-in"
        assert sre.wrongs + customer.wrongs == []
        assert [url for url in sre.requests + customer.requests if not url.startswith(scene.url)] == []


async def test_a_window_is_tried_started_ended_and_reopened_without_javascript(browser: Browser, scene: Scene) -> None:
    """What was typed survives the trial, and the trial tells the truth; a slip is mended from the window's page."""
    async with visit(browser, java_script_enabled=False) as sre, visit(browser) as customer:
        await sign_in(sre, scene)
        page = sre.page
        await page.goto(f"{scene.panel}/windows/new")
        await page.fill("#title", "Checkout upgrade")
        await page.fill("#confirm", "Acme Shop")
        await page.click("text=Only some requests")
        await page.fill("#excluded_paths", "/orders")
        await page.click("text=What would this window gate?")
        await page.fill("#trial", "POST /checkout\n/orders")
        await page.click("text=Try these requests")
        assert page.url.endswith("/preview#trial-of-requests")
        said = await sre.text()
        assert 'POST /checkout Refused "this window" is closed for all requests, but not /orders.' in said
        assert '/orders Forwarded "this window" leaves out /orders, and /orders is there.' in said
        assert await page.input_value("#title") == "Checkout upgrade"
        for width in (320, 1200):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await sre.overflow() == 0
        await page.click("text=Start or schedule")
        assert "The window has started." in await sre.text()
        await customer.page.goto(f"{scene.url}/orders")
        assert "Checkout upgrade" not in await customer.text()
        await customer.page.goto(scene.url)
        assert "Checkout upgrade" in await customer.text()

        await page.click("text=Issue fixed")
        assert "Ended by mistake?" in await sre.text()
        await page.fill("#remaining", "2h")
        await page.fill("#confirm", "Acme Shop")
        await page.click("text=Reopen the window")
        assert "The window is in force again." in await sre.text()
        await customer.page.reload()
        assert "Checkout upgrade" in await customer.text()
        assert sre.wrongs == []


async def test_a_window_is_scheduled_and_edited(browser: Browser, scene: Scene) -> None:
    """The form with its time field: UTC in, UTC out; a wrong field comes back marked, with everything typed."""
    await scene.services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    async with visit(browser) as sre:
        await sign_in(sre, scene)
        page = sre.page
        await page.click("text=Schedule a window")
        await page.fill("#title", "Network maintenance")
        await page.fill("#confirm", "Acme Shop")
        await page.fill("#starts_at", "2099-12-01T22:00")
        await page.fill("#estimated_duration", "soon")
        await page.select_option("[name='component.api']", "partial_outage")
        await page.click("text=Start or schedule")
        assert await page.get_attribute("#estimated_duration", "aria-invalid") == "true"
        assert await page.input_value("#starts_at") == "2099-12-01T22:00"
        assert await page.input_value("[name='component.api']") == "partial_outage"
        await page.fill("#estimated_duration", "2h")
        await page.click("text=Start or schedule")
        assert "Tue 1 Dec 2099, 22:00 UTC" in await sre.text()
        await page.click("text=Edit")
        assert await page.input_value("#starts_at") == "2099-12-01T22:00"
        await page.fill("#title", "Network maintenance, moved")
        await page.fill("#starts_at", "2099-12-02T22:00")
        await page.click("text=Save")
        assert "Network maintenance, moved" in await sre.text()
        assert "Wed 2 Dec 2099, 22:00 UTC" in await sre.text()
        assert sre.wrongs == []


async def test_two_sres_do_not_overwrite_each_other(browser: Browser, scene: Scene) -> None:
    """The second one to save sees both texts, and decides."""
    window = await scene.services.windows.create(WindowDraft(title="Power cut", description="As it was."), WHO)
    await scene.gated()
    async with visit(browser) as first, visit(browser) as second:
        await sign_in(first, scene)
        await second.page.context.add_cookies(await first.page.context.cookies())  # type: ignore[arg-type]
        for sre, text in ((first, "First."), (second, "Second.")):
            await sre.page.goto(f"{scene.panel}/windows/{window.id}/edit")
            await sre.page.fill("#description", text)
        await first.page.click("text=Save")
        await second.page.click("text=Save")
        assert "Not saved" in await second.text()
        assert await second.page.input_value("#description") == "Second."
        assert "First." in await second.page.inner_text("table")
        await second.page.click("main form >> text=Save")
        assert (await scene.services.windows.get(window.id)).description == "Second."


async def test_an_incident_takes_three_clicks_without_javascript(browser: Browser, scene: Scene) -> None:
    """The template's button, its field, "Start or schedule"; then an update from a template, and it is there."""
    async with visit(browser, java_script_enabled=False) as sre, visit(browser) as customer:
        await sign_in(sre, scene)
        page = sre.page
        await page.click("text=Unexpected outage")
        await page.click("[name='var.what']")
        await page.keyboard.type("The checkout")
        await page.fill("#confirm", "Acme Shop")
        await page.click("text=Start or schedule")
        assert "The window has started." in await sre.text()
        await customer.page.goto(scene.url)
        assert "The checkout is not available" in await customer.text()

        await page.select_option("#template", "identified")
        await page.click("#post >> button:text-is('Use')")
        await page.fill("[name='var.cause']", "a *broken* cable")
        await page.keyboard.press("Enter")
        assert "We have found the cause: a *broken* cable." in await page.inner_text(".preview")
        await page.click("#post >> text=Post >> nth=-1")
        assert "The update is on the status page." in await sre.text()
        await customer.page.reload()
        assert "We have found the cause: a *broken* cable. We are working on it." in await customer.text()
        assert sre.wrongs + customer.wrongs == []


async def test_the_keyboard_is_enough(browser: Browser, scene: Scene) -> None:
    """Sign in and press "Issue fixed" with Tab and Enter alone; where one is can always be seen."""
    await scene.services.windows.create(WindowDraft(title="Power cut"), WHO)
    await scene.gated()
    email = await scene.operator()
    async with visit(browser) as sre:
        page = sre.page
        await page.goto(f"{scene.panel}/sign-in")
        await tab_to(page, "E-mail address")
        await page.keyboard.type(email)
        await tab_to(page, "Password")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{scene.panel}/")
        await tab_to(page, "Issue fixed")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/windows/*")
        assert "Fixed: the window has ended." in await sre.text()


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of this name has the focus, and see that its focus shows."""
    for _ in range(30):
        await page.keyboard.press("Tab")
        here, outline = await page.evaluate(
            """() => {
                const it = document.activeElement;
                const label = it.labels && it.labels.length ? it.labels[0].innerText : it.innerText;
                return [label.trim(), getComputedStyle(it).outlineStyle];
            }"""
        )
        assert outline != "none", here
        if here == name:
            return
    raise AssertionError(f"{name} was not reached")
