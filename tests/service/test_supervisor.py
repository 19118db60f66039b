"""The supervisor: a crashed loop is told and started again, and all end together."""

import asyncio

import pytest

from gateway.domain.observation import LoopCrashed
from gateway.service import supervisor as module
from gateway.service.supervisor import Supervisor
from tests.observed import Observations


async def test_a_loop_that_crashes_is_told_and_started_again(
    observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pauses that grow; the others run on."""
    monkeypatch.setattr(module, "FIRST_DELAY", 0.01)
    healthy, starts, up = asyncio.Event(), [], asyncio.Event()

    async def crashing() -> None:
        starts.append(1)
        if len(starts) <= 3:
            raise RuntimeError(f"crash {len(starts)}")
        up.set()
        await asyncio.Event().wait()

    async def running() -> None:
        await up.wait()
        healthy.set()
        await asyncio.Event().wait()

    async with Supervisor(observations) as supervisor:
        supervisor.start(running, "running")
        supervisor.start(crashing, "crashing")
        async with asyncio.timeout(10):
            await healthy.wait()
    told = observations.of(LoopCrashed)
    assert [(crash.name, crash.reason) for crash in told] == [
        ("crashing", f"RuntimeError('crash {n}')") for n in (1, 2, 3)
    ]
    assert [crash.retry_in for crash in told] == [0.01, 0.02, 0.04]


async def test_the_pauses_have_a_limit(observations: Observations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(module, "LONGEST_DELAY", 0.004)

    async def crashing() -> None:
        raise RuntimeError

    async with Supervisor(observations) as supervisor:
        supervisor.start(crashing, "crashing")
        await observations.one_more(LoopCrashed, after=5)
    assert [crash.retry_in for crash in observations.of(LoopCrashed)][:6] == [0.001, 0.002, 0.004, 0.004, 0.004, 0.004]


async def test_after_a_good_run_the_pause_is_short_again(
    observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash a month is not punished with the pause of thirty crashes in a row."""
    monkeypatch.setattr(module, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(module, "LONGEST_DELAY", 0.05)
    runs = []

    async def crashing() -> None:
        runs.append(1)
        await asyncio.sleep(0.2 if len(runs) == 4 else 0)
        raise RuntimeError

    async with Supervisor(observations) as supervisor:
        supervisor.start(crashing, "crashing")
        await observations.one_more(LoopCrashed, after=4)
    assert [crash.retry_in for crash in observations.of(LoopCrashed)][:5] == [0.001, 0.002, 0.004, 0.001, 0.002]


async def test_a_loop_that_returns_is_a_crash_too(observations: Observations) -> None:
    async def returning() -> None:
        pass

    async with Supervisor(observations) as supervisor:
        supervisor.start(returning, "returning")
        crash = await observations.one_more(LoopCrashed)
    assert crash.reason == "it returned"


async def test_leaving_ends_all_loops_and_lets_them_clean_up(observations: Observations) -> None:
    ended = []
    started = asyncio.Event()

    async def running() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    with pytest.raises(KeyError):  # noqa: PT012
        async with Supervisor(observations) as supervisor:
            supervisor.start(running, "running")
            await started.wait()
            raise KeyError
    assert ended == [1]
    assert not observations


async def test_a_loop_that_loses_its_cancellation_ends_all_the_same(
    observations: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the clean-up takes the cancellation's place, and the loop goes on: it is told again."""
    monkeypatch.setattr(module, "_TELL_AGAIN", 0.05)
    lost, begun = [], asyncio.Event()

    async def losing() -> None:
        while True:
            try:
                begun.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                lost.append(1)
                if len(lost) > 2:
                    raise

    async with asyncio.timeout(10):
        async with Supervisor(observations) as supervisor:
            supervisor.start(losing, "losing")
            await begun.wait()
    assert len(lost) == 3
