"""Scopes: no spelling of a host or a path slips past one."""

import time
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.scope import Outside, Scope, bare_host, barest, is_plain, under

SHOP = Scope(paths=("/shop",))
CALM = b"shop.example.com"


def covers_path(path: bytes, scope: Scope = SHOP) -> bool:
    return scope.covers(CALM, path)


@pytest.mark.parametrize("path", [b"/shop", b"/shop/", b"/shop/x", b"/shop/x/y.html", b"/shop//x", b"/shop/../x"])
def test_a_prefix_covers_itself_and_what_lies_below(path: bytes) -> None:
    assert covers_path(path)
    assert covers_path(path, Scope(paths=("/other", "/shop/")))


SHOP_WITHOUT_HELP = Scope(paths=("/shop",), excluded_paths=("/shop/help", "/shop/terms/"))


@pytest.mark.parametrize(
    "path", [b"/shop/help", b"/shop/help/", b"/shop/help/a/b.html", b"/shop/terms", b"/shop/terms/x"]
)
def test_what_is_left_out_is_not_covered(path: bytes) -> None:
    """Itself and what lies below, as with prefixes; also where all paths are meant."""
    assert SHOP_WITHOUT_HELP.leaves_out(CALM, path) is Outside.EXCLUDED_PATH
    assert Scope(excluded_paths=("/shop",)).leaves_out(CALM, path) is Outside.EXCLUDED_PATH


@pytest.mark.parametrize(
    "path",
    [
        b"/shop",
        b"/shop/helpless",
        b"/shop/x/help",
        b"/shop/HELP",
        b"/shop/help/../checkout",
        b"/shop/help/%2e%2e/checkout",
        b"/shop/help/.%2e/checkout",
        b"/shop/help/..;/checkout",
        b"/shop/help/..%2fcheckout",
        b"/shop/help\\..\\checkout",
        b"/shop/help//../../checkout",
        b"/shop/help//x",
        b"/shop/help/./x",
        b"/shop/help;x",
        b"/shop/help;/../checkout",
        b"/shop/help%2f..%2fcheckout",
        b"/shop/help%00",
        b"/shop/help#x",
        b"/shop/%68elp",
        b"/shop//help",
        b"//shop/help",
        b"/shop/./help",
        b"/shop/x/../help",
        b"/shop/help/\xff",
    ],
)
def test_an_exclusion_holds_for_plain_paths_only(path: bytes) -> None:
    """It is an exemption: doubt counts as gated."""
    assert SHOP_WITHOUT_HELP.covers(CALM, path)
    assert Scope(excluded_paths=("/shop/help",)).covers(CALM, path)


@pytest.mark.parametrize("prefix", ["", "shop", "//", "/shop/../", "/%73hop", "/sh;op", "/./shop"])
def test_an_exclusion_that_is_not_plain_itself_leaves_nothing_out(prefix: str) -> None:
    """The drafts refuse it; by hand in the database it must not open everything."""
    for path in (b"/", b"/shop", b"/shop/x", b"/%73hop", b"/sh;op"):
        assert Scope(excluded_paths=(prefix,)).covers(CALM, path)


@pytest.mark.parametrize("root", ["/", "//"])
def test_an_exclusion_of_the_root_excludes_nothing(root: str) -> None:
    """It gets there by hand in the database alone: a window that says "closed" must not be open for everybody."""
    for path in (b"/", b"/x", b"/x/../y"):
        assert Scope(excluded_paths=(root,)).covers(CALM, path)


def test_a_scope_in_words() -> None:
    """For commands, panel and explanations."""
    assert Scope().words == "all requests"
    assert Scope(excluded_paths=("/help",)).words == "all requests, but not /help"
    assert Scope(hosts=("a.example",), paths=("/x", "/y"), excluded_paths=("/x/z",)).words == (
        "a.example, /x, /y, but not /x/z"
    )


