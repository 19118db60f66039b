"""The built-in application on real services and a real PostgreSQL, and an operator who is signed in."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from gateway.config.settings import Maintenance, Settings
from gateway.domain.access import Role, command_line
from gateway.render.branding import read_branding
from gateway.web.application import build_application
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.reading import Page

PREFIX = "/_maintenance"
PASSWORD = "correct horse battery"
SETTINGS = Settings(maintenance=Maintenance(product="Acme Shop", support_email="help@acme.example"))

Client = TestClient[web.Request, web.Application]
ClientMaker = Callable[[web.Application], Awaitable[Client]]


def application(services: Services, observations: Observations, settings: Settings | None = None) -> web.Application:
    """Make the application as the gateway does."""
    settings = settings or SETTINGS
    return build_application(
        settings, services, observations, read_branding(settings, observations), ready=lambda: True
    )


class Answer:
    """An answer that was read: status, headers, and the page where it is one."""

    def __init__(self, status: int, headers: Any, body: str) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def page(self) -> Page:
        return Page(self.body)

    @property
    def location(self) -> str:
        return str(self.headers["Location"])


class Browser:
    """A browser as the application sees it: it follows nothing by itself, and says where a form comes from."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def get(self, path: str, **headers: str) -> Answer:
        fields = {"Accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.client.get(PREFIX + path, headers=fields, allow_redirects=False) as response:
            return Answer(response.status, response.headers, await response.text())

    async def post(
        self, path: str, fields: dict[str, str] | None = None, *, site: str = "same-origin", **headers: str
    ) -> Answer:
        headers["Sec-Fetch-Site"] = site
        async with self.client.post(
            PREFIX + path, data=fields or {}, headers=headers, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.text())

    async def follow(self, answer: Answer) -> Answer:
        assert answer.status == 303, answer.body
        return await self.get(answer.location.removeprefix(PREFIX))


async def browser_on(make_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    """Open a browser that is not signed in."""
    return Browser(await make_client(application(services, observations)))


async def signed_in(browser: Browser, services: Services, role: Role) -> Browser:
    """Sign an operator of a role in, by a one-time link; the password is PASSWORD."""
    link = await services.operators.add(f"{role}@acme.example", role, command_line("test"))
    answer = await browser.post(f"/admin/sign-in/{link}", {"password": PASSWORD, "again": PASSWORD})
    assert answer.status == 303, answer.body
    return browser
