"""What everybody reads of the status, made once for a moment and kept: with its `ETag`, and compressed once.

Caches may keep these answers, but ask each time (`no-cache`): mostly they get 304, and tell nothing beyond its truth.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping

from aiohttp import web

from gateway.domain.snapshot import Moment
from gateway.http1.compression import compressed
from gateway.http1.negotiate import accepted_coding

MOST_KEPT = 128
_TOO_SMALL = 200
"""Bytes from which compressing is worth its header."""


class Body:
    """The content of an answer. `source` is what it was made from, beside the moment."""

    def __init__(self, content: bytes, content_type: str, source: object) -> None:
        """Take the content as it is sent to those who can't decompress."""
        self.content = content
        self.content_type = content_type
        self.source = source
        self._compressed: dict[str, bytes] = {}
        self.tag = hashlib.sha256(content).hexdigest()[:32]

    def compressed(self, coding: str) -> bytes:
        """Return the content in a coding, which is made when it is first asked for."""
        found = self._compressed.get(coding)
        if found is None:
            found = self._compressed[coding] = compressed(self.content, coding)
        return found


class Kept:
    """The bodies of the present moment; another moment starts anew."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._moment: Moment | None = None
        self._bodies: OrderedDict[Hashable, Body] = OrderedDict()

    def body(
        self, moment: Moment, key: Hashable, content_type: str, make: Callable[[], bytes], *, source: object = None
    ) -> Body:
        """Return the body that is kept under `key`, or make it: for another moment or another `source` again.

        Keys may be what callers make up (hosts): of many the latest are kept.
        """
        if moment is not self._moment:
            self._moment, self._bodies = moment, OrderedDict()
        body = self._bodies.get(key)
        if body is None or body.source is not source:
            body = self._bodies[key] = Body(make(), content_type, source)
            if len(self._bodies) > MOST_KEPT:
                self._bodies.popitem(last=False)
        self._bodies.move_to_end(key)
        return body

    def __len__(self) -> int:
        """Count the bodies."""
        return len(self._bodies)


KEPT_PAGES = web.AppKey("KEPT_PAGES", Kept)


def answer(request: web.Request, body: Body, *, vary: str, headers: Mapping[str, str]) -> web.Response:
    """Send a body, or 304 to who has it; `vary` names the fields, beside Accept-Encoding, by which it was chosen.

    The tag is a weak one: it is the same for the compressed body (RFC 9110, section 8.8.1).
    """
    fields = {
        **headers,
        "ETag": f'W/"{body.tag}"',
        "Cache-Control": "no-cache",
        "Vary": f"{vary}, Accept-Encoding",
    }
    if any(given.value in {body.tag, "*"} for given in request.if_none_match or ()):
        return web.Response(status=304, headers=fields)
    content = body.content
    coding = accepted_coding(request.headers.get("Accept-Encoding", "").encode("utf-8", "surrogateescape"))
    if coding and len(content) >= _TOO_SMALL:
        content, fields["Content-Encoding"] = body.compressed(coding), coding
    return web.Response(body=content, content_type=body.content_type, charset="utf-8", headers=fields)
