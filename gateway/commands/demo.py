"""`gateway demo`: everything on one machine, to look at; nothing is left when it ends."""

import asyncio
import logging
import os
import signal
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import uvloop
from aiohttp import web

from gateway.app import Gateway, running
from gateway.commands.sample import sample_application
from gateway.config.load import load_settings
from gateway.config.settings import Settings
from gateway.domain.access import ROLE_PERMISSIONS, Actor, Role, TokenScope
from gateway.domain.component import ComponentStatus
from gateway.domain.window import Ends, Gate, Kind, UpdateStatus
from gateway.observe.log import configure_logging, say
from gateway.processes.worker import settle_memory
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import EffectDraft, UpdateDraft, WindowDraft
from gateway.web.keys import Services

_ACTOR = Actor(name="demo", permissions=ROLE_PERMISSIONS[Role.ADMINISTRATOR])
_COMPONENTS = (
    ComponentDraft(slug="website", name="Website", description="The shop that customers see", group="Shop"),
    ComponentDraft(slug="api", name="API", description="For apps and partners", group="Shop"),
    ComponentDraft(slug="payments", name="Payments", group="Shop"),
    ComponentDraft(slug="database", name="Database", group="Infrastructure"),
    ComponentDraft(slug="cloudflare", name="Cloudflare", description="Content delivery", group="Infrastructure"),
)


def run_demo() -> int:
    """Run the demo until SIGINT or SIGTERM; return the exit code.

    Any setting can be overridden from the environment, such as GATEWAY_SERVER__LISTEN.

    Raises:
        GatewayError: it could not start.
    """
    with (
        tempfile.TemporaryDirectory(prefix="gateway-demo-") as directory,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_demo(Path(directory)))
    return 0


async def _demo(directory: Path) -> None:
    stop = _stop_signal()
    say("starting PostgreSQL, a sample shop and the gateway ...")
    sample = web.AppRunner(sample_application(), access_log=None)
    await sample.setup()
    try:
        site = web.TCPSite(sample, "127.0.0.1", 0)
        await site.start()
        settings = _settings(directory, sample.addresses[0][1])
        configure_logging(settings.log.format, level=logging.WARNING)
        async with running(settings) as gateway:
            token = await _fill(gateway.services)
            _explain(gateway, settings, await gateway.first_link(), token)
            settle_memory()
            await stop.wait()
            say("stopping ...")
    finally:
        await sample.cleanup()
    say("stopped; nothing is left running")


def _stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def _settings(directory: Path, port: int) -> Settings:
    demo = {
        "SERVER__LISTEN": "127.0.0.1:8080",
        "UPSTREAM__URL": f"http://127.0.0.1:{port}",
        "DATABASE__EMBEDDED_DIRECTORY": str(directory / "postgres"),
        "MAINTENANCE__SNAPSHOT_FILE": str(directory / "snapshot.json"),
        "MAINTENANCE__PRODUCT": "Sample Shop",
        "MAINTENANCE__SUPPORT_EMAIL": "support@shop.example",
        "LOG__ACCESS": "false",
    }
    for name, value in demo.items():
        os.environ.setdefault(f"GATEWAY_{name}", value)
    return load_settings()


async def _fill(services: Services) -> str | None:
    """Make what a shop would have: components, something past and something to come.

    Return a token for trying the commands; None where somebody's own database has components already.
    """
    if await services.components.list():
        return None
    for component in _COMPONENTS:
        await services.components.add(component, _ACTOR)
    now = services.state.now()
    past = await services.windows.create(
        WindowDraft(
            kind=Kind.DEGRADATION,
            title="Slow search results",
            description="Searching took **up to ten seconds** for some customers.",
            starts_at=now - timedelta(hours=2),
            estimated_duration=timedelta(hours=1),
            components=(EffectDraft(slug="website", status=ComponentStatus.DEGRADED_PERFORMANCE),),
        ),
        _ACTOR,
    )
    for status, body in (
        (UpdateStatus.INVESTIGATING, "We are looking into slow search results."),
        (UpdateStatus.IDENTIFIED, "An index was missing after last night's release."),
        (UpdateStatus.RESOLVED, "The index is back, and search is as fast as before."),
    ):
        await services.windows.post(past.id, UpdateDraft(status=status, body=body), _ACTOR)
    await services.windows.end(past.id, _ACTOR)
    await services.windows.create(
        WindowDraft(
            title="Database upgrade",
            description="We move to a new version of our database. The shop is closed meanwhile.",
            starts_at=now + timedelta(days=1),
            estimated_duration=timedelta(minutes=45),
            ends=Ends.WHEN_FIXED,
            gate=Gate.CLOSED,
            components=(EffectDraft(slug="database"), EffectDraft(slug="website")),
        ),
        _ACTOR,
    )
    return await services.tokens.create("demo", TokenScope.WRITE, _ACTOR, expires_in=timedelta(days=1))


def _explain(gateway: Gateway, settings: Settings, link: str | None, token: str | None) -> None:
    url = gateway.urls[0]
    prefix = settings.maintenance.prefix
    say(f"listening on {url}")
    say("")
    say(f"  the shop, through the gateway   {url}/")
    say(f"  the status page                 {url}{prefix}/")
    say(f"  the panel for SREs              {gateway.panel_url}{prefix}/admin/")
    if link:
        say(f"  sign in there, once, with       {link}")
    if token:
        say(f"  for commands in another shell   export GATEWAY_URL={url} GATEWAY_TOKEN={token}")
        say(f"                                  {_command()} window start --title Stocktaking --for 30m")
    say("")
    say("Start a maintenance window in the panel, and look at the shop again. Ctrl-C ends everything.")


def _command() -> str:
    """Return how this program is called again, as short as it can be."""
    program = Path(sys.argv[0])
    return os.path.relpath(program) if program.name == "gateway" else "gateway"
