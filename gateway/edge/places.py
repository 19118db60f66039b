"""Who is who when a window reopens step by step: by a cookie where there is one, else by the address (rule 30).

The cookie is given to browsers that meet a window which will reopen so, and holds a random number alone. It is no
proof of anything: who makes up a better place is let in some seconds early, after the window has ended.
"""

import re
import secrets

from gateway.http1.cookies import PLACE_COOKIE
from gateway.http1.request import RequestHead

_VALUE = re.compile(rb"[0-9a-f]{16}")
_BYTES = 8
_DAY = 86_400


def client_key(request: RequestHead, client: str) -> bytes:
    """Return what a client's place is made from; `client` is its address."""
    return known_place(request) or client.encode()


def known_place(request: RequestHead) -> bytes:
    """Return the value of the client's cookie; empty where it has none of ours."""
    return next((value for value in request.fields.place if _VALUE.fullmatch(value)), b"")


def new_place() -> bytes:
    """Return a value for a client's cookie."""
    return secrets.token_hex(_BYTES).encode()


def place_field(value: bytes) -> bytes:
    """Return the field that leaves the cookie with a browser, with its CRLF."""
    return b"Set-Cookie: %b=%b; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax\r\n" % (PLACE_COOKIE, value, _DAY)