def test_nothing_but_an_exclusion_is_not_everything() -> None:
    """Customers read that a part is not available."""
    assert not Scope(excluded_paths=("/help",)).is_everything


@pytest.mark.parametrize(
    "path", [b"/", b"/shopping", b"/sho", b"/x/shop", b"/SHOP", b"*", b"", b"/x/%73hop", b"/shop%41"]
)
def test_a_prefix_ends_at_a_slash(path: bytes) -> None:
    assert not covers_path(path)


@pytest.mark.parametrize("prefix", ["/", ""])
def test_the_root_covers_every_path(prefix: str) -> None:
    for path in (b"/", b"/x", b"/x/y", b"/%zz"):
        assert covers_path(path, Scope(paths=(prefix,)))


def test_nothing_named_means_everything() -> None:
    assert Scope().is_everything
    assert Scope().covers(b"", b"/x")
    assert not SHOP.is_everything
    assert not Scope(hosts=("a.example",)).is_everything


def test_host_and_path_must_both_be_meant() -> None:
    scope = Scope(hosts=("a.example",), paths=("/shop",))
    assert scope.covers(b"a.example", b"/shop")
    assert not scope.covers(b"b.example", b"/shop")
    assert not scope.covers(b"a.example", b"/")


@pytest.mark.parametrize(
    "path",
    [
        b"/%73hop",  # an escaped letter
        b"/%2573hop",  # escaped twice
        b"/%252573hop",
        b"/shop%2fx",  # an escaped slash
        b"/shop%252fx",
        b"//shop",
        b"///shop//x",
        b"/%2fshop",
        b"/./shop",
        b"/%2e/shop",
        b"/x/../shop",
        b"/x/%2e%2e/shop",
        b"/x/%252e%252e/shop",
        b"/x/.%2e/shop",
        b"/x%2f..%2fshop",
        b"/a/x%2fy/../%2e%2e/shop",  # differs with the order of decoding and resolving
        b"/a//../../shop",  # differs with the merging of slashes
        b"\\shop",
        b"/\\shop",
        b"/x\\..\\shop",
        b"/%5cshop",
        b"/x/..%5cshop",
        b"/shop;v=1",
        b"/shop;v=1/x",
        b"/;x/shop",
        b"/x/..;/shop",  # as Tomcat reads it
        b"/x/..;y=/shop",
        b"/shop%3bx",
        b"/shop#top",  # some cut a fragment
        b"/shop%23top",
        b"/shop%3fa=b",
        b"/shop%00",  # some cut at NUL
        b"/shop%00.html",
        b"/shop%0d%0a",
        b"/x%c0%af..%c0%afshop",  # overlong UTF-8
        b"/%c1%b3hop",
        b"/%25252525252525252573hop",  # escaped more often than anybody means
    ],
)
def test_no_spelling_slips_past(path: bytes) -> None:
    """What any server could take for the path is covered, and so is what can't be told."""
    assert covers_path(path)


@pytest.mark.parametrize(
    "path",
    [b"/%63af%C3%A9", b"/a%20b", b"/100%25", b"/100%", b"/%zz", b"/a;b/c", b"//x", b"/x/./y", b"/~a!$&'()*+,=:@"],
)
def test_an_odd_but_clear_spelling_of_another_path_is_not_covered(path: bytes) -> None:
    assert not covers_path(path)


plain_text = st.text(
    st.characters(codec="ascii", categories=["L", "N"]) | st.sampled_from("-_~"), min_size=1, max_size=8
)
plain_paths = st.lists(plain_text, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))


@st.composite
def disguised(draw: st.DrawFn, path: bytes) -> bytes:
    """Escape any bytes any number of times, and blow up the slashes; what it means stays the same."""
    spelled = b""
    for byte in path:
        piece = bytes([byte])
        if piece == b"/":
            piece = draw(st.sampled_from([b"/", b"//", b"/./", b"/;x/", b"\\", b"/%2e/"]))
        for _ in range(draw(st.integers(0, 2))):
            piece = b"".join(b"%%%02x" % inner for inner in piece)
        spelled += piece
    return spelled


