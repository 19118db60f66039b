"""The gateway's own cookies among those of the application (RFC 6265, section 4.2).

What holds a right or a place is taken out, and not forwarded; the language of the gateway's pages is no secret, so to
take it out of every request would be for nothing.
"""

from gateway.http1.fields import finder, replaced

SESSION_COOKIE = b"__Host-gateway_session"
BYPASS_COOKIE = b"gateway_bypass"
PLACE_COOKIE = b"gateway_place"
LANGUAGE_COOKIE = b"gateway_language"
IN_ALL_NAMES = b"gateway_"
"""Lines without it hold none of the gateway's own cookies: that is found out at once."""

_COOKIE = finder(("cookie",))


def take_cookie(lines: bytes, name: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    r"""Take one cookie out of all Cookie fields; return the lines without it, and its values.

    The lines begin and end with CRLF. Every other cookie stays byte for byte; a field that held nothing else goes.
    """
    taken: list[bytes] = []
    for field, value in _COOKIE.findall(lines):
        kept: list[bytes] = []
        before = len(taken)
        for pair in value.split(b";"):
            key, sign, said = pair.partition(b"=")
            if sign and key.strip(b" \t") == name:
                taken.append(said.strip(b" \t"))
            else:
                kept.append(pair)
        if len(taken) > before:
            rest = b";".join(kept)
            line = b"\r\n%b:%b" % (field, rest) if rest.strip(b" \t;") else b""
            lines = replaced(lines, field, value, line)
    return lines, tuple(taken)
