"""The gateway's own cookie is taken out of a request; all others stay byte for byte (rules 10 and 27)."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.http1.cookies import BYPASS_COOKIE, take_cookie

TEXT = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters=";\x7f"), max_size=12)
PAIR = TEXT.map(lambda text: text.encode("latin-1"))


def lines(*fields: bytes) -> bytes:
    return b"".join(b"\r\n" + field for field in fields) + b"\r\n"


@pytest.mark.parametrize(
    ("sent", "left", "tokens"),
    [
        ([b"Cookie: gateway_bypass=x"], [], (b"x",)),
        ([b"Cookie: gateway_bypass=x; a=1"], [b"Cookie: a=1"], (b"x",)),
        ([b"Cookie: a=1; gateway_bypass=x"], [b"Cookie: a=1"], (b"x",)),
        ([b"Cookie: a=1; gateway_bypass=x; b=2"], [b"Cookie: a=1; b=2"], (b"x",)),
        ([b"Cookie: a=1;gateway_bypass=x;b=2"], [b"Cookie: a=1;b=2"], (b"x",)),
        ([b"cookie:gateway_bypass = x ;a"], [b"cookie:a"], (b"x",)),
        ([b"Cookie: gateway_bypass=x; gateway_bypass=y;"], [], (b"x", b"y")),
        ([b"Cookie: a=1", b"X: y", b"COOKIE: gateway_bypass=x"], [b"Cookie: a=1", b"X: y"], (b"x",)),
        ([b"Cookie: gateway_bypass=x", b"Cookie: gateway_bypass=x"], [], (b"x", b"x")),
        ([b"Cookie: gateway_bypass"], [b"Cookie: gateway_bypass"], ()),
        ([b"Cookie: Gateway_Bypass=x; xgateway_bypass=x"], [b"Cookie: Gateway_Bypass=x; xgateway_bypass=x"], ()),
        ([b"Cookie: a=gateway_bypass=x"], [b"Cookie: a=gateway_bypass=x"], ()),
        ([b"X-Cookie: gateway_bypass=x"], [b"X-Cookie: gateway_bypass=x"], ()),
    ],
)
def test_the_cookie_is_taken(sent: list[bytes], left: list[bytes], tokens: tuple[bytes, ...]) -> None:
    """From every Cookie field and every place in it; a cookie's name has one spelling (RFC 6265, section 5.3)."""
    assert take_cookie(lines(*sent), BYPASS_COOKIE) == (lines(*left), tokens)


@given(st.lists(PAIR, min_size=1, max_size=5), st.lists(PAIR, max_size=5), PAIR, st.sampled_from([b"; ", b";"]))
def test_every_other_cookie_survives_byte_for_byte(
    before: list[bytes], after: list[bytes], value: bytes, between: bytes
) -> None:
    """Also those that are none: empty ones, without a sign, with bytes that are not ASCII."""
    others = [*before, *after]
    assume(not any(pair.startswith(BYPASS_COOKIE) for pair in others))
    assume(any(others))
    own = BYPASS_COOKIE + b"=" + value
    sent = lines(b"Host: a", b"Cookie: " + between.join([*before, own, *after]), b"X: y")
    left, tokens = take_cookie(sent, BYPASS_COOKIE)
    assert tokens == (value,)
    assert left == lines(b"Host: a", b"Cookie: " + between.join(others), b"X: y")
    assert take_cookie(left, BYPASS_COOKIE) == (left, ())
