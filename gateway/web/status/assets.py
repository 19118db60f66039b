"""Style sheets and scripts of the panel, as files. The version is part of the address, so they may be kept for ever.

`/embed.js` is the one script that applications name in their own pages: its address stays, so it is asked for again.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

from gateway.domain.errors import NotFoundError
from gateway.resources import templates_directory

_TYPES = {".css": "text/css", ".js": "text/javascript"}
_YEAR = 31_536_000
_EMBED = "embed.js"
# How long an application's pages may go without a new version of the script.
_MINUTES = 300
_COMMENT_LINE_OR_INDENT = re.compile(rb"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served; `version` is made from its content."""

    body: bytes
    content_type: str
    version: str


@lru_cache
def assets() -> dict[str, Asset]:
    """Read all assets, by file name. They are few and small, so they stay in memory."""
    files = sorted((templates_directory() / "assets").iterdir())
    return {file.name: _read(file.read_bytes(), _TYPES[file.suffix]) for file in files if file.suffix in _TYPES}


def _compact(script: bytes) -> bytes:
    """Leave out indentation, and comments that have their line to themselves."""
    return _COMMENT_LINE_OR_INDENT.sub(b"", script)


def asset_url(prefix: str, name: str) -> str:
    """Return the address of an asset, with its version."""
    return f"{prefix}/assets/{name}?v={assets()[name].version}"


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes of the assets."""
    return [
        web.get(prefix + "/assets/{name}", _asset, name="status.asset"),
        web.get(prefix + f"/{_EMBED}", _embed, name="status.embed"),
    ]


async def _asset(request: web.Request) -> web.Response:
    asset = assets().get(request.match_info["name"])
    if asset is None:
        raise NotFoundError(f"there is no asset {request.match_info['name']!r}")
    current = request.query.get("v") == asset.version
    return _answer(request, asset, f"public, max-age={_YEAR}, immutable" if current else "no-cache")


async def _embed(request: web.Request) -> web.Response:
    return _answer(request, assets()[_EMBED], f"public, max-age={_MINUTES}")


def _answer(request: web.Request, asset: Asset, cache: str) -> web.Response:
    headers = {"ETag": f'"{asset.version}"', "Cache-Control": cache}
    if any(tag.value == asset.version for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    response = web.Response(body=asset.body, content_type=asset.content_type, charset="utf-8", headers=headers)
    response.enable_compression()
    return response


def _read(body: bytes, content_type: str) -> Asset:
    body = _compact(body) if content_type == _TYPES[".js"] else body
    return Asset(body=body, content_type=content_type, version=hashlib.sha256(body).hexdigest()[:16])
