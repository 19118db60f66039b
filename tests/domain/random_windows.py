"""Random sets of windows, and requests that meet them: many edges and scopes are shared, so that cases are met."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from hypothesis import strategies as st

from gateway.domain.bypass import Bypass
from gateway.domain.scope import Scope
from gateway.domain.verdict import Exemptions, Facts
from gateway.domain.window import Ends, Gate, Kind, Window

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
LINK = Bypass(id=UUID(int=7), name="Anna", expires_at=T0 + timedelta(hours=8))
EXEMPTIONS = Exemptions(prefix=b"/_maintenance", paths=(b"/a/hook",), networks=(ip_network("10.0.0.0/8"),))

minutes = st.integers(0, 8).map(lambda n: n * MINUTE)
scopes = st.builds(
    Scope,
    hosts=st.lists(
        st.sampled_from(["shop.example", "*.example", "*.EXAMPLE", "[::1]", "Blog.Example"]), max_size=2
    ).map(tuple),
    paths=st.lists(st.sampled_from(["/", "/a", "/a/b", "/c/"]), max_size=2).map(tuple),
    excluded_paths=st.lists(st.sampled_from(["/a/b", "/a/b/c", "/c", "/", "", "/a;b"]), max_size=2).map(tuple),
)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window that the database can hold."""
    starts_at = T0 + draw(minutes)
    outcome = draw(st.sampled_from(["open", "open", "ended", "cancelled"]))
    return Window(
        id=draw(st.uuids(version=4)),
        kind=draw(st.sampled_from(Kind)),
        title="Upgrade",
        starts_at=starts_at,
        estimated_duration=draw(st.integers(1, 6)) * MINUTE,
        ends=draw(st.sampled_from(Ends)),
        gate=draw(st.sampled_from([*Gate, Gate.CLOSED])),
        scope=draw(scopes),
        reopen_over=draw(st.sampled_from([0, 1, 3, 5])) * MINUTE,
        fixed=outcome == "ended" and draw(st.booleans()),
        ended_at=starts_at + draw(minutes) if outcome == "ended" else None,
        cancelled_at=T0 + draw(minutes) if outcome == "cancelled" else None,
        created_at=T0,
        updated_at=T0,
    )


@st.composite
def instants(draw: st.DrawFn, found: list[Window]) -> datetime:
    """Any time, mostly one at which something happens, or a breath beside it."""
    known = [T0]
    for window in found:
        for end in (window.starts_at, window.starts_at + window.estimated_duration, window.ended_at or T0):
            known += [end, end + window.reopen_over, end + window.reopen_over / 3]
    at = draw(st.sampled_from(known))
    return at + draw(st.sampled_from([-MINUTE / 2, -TICK, 0 * TICK, TICK, MINUTE / 2]))


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """A path as it is sent, and what it means: its segments; None where there is no telling."""

    sent: bytes
    segments: tuple[str, ...] | None
    is_plain: bool


def _plain(segments: list[str], end: str) -> Spelling:
    return Spelling(
        sent=f"/{'/'.join(segments)}{end if segments else ''}".encode(), segments=(*segments,), is_plain=True
    )


def _odd(segments: list[str], how: int) -> Spelling:
    slash = ["//", "/%2e/", "/;x=1/", "/./", "\\"][how % 5]
    spelled = slash.join("".join(f"%{ord(letter):02x}" for letter in segment) for segment in segments)
    return Spelling(sent=f"/{slash[1:]}{spelled}".encode(), segments=(*segments,), is_plain=False)


def _with_parameter(segments: list[str]) -> Spelling:
    return Spelling(sent=f"/{'/'.join(segments)};v=1".encode(), segments=(*segments,), is_plain=False)


def _doubtful(before: list[str], after: list[str]) -> Spelling:
    return Spelling(sent=f"/{'/'.join([*before, '%2e%2e', *after])}".encode(), segments=None, is_plain=False)


_names = st.sampled_from(["a", "b", "c", "hook", "ab"])
_heads = st.sampled_from([["a"], ["a", "hook"], ["a", "b"], ["a", "b", "c"], ["c"]])
_some_segments = _heads.flatmap(lambda head: st.lists(_names, max_size=2).map(lambda rest: [*head, *rest]))
_segments = st.one_of(_some_segments, st.lists(_names, max_size=4))
spellings = st.one_of(
    *[st.builds(_plain, _segments, st.sampled_from(["", "/"]))] * 4,
    *[st.builds(_odd, _some_segments, st.integers(0, 4))] * 2,
    st.builds(_with_parameter, _some_segments),
    st.builds(_doubtful, _segments, _segments),
    st.sampled_from(["", "/x", "/admin/"]).map(
        lambda rest: Spelling(sent=b"/_maintenance" + rest.encode(), segments=("_maintenance",), is_plain=True)
    ),
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: `host` is what it means, None where there is no telling."""

    facts: Facts
    path: Spelling
    host: str | None


@st.composite
def requests(draw: st.DrawFn, at: datetime) -> Asked:
    """A request at a time."""
    path = draw(spellings)
    sent, host = draw(
        st.sampled_from(
            [
                (b"shop.example", "shop.example"),
                (b"SHOP.Example.:8080", "shop.example"),
                (b"blog.example", "blog.example"),
                (b"example", "example"),
                (b"[0:0::1]:80", "[::1]"),
                (b"other.test", "other.test"),
                (b"", None),
                (b"x@shop.example", None),
            ]
        )
    )
    address = draw(st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "10.9.9.9"]))
    facts = Facts(
        host=sent,
        path=path.sent,
        method=draw(st.sampled_from([b"GET", b"HEAD", b"OPTIONS", b"POST", b"get"])),
        address=ip_address(address),
        bypass=LINK if draw(st.booleans()) and draw(st.booleans()) else None,
        client=address.encode(),
        at=at.timestamp(),
    )
    return Asked(facts=facts, path=path, host=host)
