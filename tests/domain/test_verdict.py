"""Verdicts: what happens to a request."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest

from gateway.domain.bypass import Bypass
from gateway.domain.scope import EVERYTHING, Scope
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.verdict import Exemptions, Facts, Verdict, decide
from gateway.domain.window import Gate, Kind, Window

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
PREFIX = Exemptions(prefix=b"/_maintenance")


def gated(*gates: Gate | tuple[Gate, Scope]) -> Moment:
    """A moment with one active window per gate."""
    windows = tuple(
        Window(
            id=UUID(int=number),
            kind=Kind.MAINTENANCE,
            title="",
            starts_at=T0,
            estimated_duration=timedelta(hours=1),
            gate=gate if isinstance(gate, Gate) else gate[0],
            scope=EVERYTHING if isinstance(gate, Gate) else gate[1],
            created_at=T0,
            updated_at=T0,
        )
        for number, gate in enumerate(gates)
    )
    return Snapshot(version=1, taken_at=T0, windows=windows).at(T0)


def facts(path: bytes = b"/", method: bytes = b"GET", host: bytes = b"shop.example.com", client: str = "") -> Facts:
    return Facts(host=host, path=path, method=method, address=ip_address(client) if client else None)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"PATCH", b"DELETE", b"BREW", b"get"])
def test_closed_refuses_all_and_read_only_what_may_write(method: bytes) -> None:
    safe = method in (b"GET", b"HEAD", b"OPTIONS")
    assert decide(facts(method=method), gated(), PREFIX) is Verdict.FORWARD
    assert decide(facts(method=method), gated(Gate.NONE), PREFIX) is Verdict.FORWARD
    assert decide(facts(method=method), gated(Gate.CLOSED), PREFIX) is Verdict.REFUSE
    expected = Verdict.FORWARD if safe else Verdict.REFUSE_WRITE
    assert decide(facts(method=method), gated(Gate.READ_ONLY), PREFIX) is expected


def test_the_strictest_gate_that_covers_the_request_wins() -> None:
    """A stricter one elsewhere does not count."""
    moment = gated(Gate.NONE, Gate.READ_ONLY, (Gate.CLOSED, Scope(paths=("/shop",))))
    assert decide(facts(b"/shop", b"POST"), moment, PREFIX) is Verdict.REFUSE
    assert decide(facts(b"/shop", b"GET"), moment, PREFIX) is Verdict.REFUSE
    assert decide(facts(b"/", b"POST"), moment, PREFIX) is Verdict.REFUSE_WRITE
    assert decide(facts(b"/", b"GET"), moment, PREFIX) is Verdict.FORWARD


@pytest.mark.parametrize("gate", Gate)
@pytest.mark.parametrize("path", [b"/_maintenance", b"/_maintenance/", b"/_maintenance/admin/", b"/_maintenance/../x"])
def test_the_gateways_own_pages_are_always_its_own(gate: Gate, path: bytes) -> None:
    assert decide(facts(path), gated(gate), PREFIX) is Verdict.BUILT_IN


@pytest.mark.parametrize(
    "path",
    [
        b"/_maintenanc",
        b"/_maintenancex",
        b"/%5fmaintenance/",
        b"//_maintenance/",
        b"/_MAINTENANCE/",
        b"/./_maintenance/",
    ],
)
def test_the_prefix_is_compared_exactly(path: bytes) -> None:
    """Another spelling is the application's path, and is gated as such."""
    assert decide(facts(path), gated(), PREFIX) is Verdict.FORWARD
    assert decide(facts(path), gated(Gate.CLOSED), PREFIX) is Verdict.REFUSE


HOOKS = Exemptions(prefix=b"/_maintenance", paths=(b"/hooks", b"/health"))


@pytest.mark.parametrize("path", [b"/hooks", b"/hooks/", b"/hooks/pay", b"/health"])
def test_never_gate_paths_are_forwarded(path: bytes) -> None:
    assert decide(facts(path, b"POST"), gated(Gate.CLOSED), HOOKS) is Verdict.FORWARD


@pytest.mark.parametrize(
    "path",
    [
        b"/hooksx",
        b"/x/hooks",
        b"/hooks/../shop",
        b"/hooks/%2e%2e/shop",
        b"/hooks/..;/shop",
        b"/hooks/..%2fshop",
        b"/hooks//shop",
        b"/hooks\\..\\shop",
        b"/hooks/%70ay",
        b"/hooks;x",
        b"/hooks#",
        b"/hooks/\xff",
    ],
)
def test_an_exemption_holds_for_plain_paths_only(path: bytes) -> None:
    """Doubt counts as gated."""
    assert decide(facts(path), gated(Gate.CLOSED), HOOKS) is Verdict.REFUSE


def test_bypass_networks_pass_by_the_trusted_address_alone() -> None:
    """The verdict says that it was by a bypass, where a window would refuse; elsewhere nothing is different."""
    exemptions = Exemptions(prefix=b"/_maintenance", networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
    closed = gated(Gate.CLOSED)
    assert decide(facts(client="10.1.2.3"), closed, exemptions) is Verdict.BYPASS
    assert decide(facts(client="fd00::1"), closed, exemptions) is Verdict.BYPASS
    assert decide(facts(client="10.1.2.3"), gated(), exemptions) is Verdict.FORWARD
    assert decide(facts(client="10.1.2.3"), gated(Gate.READ_ONLY), exemptions) is Verdict.FORWARD
    assert decide(facts(client="11.1.2.3"), closed, exemptions) is Verdict.REFUSE
    assert decide(facts(client="::1"), closed, exemptions) is Verdict.REFUSE
    assert decide(facts(), closed, exemptions) is Verdict.REFUSE


ANNA = Bypass(id=UUID(int=7), name="Anna", expires_at=T0 + timedelta(hours=8))


@pytest.mark.parametrize("method", [b"GET", b"POST"])
@pytest.mark.parametrize("gates", [(), (Gate.NONE,), (Gate.READ_ONLY,), (Gate.CLOSED,), (Gate.READ_ONLY, Gate.CLOSED)])
def test_a_bypass_forwards_what_would_be_refused_and_changes_no_other_verdict(
    gates: tuple[Gate, ...], method: bytes
) -> None:
    """Any gate, reading and writing; the verdict says that it was by a bypass."""
    for exemptions in (PREFIX, HOOKS):
        for path in (b"/", b"/hooks", b"/_maintenance/"):
            plain = facts(path, method)
            without = decide(plain, gated(*gates), exemptions)
            plain.bypass = ANNA
            expected = Verdict.BYPASS if without.is_refusal else without
            assert decide(plain, gated(*gates), exemptions) is expected


@pytest.mark.parametrize("close_unknown", [True, False])
def test_an_unknown_state_is_answered_as_configured(*, close_unknown: bool) -> None:
    """The exemptions and the gateway's own pages hold then, too."""
    unknown = Moment(snapshot=None, at=T0, close_unknown=close_unknown)
    assert decide(facts(), unknown, HOOKS) is (Verdict.REFUSE if close_unknown else Verdict.FORWARD)
    assert decide(facts(b"/hooks"), unknown, HOOKS) is Verdict.FORWARD
    assert decide(facts(b"/_maintenance/"), unknown, HOOKS) is Verdict.BUILT_IN
    office = Exemptions(prefix=b"/_maintenance", networks=(ip_network("10.0.0.0/8"),))
    expected = Verdict.BYPASS if close_unknown else Verdict.FORWARD
    assert decide(facts(client="10.1.2.3"), unknown, office) is expected
