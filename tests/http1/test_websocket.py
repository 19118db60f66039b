"""Frames of a WebSocket: where they end, however the bytes are cut; and the Close that the gateway says."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import CloseCode, Frame, Opcode
from websockets.streams import StreamReader

from gateway.http1.websocket import CLOSE_TO_CLIENT, CLOSE_TO_SERVER, Frames

PAYLOADS = st.one_of(st.binary(max_size=200), st.integers(0, 70_000).map(bytes))
FRAMES = st.lists(st.builds(Frame, st.just(Opcode.BINARY), PAYLOADS), min_size=1, max_size=5)


def serialized(frame: Frame, *, mask: bool) -> bytes:
    """The frame as the websockets library writes it."""
    return bytes(frame.serialize(mask=mask))


@given(FRAMES, st.booleans(), st.lists(st.integers(0, 300), max_size=20))
def test_the_ends_of_frames_are_found_however_they_are_cut(frames: list[Frame], mask: bool, cuts: list[int]) -> None:  # noqa: FBT001
    written = [serialized(frame, mask=mask) for frame in frames]
    data = b"".join(written)
    ends = {sum(map(len, written[: count + 1])) for count in range(len(written))} | {0}
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    reader = Frames()
    for start, end in pairwise(places):
        assert reader.feed(data[start:end]) == end - start
        assert reader.is_between() == (end in ends)


@given(FRAMES, st.booleans(), st.integers(1, 400))
def test_only_the_frame_that_is_under_way_is_taken(frames: list[Frame], mask: bool, seen: int) -> None:  # noqa: FBT001
    written = [serialized(frame, mask=mask) for frame in frames]
    data = b"".join(written)
    seen = min(seen, len(data))
    reader = Frames()
    reader.feed(data[:seen])
    taken = reader.feed(data[seen:], only_this=True)
    ends = [sum(map(len, written[: count + 1])) for count in range(len(written))]
    assert seen + taken == next(end for end in ends if end >= seen)
    assert reader.is_between()


def _read(data: bytes, *, mask: bool) -> Frame:
    stream = StreamReader()
    stream.feed_data(data)
    parsing = Frame.parse(stream.read_exact, mask=mask)
    try:
        next(parsing)
    except StopIteration as parsed:
        found: Frame = parsed.value
        return found
    raise AssertionError("not a whole frame")


def test_a_library_reads_the_close() -> None:
    """RFC 6455, section 5.5.1: status 1012, masked on the way to the server."""
    for data, mask in ((CLOSE_TO_CLIENT, False), (CLOSE_TO_SERVER, True)):
        frame = _read(data, mask=mask)
        assert (frame.opcode, frame.data) == (Opcode.CLOSE, CloseCode.SERVICE_RESTART.to_bytes(2, "big"))
