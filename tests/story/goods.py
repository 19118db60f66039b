"""A shop that reads its goods from PostgreSQL by the names of its release, and keeps a log of every request.

Release 1 knows the column as `name`, release 2 as `title`: each breaks on the other's schema.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import asyncpg
from aiohttp import web

_COLUMNS = {"1": "name", "2": "title"}


async def serve(database_url: str, directory: Path) -> None:
    """Serve on a port of its own; `release` in the directory says which release it is, `requests` is the log."""
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4)
    log = (directory / "requests").open("a", buffering=1)

    async def goods(request: web.Request) -> web.Response:
        began = time.time()
        column = _COLUMNS[(directory / "release").read_text().strip()]
        if "for" in request.query:
            slow = directory / "slow"
            slow.write_text(f"{int(slow.read_text()) + 1}")
            await asyncio.sleep(float(request.query["for"]))
        try:
            found = await pool.fetchval(f"select {column} from goods where id = 7")  # noqa: S608  of two known names
        except asyncpg.PostgresError as error:
            found = str(error)
        status = 200 if found == "Lantern 7" else 500
        log.write(json.dumps({"began": began, "ended": time.time(), "status": status}) + "\n")
        return web.Response(text=f"{found}\n", status=status)

    async def hangs(_: web.Request) -> web.Response:
        (directory / "hangs").touch()
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    app.add_routes([web.get("/goods", goods), web.get("/hangs", hangs)])
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"Serving on http://127.0.0.1:{runner.addresses[0][1]}", file=sys.stderr, flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
