"""The cross-site rule: may this request, which carries the browser's cookies, change something?

Source: OWASP, "Cross-Site Request Forgery Prevention", verifying the origin with standard headers; Fetch Metadata
(W3C) `Sec-Fetch-Site`. No token is needed: browsers send at least one of the two fields with every unsafe request.
"""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def may_change(method: str, *, host: str, origin: str | None, fetch_site: str | None) -> bool:
    """Tell whether a cookie-carrying request comes from our own pages, or changes nothing.

    `host` is the request's own Host (with port), `origin` and `fetch_site` the fields `Origin` and `Sec-Fetch-Site`.
    With neither field the request is refused: no browser of today sends a form without them.
    """
    if method in _SAFE:
        return True
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    if origin is not None:
        # RFC 6454, section 6.2: scheme, host and port, nothing more. TLS may end in front of the gateway.
        return bool(host) and origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")
    return fetch_site == "same-origin"
