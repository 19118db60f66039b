"""Probes and metrics. `/live` and `/ready` also stand under the prefix; no window can fail them."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.web.keys import READY


def probe_routes(prefix: str) -> list[web.RouteDef]:
    """Return the probes: `/live`, `/ready`."""
    return [
        web.get(f"{prefix}/live", live, name="probe.live"),
        web.get(f"{prefix}/ready", ready, name="probe.ready"),
    ]


async def live(_: web.Request) -> web.Response:
    """Answer 200: the process runs."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """Answer 200 while traffic may be sent here, with or without a database; 503 once the gateway stops."""
    if not request.app[READY]():
        return web.Response(status=503, text="stopping\n")
    return web.Response(text="ok\n")


def internal_application(app: web.Application, metrics: Callable[[], Awaitable[bytes]]) -> web.Application:
    """Make the application of `server.internal_listen`, ready when `app` is."""
    internal = web.Application()
    internal[READY] = app[READY]

    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    internal.add_routes([*probe_routes(""), web.get("/metrics", exposition)])
    return internal
