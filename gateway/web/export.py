"""Exports: what may be too long for memory is answered part by part."""

from collections.abc import AsyncIterator

from aiohttp import web

from gateway.domain.errors import StoreError


async def exported(request: web.Request, parts: AsyncIterator[str], *, media: str, name: str) -> web.StreamResponse:
    """Answer with a file of several parts. It is one of `parts` at a time that is in memory.

    Where the database goes away in the middle the connection is cut, so that nobody takes what came for the whole.

    Raises:
        StoreError: the database is away from the beginning.
    """
    # The second part is the first that needs the database: an answer that can't be begun is an error as any other.
    first = await anext(parts) + await anext(parts, "")
    response = web.StreamResponse(
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    response.content_type, response.charset = media, "utf-8"
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    await response.write(first.encode())
    try:
        async for part in parts:
            await response.write(part.encode())
    except StoreError:
        if request.transport is not None:
            request.transport.abort()
        return response
    await response.write_eof()
    return response
