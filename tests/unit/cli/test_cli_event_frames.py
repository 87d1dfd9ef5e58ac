"""Frames of an event stream, as the server makes them and the command line takes them apart."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.awsapi import eventstream
from lambdad.domain.event_frames import BrokenFrame, FrameReader

TIME = datetime(2026, 11, 27, tzinfo=UTC)


def test_a_frame_is_its_string_headers_and_its_payload_whatever_other_headers_it_has():
    headers = {"a": "ä", "n": 5, "l": 2**40, "t": True, "f": False, "b": b"xyz", "d": TIME, "z": "last"}
    [frame] = FrameReader().feed(eventstream.frame(headers, b"payload"))
    assert (frame.headers, frame.payload) == ({"a": "ä", "z": "last"}, b"payload")


@given(st.lists(st.binary(max_size=50), max_size=4), st.integers(1, 30))
def test_frames_are_found_however_they_are_cut(payloads, size):
    data = b"".join(eventstream.event("kind", payload) for payload in payloads)
    reader = FrameReader()
    found = [frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])]
    assert [frame.payload for frame in found] == payloads


@pytest.mark.parametrize("at", [0, 5, 9, 14, -6, -1])
def test_a_damaged_frame_is_refused(at):
    data = bytearray(eventstream.event("kind", b"payload"))
    data[at] ^= 1
    with pytest.raises(BrokenFrame):
        list(FrameReader().feed(bytes(data)))


@given(st.binary(min_size=12, max_size=80))
def test_other_bytes_are_refused_and_nothing_else_happens(data):
    try:
        list(FrameReader().feed(data))
    except BrokenFrame:
        pass
