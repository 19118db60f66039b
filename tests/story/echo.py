"""A WebSocket echo server, as a program: says `Serving on http://...`, serves until it is ended."""

import asyncio
import sys
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol


async def _echo(connection: ServerConnection) -> None:
    """Send every message back, of the same type; `close` asks for a code of the application's own."""
    async for message in connection:
        if message == "close":
            await connection.close(4001, "as you wish")
        else:
            await connection.send(message)


def _answer_plain(connection: ServerConnection, request: Request) -> Response | None:
    """Answer requests without an upgrade, so that the gate can be watched; refuse one path."""
    if request.path == "/private":
        return connection.respond(HTTPStatus.FORBIDDEN, "members only\n")
    if "Upgrade" not in request.headers:
        return connection.respond(HTTPStatus.OK, "here\n")
    return None


async def _main() -> None:
    async with serve(
        _echo, "127.0.0.1", 0, process_request=_answer_plain, subprotocols=[Subprotocol("chat.v2")], max_size=None
    ) as server:
        port = server.sockets[0].getsockname()[1]
        sys.stderr.write(f"Serving on http://127.0.0.1:{port}\n")
        sys.stderr.flush()
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
