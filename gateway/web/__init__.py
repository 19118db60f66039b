"""The built-in site: an ordinary aiohttp application behind the edge. The only floor that sees `web.Request`."""
