"""The proxy that most people would write with aiohttp: a handler, a `ClientSession`, hop-by-hop fields removed."""

import argparse
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict, CIMultiDictProxy

_HOP_BY_HOP = (
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)
_SESSION = web.AppKey("session", ClientSession)


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in _HOP_BY_HOP:
        kept.popall(name, None)
    return kept


def forwarding(upstream: str) -> web.Application:
    """Make an application that forwards every request."""

    async def forward(request: web.Request) -> web.StreamResponse:
        headers = _end_to_end(request.headers)
        headers["X-Forwarded-For"] = request.remote or ""
        headers["X-Forwarded-Proto"] = request.scheme
        async with request.app[_SESSION].request(
            request.method,
            upstream + request.raw_path,
            headers=headers,
            data=request.content if request.body_exists else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(
                status=answer.status, reason=answer.reason, headers=_end_to_end(answer.headers)
            )
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    async def session(app: web.Application) -> AsyncIterator[None]:
        async with ClientSession(
            connector=TCPConnector(limit=0), timeout=ClientTimeout(total=60), auto_decompress=False
        ) as app[_SESSION]:
            yield

    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


def refusing(page: bytes) -> web.Application:
    """Make an application that answers everything with a page and 503."""

    async def refuse(_: web.Request) -> web.Response:
        headers = {"Retry-After": "300", "Cache-Control": "no-store"}
        return web.Response(status=503, body=page, content_type="text/html", charset="utf-8", headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    return app


def main() -> None:
    """Serve on 127.0.0.1, with aiohttp's access log on standard error."""
    parser = argparse.ArgumentParser(prog="python -m bench.plain_aiohttp")
    parser.add_argument("--port", type=int, required=True)
    job = parser.add_mutually_exclusive_group(required=True)
    job.add_argument("--upstream", metavar="URL")
    job.add_argument("--page", type=Path, metavar="FILE")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    app = forwarding(given.upstream) if given.upstream else refusing(given.page.read_bytes())
    web.run_app(app, host="127.0.0.1", port=given.port, print=None)


if __name__ == "__main__":
    main()
