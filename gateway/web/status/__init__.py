"""The customers' pages under the prefix: they read the moment that is in memory.

Only what is not there any more is read from the database, kept, and never at a stranger's will (`service/past.py`).

`pages.py` has the status page, one page for each window and the history; `machines.py` what programs read of it;
`kept.py` makes each once for a moment; `languages.py` chooses the language; `assets.py` has the panel's style sheets.
"""

from aiohttp import web

from gateway.web.status import assets, languages, machines, pages


def routes(prefix: str) -> list[web.RouteDef]:
    """Return the routes below `prefix`; all of them are for everybody."""
    return [*pages.routes(prefix), *machines.routes(prefix), *assets.routes(prefix), *languages.routes(prefix)]
