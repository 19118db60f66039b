"""`Idempotency-Key`: a call that is sent again, because its answer was lost, is answered again and done once.

(draft-ietf-httpapi-idempotency-key-header.) The key is claimed in the transaction of the change itself, through its
audit entry: there is no instant at which the change is there and the claim is not.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from uuid import uuid4

from aiohttp import web

from gateway.domain.access import Actor, Once
from gateway.domain.errors import ConflictError, GatewayError, InvalidError
from gateway.service.once import Done, Onces
from gateway.web.keys import SERVICES

# A structured string, or bare, as most clients send it.
_KEY = re.compile(r'"[!#-~]{1,255}"|[!#-~]{1,255}')


async def act_once(
    request: web.Request,
    key: str,
    who: Actor,
    act: Callable[[Actor], Awaitable[web.StreamResponse]],
    *,
    is_secret: bool,
) -> web.StreamResponse:
    """Do `act` unless it was done with this key before; then answer as it was answered. Only success is kept.

    Raises:
        InvalidError: the key was used for another call, or can be none.
        ConflictError: it was done, and what it answered is told only once, or was lost.
    """
    if _KEY.fullmatch(key) is None:
        raise InvalidError({"Idempotency-Key": "takes 1 to 255 visible ASCII characters, such as a UUID"})
    onces: Onces = request.app[SERVICES].onces
    once = Once(key=key.strip('"'), fingerprint=await _fingerprint(request), act=uuid4())
    done = await onces.find(who, once)
    if done is not None:
        return _again(done, once)
    try:
        response = await act(replace(who, once=once))
    except GatewayError:
        # Another call with this key may have come first, and made this one impossible.
        done = await onces.find(who, once)
        if done is None or done.act == once.act:
            raise
        return _again(done, once)
    if isinstance(response, web.Response) and response.status < HTTPStatus.BAD_REQUEST and not is_secret:
        headers = {name: response.headers[name] for name in ("Location", "ETag") if name in response.headers}
        await onces.keep(
            who, once, Done(act=once.act, status=response.status, headers=headers, body=response.text or "")
        )
    return response


async def _fingerprint(request: web.Request) -> bytes:
    digest = hashlib.sha256(f"{request.method} {request.rel_url.raw_path_qs}\n".encode())
    digest.update(await request.read())
    return digest.digest()


def _again(done: Done, once: Once) -> web.Response:
    if done.fingerprint != once.fingerprint:
        raise InvalidError({"Idempotency-Key": "was used for another call: take a new one for each"})
    if done.status is None:
        raise ConflictError(
            "a call with this Idempotency-Key is done, or being done, and its answer is not kept (yet): read what it "
            "has made, or ask again in a moment"
        )
    headers = {**done.headers, "Idempotency-Replayed": "true"}
    return web.Response(status=done.status, text=done.body, content_type="application/json", headers=headers)
