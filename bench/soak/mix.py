"""The mix: who visits, how many of each at a time, and how long they stay away between two visits."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.soak import customers, troublemakers
from bench.soak.wire import Client, Tally, WrongError

_LONGEST_VISIT = 60.0
"""Seconds: far more than any visit takes; a hang is wrong."""
_START_WITHIN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of the mix: so many clients, and the mean of the seconds between two visits of one."""

    visit: Callable[[Client], Awaitable[None]]
    clients: int
    pause: float


MIX = (
    Share(visit=customers.browse, clients=60, pause=0.05),
    Share(visit=customers.upload, clients=3, pause=0.5),
    Share(visit=customers.download, clients=3, pause=0.5),
    Share(visit=customers.listen, clients=10, pause=0.2),
    Share(visit=customers.chat, clients=8, pause=0.2),
    Share(visit=customers.stall, clients=2, pause=2),
    Share(visit=customers.stall_upload, clients=3, pause=1),
    Share(visit=customers.stall_pipelining, clients=2, pause=2),
    Share(visit=customers.send_slowly, clients=3, pause=0.5),
    Share(visit=troublemakers.leave_in_head, clients=3, pause=0.1),
    Share(visit=troublemakers.leave_in_body, clients=3, pause=0.2),
    Share(visit=troublemakers.leave_before_answer, clients=4, pause=0.1),
    Share(visit=troublemakers.leave_in_answer, clients=4, pause=0.2),
    Share(visit=troublemakers.leave_events, clients=4, pause=0.2),
    Share(visit=troublemakers.leave_pipelining, clients=2, pause=0.1),
    Share(visit=troublemakers.leave_tunnel, clients=3, pause=0.2),
    Share(visit=troublemakers.stall_and_leave, clients=3, pause=1),
    Share(visit=troublemakers.send_garbage, clients=2, pause=0.1),
    Share(visit=troublemakers.send_bad_body, clients=1, pause=0.2),
)


async def visit_all(port: int, tally: Tally, *, seed: int, seconds: float) -> None:
    """Have all clients visit for a time; return when the last visit has ended."""
    until = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as group:
        for share in MIX:
            for number in range(share.clients):
                chance = random.Random(f"{seed} {share.visit.__name__} {number}")  # noqa: S311
                group.create_task(_visits(share, Client(port=port, tally=tally, chance=chance), until))


async def _visits(share: Share, client: Client, until: float) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(client.chance.uniform(0, _START_WITHIN))
    while loop.time() < until:
        try:
            async with asyncio.timeout(_LONGEST_VISIT):
                await share.visit(client)
        except (WrongError, OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            client.tally.went_wrong(f"{share.visit.__name__}: {error!r}")
        finally:
            client.hang_up()
        await asyncio.sleep(min(client.chance.expovariate(1 / share.pause), max(0.0, until - loop.time())))
