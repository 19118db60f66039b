"""The routes of style sheets and scripts (`render/assets.py`).

`/embed.js` is the one script that applications name in their own pages: its address stays, so it is asked for again.
"""

from aiohttp import web

from gateway.domain.errors import NotFoundError
from gateway.render.assets import Asset, assets

_YEAR = 31_536_000
_EMBED = "embed.js"
# How long an application's pages may go without a new version of the script.
_MINUTES = 300


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
