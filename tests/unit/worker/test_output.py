"""What a function prints becomes log events: whole, in order, bounded."""

from __future__ import annotations

import os
import struct

from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import MAX_LOG_LINE_BYTES
from lambdad.worker.environment.output import OutputReader, split

NOW = 1_000


def frame(message: bytes, at_ms: int = 77) -> bytes:
    return struct.pack(">IIQ", 0xA55A0003, len(message), at_ms * 1000) + message


def messages(data: bytes) -> tuple[bytes, list[str]]:
    rest, lines = split(data, NOW)
    return rest, [line.message for line in lines]


def test_a_newline_ends_an_event_and_stays_its_last_character() -> None:
    assert messages(b"one\ntwo\nthr") == (b"thr", ["one\n", "two\n"])


def test_a_carriage_return_separates_lines_of_one_event() -> None:
    assert messages(b"a\rb\n") == (b"", ["a\rb\n"])


def test_a_framed_record_is_one_event_with_its_own_time() -> None:
    rest, lines = split(frame(b"first\nsecond\n", at_ms=1_234), NOW)
    assert (rest, [tuple(line) for line in lines]) == (b"", [(1_234, "first\nsecond\n")])


def test_frames_and_printed_text_keep_their_order() -> None:
    data = b"printed\n" + frame(b"logged\n") + b"unfinished" + frame(b"again\n") + b"end\n"
    assert messages(data) == (b"", ["printed\n", "logged\n", "unfinished", "again\n", "end\n"])


def test_an_unfinished_frame_waits_for_the_rest() -> None:
    whole = frame(b"hello")
    rest, found = messages(whole[:-2])
    assert (rest, found) == (whole[:-2], [])


def test_binary_garbage_that_begins_like_a_frame_does_not_swallow_what_follows() -> None:
    garbage = b"\xa5\x5a\x00\x03" + b"\xff" * 12
    rest, found = messages(garbage + b"\nplain\n")
    assert (rest, found[-1]) == (b"", "plain\n")


def test_a_line_over_256_kib_is_cut_without_losing_a_byte() -> None:
    rest, lines = split(b"x" * (MAX_LOG_LINE_BYTES + 10) + b"\n", NOW)
    assert rest == b""
    assert [len(line.message) for line in lines] == [MAX_LOG_LINE_BYTES, 11]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=50)))
def test_lines_come_out_as_they_were_printed(lines: list[str]) -> None:
    data = "".join(line + "\n" for line in lines).encode()
    assert messages(data) == (b"", [line + "\n" for line in lines])


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_cut_anywhere_end_up_as_events(data: bytes, cut: int) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    reader = OutputReader(reading)
    found = []
    try:
        os.write(writing, data[:cut] or b"")
        found += reader.read(NOW)
        os.write(writing, data[cut:])
        found += reader.read(NOW)
        found += reader.unfinished(NOW)
        assert reader.read(NOW) == []
        if b"\xa5\x5a\x00" not in data:
            assert "".join(line.message for line in found) == data.decode("utf-8", "replace") or any(
                byte > 127 for byte in data
            )
    finally:
        os.close(reading)
        os.close(writing)


def test_the_end_of_the_pipe_is_noticed() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.write(writing, b"last")
    os.close(writing)
    reader = OutputReader(reading)
    assert reader.read(NOW) == []
    assert reader.read(NOW) == []
    assert reader.ended
    assert [line.message for line in reader.unfinished(NOW)] == ["last"]
    os.close(reading)
