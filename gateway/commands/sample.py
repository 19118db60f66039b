"""The demo's application: a small shop that knows nothing of the gateway."""

import asyncio
from html import escape

from aiohttp import web

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sample Shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #222 }}
  nav a {{ margin-right: 1rem }} li {{ margin: .3rem 0 }} button {{ font: inherit; padding: .3rem 1rem }}
</style><script src="/_maintenance/embed.js" async></script></head>
<body><nav><a href="/">Shop</a><a href="/orders">Orders</a><a href="/orders.json">API</a></nav>{body}</body></html>"""
_GOODS = ("Teapot", "Lantern", "Compass")


def sample_application() -> web.Application:
    """Make the shop: pages, a form, JSON, an endless stream and a WebSocket."""
    app = web.Application()
    app[_ORDERS] = []
    app.add_routes(
        [
            web.get("/", _shop),
            web.get("/orders", _orders),
            web.post("/orders", _order),
            web.get("/orders.json", _orders_json),
            web.get("/clock", _clock),
            web.get("/echo", _echo),
        ]
    )
    return app


_ORDERS: web.AppKey[list[str]] = web.AppKey("orders")


def _html(body: str) -> web.Response:
    return web.Response(text=_PAGE.format(body=body), content_type="text/html")


async def _shop(_: web.Request) -> web.Response:
    goods = "".join(
        f'<li><form method="post" action="/orders">{item} <button name="item" value="{item}">Order</button></form></li>'
        for item in _GOODS
    )
    return _html(f"<h1>Sample Shop</h1><p>This is the application behind the gateway.</p><ul>{goods}</ul>")


async def _orders(request: web.Request) -> web.Response:
    orders = "".join(f"<li>{escape(item)}</li>" for item in request.app[_ORDERS]) or "<li>none yet</li>"
    return _html(f"<h1>Your orders</h1><ul>{orders}</ul>")


async def _order(request: web.Request) -> web.Response:
    item = str((await request.post()).get("item", ""))
    if item in _GOODS:
        request.app[_ORDERS].append(item)
    return web.Response(status=303, headers={"Location": "/orders"})


async def _orders_json(request: web.Request) -> web.Response:
    return web.json_response({"orders": request.app[_ORDERS]})


async def _clock(request: web.Request) -> web.StreamResponse:
    """Send the seconds since the start of the stream, once a second."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    second = 0
    while True:
        await response.write(f"data: {second}\n\n".encode())
        await asyncio.sleep(1)
        second += 1


async def _echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is web.WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket
