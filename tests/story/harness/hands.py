"""Whose hand changes windows: the API's through any gateway, or an SRE's in psql. Both know the same verbs."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import aiohttp

from tests.postgres import psql

_TIMEOUT = aiohttp.ClientTimeout(total=15)


class MissedError(Exception):
    """The change was not made, as far as is known: a gateway or PostgreSQL is away."""


class RefusedError(MissedError):
    """The change was not made, and will not be: the window's state does not allow it (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A window to be made; `starts_in`: seconds from now, None for now."""

    title: str
    starts_in: float | None
    seconds: float
    ends: str
    gate: str
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


class Hand(Protocol):
    """What can be done to a window. Everything raises `MissedError` or `RefusedError`."""

    async def make(self, draft: Draft) -> str:
        """Make a window and return its id."""

    async def start(self, window: str) -> None:
        """Start a scheduled window now."""

    async def end(self, window: str) -> None:
        """End an active window."""

    async def cancel(self, window: str) -> None:
        """Cancel a scheduled window."""

    async def extend(self, window: str, seconds: float) -> None:
        """Move the estimated end."""

    async def regate(self, window: str, gate: str) -> None:
        """Change what it does to traffic."""

    async def rescope(self, window: str, hosts: tuple[str, ...], paths: tuple[str, ...]) -> None:
        """Change what it is about."""


@dataclass(frozen=True, slots=True)
class Api:
    """The API of one gateway. `server_now` gives PostgreSQL's present time, for what starts later."""

    session: aiohttp.ClientSession
    url: str
    token: str
    server_now: Callable[[], float]

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API and return what it answers.

        Raises:
            RefusedError: it says 4xx.
            MissedError: it says something else that is not 2xx, or nothing.
        """
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.url}/_maintenance/api/v1/windows{path}"
        try:
            async with self.session.request(method, url, json=body, headers=headers, timeout=_TIMEOUT) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise MissedError(repr(error)) from error
        if answer.status // 100 == 4:
            raise RefusedError(f"{answer.status}: {text}")
        if answer.status // 100 != 2:
            raise MissedError(f"{answer.status}: {text}")
        return json.loads(text)

    async def make(self, draft: Draft) -> str:
        body: dict[str, Any] = {
            "title": draft.title,
            "estimated_duration": _iso(draft.seconds),
            "ends": draft.ends,
            "gate": draft.gate,
            "scope": {"hosts": draft.hosts, "paths": draft.paths},
        }
        if draft.starts_in is not None:
            body["starts_at"] = _rfc3339(self.server_now() + draft.starts_in)
        made: str = (await self.call("POST", "", body))["id"]
        return made

    async def start(self, window: str) -> None:
        await self.call("POST", f"/{window}/start")

    async def end(self, window: str) -> None:
        await self.call("POST", f"/{window}/end")

    async def cancel(self, window: str) -> None:
        await self.call("POST", f"/{window}/cancel")

    async def extend(self, window: str, seconds: float) -> None:
        await self.call("POST", f"/{window}/extend", {"by": _iso(seconds)})

    async def regate(self, window: str, gate: str) -> None:
        await self.call("PATCH", f"/{window}", {"gate": gate})

    async def rescope(self, window: str, hosts: tuple[str, ...], paths: tuple[str, ...]) -> None:
        await self.call("PATCH", f"/{window}", {"scope": {"hosts": hosts, "paths": paths}})


@dataclass(frozen=True, slots=True)
class Psql:
    """SQL by hand. `quiet` transactions raise the version without a notification, as a trigger that is gone would."""

    url: str
    is_quiet: Callable[[], bool] = field(default=lambda: False)

    async def run(self, sql: str) -> str:
        """Run one statement and return what it returns.

        Raises:
            MissedError: psql failed.
        """
        if self.is_quiet():
            # The version's row first, as every writer does: so nobody waits for each other.
            sql = (
                "begin; set local storm.quiet = 'on'; "
                "update state_version "
                "set version = greatest(version + 1, extract(epoch from clock_timestamp()) * 1000000); "
                f"alter table windows disable trigger windows_bump; {sql}; "
                "alter table windows enable trigger windows_bump; commit"
            )
        try:
            return await asyncio.to_thread(psql, self.url, sql)
        except subprocess.SubprocessError as error:
            raise MissedError(str(getattr(error, "stderr", error))) from error

    async def make(self, draft: Draft) -> str:
        starts_in = draft.starts_in or 0.0
        return await self.run(
            "insert into windows (title, starts_at, estimated_duration, ends, gate, hosts, paths) values "
            f"('{draft.title}', clock_timestamp() + {_interval(starts_in)}, {_interval(draft.seconds)}, "
            f"'{draft.ends}', '{draft.gate}', {_texts(draft.hosts)}, {_texts(draft.paths)}) returning id"
        )

    async def start(self, window: str) -> None:
        await self._update(window, "starts_at = clock_timestamp()")

    async def end(self, window: str) -> None:
        await self._update(window, "fixed = true")

    async def cancel(self, window: str) -> None:
        await self._update(window, "cancelled_at = clock_timestamp()", "and starts_at > clock_timestamp()")

    async def extend(self, window: str, seconds: float) -> None:
        await self._update(window, f"estimated_duration = estimated_duration + {_interval(seconds)}")

    async def regate(self, window: str, gate: str) -> None:
        await self._update(window, f"gate = '{gate}'")

    async def rescope(self, window: str, hosts: tuple[str, ...], paths: tuple[str, ...]) -> None:
        await self._update(window, f"hosts = {_texts(hosts)}, paths = {_texts(paths)}")

    async def delete(self, window: str) -> None:
        """Delete the row, as only SQL can."""
        await self.run(f"delete from windows where id = '{window}'")

    async def abandon(self, title: str) -> None:
        """Delete whatever has this title, as far as it exists."""
        await self.run(f"delete from windows where title = '{title}'")

    async def _update(self, window: str, assignments: str, condition: str = "") -> None:
        if not await self.run(f"update windows set {assignments} where id = '{window}' {condition} returning id"):
            raise RefusedError(f"no such window: {window} {condition}")


def _texts(values: tuple[str, ...]) -> str:
    return "array[" + ", ".join(f"'{value}'" for value in values) + "]::text[]"


def _interval(seconds: float) -> str:
    return f"interval '{seconds:.6f} s'"


def _iso(seconds: float) -> str:
    return f"PT{seconds:.3f}S"


def _rfc3339(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat()