@given(data=st.data(), prefix=plain_paths, rest=st.just("") | plain_paths)
def test_a_covered_path_stays_covered_however_it_is_spelled(data: st.DataObject, prefix: str, rest: str) -> None:
    path = (prefix + rest).encode()
    scope = Scope(paths=(prefix,))
    assert covers_path(path, scope)
    assert covers_path(data.draw(disguised(path)), scope)


@given(data=st.data(), prefix=plain_paths, path=plain_paths)
def test_a_path_elsewhere_stays_uncovered_however_it_is_spelled(data: st.DataObject, prefix: str, path: str) -> None:
    """Customers elsewhere are not shut out because their client escapes more than needed."""
    scope = Scope(paths=(prefix + "x",))
    if not under(path.encode(), (prefix + "x").encode()):
        assert not covers_path(data.draw(disguised(path.encode())), scope)


def _merge(path: bytes) -> bytes:
    while b"//" in path:
        path = path.replace(b"//", b"/")
    return path


def _dots(path: bytes) -> bytes:
    """RFC 3986, section 5.2.4, which does not merge slashes."""
    kept: list[bytes] = []
    for segment in path.split(b"/")[1:]:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    return b"/" + b"/".join(kept)


SERVERS = [
    unquote_to_bytes,
    _merge,
    _dots,
    lambda path: path.replace(b"\\", b"/"),
    lambda path: b"/".join(segment.partition(b";")[0] for segment in path.split(b"/")),
    lambda path: path.partition(b"#")[0].partition(b"?")[0],
    lambda path: path.partition(b"\0")[0],
]
pieces = st.sampled_from(
    [
        b"/",
        b"/",
        b"a",
        b"b",
        b".",
        b"..",
        b"%2e",
        b"%2f",
        b"%5c",
        b"\\",
        b";",
        b"%3b",
        b"%25",
        b"61",
        b"#",
        b"%3f",
        b"%00",
    ]
)


@given(
    path=st.lists(pieces, max_size=14).map(lambda parts: b"/" + b"".join(parts)),
    server=st.lists(st.sampled_from(SERVERS), max_size=6),
    prefix=st.sampled_from(["/a", "/b", "/a/b", "/ab"]),
)
def test_whatever_a_server_does_in_whatever_order(path: bytes, server: list, prefix: str) -> None:  # type: ignore[type-arg]
    """A chain of things that servers do to paths never ends in a covered path which the scope did not see."""
    read = path
    for step in server:
        read = step(read)
    if under(read, prefix.encode()):
        assert covers_path(path, Scope(paths=(prefix,)))


@given(
    path=st.lists(pieces, max_size=14).map(lambda parts: b"/" + b"".join(parts)),
    server=st.lists(st.sampled_from(SERVERS), max_size=6),
    paths=st.sampled_from([(), ("/a",)]),
)
def test_whatever_a_server_does_what_is_left_out_stays_there(
    path: bytes,
    server: list,  # type: ignore[type-arg]
    paths: tuple[str, ...],
) -> None:
    """A path that is let through because it is left out is never read as another one."""
    read = path
    for step in server:
        read = step(read)
    if Scope(paths=paths, excluded_paths=("/a/b",)).leaves_out(CALM, path) is Outside.EXCLUDED_PATH:
        assert under(read, b"/a/b")


@given(path=st.lists(pieces, max_size=8).map(lambda parts: b"/" + b"".join(parts)), step=st.sampled_from(SERVERS))
def test_a_plain_path_is_the_same_in_every_reading(path: bytes, step: object) -> None:
    if is_plain(path):
        assert step(path) == path  # type: ignore[operator]
        assert barest(path) in (path, path.removesuffix(b"/"), b"/")


