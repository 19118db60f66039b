"""Bypass links: which tokens open the gate, and until when (rule 27)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from gateway.domain.bypass import Bypass, signed_token
from gateway.domain.snapshot import Moment, Snapshot

T0 = datetime(2026, 3, 1, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY = "1f" * 32
ANNA = Bypass(id=UUID(int=1), name="Anna", expires_at=T0 + HOUR)
BERT = Bypass(id=UUID(int=2**127 + 5), name="Bert", expires_at=T0 + 2 * HOUR)


def moment(*bypasses: Bypass, at: datetime = T0, key: str = KEY) -> Moment:
    return Snapshot(version=1, taken_at=T0, bypasses=bypasses, bypass_key=key).at(at)


def token(bypass: Bypass, key: str = KEY) -> bytes:
    return signed_token(bypass, key).encode()


NOW = moment(ANNA, BERT)


def test_a_token_opens_for_its_own_link() -> None:
    """Whatever else the client sends along."""
    assert NOW.bypass([token(ANNA)]) is ANNA
    assert NOW.bypass([b"", b"gwb_", token(BERT)]) is BERT
    assert NOW.bypass([]) is None


@given(st.binary(max_size=120))
@example(b"")
@example(b"gwb_")
@example(b"gwb_" + b"0" * 31 + b"1")
@example(b"gwb_00000000000000000000000000000001.1772409600.")
def test_no_token_that_was_not_issued_opens(anything: bytes) -> None:
    assume(anything not in (token(ANNA), token(BERT)))
    assert NOW.bypass([anything]) is None


@given(st.integers(0, len(token(ANNA)) - 1), st.integers(0, 255), st.sampled_from([ANNA, BERT]))
def test_no_byte_of_a_token_can_be_changed(position: int, byte: int, bypass: Bypass) -> None:
    """The last one neither, of which base64 would overlook two bits."""
    good = token(bypass)
    assume(good[position] != byte)
    assert NOW.bypass([good[:position] + bytes([byte]) + good[position + 1 :]]) is None


@given(st.integers(0, len(token(ANNA)) - 1), st.binary(min_size=1, max_size=3))
def test_nothing_can_be_cut_off_or_added(end: int, more: bytes) -> None:
    assert NOW.bypass([token(ANNA)[:end], token(ANNA)[end + 1 :], token(ANNA) + more, more + token(ANNA)]) is None


@given(st.uuids(), st.integers(0, 2**33), st.text("0123456789abcdef", min_size=64, max_size=64))
def test_what_another_key_has_signed_opens_nothing(link: UUID, end: int, key: str) -> None:
    """Not even for a link that is known here."""
    assume(key != KEY)
    for known in (link, ANNA.id):
        forged = Bypass(id=known, name="Anna", expires_at=datetime.fromtimestamp(end, UTC))
        assert NOW.bypass([token(forged, key), token(ANNA, key)]) is None


def test_the_mac_of_another_link_opens_nothing() -> None:
    """Nor another expiry under the mac of the right one."""
    claims, _, mac = token(ANNA).rpartition(b".")
    other_claims, _, other_mac = token(BERT).rpartition(b".")
    later = claims.rpartition(b".")[0] + b"." + other_claims.rpartition(b".")[2]
    assert NOW.bypass([claims + b"." + other_mac, other_claims + b"." + mac, later + b"." + mac]) is None


@given(st.integers(-7200, 7200), st.integers(0, 999_999))
@example(-1, 999_999)
@example(0, 0)
def test_it_expires_to_the_second(second: int, microsecond: int) -> None:
    at = ANNA.expires_at + timedelta(seconds=second, microseconds=microsecond)
    assert (moment(ANNA, at=at).bypass([token(ANNA)]) is ANNA) is (second < 0)


def test_a_moment_ends_when_a_link_expires() -> None:
    """So that a request needs no look at the clock for it."""
    assert moment(ANNA, BERT).until == ANNA.expires_at
    assert moment(ANNA, BERT, at=ANNA.expires_at).until == BERT.expires_at
    assert moment(ANNA, BERT, at=BERT.expires_at).until is None


def test_a_link_that_is_not_in_the_snapshot_is_none() -> None:
    """It was revoked, and its token is as good as any forgery."""
    assert moment(BERT).bypass([token(ANNA)]) is None


@pytest.mark.parametrize("key", ["", KEY])
def test_without_a_key_nothing_opens(key: str) -> None:
    """A signature by an empty key is one that everybody can make."""
    assert moment(ANNA, key="").bypass([token(ANNA, key)]) is None
    assert Moment(snapshot=None, at=T0).bypass([token(ANNA, key)]) is None


def test_the_key_shows_in_no_log() -> None:
    assert KEY not in repr(NOW)
    assert KEY not in repr(NOW.snapshot)
