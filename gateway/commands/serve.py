"""`gateway serve`: run until told to stop."""

import asyncio
import gc
import signal
import sys

import uvloop

from gateway.app import Gateway, running
from gateway.config import Settings
from gateway.observe.log import configure_logging


def run_serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT, then finish what is open; return the exit code.

    Raises:
        GatewayError: it could not start.
    """
    configure_logging(settings.log.format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    stop = stop_signal()
    async with running(settings) as gateway:
        announce(gateway)
        settle_memory()
        await stop.wait()


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


def announce(gateway: Gateway) -> None:
    """Say where the gateway is, and how the first administrator gets in."""
    for url in gateway.urls:
        say(f"listening on {url}")
    if gateway.first_link:
        say(f"no operator yet; the first administrator signs in once at {gateway.first_link}")


def say(line: str) -> None:
    """Write a line to standard error, at once."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def settle_memory() -> None:
    """Take all that was made at the start out of the collector's sight: it stays, and need not be looked at."""
    gc.collect()
    gc.freeze()