@pytest.mark.parametrize(
    "path",
    [b"", b"*", b"x", b"//x", b"/x//y", b"/.", b"/..", b"/x/.", b"/x/../y", b"/x%41", b"/x;y", b"/x\\y", b"/x#y",
     b"/x?y", b"/x y", b"/x\x7f", b"/\xc3\xa9"],
)  # fmt: skip
def test_what_is_not_plain(path: bytes) -> None:
    assert not is_plain(path)


@pytest.mark.parametrize(
    "path", [b"/", b"/x", b"/x/", b"/x/y.z", b"/...", b"/.well-known/x", b"/x..y/..z", b"/a:b@c,d=e"]
)
def test_what_is_plain(path: bytes) -> None:
    assert is_plain(path)


@pytest.mark.parametrize(
    "host",
    [
        b"shop.example.com",
        b"SHOP.Example.COM",
        b"shop.example.com:8080",
        b"shop.example.com.",
        b"shop.example.com.:80",
        b"shop.example.com:",
    ],
)
@pytest.mark.parametrize("pattern", ["shop.example.com", "Shop.Example.com", "*.example.com", "shop.example.com."])
def test_a_host_is_the_same_in_any_case_with_port_and_final_dot(host: bytes, pattern: str) -> None:
    assert Scope(hosts=(pattern,)).covers(host, b"/")


@pytest.mark.parametrize("host", [b"example.com", b"xexample.com", b"shop.example.com.evil", b"shop.example.org"])
def test_a_wildcard_stands_for_what_is_below(host: bytes) -> None:
    assert not Scope(hosts=("*.example.com", "shop.example.com")).covers(host, b"/")


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b":80",
        b".",
        b"x@shop.example.com",
        b"sh%6fp.example.com",
        b"shop.example.com/x",
        b"m\xc3\xbcnchen.de",
        b"[::1",
        b"[",
        b"[:1:]",
        b"a.example:80@shop.example.com",
        b"[::1]@shop.example.com",
        b"a.example:x",
    ],
)
def test_a_host_that_is_none_is_doubt_and_covered(host: bytes) -> None:
    """HTTP/1.0 needs no Host; the application answers with whatever it takes for its default."""
    assert Scope(hosts=("shop.example.com",)).covers(host, b"/")


@pytest.mark.parametrize("host", [b"[::1]", b"[::1]:8080", b"[0:0:0:0:0:0:0:1]", b"[0000::0001]:80"])
def test_an_ipv6_address_is_the_same_in_every_form(host: bytes) -> None:
    assert bare_host(host) == "[::1]"
    assert Scope(hosts=("[0:0::1]",)).covers(host, b"/")
    assert not Scope(hosts=("[::2]",)).covers(host, b"/")


@pytest.mark.parametrize(
    "path",
    [
        b"/" + b"a" * 100_000,
        b"/a" * 50_000,
        b"/a" * 50_000 + b"%",
        b"/" * 100_000,
        b"/a" * 50_000 + b"//",
        b"/." * 50_000,
        b"/.." * 33_000,
        b"%2e" * 33_000,
        b"/" + b"%25" * 33_000 + b"41",
        b"/" + b"%41a" * 25_000,
        b"/" + b";" * 100_000,
        b"\\" * 100_000,
        b"/" + b"\xff" * 100_000,
        b"/%c3%a9" * 14_000,
    ],
    ids=lambda path: repr(path[:12]),
)
def test_a_huge_path_costs_no_time(path: bytes) -> None:
    """No regular expression runs away: 100 kB in under 50 ms, at the best of three."""
    scope = Scope(paths=("/shop", "/checkout"))
    taken = []
    for _ in range(3):
        start = time.process_time()
        scope.covers(CALM, path)
        is_plain(path)
        taken.append(time.process_time() - start)
    assert min(taken) < 0.05
