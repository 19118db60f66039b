"""The cross-site rule."""

import pytest

from gateway.domain.origin import may_change

HOST = "status.example.com"
SAME = "https://status.example.com"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("origin", [None, SAME, "https://evil.example", "null"])
@pytest.mark.parametrize("fetch_site", [None, "same-origin", "cross-site", "none"])
def test_what_changes_nothing_may_come_from_anywhere(method: str, origin: str | None, fetch_site: str | None) -> None:
    assert may_change(method, host=HOST, origin=origin, fetch_site=fetch_site)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "get", "BREW", ""])
@pytest.mark.parametrize(
    ("origin", "fetch_site", "allowed"),
    [
        (SAME, "same-origin", True),
        (SAME, None, True),
        (None, "same-origin", True),
        ("http://status.example.com", None, True),  # TLS may end in front of the gateway
        ("https://STATUS.example.com", "same-origin", True),
        (None, None, False),
        (SAME, "cross-site", False),
        (SAME, "same-site", False),
        (SAME, "none", False),
        (SAME, "Same-Origin", False),
        ("https://evil.example", "same-origin", False),
        ("https://evil.example", None, False),
        ("https://status.example.com.evil.example", None, False),
        ("https://evil.example/status.example.com", None, False),
        ("https://evil.example#status.example.com", None, False),
        ("https://status.example.com:8443", None, False),
        ("https://x@status.example.com", None, False),
        ("status.example.com", None, False),
        ("null", None, False),
        ("null", "same-origin", False),
        ("", "same-origin", False),
        ("https://[", "same-origin", False),
        ("https://[::1", None, False),
    ],
)
def test_what_changes_something_must_come_from_our_own_pages(
    method: str, origin: str | None, fetch_site: str | None, *, allowed: bool
) -> None:
    """Any doubt refuses; garbage is no exception."""
    assert may_change(method, host=HOST, origin=origin, fetch_site=fetch_site) is allowed


def test_the_port_belongs_to_the_origin() -> None:
    assert may_change("POST", host="127.0.0.1:8080", origin="http://127.0.0.1:8080", fetch_site=None)
    assert not may_change("POST", host="127.0.0.1:8080", origin="http://127.0.0.1:8081", fetch_site=None)


@pytest.mark.parametrize("origin", ["null", "", "x", "//"])
def test_no_host_matches_no_origin(origin: str) -> None:
    assert not may_change("POST", host="", origin=origin, fetch_site="same-origin")
