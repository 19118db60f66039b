"""Exports: what may be too long for memory is answered part by part."""

from collections.abc import AsyncIterator

from aiohttp import web


async def exported(parts: AsyncIterator[str], *, media: str, name: str) -> web.Response:
    """Answer with a file of several parts. It is one of `parts` at a time that is in memory.

    Where the database goes away in the middle the connection is cut, so that nobody takes what came for the whole.

    Raises:
        StoreError: the database is away from the beginning.
    """
    # The second part is the first that needs the database: an answer that can't be begun is an error as any other.
    first = await anext(parts) + await anext(parts, "")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=_written(first, parts), headers=headers, content_type=media, charset="utf-8")


async def _written(first: str, parts: AsyncIterator[str]) -> AsyncIterator[bytes]:
    yield first.encode()
    async for part in parts:
        yield part.encode()
