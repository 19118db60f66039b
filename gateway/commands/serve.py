"""`gateway serve`: run until told to stop."""

import asyncio
import gc
import signal
import sys

import uvloop

from gateway.app import Gateway, running
from gateway.config import Settings
from gateway.domain.errors import GatewayError
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
        for url in gateway.urls:
            say(f"listening on {url}")
        settle_memory()
        announcing = asyncio.get_running_loop().create_task(_announce(gateway))
        await stop.wait()
        announcing.cancel()


def stop_signal() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _announce(gateway: Gateway) -> None:
    """Say how the first administrator gets in, once the database can be asked."""
    if not gateway.knows_operators():
        say("the database can't be reached yet, so nobody can sign in; traffic goes by the last known state")
    while True:
        try:
            link = await gateway.first_link()
        except GatewayError:
            await asyncio.sleep(1)  # it has gone again
            continue
        if link:
            say(f"no operator yet; the first administrator signs in once at {link}")
        return


def say(line: str) -> None:
    """Write a line to standard error, at once."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def settle_memory() -> None:
    """Take all that was made at the start out of the collector's sight: it stays, and need not be looked at."""
    gc.collect()
    gc.freeze()
    # Requests make no cycles, and those that wait to be logged are many: they need not be looked at again and again.
    # What does make cycles (asyncio's transports, the built-in site) is little, and is found soon enough by that.
    gc.set_threshold(5_000, 10, 20)
